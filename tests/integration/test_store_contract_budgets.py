"""What `ports.Store` promises about Slack's budgets, which all who send share, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from dojobbot.domain import LOOKS_AFTER_SILENCE, Destination
from dojobbot.outbox import Claim, Turn
from dojobbot.ports import Store
from tests.integration.store_worlds import (
    ADA,
    BACKENDS,
    CHANNEL,
    JOB_ID,
    LEASE,
    OTHER,
    THREAD,
    Open,
    at,
    claimed,
    observe,
    posted_watch,
    shared,
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


async def send(store: Store, claim: Claim, seconds: float) -> None:
    """Send the post of a claim."""
    assert claim.post is not None
    assert await store.attempt(claim, claim.post.id, at(seconds))
    await store.settle(claim, claim.post.id, f"100.{claim.token}", now=at(seconds))
    await store.release(claim, next_send_at=at(seconds))


async def drained(store: Store, until: float) -> list[tuple[float, str]]:
    """Send whatever may be sent until a moment; gives when, and where to."""
    now = 0.0
    sent: list[tuple[float, str]] = []
    while True:
        claim = await store.claim(at(now), lease=LEASE)
        if claim is None:
            due = await store.next_due(at(now))
            if due is None or due > at(until):
                return sent
            assert due > at(now), "what is due can be claimed"
            now = (due - at(0)).total_seconds()
        else:
            await send(store, claim, now)
            sent.append((now, claim.destination.key))


async def test_a_workspace_takes_ten_at_once_and_then_four_a_second(store: Store) -> None:
    for number in range(20):
        await store.add_post(shared(f"post-{number}", 0, Destination(f"C{number:02}")))
    moments = [moment for moment, _ in await drained(store, 60)]
    assert moments == [0.0] * 10 + [0.25 * number for number in range(1, 11)]


async def test_a_channel_takes_three_at_once_and_then_one_a_second_with_its_threads(store: Store) -> None:
    for number in range(3):
        await store.add_post(shared(f"here-{number}", 0, CHANNEL))
        await store.add_post(shared(f"thread-{number}", 0, THREAD))
    await store.add_post(shared("elsewhere", 0, OTHER))
    sent = await drained(store, 60)
    assert [moment for moment, key in sent if key == OTHER.key] == [0]
    assert [moment for moment, key in sent if key != OTHER.key] == [0, 0, 0, 1, 2, 3]


async def test_a_slot_is_taken_once_however_many_claim(store: Store) -> None:
    for number in range(14):
        await store.add_post(shared(f"post-{number}", 0, Destination(f"C{number:02}")))
    claims = await asyncio.gather(*(store.claim(at(0), lease=LEASE) for _ in range(14)))
    assert sum(claim is not None for claim in claims) == 10


async def test_a_slot_given_back_can_be_taken_again(store: Store) -> None:
    for number in range(2):
        await store.add_post(shared(f"post-{number}", 0, CHANNEL))
    for _ in range(20):
        claim = await claimed(store, 0)
        await store.give_back(claim)
        await store.release(claim, next_send_at=at(0))
    assert (await claimed(store, 0)).turn is Turn.POST


async def test_budgets_outlive_a_restart(opening: Open) -> None:
    async with opening() as store:
        for number in range(12):
            await store.add_post(shared(f"post-{number}", 0, Destination(f"C{number:02}")))
        assert len(await drained(store, 0)) == 10
    async with opening() as store:
        assert await store.claim(at(0), lease=LEASE) is None
        assert await store.next_due(at(0)) == at(0.25)


async def test_while_nobody_may_post_it_is_known_when_that_ends_and_then_who_is_next(store: Store) -> None:
    for number in range(9):
        await store.add_post(shared(f"post-{number}", 0, Destination(f"C{number:02}")))
    await store.add_post(shared("first", 0, OTHER))
    assert len(await drained(store, 0)) == 10
    assert await store.next_due(at(0)) is None, "nothing is to be posted"
    await store.add_post(shared("last", 0, CHANNEL))
    assert await store.next_due(at(0)) == at(0.25)
    claim = await claimed(store, 0.25)
    await store.give_back(claim)
    await store.release(claim, next_send_at=at(5))
    assert await store.next_due(at(0.25)) == at(5)


async def test_what_is_to_be_sent_goes_before_any_edit(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    await store.add_post(shared("elsewhere", 2, OTHER))
    sending, editing = await claimed(store, 3), await claimed(store, 3)
    assert (sending.turn, sending.destination) == (Turn.POST, OTHER)
    assert (editing.turn, editing.destination) == (Turn.EDIT, CHANNEL)
    await store.release(editing, next_send_at=at(3))
    await store.add_post(shared("here", 4))
    assert (await claimed(store, 4)).post == shared("here", 4)


async def test_edits_have_a_budget_of_their_own(store: Store) -> None:
    for number in range(10):
        await store.add_post(shared(f"post-{number}", -5, Destination(f"C{number:02}")))
    await posted_watch(store, seconds=-10)
    assert len(await drained(store, 0)) == 10
    await observe(store, "Running", 0.1)
    assert (await claimed(store, 0.1)).turn is Turn.EDIT, "whatever the posts have used up"


async def test_a_method_of_tier_three_is_called_fifty_times_a_minute_at_most(store: Store) -> None:
    for number in range(60):
        where = Destination(f"C{number:02}")
        await store.add_watch(ADA, JOB_ID, where, at(-100))
    now = -100.0
    while claim := await store.claim(at(now), lease=LEASE):
        post = shared(f"card-{claim.destination.key}", now, claim.destination)
        post = replace(post, watch_id=claim.watches[0].id)
        await store.commit_post(claim, post)
        await store.settle(claim, post.id, "1.1", now=at(now))
        await store.release(claim, next_send_at=at(now))
        now += 0.25
    await observe(store, "Running", 1)
    edits: list[float] = []
    now = 1.0
    while due := await store.next_due(at(now)):
        now = (due - at(0)).total_seconds()
        claim = await claimed(store, now)
        assert claim.turn is Turn.EDIT
        await store.settle_edit(claim, claim.watches[0], "new", at(now))
        await store.release(claim, next_send_at=at(now))
        edits.append(now)
    assert len(edits) == 60
    assert edits[:5] == [1] * 5
    assert max(sum(start <= each < start + 60 for each in edits) for start in edits) == 50


# --- what Slack refuses


async def test_a_refused_post_lets_its_channel_rest_and_no_other(store: Store) -> None:
    for number, where in enumerate((CHANNEL, THREAD, OTHER)):
        await store.add_post(shared(f"post-{number}", number, where))
    refused = await claimed(store, 3)
    assert refused.destination == CHANNEL
    await store.refused(refused, until=at(33), now=at(3))
    await store.release(refused, next_send_at=at(3))
    assert (await claimed(store, 3)).destination == OTHER
    assert await store.claim(at(32), lease=LEASE) is None
    assert (await claimed(store, 33)).destination == CHANNEL


async def test_a_rest_that_slack_asked_for_is_no_shorter_for_calls_that_were_not_made(store: Store) -> None:
    """Slots were taken before the refusal, in the channel and in its thread, and are given back after it."""
    for number, where in enumerate((CHANNEL, THREAD, OTHER)):
        await store.add_post(shared(f"post-{number}", number, where))
    refused, unused, elsewhere = [await claimed(store, 3) for _ in range(3)]
    await store.refused(refused, until=at(33), now=at(3))
    await store.give_back(unused)
    for claim in (refused, unused):
        await store.release(claim, next_send_at=at(3))
    await send(store, elsewhere, 3)
    assert await store.next_due(at(3)) == at(33)


async def test_of_two_rests_that_slack_asked_for_in_a_channel_the_longer_one_counts(store: Store) -> None:
    for number, where in enumerate((CHANNEL, THREAD, THREAD)):
        await store.add_post(shared(f"post-{number}", number, where))
    first, second = await claimed(store, 3), await claimed(store, 3)
    await store.refused(first, until=at(63), now=at(3))
    await store.refused(second, until=at(33), now=at(3))
    await store.give_back(second)
    for claim in (first, second):
        await store.release(claim, next_send_at=at(3))
    assert await store.next_due(at(3)) == at(63)


async def test_refused_in_two_channels_at_once_all_posts_rest(store: Store) -> None:
    third = Destination("C3")
    for number, where in enumerate((CHANNEL, OTHER, third)):
        await store.add_post(shared(f"post-{number}", number, where))
    first, second = await claimed(store, 3), await claimed(store, 3)
    for claim, until in ((first, 13), (second, 23)):
        await store.refused(claim, until=at(until), now=at(3))
        await store.release(claim, next_send_at=at(3))
    assert await store.claim(at(22), lease=LEASE) is None
    assert await store.next_due(at(3)) == at(23)
    assert (await claimed(store, 23)).destination == CHANNEL
    assert await store.claim(at(23), lease=LEASE) is None, "no burst right after a rest"


async def test_who_asks_why_a_message_waits_hears_until_when_slack_wants_to_be_left_alone(
    store: Store,
) -> None:
    """A refusal in the channel is about its threads as well; a second one elsewhere is about every place."""
    third = Destination("C3")
    for where in (CHANNEL, THREAD, OTHER, third):
        await store.subscribe(ADA, JOB_ID, where, seen_seq=1, now=at(0))
    await observe(store, "Succeeded", 1)

    async def next_tries() -> dict[Destination, datetime]:
        found = await store.fates(JOB_ID, limit=1)
        return {each.destination: each.next_send_at for each in found.deliveries}

    claims = {claim.destination: claim for claim in [await claimed(store, 3) for _ in range(4)]}
    for where, until in ((CHANNEL, 603), (OTHER, 903)):
        await store.refused(claims[where], until=at(until), now=at(3))
        for claim in claims.values():
            await store.release(claim, next_send_at=at(3))
        if where == CHANNEL:
            assert await next_tries() == {CHANNEL: at(603), THREAD: at(603), OTHER: at(3), third: at(3)}
    assert set((await next_tries()).values()) == {at(903)}


async def test_a_refusal_long_ago_is_another_matter(store: Store) -> None:
    for number, where in enumerate((CHANNEL, OTHER, Destination("C3"))):
        await store.add_post(shared(f"post-{number}", number, where))
    first, second = await claimed(store, 3), await claimed(store, 3)
    await store.refused(first, until=at(13), now=at(3))
    await store.refused(second, until=at(23), now=at(13))
    assert (await claimed(store, 13)).destination == Destination("C3")


async def test_a_refused_edit_lets_all_edits_rest_and_no_post(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    claim = await claimed(store, 1)
    await store.refused(claim, until=at(31), now=at(1))
    await store.release(claim, next_send_at=at(1))
    assert await store.next_due(at(1)) == at(31)
    await store.add_post(shared("post", 2))
    assert (await claimed(store, 2)).turn is Turn.POST


async def test_a_refused_look_lets_looks_of_its_kind_rest(store: Store) -> None:
    for number, where in enumerate((CHANNEL, OTHER, THREAD)):
        await store.add_post(shared(f"post-{number}", number, where))
    for claim in [await claimed(store, 3) for _ in range(3)]:
        assert claim.post is not None
        await store.attempt(claim, claim.post.id, at(3))
        await store.release(claim, next_send_at=at(3))
    claim = await claimed(store, 5)
    assert (claim.turn, claim.destination.thread_ts) == (Turn.LOOK, None)
    await store.refused(claim, until=at(35), now=at(5))
    await store.release(claim, next_send_at=at(5))
    assert (await claimed(store, 5)).destination == THREAD
    assert await store.claim(at(34), lease=LEASE) is None
    assert (await claimed(store, 35)).turn is Turn.LOOK


# --- posts and cards that went wrong


async def test_a_post_that_is_missing_is_looked_for_until_it_is_sent_again(store: Store) -> None:
    await store.add_post(shared("post", 0))
    claim = await claimed(store, 0)
    assert await store.attempt(claim, "post", at(0))
    turns = []
    for looks_left in (1, 0):
        await store.release(claim, next_send_at=at(1))
        claim = await claimed(store, 1)
        assert claim.post is not None
        turns.append((claim.turn, claim.post.looks_left))
        await store.missing(claim, "post", looks_left=looks_left)
    await store.release(claim, next_send_at=at(2))
    claim = await claimed(store, 2)
    assert turns == [(Turn.LOOK, LOOKS_AFTER_SILENCE), (Turn.LOOK, 1)]
    assert (claim.turn, claim.post) == (Turn.POST, shared("post", 0))


async def test_nothing_is_sent_behind_a_post_whose_outcome_is_unknown(store: Store) -> None:
    await store.add_post(shared("later", 5))
    claim = await claimed(store, 5)
    await store.attempt(claim, "later", at(5))
    await store.release(claim, next_send_at=at(40))
    await store.add_post(shared("earlier", 1))
    assert await store.claim(at(39), lease=LEASE) is None
    claim = await claimed(store, 40)
    assert claim.post is not None
    assert claim.post.id == "later"


async def test_a_card_whose_edit_failed_rests_alone(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    claim = await claimed(store, 1)
    await store.put_off(claim, claim.watches[0], at(61))
    await store.release(claim, next_send_at=at(1))
    assert await store.next_due(at(1)) == at(61)
    await store.add_post(shared("post", 2))
    await send(store, await claimed(store, 2), 2)
    assert (await claimed(store, 61)).watches == claim.watches
