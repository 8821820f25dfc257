"""What `ports.Store` promises about watches and the outbox, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dojobbot.domain import LOOKS_AFTER_SILENCE, ActionKind
from dojobbot.errors import StoreError
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
    Open,
    at,
    card,
    claimed,
    notice,
    observe,
    posted_watch,
    reading,
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


async def owe(store: Store, seconds: float = 5) -> None:
    """Owe the channel one delivery."""
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Succeeded", seconds)


# --- claiming


async def test_nothing_owed_is_nothing_to_claim(store: Store) -> None:
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    assert await store.claim(NOW, lease=LEASE) is None
    assert await store.next_due(NOW) is None


async def test_the_destination_that_waited_longest_is_claimed_first(store: Store) -> None:
    await store.add_post(shared("late", 3, CHANNEL))
    await store.add_watch(ADA, JOB_ID, OTHER, at(2))
    await store.add_post(shared("early", 1, THREAD))
    order = [(await claimed(store, 5)).destination for _ in range(3)]
    assert order == [THREAD, OTHER, CHANNEL]


async def test_a_claimed_destination_is_nobody_elses_until_its_lease_ends(store: Store) -> None:
    await owe(store)
    first = await claimed(store, 10)
    assert await store.claim(at(11), lease=LEASE) is None
    assert await store.next_due(at(11)) == at(10) + LEASE
    second = await claimed(store, 10 + LEASE.total_seconds())
    assert second.token > first.token
    assert second.deliveries == first.deliveries


async def test_concurrent_claims_get_different_destinations(store: Store) -> None:
    for where in (CHANNEL, OTHER, THREAD):
        await store.add_post(shared(f"to {where.key}", 0, where))
    claims = await asyncio.gather(*(store.claim(NOW, lease=LEASE) for _ in range(6)))
    assert sorted(claim.destination.key for claim in claims if claim) == ["C1", THREAD.key, "C2"]


async def test_a_released_destination_rests_until_its_next_send(store: Store) -> None:
    await owe(store)
    first = await claimed(store, 5)
    await store.release(first, next_send_at=at(30))
    assert await store.claim(at(29), lease=LEASE) is None
    assert await store.next_due(at(6)) == at(30)
    assert await store.next_due(at(40)) == at(40)
    assert (await claimed(store, 30)).token > first.token


async def test_what_is_urgent_is_claimed_however_much_else_is_owed(store: Store) -> None:
    """With what is older about the same job; and all of it in order."""
    many = [replace(A_JOB, id=f"job-{number:03}") for number in range(502)]
    await store.observe([reading(job=job) for job in many], NOW)
    for job in many:
        await store.subscribe(ADA, job.id, CHANNEL, seen_seq=1, now=NOW)
    last = many[-1]
    await store.subscribe(BEN, last.id, CHANNEL, seen_seq=1, now=NOW, failures_only=True)
    await store.observe([reading("Quoted", 1, job=job) for job in many], at(1))
    await store.observe([reading("Failed", 2, job=last)], at(2))
    owed = (await claimed(store, 3)).deliveries
    assert len(owed) == 500
    assert [(each.transition.new, each.urgent) for each in owed if each.transition.job_id == last.id] == [
        ("Quoted", False),
        ("Failed", True),
    ]
    assert [each.id for each in owed] == sorted(each.id for each in owed)


async def test_what_is_due_next_is_the_soonest_of_all_destinations(store: Store) -> None:
    for where, pause in ((CHANNEL, 60), (OTHER, 20)):
        await store.add_post(shared(f"to {where.key}", 0, where))
        await store.release(await claimed(store, 0), next_send_at=at(pause))
    assert await store.next_due(at(1)) == at(20)


async def test_a_claim_shows_the_posts_of_its_destination_alone_then_deliveries_then_cards(
    store: Store,
) -> None:
    await owe(store)
    await store.add_watch(BEN, JOB_ID, CHANNEL, at(6))
    await store.add_post(shared("second", 8))
    await store.add_post(shared("first", 7))
    await store.add_post(shared("elsewhere", 1, OTHER))
    elsewhere, claim = await claimed(store, 9), await claimed(store, 9)
    assert elsewhere.destination == OTHER
    assert (claim.post, claim.deliveries, claim.watches, claim.last_ts) == (shared("first", 7), (), (), None)
    await store.bury(claim, "first", "unwanted", at(9))
    await store.bury(claim, "second", "unwanted", at(9))
    await store.release(claim, next_send_at=at(9))
    claim = await claimed(store, 10)
    assert [each.mentions for each in claim.deliveries] == [(ADA,)]
    assert await store.commit_post(claim, notice(claim))
    await store.bury(claim, "post-1", "unwanted", at(10))
    await store.release(claim, next_send_at=at(10))
    claim = await claimed(store, 11)
    assert [(each.job_id, each.user_id, each.ts) for each in claim.watches] == [(JOB_ID, BEN, None)]


# --- posts


async def test_a_notice_from_claim_to_arrival(store: Store) -> None:
    """Committed it is off the queue, attempted it says so, settled it is over and its ts is remembered."""
    await owe(store)
    claim = await claimed(store, 5)
    post = notice(claim, seconds=5)
    assert await store.commit_post(claim, post)
    await store.release(claim, next_send_at=at(6))

    claim = await claimed(store, 6)
    assert (claim.post, claim.deliveries) == (post, ())
    assert await store.attempt(claim, post.id, at(7))
    await store.release(claim, next_send_at=at(8))

    claim = await claimed(store, 8)
    assert claim.post == replace(post, attempted_at=at(7), looks_left=LOOKS_AFTER_SILENCE)
    await store.settle(claim, post.id, "1763802900.000200", now=at(9))
    await store.release(claim, next_send_at=at(9))
    assert await store.claim(at(9), lease=LEASE) is None
    assert await store.next_due(at(9)) is None

    await store.add_post(shared("later", 10))
    assert (await claimed(store, 10)).last_ts == "1763802900.000200"


async def test_a_post_takes_only_the_deliveries_that_it_names(store: Store) -> None:
    await observe(store, job=OTHER_JOB)
    await store.subscribe(ADA, OTHER_JOB.id, CHANNEL, seen_seq=1, now=NOW)
    await owe(store)
    await observe(store, "Failed", 6, job=OTHER_JOB)
    claim = await claimed(store, 6)
    first, second = claim.deliveries
    await store.commit_post(claim, replace(notice(claim), deliveries=(first.id,)))
    await store.settle(claim, "post-1", "1.1", now=at(7))
    await store.release(claim, next_send_at=at(7))
    claim = await claimed(store, 7)
    assert claim.deliveries == (second,)


async def test_a_delivery_goes_into_one_post(store: Store) -> None:
    await owe(store)
    claim = await claimed(store, 5)
    await store.commit_post(claim, notice(claim, "post-1"))
    with pytest.raises(StoreError, match="not owed"):
        await store.commit_post(claim, notice(claim, "post-2"))
    await store.release(claim, next_send_at=at(6))
    again = await claimed(store, 6)
    assert again.post is not None
    assert again.post.id == "post-1"


async def test_who_joins_between_claim_and_commit_is_not_forgotten(store: Store) -> None:
    """They were told that it is on its way, so the post that does not mention them is not sent."""
    await owe(store)
    claim = await claimed(store, 5)
    assert await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=at(5)) is Subscribed.OWED
    assert not await store.commit_post(claim, notice(claim))
    await store.release(claim, next_send_at=at(5))
    again = await claimed(store, 5)
    assert (again.post, again.deliveries[0].mentions) == (None, (ADA, BEN))
    assert await store.commit_post(again, notice(again))


async def test_a_buried_post_is_over_and_so_is_what_it_carried(store: Store) -> None:
    await owe(store)
    claim = await claimed(store, 5)
    post = notice(claim)
    await store.commit_post(claim, post)
    await store.bury(claim, post.id, "is_archived", at(6))
    await store.release(claim, next_send_at=at(6))
    assert await store.next_due(at(6)) is None


async def test_a_buried_card_ends_its_watch(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    claim = await claimed(store, 0)
    await store.commit_post(claim, card(claim))
    await store.bury(claim, "card-1", "not_in_channel", at(1))
    assert await store.watches(JOB_ID) == ()
    assert await store.add_watch(ADA, JOB_ID, CHANNEL, at(2))


async def test_a_worker_that_lost_its_claim_changes_nothing(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 3)
    card_claim = await claimed(store, 4)
    await store.release(card_claim, next_send_at=at(4))
    await owe(store)
    lost = await claimed(store, 6)
    post = notice(lost)
    await store.commit_post(lost, post)
    holder = await claimed(store, 200)

    assert not await store.commit_post(lost, replace(post, id="another", deliveries=()))
    assert not await store.attempt(lost, post.id, at(201))
    await store.settle(lost, post.id, "1.1", now=at(201))
    await store.bury(lost, post.id, "gone", at(201))
    await store.missing(lost, post.id, looks_left=1)
    await store.settle_edit(lost, card_claim.watches[0], "stale", at(201))
    await store.put_off(lost, card_claim.watches[0], at(999))
    await store.end_watch(lost, card_claim.watches[0], "stale", at(201))
    await store.release(lost, next_send_at=at(201))
    assert await store.claim(at(202), lease=LEASE) is None, "the holder still holds it"

    await store.release(holder, next_send_at=at(203))
    again = await claimed(store, 203)
    assert (again.post, again.last_ts) == (holder.post, holder.last_ts) == (post, "100.1")
    await store.settle(again, post.id, "2.2", now=at(203))
    await store.release(again, next_send_at=at(203))
    (card_of_holder,) = (await claimed(store, 204)).watches
    assert card_of_holder.shown == "first"


async def test_a_claim_given_back_is_lost(store: Store) -> None:
    await owe(store)
    claim = await claimed(store, 5)
    await store.release(claim, next_send_at=at(6))
    assert not await store.commit_post(claim, notice(claim))
    assert len((await claimed(store, 6)).deliveries) == 1


async def test_a_claim_reaches_no_post_of_another_destination(store: Store) -> None:
    await owe(store)
    await store.add_post(shared("elsewhere", 6, OTHER))
    claim = await claimed(store, 6)
    assert claim.destination == CHANNEL
    assert not await store.attempt(claim, "elsewhere", at(7))
    await store.settle(claim, "elsewhere", "1.1", now=at(7))
    assert (await claimed(store, 8)).post == shared("elsewhere", 6, OTHER)


# --- watches


async def test_one_watch_of_a_job_in_a_destination(store: Store) -> None:
    assert await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    assert not await store.add_watch(BEN, JOB_ID, CHANNEL, at(1))
    assert await store.add_watch(BEN, JOB_ID, THREAD, at(1))
    watches = await store.watches(JOB_ID)
    assert [(each.user_id, each.destination, each.created_at) for each in watches] == [
        (ADA, CHANNEL, NOW),
        (BEN, THREAD, at(1)),
    ]


async def test_a_new_watch_waits_to_be_posted_and_is_live_after_that(store: Store) -> None:
    await posted_watch(store, shown="a fingerprint")
    (watch,) = await store.watches(JOB_ID)
    assert (watch.ts, watch.shown, watch.closing) == ("100.1", "a fingerprint", False)
    assert await store.next_due(NOW) is None, "it shows what is"


async def test_a_card_in_a_post_is_not_offered_a_second_time(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    claim = await claimed(store, 0)
    await store.commit_post(claim, card(claim))
    await store.release(claim, next_send_at=at(1))
    again = await claimed(store, 1)
    assert (again.post, again.watches) == (card(claim), ())


async def after_change(store: Store, seconds: float) -> Claim:
    """Claim the card that may be old, settle its edit, and give the destination back."""
    claim = await claimed(store, seconds)
    (watch,) = claim.watches
    await store.settle_edit(claim, watch, f"shown at {seconds}", at(seconds))
    await store.release(claim, next_send_at=at(seconds))
    return claim


async def test_every_change_of_a_job_and_its_actions_asks_for_an_edit(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    await after_change(store, 1)
    action = await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, at(2), expires=timedelta(minutes=1))
    await after_change(store, 3)
    await store.close_action(action.id, "refused", at(4))
    await after_change(store, 5)
    assert await store.next_due(at(6)) is None
    await observe(store, "Quoted", 7)
    await after_change(store, 7)
    (watch,) = await store.watches(JOB_ID)
    assert watch.shown == "shown at 7", "a card rests on Quoted, and its watch stays"


async def test_a_change_during_an_edit_is_shown_by_the_next_one(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    claim = await claimed(store, 1)
    await observe(store, "Succeeded", 2)
    await store.settle_edit(claim, claim.watches[0], "running", at(3))
    await store.release(claim, next_send_at=at(3))
    assert await store.next_due(at(3)) == at(5), "one card changes every two seconds at most"
    assert await store.claim(at(4), lease=LEASE) is None
    assert (await after_change(store, 5)).watches[0].shown == "running"
    assert await store.watches(JOB_ID) == (), "after the final edit it is over"
    assert await store.next_due(at(6)) is None


async def test_a_change_while_the_card_is_on_its_way_is_shown_by_an_edit(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    claim = await claimed(store, 0)
    await store.commit_post(claim, card(claim))
    await observe(store, "Succeeded", 1)
    await store.settle(claim, "card-1", "100.1", shown="running", now=at(2))
    await store.release(claim, next_send_at=at(2))
    (watch,) = (await after_change(store, 4)).watches
    assert (watch.ts, watch.shown) == ("100.1", "running")
    assert await store.watches(JOB_ID) == ()


async def test_a_card_first_posted_for_an_ended_job_is_the_last_word(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    await observe(store, "Succeeded", 1)
    claim = await claimed(store, 2)
    await store.commit_post(claim, card(claim))
    await store.settle(claim, "card-1", "100.1", shown="succeeded", now=at(2))
    assert await store.watches(JOB_ID) == ()
    await store.release(claim, next_send_at=at(2))
    assert await store.next_due(at(3)) is None


async def test_stopping_a_watch_asks_for_one_last_edit_with_the_note(store: Store) -> None:
    await posted_watch(store)
    assert await store.stop_watch(JOB_ID, CHANNEL, note="Stopped by Ada.", now=at(1))
    assert not await store.stop_watch(JOB_ID, CHANNEL, note="again", now=at(1))
    assert await store.watches(JOB_ID) == ()
    (watch,) = (await after_change(store, 2)).watches
    assert (watch.closing, watch.note) == (True, "Stopped by Ada.")
    assert await store.next_due(at(3)) is None
    await observe(store, "Succeeded", 4)
    assert await store.next_due(at(4)) is None


async def test_watching_again_right_after_stopping_is_a_new_watch(store: Store) -> None:
    await posted_watch(store)
    await store.stop_watch(JOB_ID, CHANNEL, note="", now=at(1))
    assert await store.add_watch(BEN, JOB_ID, CHANNEL, at(2))
    claim = await claimed(store, 3)
    assert [(each.ts, each.closing) for each in claim.watches] == [(None, False)]
    await store.commit_post(claim, card(claim, "card-2"))
    await store.settle(claim, "card-2", "100.2", now=at(3))
    await store.release(claim, next_send_at=at(3))
    assert [(each.ts, each.closing) for each in (await claimed(store, 4)).watches] == [("100.1", True)]


async def test_a_watch_stopped_before_its_card_was_sent_needs_no_message(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    assert await store.stop_watch(JOB_ID, CHANNEL, note="", now=at(1))
    assert await store.next_due(at(1)) is None


async def test_a_watch_stopped_while_its_card_is_drawn_is_not_posted(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, at(1))
    claim = await claimed(store, 2)
    assert await store.stop_watch(JOB_ID, CHANNEL, note="", now=at(3))
    assert not await store.commit_post(claim, card(claim, seconds=4))
    await store.release(claim, next_send_at=at(4))
    assert await store.claim(at(5), lease=LEASE) is None


async def test_a_watch_stopped_while_its_card_is_on_its_way_is_edited_afterwards(store: Store) -> None:
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    claim = await claimed(store, 0)
    await store.commit_post(claim, card(claim))
    await store.stop_watch(JOB_ID, CHANNEL, note="Stopped.", now=at(1))
    await store.settle(claim, "card-1", "100.1", shown="running", now=at(2))
    await store.release(claim, next_send_at=at(2))
    (watch,) = (await after_change(store, 4)).watches
    assert (watch.ts, watch.closing) == ("100.1", True)
    assert await store.next_due(at(5)) is None


async def test_stopping_nothing_says_so(store: Store) -> None:
    assert not await store.stop_watch(JOB_ID, CHANNEL, note="", now=NOW)


async def test_a_watch_whose_card_is_gone_ends(store: Store) -> None:
    await posted_watch(store)
    await observe(store, "Running", 1)
    claim = await claimed(store, 1)
    await store.end_watch(claim, claim.watches[0], "message_not_found", at(2))
    assert await store.watches(JOB_ID) == ()
    await store.release(claim, next_send_at=at(2))
    assert await store.next_due(at(2)) is None


# --- restart


async def test_a_claim_that_is_renewed_holds_on(store: Store) -> None:
    """One that was lost, or given back, is not renewed."""
    await observe(store)
    await owe(store)
    claim = await claimed(store, 5)
    await store.extend(claim, at(300))
    assert await store.claim(at(299), lease=LEASE) is None
    second = await claimed(store, 300)
    await store.extend(claim, at(900))
    await store.release(second, next_send_at=at(301))
    await store.extend(second, at(900))
    assert (await claimed(store, 310)).destination == claim.destination


async def test_a_restart_in_the_middle_of_sending_loses_nothing(opening: Open) -> None:
    """A post whose outcome nobody knows and a card are claimed again; the dead worker's token is not good.

    When the lease is over, that is: only on SQLite can a new process know that the old one is dead.
    """
    async with opening() as store:
        await observe(store)
        await store.add_watch(ADA, JOB_ID, OTHER, NOW)
        await owe(store)
        watching, claim = await claimed(store, 5), await claimed(store, 5)
        post = notice(claim, seconds=5)
        await store.commit_post(claim, post)
        await store.attempt(claim, post.id, at(6))
    async with opening() as store:
        later = 5 + LEASE.total_seconds()
        due = await store.next_due(at(7))
        assert due is not None
        assert due <= at(later)
        again, watching_again = await claimed(store, later), await claimed(store, later)
        assert watching_again.watches == watching.watches
        assert again.post == replace(post, attempted_at=at(6), looks_left=LOOKS_AFTER_SILENCE)
        assert again.token > claim.token
        assert not await store.attempt(claim, post.id, at(later))
