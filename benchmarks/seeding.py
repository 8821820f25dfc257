"""Fills databases of benchmarks in bulk: a history of ended jobs, and open subscriptions."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert, select
from sqlalchemy.engine import Connection

from dojobbot.domain import Destination, Job, KnownJob
from dojobbot.simulator.slack_api.world import ADA
from dojobbot.store import rows
from dojobbot.store.store import open_store
from dojobbot.store.tables import destinations, jobs, subscriptions

AT_ONCE = 10_000
FOLLOWED = 10
"""Of the ended jobs of a history, one in so many had a subscription."""
HERE = Destination("C0BENCH000")


def a_job(name: str, created: datetime) -> Job:
    """Make a docking that runs since it was created."""
    return Job(
        id=str(uuid.uuid4()),
        status="Running",
        raw_status="Running",
        name=name,
        tool_key="deeporigin.docking",
        tool_version="4",
        created_by="google-apps|ada@example.org",
        created_at=created,
        started_at=created,
        updated_at=created,
    )


def remember_history(database: Path, count: int) -> None:
    """Write so many jobs that ended during the last 60 days, and what was closed with them."""
    now = datetime.now(UTC)
    with _opened(database, [HERE], now) as connection:
        for start in range(0, count, AT_ONCE):
            age = timedelta(days=60) / count
            known = [_ended(now - number * age) for number in range(start, start + AT_ONCE)]
            connection.execute(insert(jobs), [rows.job_values(each) for each in known])
            followed = [_subscription(each.job.id, HERE, now) for each in known[::FOLLOWED]]
            connection.execute(insert(subscriptions), [each | {"closed_at": now} for each in followed])


def follow_all(database: Path, places: Sequence[Destination] = (HERE,)) -> int:
    """Give every stored job that runs an open subscription in one place or another; returns how many."""
    now = datetime.now(UTC)
    with _opened(database, places, now) as connection:
        running = connection.scalars(select(jobs.c.id).where(jobs.c.status == "Running")).all()
        wishes = [
            _subscription(each, places[number % len(places)], now) for number, each in enumerate(running)
        ]
        connection.execute(insert(subscriptions), wishes)
    return len(running)


@contextlib.contextmanager
def _opened(database: Path, places: Sequence[Destination], now: datetime) -> Iterator[Connection]:
    """Open a database, with its schema and the destinations that are used; commits at the end."""
    asyncio.run(_make(database))
    engine = create_engine(f"sqlite:///{database}", json_serializer=rows.to_json)
    try:
        with engine.begin() as connection:
            values = [
                {"key": each.key, "channel_id": each.channel_id, "next_send_at": now, "token": 0}
                for each in places
            ]
            connection.execute(insert(destinations).prefix_with("OR IGNORE"), values)
            yield connection
    finally:
        engine.dispose()


async def _make(database: Path) -> None:
    async with open_store(f"sqlite:///{database}"):
        pass


def _ended(moment: datetime) -> KnownJob:
    job = a_job("CDK2 screen", moment - timedelta(hours=1))
    over = replace(job, status="Succeeded", raw_status="Completed", completed_at=moment, updated_at=moment)
    return KnownJob(job=over, seq=3, read_at=moment)


def _subscription(job_id: str, where: Destination, now: datetime) -> rows.Values:
    return {"user_id": ADA, "job_id": job_id, "destination_key": where.key, "created_at": now}
