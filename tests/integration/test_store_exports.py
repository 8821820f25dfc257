"""What `promises.Promises` promises about exports, on every database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dojobbot.domain import Destination, Post, PostKind
from dojobbot.orders import OpenExport
from dojobbot.ports import Store
from tests.integration.store_worlds import ADA, BACKENDS, BEN, NOW, at, claimed

EXPORT = OpenExport(
    id="export-1", user_id=ADA, destination=Destination("D1"), typed="export failed", asked_at=NOW
)
OTHERS = replace(EXPORT, id="export-2", user_id=BEN, destination=Destination("D2"))
WORDS = Post(
    id="words-1",
    destination=Destination("D1"),
    kind=PostKind.WORDS,
    payload={"text": "It came to nothing."},
    created_at=NOW,
)


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with BACKENDS[request.param](tmp_path)() as opened:
        yield opened


async def begin(store: Store, export: OpenExport = EXPORT, seconds: float = 0) -> bool:
    """Promise a file; a promise is stale after 90 seconds."""
    return await store.begin_export(export, at(seconds), stale_before=at(seconds - 90))


async def test_a_person_waits_for_one_file_and_others_for_theirs(store: Store) -> None:
    assert await begin(store)
    assert not await begin(store, replace(EXPORT, id="export-3"), 10)
    assert await begin(store, OTHERS)
    assert await store.end_export(EXPORT.id, at(20))
    assert await begin(store, replace(EXPORT, id="export-3"), 30)


async def test_a_promise_that_nobody_works_on_stands_in_nobodys_way(store: Store) -> None:
    await begin(store)
    assert await begin(store, replace(EXPORT, id="export-3"), 91)
    assert not await store.end_export(EXPORT.id, at(92), post=WORDS), "it was taken over"
    assert await store.next_due(at(92)) is None


async def test_stale_promises_are_those_that_nobody_works_on(store: Store) -> None:
    await begin(store)
    await begin(store, OTHERS)
    await store.work_on_exports([OTHERS.id, "unknown"], at(60))
    await store.work_on_exports([], at(70))
    assert await store.stale_exports(at(30)) == (EXPORT,)
    assert await store.stale_exports(at(90)) == (EXPORT, OTHERS)


async def test_the_end_and_its_words_are_one_thing_and_happen_once(store: Store) -> None:
    await begin(store)
    assert await store.end_export(EXPORT.id, at(1), post=WORDS)
    assert not await store.end_export(EXPORT.id, at(2), post=replace(WORDS, id="words-2"))
    assert await store.stale_exports(at(1000)) == ()
    assert (await claimed(store, 2)).post == WORDS


async def test_old_exports_are_pruned_and_open_ones_stay(store: Store) -> None:
    await begin(store)
    await begin(store, OTHERS)
    await store.end_export(EXPORT.id, at(1))
    assert await store.prune(at(100), limit=10) == 1
    assert await store.stale_exports(at(100)) == (OTHERS,)
