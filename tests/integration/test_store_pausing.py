"""What the store promises of places that closed, on every database: paused, held, resumed, moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from dojobbot.domain import Destination, Post, PostKind
from dojobbot.fates import Pause, Resumed
from dojobbot.following import Subscribed
from dojobbot.outbox import Claim
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
    OTHER,
    OTHER_JOB,
    THREAD,
    at,
    claimed,
    notice,
    observe,
    shared,
)

ADAS_DM = Destination("D1")
THIRD_JOB = replace(A_JOB, id="9e9eb45e-0000-4000-8000-000000000003")


@pytest.fixture(params=sorted(BACKENDS))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Give a store that has seen three jobs running."""
    async with BACKENDS[request.param](tmp_path)() as opened:
        for job in (A_JOB, OTHER_JOB, THIRD_JOB):
            await observe(opened, job=job)
        yield opened


def word(post_id: str = "word-1") -> Post:
    """Draw what Ada is told."""
    return Post(
        id=post_id, destination=ADAS_DM, kind=PostKind.CLOSED, payload={"text": "Closed."}, created_at=at(6)
    )


async def follow(store: Store, *jobs: str, user: str = ADA, where: Destination = CHANNEL) -> None:
    for job_id in jobs:
        await store.subscribe(user, job_id, where, seen_seq=1, now=NOW)


async def pauses(store: Store, post: Post | None = None) -> list[Pause]:
    """Everybody's pause in the channel; Ada has a post about it."""
    return [
        Pause(stranded=each, because="is_archived", post=post if each.user_id == ADA else None)
        for each in await store.stranded(CHANNEL)
    ]


async def closed(store: Store, *found: Pause) -> None:
    """Find the channel closed by a shared card that can't arrive there."""
    await store.add_post(shared("shared-1", 5))
    claim = await claimed(store, 5)
    await store.bury(claim, "shared-1", "is_archived", at(6), pauses=found)
    await store.release(claim, next_send_at=at(6))


async def told(store: Store, seconds: float) -> dict[str, Claim]:
    """Claim all that is due, by destination."""
    found: dict[str, Claim] = {}
    while claim := await store.claim(at(seconds), lease=LEASE):
        found[claim.destination.key] = claim
    return found


async def test_what_people_follow_in_a_place_is_known_person_by_person(store: Store) -> None:
    """With its threads; what is elsewhere, closed or of others is not among it."""
    await follow(store, JOB_ID, OTHER_JOB.id)
    await follow(store, JOB_ID, where=THREAD)
    await follow(store, THIRD_JOB.id, where=OTHER)
    await follow(store, JOB_ID, user=BEN)
    await store.add_watch(BEN, OTHER_JOB.id, CHANNEL, NOW)
    ada, ben = await store.stranded(CHANNEL)
    assert (ada.user_id, ben.user_id) == (ADA, BEN)
    assert [job.id for job in ada.told] == [JOB_ID, OTHER_JOB.id]
    assert [each.destination for each in ada.subscriptions] == [CHANNEL, CHANNEL, THREAD]
    assert ([job.id for job in ben.told], [job.id for job in ben.watched]) == ([JOB_ID], [OTHER_JOB.id])
    (in_thread,) = await store.stranded(THREAD)
    assert [each.destination for each in in_thread.subscriptions] == [THREAD]


async def test_a_closed_place_pauses_what_was_wished_there(store: Store) -> None:
    """Its watches end, and the job is followed on."""
    await follow(store, JOB_ID)
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    await closed(store, *await pauses(store))
    (paused,) = await store.subscriptions(JOB_ID)
    assert (paused.paused_at, paused.paused_because) == (at(6), "is_archived")
    assert JOB_ID in await store.followed()
    assert await store.watches(JOB_ID) == ()
    assert await store.stranded(CHANNEL) == ()
    assert await store.paused(ADA, CHANNEL) == Resumed(1, 0)
    assert await store.paused(BEN, CHANNEL) == Resumed(0, 0)


