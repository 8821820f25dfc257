"""What `ports.Store` promises of notices that can't arrive, on every database: whom they told, a DM tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dojobbot.domain import Destination, Post
from dojobbot.following import Subscribed
from dojobbot.outbox import Claim, page_ids
from dojobbot.ports import Store
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    BACKENDS,
    BEN,
    CHANNEL,
    JOB_ID,
    LEASE,
    NOW,
    at,
    claimed,
    notice,
    observe,
)

ADAS_DM, BENS_DM = Destination("D1"), Destination("D2")
WHY = "I couldn't post this there."


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give a store that has seen the job running."""
    async with BACKENDS[request.param](tmp_path)() as opened:
        await observe(opened)
        yield opened


async def committed(store: Store) -> Claim:
    """Owe the channel one delivery that mentions Ada and Ben, and put it in a post."""
    await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Succeeded", 5)
    claim = await claimed(store, 5)
    await store.commit_post(claim, notice(claim))
    return claim


async def test_a_notice_that_cannot_arrive_is_owed_to_whom_it_mentions(store: Store) -> None:
    """Each in their own direct messages, with the reason; the post itself is over."""
    claim = await committed(store)
    assert await store.carried("post-1") == claim.deliveries
    dms = {ADA: ADAS_DM, BEN: BENS_DM}
    assert await store.redirect(claim, "post-1", "is_archived", dms=dms, note=WHY, now=at(6)) == 2
    await store.release(claim, next_send_at=at(6))
    told = {each.destination: each.deliveries for each in (await claimed(store, 6), await claimed(store, 6))}
    assert set(told) == {ADAS_DM, BENS_DM}
    (delivery,) = told[ADAS_DM]
    assert (delivery.mentions, delivery.note, delivery.snapshot.status) == ((ADA,), WHY, "Succeeded")
    assert delivery.transition == claim.deliveries[0].transition
    assert await store.claim(at(6), lease=LEASE) is None


async def test_who_has_no_direct_messages_is_left_out(store: Store) -> None:
    claim = await committed(store)
    assert await store.redirect(claim, "post-1", "gone", dms={BEN: BENS_DM}, note=WHY, now=at(6)) == 1
    await store.release(claim, next_send_at=at(6))
    assert (await claimed(store, 6)).destination == BENS_DM
    assert await store.claim(at(6), lease=LEASE) is None


async def test_who_is_told_directly_anyway_is_told_once(store: Store) -> None:
    """One of two asked for it there as well, and one was told there already."""
    await store.subscribe(ADA, JOB_ID, ADAS_DM, seen_seq=1, now=NOW)
    claim = await committed(store)
    assert claim.destination == CHANNEL
    direct = await claimed(store, 5)
    await store.commit_post(direct, notice(direct, "direct"))
    dms = {ADA: ADAS_DM, BEN: BENS_DM}
    assert await store.redirect(claim, "post-1", "gone", dms=dms, note=WHY, now=at(6)) == 1
    assert (await claimed(store, 6)).destination == BENS_DM


@pytest.mark.parametrize("is_sent", [True, False])
async def test_a_quote_does_not_come_after_what_came_of_it(store: Store, is_sent: bool) -> None:
    """Where the end is owed or was sent, a quote that was stuck in the channel would pass for news."""
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Quoted", 5)
    stuck = await claimed(store, 5)
    await store.commit_post(stuck, notice(stuck))
    await observe(store, "Running", 6)
    await store.subscribe(ADA, JOB_ID, ADAS_DM, seen_seq=3, now=at(6))
    await observe(store, "Succeeded", 7)
    if is_sent:
        direct = await claimed(store, 7)
        await store.commit_post(direct, notice(direct, "direct"))
        await store.settle(direct, "direct", "1.1", now=at(7))
        await store.release(direct, next_send_at=at(7))
    dms = {ADA: ADAS_DM, BEN: BENS_DM}
    assert await store.redirect(stuck, "post-1", "gone", dms=dms, note=WHY, now=at(8)) == 1
    statuses = {}
    while claim := await store.claim(at(8), lease=LEASE):
        statuses[claim.destination] = [each.snapshot.status for each in claim.deliveries]
    assert statuses == {BENS_DM: ["Quoted"]} | ({} if is_sent else {ADAS_DM: ["Succeeded"]})


