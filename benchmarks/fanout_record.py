"""Records what `fanout.py` lets the bot send: jobs, who follows them where, and then all their ends at once.

Reads its order as JSON from standard input; prints seconds and processor seconds of the last step, and ids.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.seeding import a_job, follow_all
from dojobbot.domain import Destination, Job, Reading
from dojobbot.store.store import open_store


async def take_in(database: Path, jobs: Sequence[Job], now: datetime) -> dict[str, float]:
    """Let the store observe jobs as they are; measures that."""
    async with open_store(f"sqlite:///{database}") as store:
        await store.set_last_good_tick(now)
        began, cpu = time.perf_counter(), time.process_time()
        await store.observe([Reading(job=job, began_at=now) for job in jobs], now)
        return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


def record(database: Path, owed: int, places: Sequence[Destination]) -> dict[str, Any]:
    """Let jobs run, be followed and end; measures the taking in of their ends, and gives their `job_ids`."""
    now = datetime.now(UTC)
    jobs = [a_job(f"K{number:05d}", now - timedelta(days=2)) for number in range(owed)]
    asyncio.run(take_in(database, jobs, now))
    follow_all(database, places)
    later = datetime.now(UTC)
    measured = asyncio.run(take_in(database, [failed(job, later) for job in jobs], later))
    return measured | {"job_ids": [job.id for job in jobs]}


def failed(job: Job, now: datetime) -> Job:
    """Let a job fail."""
    return replace(
        job,
        status="Failed",
        raw_status="Failed",
        reason="OOMKilled: worker 3 exceeded 32Gi",
        completed_at=now,
        updated_at=now,
    )


if __name__ == "__main__":
    order = json.load(sys.stdin)
    to = [Destination(each) for each in order["places"]]
    print(json.dumps(record(Path(order["database"]), order["owed"], to)))
