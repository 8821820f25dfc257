"""What `ports.Store.redirect` promises, on every database: whom a channel cannot tell, a DM does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dojobbot.domain import Destination
from dojobbot.outbox import Claim
from dojobbot.ports import Store
from tests.integration.store_worlds import (
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
    assert sorted(await store.mentioned("post-1")) == [ADA, BEN]
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


async def test_one_who_lost_the_claim_redirects_nothing(store: Store) -> None:
    lost = await committed(store)
    holder = await claimed(store, 200)
    dms = {ADA: ADAS_DM}
    assert await store.redirect(lost, "post-1", "gone", dms=dms, note=WHY, now=at(201)) == 0
    await store.release(holder, next_send_at=at(201))
    assert (await claimed(store, 201)).post == notice(lost)
