"""What `ports.Store.overview` promises, on every database: one person's jobs, and what they follow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dojobbot.domain import Batch, BatchKind, Destination, Job
from dojobbot.following import Overview
from dojobbot.orders import Person
from dojobbot.ports import Store
from tests.integration.store_worlds import A_JOB, ADA, BACKENDS, BEN, CHANNEL, NOW, OTHER, THREAD, at, observe

ADAS = Person(creators=frozenset({"usr-ada"}), email="ada@example.org")
NOBODY = Person(creators=frozenset())


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        yield opened


async def put(store: Store, number: int, status: str = "Running", **more: Any) -> Job:
    """Let the store see a job of Ada's; a higher number is newer."""
    job = replace(A_JOB, id=f"job-{number:03}", created_at=at(number), **more)
    await observe(store, status, job=job)
    return job


async def look(store: Store, person: Person = ADAS, project: str | None = None) -> Overview:
    return await store.overview(ADA, person, project_id=project)


def names(jobs: tuple[Job, ...]) -> list[str]:
    return [job.id for job in jobs]


async def test_jobs_under_way_are_theirs_alone_by_id_or_address(store: Store) -> None:
    """Whatever the letters' case; neither hidden ones nor anybody else's."""
    await put(store, 1, created_by="usr-ada")
    await put(store, 2, created_by="google-apps|Ada@Example.org")
    await put(store, 3, created_by="google-apps|ben@example.org")
    await put(store, 4, created_by="usr-ada", hidden=True)
    await put(store, 5, "Quoted", created_by="usr-ada")
    await put(store, 6, "Hibernating", created_by="usr-ada")
    seen = await look(store)
    assert names(seen.under_way) == ["job-006", "job-005", "job-002", "job-001"]
    assert seen.counts == {"Hibernating": 1, "Quoted": 1, "Running": 2}
    assert await look(store, NOBODY) == Overview()


async def test_many_of_one_status_do_not_hide_the_few_of_another(store: Store) -> None:
    await put(store, 0, "Running")
    for number in range(1, 26):
        await put(store, number, "Queued")
    seen = await look(store)
    assert names(seen.under_way) == [f"job-{number:03}" for number in range(25, 15, -1)] + ["job-000"]
    assert seen.counts == {"Queued": 25, "Running": 1}


async def test_what_ended_last_comes_first_whenever_it_was_created(store: Store) -> None:
    """Of the stamps that a job has: when it ended, else when it was last changed."""
    for number in range(12):
        await put(store, number, "Succeeded", completed_at=at(100 + number))
    await put(store, 20, "Failed", completed_at=at(50))
    await put(store, 21, "Cancelled", completed_at=at(900))
    ended = (await look(store)).ended
    assert names(ended) == ["job-021", *(f"job-{number:03}" for number in range(11, 2, -1))]


async def test_only_the_project_that_is_set_counts_as_theirs(store: Store) -> None:
    await put(store, 1)
    other = await put(store, 2, project_id="project-2")
    await put(store, 3, "Failed", project_id="project-2")
    await store.subscribe(ADA, other.id, CHANNEL, seen_seq=1, now=NOW)
    seen = await look(store, project="project-1")
    assert (names(seen.under_way), seen.ended, seen.counts) == (["job-001"], (), {"Running": 1})
    assert [job.id for _, job in seen.told] == ["job-002"], "what somebody asked for stays"


async def test_what_they_follow_comes_newest_first_with_its_jobs(store: Store) -> None:
    """Theirs alone, whosever jobs they are, and nothing that is over."""
    a, b = await put(store, 1), await put(store, 2, created_by="google-apps|ben@example.org")
    ended = await put(store, 3)
    await store.subscribe(ADA, a.id, CHANNEL, seen_seq=1, now=NOW)
    await store.subscribe(ADA, a.id, THREAD, seen_seq=1, now=NOW, failures_only=True)
    await store.subscribe(ADA, b.id, OTHER, seen_seq=1, now=NOW)
    await store.subscribe(BEN, b.id, CHANNEL, seen_seq=1, now=NOW)
    await store.subscribe(ADA, ended.id, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Succeeded", 5, job=ended)
    await store.add_watch(ADA, a.id, CHANNEL, NOW)
    await store.add_watch(ADA, b.id, CHANNEL, NOW)
    await store.stop_watch(b.id, CHANNEL, note="", now=NOW)
    await store.add_watch(BEN, b.id, OTHER, NOW)
    await store.add_batch(ADA, Batch(BatchKind.TAG, "screen"), (a.id, b.id), OTHER, NOW)
    seen = await look(store, NOBODY)
    assert [(job.id, wish.destination, wish.failures_only) for wish, job in seen.told] == [
        (b.id, OTHER, False),
        (a.id, THREAD, True),
        (a.id, CHANNEL, False),
    ]
    assert [(job.id, watch.destination, watch.batch) for watch, job in seen.watched] == [
        (a.id, OTHER, Batch(BatchKind.TAG, "screen")),
        (a.id, CHANNEL, None),
    ]
    assert (seen.told_in_all, seen.watched_in_all) == (3, 2)


async def test_very_much_that_is_followed_is_counted(store: Store) -> None:
    job = await put(store, 1)
    for number in range(60):
        await store.subscribe(ADA, job.id, Destination(f"C{number}"), seen_seq=1, now=NOW)
    seen = await look(store)
    assert (len(seen.told), seen.told_in_all) == (50, 60)
    assert seen.told[0][0].destination == Destination("C59")
