"""What `ports.Store` promises about live cards of many jobs, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dojobbot.domain import Batch, BatchKind, Job
from dojobbot.following import Gathered
from dojobbot.ports import Store
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    BACKENDS,
    BEN,
    CHANNEL,
    NOW,
    OTHER,
    at,
    card,
    claimed,
    observe,
)

TAG = Batch(BatchKind.TAG, "cdk2-screen")
WORDS = Batch(BatchKind.WORDS, "tool:docking")


def tagged(number: int, **fields: object) -> Job:
    """Give a job of the batch."""
    return replace(A_JOB, id=f"{number:08x}", tag="cdk2-screen", **fields)  # type: ignore[arg-type] # test data


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        for number in (1, 2):
            await observe(opened, job=tagged(number))
        await observe(opened, job=replace(A_JOB, id="apart"))
        yield opened


async def watch(store: Store, batch: Batch = TAG, *job_ids: str) -> int:
    """Open a batch's watch and give its number."""
    assert (await store.add_batch(ADA, batch, job_ids or ("00000001",), CHANNEL, NOW)).is_new
    (made,) = (await claimed(store, 0)).watches
    assert made.batch == batch
    return made.id


async def members(store: Store, watch_id: int) -> set[str]:
    return {job.id for job in await store.batch_members(watch_id)}


async def test_what_ended_long_ago_is_not_on_the_card_of_an_old_tag_unless_it_was_named(store: Store) -> None:
    """Whoever watches a tag wants to see what goes on; what ended today belongs to that."""
    long_ago, today = NOW - timedelta(days=40), NOW - timedelta(hours=3)
    for number, ended_at in ((3, long_ago), (4, long_ago), (5, today)):
        await observe(store, "Succeeded", job=tagged(number, completed_at=ended_at))
    watch_id = await watch(store, TAG, "00000001", "00000004")
    assert await members(store, watch_id) == {"00000001", "00000002", "00000004", "00000005"}


async def test_a_tag_takes_in_all_that_carry_it_now_or_later(store: Store) -> None:
    watch_id = await watch(store)
    assert await members(store, watch_id) == {"00000001", "00000002"}
    await observe(store, job=tagged(3))
    await observe(store, seconds=1, job=replace(A_JOB, id="apart", tag="cdk2-screen"))
    await observe(store, job=tagged(4, hidden=True))
    assert await members(store, watch_id) == {"00000001", "00000002", "00000003", "apart"}


async def test_typed_words_stay_with_the_jobs_of_that_moment(store: Store) -> None:
    watch_id = await watch(store, WORDS, "00000001", "apart")
    await observe(store, job=tagged(3))
    assert await members(store, watch_id) == {"00000001", "apart"}


async def test_a_batch_has_one_card_in_a_place(store: Store) -> None:
    await watch(store)
    assert await store.add_batch(BEN, TAG, ("00000002",), CHANNEL, NOW) == Gathered(is_new=False, joined=0)
    assert await store.add_batch(BEN, TAG, ("00000002",), OTHER, NOW) == Gathered(is_new=True, joined=2)
    assert await store.add_batch(BEN, WORDS, ("00000002",), CHANNEL, NOW) == Gathered(is_new=True, joined=1)
    assert await store.add_watch(BEN, "00000001", CHANNEL, NOW), "a job may have a card of its own beside it"


async def test_jobs_that_are_asked_for_later_join_the_open_card_which_changes(store: Store) -> None:
    """Also when all that it showed until then has ended, while that was not shown yet."""
    watch_id = await watch(store, WORDS, "00000001")
    claim = await claimed(store, 100)
    post = card(claim, seconds=100)
    assert await store.commit_post(claim, post)
    await store.settle(claim, post.id, "100.1", shown="first", now=at(100))
    await store.release(claim, next_send_at=at(100))
    await observe(store, "Succeeded", 110, job=tagged(1))
    claim = await claimed(store, 110)
    (shown,) = claim.watches
    joined = await store.add_batch(BEN, WORDS, ("00000001", "00000002", "apart"), CHANNEL, at(110))
    assert joined == Gathered(is_new=False, joined=2)
    await store.settle_edit(claim, shown, "all have ended", at(110))
    await store.release(claim, next_send_at=at(110))
    assert await members(store, watch_id) == {"00000001", "00000002", "apart"}
    (shown,) = (await claimed(store, 120)).watches
    assert shown.id == watch_id