async def test_its_maker_is_told_once(store: Store) -> None:
    """Two found it closed before either wrote it down: the second one has no news."""
    await follow(store, JOB_ID)
    first, second = await pauses(store, word("word-1")), await pauses(store, word("word-2"))
    await closed(store, *first)
    await store.add_post(shared("shared-2", 7))
    found = await told(store, 8)
    await store.bury(found[CHANNEL.key], "shared-2", "is_archived", at(8), pauses=second)
    assert found[ADAS_DM.key].post == word("word-1")
    await store.settle(found[ADAS_DM.key], "word-1", "1.0", now=at(8))
    for claim in found.values():
        await store.release(claim, next_send_at=at(8))
    assert await told(store, 9) == {}


async def test_one_who_lost_the_claim_pauses_nothing(store: Store) -> None:
    await follow(store, JOB_ID)
    await store.add_post(shared("shared-1", 5))
    lost = await claimed(store, 5)
    await claimed(store, 200)
    await store.bury(lost, "shared-1", "gone", at(201), pauses=await pauses(store, word()))
    assert (await store.subscriptions(JOB_ID))[0].paused_at is None


async def test_what_happens_meanwhile_is_held_and_sent_when_it_goes_on(store: Store) -> None:
    """In order, to the same place; the wish about the job that still runs stands again."""
    await follow(store, JOB_ID, OTHER_JOB.id, THIRD_JOB.id)
    await closed(store, *await pauses(store))
    await observe(store, "Failed", 10)
    await observe(store, "Succeeded", 20, job=OTHER_JOB)
    assert await told(store, 30) == {}
    assert await store.next_due(at(30)) is None
    assert await store.paused(ADA, CHANNEL) == Resumed(1, 2)
    assert await store.resume(ADA, CHANNEL) == Resumed(1, 2)
    (claim,) = (await told(store, 30)).values()
    assert [each.snapshot.status for each in claim.deliveries] == ["Failed", "Succeeded"]
    assert claim.destination == CHANNEL
    assert (await store.subscriptions(THIRD_JOB.id))[0].paused_at is None
    assert await store.resume(ADA, CHANNEL) == Resumed(0, 0)


async def test_a_new_wish_there_sends_what_was_held_for_all(store: Store) -> None:
    """Somebody who joins a held delivery, or whose wish stands, shows that the place works again."""
    await follow(store, JOB_ID, OTHER_JOB.id)
    await closed(store, *await pauses(store))
    await observe(store, "Succeeded", 10)
    assert await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=at(11)) is Subscribed.OWED
    await follow(store, OTHER_JOB.id, user=BEN)
    await observe(store, "Succeeded", 20, job=OTHER_JOB)
    (claim,) = (await told(store, 30)).values()
    assert [each.mentions for each in claim.deliveries] == [(ADA, BEN), (ADA, BEN)]


async def test_a_wish_can_go_on_elsewhere(store: Store) -> None:
    """What was held is owed there with the note; for others it stays held."""
    await follow(store, JOB_ID, OTHER_JOB.id)
    await follow(store, JOB_ID, where=THREAD)
    await follow(store, JOB_ID, user=BEN)
    await closed(store, *await pauses(store))
    await observe(store, "Succeeded", 10)
    assert await store.move(ADA, CHANNEL, ADAS_DM, note="Instead.", now=at(30)) == Resumed(1, 2)
    (claim,) = (await told(store, 30)).values()
    (delivery,) = claim.deliveries
    assert (claim.destination, delivery.mentions, delivery.note) == (ADAS_DM, (ADA,), "Instead.")
    (moved,) = await store.subscriptions(OTHER_JOB.id)
    assert (moved.destination, moved.paused_at) == (ADAS_DM, None)
    assert await store.paused(ADA, CHANNEL) == Resumed(0, 0)
    assert await store.paused(BEN, CHANNEL) == Resumed(0, 1)
    assert await store.resume(BEN, CHANNEL) == Resumed(0, 1)
    assert (await claimed(store, 31)).deliveries[0].mentions == (BEN,)


