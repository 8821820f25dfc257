"""What `ports.Store` promises about subscriptions to failures alone, on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dojobbot.domain import GONE
from dojobbot.following import Subscribed
from dojobbot.ports import Store
from tests.integration.store_worlds import (
    ADA,
    BACKENDS,
    BEN,
    CHANNEL,
    JOB_ID,
    NOW,
    OTHER,
    Open,
    at,
    claimed,
    notice,
    observe,
)


@pytest.fixture(params=sorted(BACKENDS))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
async def store(opening: Open) -> AsyncIterator[Store]:
    """Give a store that has seen the job running."""
    async with opening() as opened:
        await observe(opened)
        yield opened


async def wish(store: Store, user: str = ADA, *, failures_only: bool = True, seen_seq: int = 1) -> Subscribed:
    """Ask to be told in the channel."""
    return await store.subscribe(
        user, JOB_ID, CHANNEL, seen_seq=seen_seq, now=NOW, failures_only=failures_only
    )


async def test_a_wish_is_narrowed_and_widened(store: Store) -> None:
    said = [await wish(store, failures_only=each) for each in (True, True, False, False, True)]
    assert said == [
        Subscribed.NEW,
        Subscribed.ALREADY,
        Subscribed.CHANGED,
        Subscribed.ALREADY,
        Subscribed.CHANGED,
    ]
    (subscription,) = await store.subscriptions(JOB_ID)
    assert subscription.failures_only


@pytest.mark.parametrize("status", ["Failed", "FailedQuotation", "InsufficientFunds", GONE])
async def test_a_failure_is_owed_and_urgent(store: Store, status: str) -> None:
    await wish(store)
    await observe(store, status, 5)
    (delivery,) = (await claimed(store, 5)).deliveries
    assert (delivery.mentions, delivery.urgent) == ((ADA,), True)
    assert await store.subscriptions(JOB_ID) == ()


@pytest.mark.parametrize("status", ["Succeeded", "Cancelled"])
async def test_another_end_is_not_owed_and_ends_the_wish(store: Store, status: str) -> None:
    await wish(store)
    await observe(store, "Quoted", 4)
    assert len(await store.subscriptions(JOB_ID)) == 1
    await observe(store, status, 5)
    assert await store.next_due(at(5)) is None
    assert await store.subscriptions(JOB_ID) == ()


async def test_a_failure_in_between_is_owed_to_who_asks_for_failures_now(store: Store) -> None:
    await observe(store, "Failed", 5)
    assert await wish(store) is Subscribed.OWED
    assert await wish(store, BEN, failures_only=False) is Subscribed.OWED
    (delivery,) = (await claimed(store, 6)).deliveries
    assert (delivery.mentions, delivery.urgent) == ((ADA, BEN), True)


async def test_a_success_in_between_is_not(store: Store) -> None:
    await observe(store, "Succeeded", 5)
    assert await wish(store) is Subscribed.ENDED
    assert await store.next_due(at(6)) is None


async def test_it_stays_urgent_where_it_is_told_instead(store: Store) -> None:
    await wish(store)
    await observe(store, "Failed", 5)
    claim = await claimed(store, 5)
    await store.commit_post(claim, notice(claim))
    assert await store.redirect(claim, "post-1", "is_archived", dms={ADA: OTHER}, note="", now=at(6)) == 1
    (direct,) = (await claimed(store, 6)).deliveries
    assert (direct.destination, direct.urgent) == (OTHER, True)
