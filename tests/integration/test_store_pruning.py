"""What `ports.Store.prune` promises, on every database: the old goes, what somebody still waits for stays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dojobbot.ports import Store
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    BACKENDS,
    CHANNEL,
    JOB_ID,
    NOW,
    OTHER,
    OTHER_JOB,
    at,
    claimed,
    notice,
    observe,
    posted_watch,
    shared,
)


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        yield opened


async def prune_all(store: Store, seconds: float) -> int:
    """Remove what was over before a moment, one row of a kind at a time; gives how many rows it were."""
    total = 0
    while removed := await store.prune(at(seconds), limit=1):
        total += removed
    return total


async def test_what_was_over_long_ago_is_removed_and_what_is_younger_stays(store: Store) -> None:
    for job, seconds in ((A_JOB, 1), (OTHER_JOB, 100)):
        await observe(store, job=job)
        await store.subscribe(ADA, job.id, CHANNEL, seen_seq=1, now=NOW)
        await observe(store, "Succeeded", seconds, job=job)
        claim = await claimed(store, seconds)
        post = notice(claim, f"post about {job.id}", seconds)
        await store.commit_post(claim, post)
        await store.settle(claim, post.id, "1.1", now=at(seconds))
        await store.release(claim, next_send_at=at(seconds))
    assert await prune_all(store, 1) == 0, "not older than that"
    assert await prune_all(store, 50) == 4, "a post, its delivery, a subscription, and their job"
    assert await store.job(JOB_ID) is None
    assert await store.job(OTHER_JOB.id) is not None
    assert await prune_all(store, 1000) == 6, "the same, and the channel with its budget"


async def test_a_place_where_nothing_was_told_for_long_is_forgotten_and_begins_anew(store: Store) -> None:
    await store.add_post(shared("post-1"))
    claim = await claimed(store, 1)
    await store.settle(claim, "post-1", "1.1", now=at(1))
    await store.release(claim, next_send_at=at(1))
    assert await prune_all(store, 1) == 0
    assert await prune_all(store, 1000) == 3, "the post, its place, and the place's budget"
    await store.add_post(shared("post-2", 2000))
    again = await claimed(store, 2000)
    assert again.last_ts is None
    assert again.post is not None
    assert again.post.id == "post-2"


async def test_a_job_that_has_not_ended_is_never_removed(store: Store) -> None:
    await observe(store, "Quoted")
    await observe(store, job=OTHER_JOB)
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await store.add_watch(ADA, OTHER_JOB.id, OTHER, NOW)
    assert await prune_all(store, 1000) == 0
    assert len(await store.subscriptions(JOB_ID)) == len(await store.watches(OTHER_JOB.id)) == 1


async def test_what_is_unsettled_keeps_itself_and_its_job(store: Store) -> None:
    """A notice that waits, a card that waits for its last edit, and the posts that carry them."""
    await observe(store)
    await posted_watch(store)
    await store.subscribe(ADA, JOB_ID, OTHER, seen_seq=1, now=NOW)
    await observe(store, "Succeeded", 5)
    assert await prune_all(store, 1000) == 2, "the subscription that is done, and the post of the card"
    notices, cards = await claimed(store, 6), await claimed(store, 6)
    assert (len(cards.watches), len(notices.deliveries)) == (1, 1)
    await store.commit_post(notices, notice(notices))
    assert await prune_all(store, 1000) == 0
    await store.settle(notices, "post-1", "1.1", now=at(6))
    await store.settle_edit(cards, cards.watches[0], "succeeded", at(6))
    assert await prune_all(store, 1000) == 8, "post, delivery, watch, job, two places and their budgets"
    assert await store.job(JOB_ID) is None


async def test_a_job_that_was_looked_at_lately_stays(store: Store) -> None:
    """It ended long ago, and somebody has a card of it in front of them."""
    await observe(store, "Failed", 100, job=replace(A_JOB, completed_at=NOW - timedelta(days=200)))
    assert await prune_all(store, 50) == 0