async def test_an_end_is_told_directly_whatever_came_after_it(store: Store) -> None:
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Failed", 5)
    stuck = await claimed(store, 5)
    await store.commit_post(stuck, notice(stuck))
    await observe(store, "Gone", 6)
    assert await store.subscribe(ADA, JOB_ID, ADAS_DM, seen_seq=2, now=at(6)) is Subscribed.OWED
    dms = {ADA: ADAS_DM}
    assert await store.redirect(stuck, "post-1", "gone", dms=dms, note=WHY, now=at(8)) == 1
    direct = await claimed(store, 8)
    assert sorted(each.snapshot.status for each in direct.deliveries) == ["Failed", "Gone"]


async def test_one_who_lost_the_claim_redirects_nothing(store: Store) -> None:
    lost = await committed(store)
    holder = await claimed(store, 200)
    dms = {ADA: ADAS_DM}
    assert await store.redirect(lost, "post-1", "gone", dms=dms, note=WHY, now=at(201)) == 0
    await store.release(holder, next_send_at=at(201))
    assert (await claimed(store, 201)).post == notice(lost)


# --- the pages of a digest

FIRST, SECOND, THIRD = page_ids("digest", 3)


async def paged(store: Store) -> Claim:
    """Commit a digest of three pages, each with the end of one job."""
    for number in (1, 2, 3):
        job = replace(A_JOB, id=f"9e9eb45e-0000-4000-8000-00000000010{number}")
        await observe(store, job=job)
        await store.subscribe(ADA, job.id, CHANNEL, seen_seq=1, now=NOW)
        await observe(store, "Succeeded", 5, job=job)
    claim = await claimed(store, 5)
    whole = notice(claim, seconds=5)
    pages = zip((FIRST, SECOND, THIRD), whole.deliveries, strict=True)
    drawn = [replace(whole, id=page_id, deliveries=(each,)) for page_id, each in pages]
    assert await store.commit_post(claim, *drawn)
    return claim


async def waiting(store: Store, claim: Claim) -> tuple[Post | None, tuple[int, ...]]:
    """Give what is sent there next: a post, or what has yet to be drawn, by its jobs' numbers."""
    await store.release(claim, next_send_at=at(7))
    after = await claimed(store, 7)
    return after.post, tuple(int(each.transition.job_id[-1]) for each in after.deliveries)


@pytest.mark.parametrize("directly", [True, False])
async def test_when_the_first_page_is_buried_the_others_are_drawn_anew(store: Store, directly: bool) -> None:
    claim = await paged(store)
    if directly:
        await store.redirect(claim, FIRST, "odd_rule", dms={}, note=WHY, now=at(6))
    else:
        await store.bury(claim, FIRST, "odd_rule", at(6))
    assert await waiting(store, claim) == (None, (2, 3))


async def test_a_page_of_which_nobody_knows_what_became_is_not_drawn_anew(store: Store) -> None:
    claim = await paged(store)
    assert await store.attempt(claim, SECOND, at(5))
    await store.bury(claim, FIRST, "odd_rule", at(6))
    post, _ = await waiting(store, claim)
    assert post is not None
    assert (post.id, post.attempted_at) == (SECOND, at(5))


async def test_a_page_that_may_have_been_sent_unseen_is_not_drawn_anew(store: Store) -> None:
    claim = await paged(store)
    assert await store.attempt(claim, SECOND, at(5))
    await store.missing(claim, SECOND, looks_left=0, unverified=True)
    await store.bury(claim, FIRST, "odd_rule", at(6))
    post, _ = await waiting(store, claim)
    assert post is not None
    assert post.id == SECOND


async def test_behind_a_page_that_arrived_the_others_stay_as_they_are(store: Store) -> None:
    claim = await paged(store)
    assert await store.attempt(claim, FIRST, at(5))
    await store.settle(claim, FIRST, "100.1", now=at(5))
    await store.bury(claim, SECOND, "odd_rule", at(6))
    post, _ = await waiting(store, claim)
    assert post is not None
    assert post.id == THIRD
