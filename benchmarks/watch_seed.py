"""Fills the database of `watch.py`: a history of ended jobs, and open subscriptions, written in bulk."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert, select
from sqlalchemy.engine import Connection

from dojobbot.domain import Destination, Job, KnownJob
from dojobbot.store import rows
from dojobbot.store.store import open_store
from dojobbot.store.tables import destinations, jobs, subscriptions

AT_ONCE = 10_000
FOLLOWED = 10
"""Of the ended jobs, one in so many had a subscription."""
HERE = Destination("C0BENCH000")
USER = "U0BENCH000"


def remember_history(database: Path, count: int) -> None:
    """Write so many jobs that ended during the last 60 days, and what was closed with them."""
    now = datetime.now(UTC)
    with _opened(database, now) as connection:
        for start in range(0, count, AT_ONCE):
            age = timedelta(days=60) / count
            known = [_ended(now - number * age) for number in range(start, start + AT_ONCE)]
            connection.execute(insert(jobs), [rows.job_values(each) for each in known])
            closed = [_subscription(each.job.id, now) | {"closed_at": now} for each in known[::FOLLOWED]]
            connection.execute(insert(subscriptions), closed)


def follow_all(database: Path) -> int:
    """Give every stored job that runs an open subscription; returns how many there are."""
    now = datetime.now(UTC)
    with _opened(database, now) as connection:
        running = connection.scalars(select(jobs.c.id).where(jobs.c.status == "Running")).all()
        connection.execute(insert(subscriptions), [_subscription(job_id, now) for job_id in running])
    return len(running)


@contextlib.contextmanager
def _opened(database: Path, now: datetime) -> Iterator[Connection]:
    """Open a database, with its schema and the one destination that is used; commits at the end."""
    asyncio.run(_make(database))
    engine = create_engine(f"sqlite:///{database}", json_serializer=rows.to_json)
    try:
        with engine.begin() as connection:
            here = {"key": HERE.key, "channel_id": HERE.channel_id, "next_send_at": now, "token": 0}
            connection.execute(insert(destinations).prefix_with("OR IGNORE"), here)
            yield connection
    finally:
        engine.dispose()


async def _make(database: Path) -> None:
    async with open_store(f"sqlite:///{database}"):
        pass


def _ended(moment: datetime) -> KnownJob:
    job = Job(
        id=str(uuid.uuid4()),
        status="Succeeded",
        raw_status="Completed",
        name="CDK2 screen",
        tool_key="deeporigin.docking",
        tool_version="4",
        created_by="google-apps|ada@example.org",
        created_at=moment - timedelta(hours=1),
        started_at=moment - timedelta(hours=1),
        completed_at=moment,
        updated_at=moment,
    )
    return KnownJob(job=job, seq=3, read_at=moment)


def _subscription(job_id: str, now: datetime) -> rows.Values:
    return {"user_id": USER, "job_id": job_id, "destination_key": HERE.key, "created_at": now}