async def test_moving_makes_no_second_wish(store: Store) -> None:
    """About one job in a channel, in its thread, and in the new place already; the widest one counts."""
    await store.subscribe(ADA, JOB_ID, ADAS_DM, seen_seq=1, now=NOW, failures_only=True)
    await follow(store, JOB_ID, OTHER_JOB.id)
    await follow(store, OTHER_JOB.id, where=THREAD)
    await closed(store, *await pauses(store))
    assert await store.move(ADA, CHANNEL, ADAS_DM, note="", now=at(30)) == Resumed(3, 0)
    for job_id in (JOB_ID, OTHER_JOB.id):
        (only,) = await store.subscriptions(job_id)
        assert (only.destination, only.paused_at, only.failures_only) == (ADAS_DM, None, False)


async def test_what_nobody_asked_for_in_all_that_time_is_forgotten(store: Store) -> None:
    await follow(store, JOB_ID)
    await closed(store, *await pauses(store))
    await observe(store, "Succeeded", 10)
    while await store.prune(at(10), limit=10):
        pass
    assert await store.paused(ADA, CHANNEL) == Resumed(0, 1)
    while await store.prune(at(11), limit=10):
        pass
    assert await store.paused(ADA, CHANNEL) == Resumed(0, 0)


# --- recalling


async def test_a_notice_that_never_arrived_is_owed_again(store: Store) -> None:
    """And so are those behind it: in the same order, for one message or several anew."""
    await follow(store, JOB_ID, OTHER_JOB.id)
    await observe(store, "Failed", 5)
    await observe(store, "Failed", 6, job=OTHER_JOB)
    claim = await claimed(store, 7)
    before = claim.deliveries
    one = replace(notice(claim, "post-1", 7), deliveries=(before[0].id,))
    two = replace(notice(claim, "post-2", 8), deliveries=(before[1].id,))
    assert await store.commit_post(claim, one)
    assert await store.commit_post(claim, two)
    assert await store.attempt(claim, "post-1", at(9))
    again = await store.recall(claim, "post-1")
    assert again is not None
    assert (again.post, again.deliveries, again.token) == (None, before, claim.token)
    assert await store.recall(claim, "post-1") is None
    await store.release(claim, next_send_at=at(9))
    anew = await claimed(store, 10)
    assert (anew.post, anew.deliveries) == (None, before)


async def test_a_page_stays_as_it_is_once_another_of_its_digest_arrived(store: Store) -> None:
    await follow(store, JOB_ID, OTHER_JOB.id)
    await observe(store, "Failed", 5)
    await observe(store, "Failed", 6, job=OTHER_JOB)
    claim = await claimed(store, 7)
    pages = [
        replace(notice(claim, f"digest-00{number}", 7), deliveries=(delivery.id,))
        for number, delivery in enumerate(claim.deliveries)
    ]
    assert await store.commit_post(claim, *pages)
    assert await store.attempt(claim, "digest-000", at(8))
    await store.settle(claim, "digest-000", "1.0", now=at(8))
    await store.release(claim, next_send_at=at(8))
    second = await claimed(store, 80)
    assert second.post == pages[1]
    assert await store.recall(second, "digest-001") is None
    assert await store.attempt(second, "digest-001", at(80))


async def test_what_arrived_or_is_no_notice_stays(store: Store) -> None:
    """Nor does one who lost the claim recall anything."""
    await follow(store, JOB_ID)
    await observe(store, "Failed", 5)
    claim = await claimed(store, 7)
    assert await store.commit_post(claim, notice(claim))
    await store.add_post(shared("shared-1", 8))
    assert not await store.recall(claim, "shared-1")
    await store.settle(claim, "post-1", "1.0", now=at(9))
    assert not await store.recall(claim, "post-1")
    await store.release(claim, next_send_at=at(9))
    lost = await claimed(store, 10)
    await claimed(store, 200)
    assert not await store.recall(lost, "shared-1")
