"""What `ports.Store` promises about leases, on every database: one holder, and no late writes of another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dojobbot.errors import LeaseLost
from dojobbot.leases import WATCHING, Lease
from dojobbot.ports import Store
from tests.integration.store_worlds import BACKENDS, JOB_ID, NOW, at, observe, reading

TEN = timedelta(seconds=10)


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        yield opened


async def take(store: Store, holder: str, seconds: float) -> Lease | None:
    return await store.take_lease(WATCHING, holder, at(seconds), lasting=TEN)


async def taken(store: Store, holder: str, seconds: float) -> Lease:
    lease = await take(store, holder, seconds)
    assert lease is not None
    return lease


async def test_one_holds_it_while_it_is_renewed(store: Store) -> None:
    first = await taken(store, "one", 0)
    assert (first.name, first.holder, first.until) == (WATCHING, "one", at(10))
    assert await take(store, "other", 9.9) is None
    again = await taken(store, "one", 9.9)
    assert (again.token, again.until) == (first.token, at(19.9))
    assert await take(store, "other", 19.8) is None


async def test_who_comes_when_it_is_over_has_it_under_a_newer_token(store: Store) -> None:
    first = await taken(store, "one", 0)
    second = await taken(store, "other", 10)
    assert second.token > first.token
    assert await take(store, "one", 11) is None


async def test_one_that_runs_out_unnoticed_goes_on_under_its_token(store: Store) -> None:
    """Nobody else had it in between, so that what was begun under it is still good."""
    first = await taken(store, "one", 0)
    assert (await taken(store, "one", 60)).token == first.token


async def test_one_that_is_given_back_is_free_at_once(store: Store) -> None:
    first = await taken(store, "one", 0)
    await store.give_lease_back(first)
    second = await taken(store, "other", 1)
    assert second.token > first.token
    await store.give_lease_back(first)
    assert await take(store, "one", 2) is None, "what is another's by now can't be given back"


async def test_leases_of_other_names_are_other_leases(store: Store) -> None:
    await taken(store, "one", 0)
    assert await store.take_lease("tidying", "other", NOW, lasting=TEN) is not None


async def test_of_many_who_come_at_once_one_has_it(store: Store) -> None:
    found = await asyncio.gather(*(take(store, f"replica {number}", 0) for number in range(6)))
    assert len([lease for lease in found if lease is not None]) == 1


async def test_what_a_former_holder_writes_late_is_refused_whole(store: Store) -> None:
    """Also when it never learned that it is one. What a person asked for needs no lease."""
    former = await taken(store, "one", 0)
    await store.observe([reading()], NOW, under=former)
    await store.set_last_good_tick(NOW, under=former)
    holder = await taken(store, "other", 11)
    with pytest.raises(LeaseLost):
        await store.observe([reading("Failed", 12)], at(12), under=former)
    with pytest.raises(LeaseLost):
        await store.set_last_good_tick(at(12), under=former)
    known = await store.job(JOB_ID)
    assert known is not None
    assert known.job.status == "Running"
    assert await store.last_good_tick() == await store.last_look() == NOW
    assert len(await store.observe([reading("Queued", 13)], at(13), under=holder)) == 1
    await observe(store, "Failed", 14)


async def test_the_last_look_is_remembered_on_both_clocks(store: Store) -> None:
    assert await store.last_look() is None
    theirs = NOW - timedelta(hours=7)
    await store.set_last_good_tick(theirs, began_at=NOW)
    assert (await store.last_good_tick(), await store.last_look()) == (theirs, NOW)


async def test_a_database_tells_the_true_time_or_none(store: Store) -> None:
    told = await store.database_time()
    assert told is None or abs(told - datetime.now(UTC)) < timedelta(minutes=1)
