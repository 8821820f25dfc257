"""What `ports.Store.newest_followed` promises, on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dojobbot.domain import ActionKind, Batch, BatchKind
from dojobbot.ports import Store
from tests.integration.store_worlds import A_JOB, ADA, BACKENDS, BEN, CHANNEL, NOW, OTHER, observe


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        yield opened


async def test_the_newest_wishes_of_each_kind_come_with_their_projects(store: Store) -> None:
    """Of jobs that have not ended, each once; what is over is not followed."""
    jobs = [replace(A_JOB, id=f"job-{number}", project_id=f"project-{number}") for number in range(8)]
    for job in jobs:
        await observe(store, job=job)
    for job in jobs[:4]:
        await store.subscribe(ADA, job.id, CHANNEL, seen_seq=1, now=NOW)
    await store.subscribe(BEN, "job-3", OTHER, seen_seq=1, now=NOW)
    await store.add_watch(ADA, "job-4", CHANNEL, NOW)
    await store.add_watch(ADA, "job-5", CHANNEL, NOW)
    await store.stop_watch("job-5", CHANNEL, note="", now=NOW)
    await store.begin_action(ActionKind.CANCEL, "job-6", ADA, NOW, expires=timedelta(minutes=1))
    await store.unsubscribe(ADA, "job-2", NOW)
    ids = ("job-3", "job-1", "job-0", "job-4", "job-6")
    newest = await store.newest_followed(limit=10)
    assert list(newest.items()) == [(job_id, f"project-{job_id[-1]}") for job_id in ids]
    assert list(await store.newest_followed(limit=2)) == ["job-3", "job-4", "job-6"]
    await observe(store, "Failed", 5, job=jobs[1])
    await observe(store, "Running", 5, job=replace(jobs[0], project_id=None))
    assert dict(await store.newest_followed(limit=10)) == {
        "job-3": "project-3",
        "job-0": None,
        "job-4": "project-4",
        "job-6": "project-6",
    }


async def test_jobs_that_only_a_batch_shows_are_followed(store: Store) -> None:
    """One that ended stays in the batch, and takes the place of none."""
    for number, status in enumerate(["Succeeded", "Running", "Running"]):
        await observe(store, status, job=replace(A_JOB, id=f"job-{number}", tag="screen"))
    await store.add_batch(ADA, Batch(BatchKind.TAG, "screen"), ("job-0",), CHANNEL, NOW)
    assert set(await store.newest_followed(limit=2)) == {"job-1", "job-2"}