async def test_who_asks_for_one_batch_at_the_same_moment_gets_one_card_of_all(store: Store) -> None:
    all_of_them = ("00000001", "00000002", "apart")
    asked = [store.add_batch(ADA, WORDS, (job_id,), CHANNEL, NOW) for job_id in all_of_them]
    assert sorted(each.is_new for each in await asyncio.gather(*asked)) == [False, False, True]
    held = await store.batch_holding("apart", CHANNEL)
    assert held is not None
    assert await members(store, held.id) == set(all_of_them)


async def test_only_what_is_on_the_card_of_many_loses_its_own_there(store: Store) -> None:
    """Each says at last why it ends; one that is hidden, one elsewhere and one that was not named go on."""
    await observe(store, job=tagged(3, hidden=True))
    named = ("00000001", "00000003", "apart")
    for job_id in (*named, "00000002"):
        await store.add_watch(ADA, job_id, CHANNEL, NOW)
    await store.add_watch(ADA, "apart", OTHER, NOW)
    done = await store.add_batch(ADA, WORDS, named, CHANNEL, at(1), last_note="Goes on in one.")
    assert done == Gathered(is_new=True, joined=2, replaced=2)
    assert {job.id for job in await store.watched_singly(CHANNEL)} == {"00000002", "00000003"}
    assert {job.id for job in await store.watched_singly(OTHER)} == {"apart"}


async def test_its_jobs_are_followed_but_not_read_for_their_trees(store: Store) -> None:
    await watch(store)
    assert await store.followed() == {"00000001", "00000002"}
    assert await store.watched() == frozenset()


async def test_a_job_knows_the_batch_that_it_is_on(store: Store) -> None:
    watch_id = await watch(store)
    held = await store.batch_holding("00000002", CHANNEL)
    assert held is not None
    assert held.id == watch_id
    assert await store.batch_holding("00000002", OTHER) is None
    assert await store.batch_holding("apart", CHANNEL) is None
    await store.add_watch(ADA, "apart", CHANNEL, NOW)
    assert [job.id for job in await store.watched_singly(CHANNEL)] == ["apart"]


async def test_the_card_changes_with_any_job_and_ends_with_the_last(store: Store) -> None:
    watch_id = await watch(store)
    claim = await claimed(store, 100)
    post = card(claim, seconds=100)
    assert await store.commit_post(claim, post)
    await store.settle(claim, post.id, "100.1", shown="first", now=at(100))
    await store.release(claim, next_send_at=at(100))
    assert await store.claim(at(100), lease=NOW - NOW) is None, "nothing has changed"
    for seconds, number in ((110, 1), (120, 2)):
        await observe(store, "Succeeded", seconds, job=tagged(number))
        claim = await claimed(store, seconds)
        (shown,) = claim.watches
        assert shown.id == watch_id
        await store.settle_edit(claim, shown, f"at {seconds}", at(seconds))
        await store.release(claim, next_send_at=at(seconds))
    assert not await store.stop_batch(watch_id, CHANNEL, note="", now=at(130)), "it is over"
    assert await store.followed() == frozenset()


async def test_stopping_asks_for_a_last_edit_where_the_card_is(store: Store) -> None:
    watch_id = await watch(store)
    claim = await claimed(store, 100)
    await store.commit_post(claim, card(claim, seconds=100))
    await store.settle(claim, "card-1", "100.1", shown="first", now=at(100))
    await store.release(claim, next_send_at=at(100))
    assert not await store.stop_batch(watch_id, OTHER, note="", now=at(101)), "it is not there"
    assert await store.stop_batch(watch_id, CHANNEL, note="Enough.", now=at(101))
    assert not await store.stop_batch(watch_id, CHANNEL, note="Enough.", now=at(102)), "once"
    (last,) = (await claimed(store, 102)).watches
    assert (last.closing, last.note) == (True, "Enough.")


async def test_a_card_stopped_before_it_was_posted_is_never_posted(store: Store) -> None:
    await store.add_batch(ADA, TAG, ("00000001",), OTHER, NOW)
    held = await store.batch_holding("00000001", OTHER)
    assert held is not None
    assert await store.stop_batch(held.id, OTHER, note="", now=at(1))
    assert await store.claim(at(2), lease=NOW - NOW) is None
