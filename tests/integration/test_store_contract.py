"""What `ports.Store` promises about jobs, who follows them, actions and bookkeeping, on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dojobbot.domain import ActionKind, Destination, KnownJob, Reading, Transition
from dojobbot.errors import ActionInFlight, ScopeMismatch, StoreError
from dojobbot.following import Subscribed
from dojobbot.orders import JobsOrder, Person
from dojobbot.ports import Store
from dojobbot.store.jobs import NAMED_AT_ONCE
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    BACKENDS,
    BEN,
    CHANNEL,
    JOB_ID,
    NOW,
    OTHER,
    OTHER_JOB,
    THREAD,
    Open,
    at,
    claimed,
    notice,
    observe,
    posted_watch,
    reading,
)

EXPIRES = timedelta(minutes=2)


@pytest.fixture(params=sorted(BACKENDS))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    return BACKENDS[request.param](tmp_path)


@pytest.fixture
async def store(opening: Open) -> AsyncIterator[Store]:
    async with opening() as opened:
        yield opened


# --- jobs


async def test_a_job_comes_back_as_it_was_read(store: Store) -> None:
    assert await store.observe([Reading(job=A_JOB, began_at=NOW, detailed=True)], NOW) == ()
    assert await store.job(JOB_ID) == KnownJob(job=A_JOB, seq=1, read_at=NOW)
    assert await store.job("nobody-knows-this-one") is None


async def test_a_change_of_status_is_one_transition_and_raises_the_version(store: Store) -> None:
    await observe(store, "Running")
    transitions = await store.observe([reading("Succeeded", 5)], at(6))
    assert transitions == (Transition(job_id=JOB_ID, seq=2, old="Running", new="Succeeded", seen_at=at(6)),)
    known = await store.job(JOB_ID)
    assert known is not None
    assert (known.seq, known.job.status, known.read_at) == (2, "Succeeded", at(5))


async def test_the_same_reading_again_changes_nothing(store: Store) -> None:
    await observe(store, "Running")
    await observe(store, "Succeeded", 5)
    assert await store.observe([reading("Succeeded", 5)], at(9)) == ()
    known = await store.job(JOB_ID)
    assert known is not None
    assert known.seq == 2


async def test_an_older_reading_is_ignored(store: Store) -> None:
    await observe(store, "Succeeded", 5)
    assert await store.observe([reading("Running", 1)], at(6)) == ()
    known = await store.job(JOB_ID)
    assert known is not None
    assert known.job.status == "Succeeded"


async def test_several_readings_of_one_job_are_taken_in_order(store: Store) -> None:
    await observe(store, "Queued")
    readings = [reading("Running", 1), reading("Quoted", 2), reading("Running", 3), reading("Queued", 1)]
    transitions = await store.observe(readings, at(4))
    assert [(each.old, each.new) for each in transitions] == [
        ("Queued", "Running"),
        ("Running", "Quoted"),
        ("Quoted", "Running"),
    ]


async def test_a_thousand_jobs_in_one_call(store: Store) -> None:
    jobs = [replace(A_JOB, id=f"{number:08x}") for number in range(1000)]
    await store.observe([reading(job=job) for job in jobs], NOW)
    done = [
        reading("Succeeded" if number % 2 else "Running", number % 2, job=job)
        for number, job in enumerate(jobs)
    ]
    transitions = await store.observe(done, at(1))
    assert len(transitions) == 500


async def test_two_observers_of_one_change_make_one_transition(store: Store) -> None:
    await observe(store)
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    seen = reading("Failed", 5)
    results = await asyncio.gather(*(store.observe([seen], at(5)) for _ in range(8)))
    assert sorted(len(each) for each in results) == [0] * 7 + [1]
    assert len((await claimed(store, 6)).deliveries) == 1


async def test_jobs_are_found_by_the_start_of_their_id_newest_first(store: Store) -> None:
    for job in (A_JOB, OTHER_JOB, replace(A_JOB, id="aaaa"), replace(A_JOB, id="9e9eb45f")):
        await observe(store, job=job)
    found = await store.jobs_with_prefix("9e9eb45e", limit=5)
    assert [known.job.id for known in found] == [OTHER_JOB.id, JOB_ID]
    assert len(await store.jobs_with_prefix("9e9eb45e", limit=1)) == 1
    assert await store.jobs_with_prefix("%", limit=5) == ()
    assert await store.jobs_with_prefix("_e9eb45e", limit=5) == ()


async def test_jobs_are_found_by_who_created_them(store: Store) -> None:
    """By their ids, or by the e-mail in them; hidden jobs are in no list."""
    ben = replace(A_JOB, id="ben", created_by="sso|Ben@Example.org")
    undated = replace(A_JOB, id="undated", created_at=None)
    hidden = replace(A_JOB, id="hidden", hidden=True)
    for job in (A_JOB, OTHER_JOB, ben, undated, hidden):
        await observe(store, "Queued" if job is OTHER_JOB else "Running", job=job)
    ada = Person(creators=frozenset({str(A_JOB.created_by), "somebody-else"}))

    async def found(limit: int = 10, *, person: Person | None = ada, **wanted: Any) -> list[str]:
        return await ids_of(store, JobsOrder(person=person, **wanted), limit=limit)

    assert await found() == [OTHER_JOB.id, JOB_ID, "undated"]
    assert await found(limit=1) == [OTHER_JOB.id]
    assert await found(statuses=frozenset({"Running"})) == [JOB_ID, "undated"]
    assert await found(created_after=at(-60)) == [OTHER_JOB.id]
    assert await found(person=Person(creators=frozenset(), email="ben@example.org")) == ["ben"]
    assert await found(person=Person(creators=frozenset())) == []
    assert len(await found(person=None)) == 4


async def test_jobs_are_found_by_tag_session_and_tool_in_any_case(store: Store) -> None:
    """A tag is all of it, a session how it begins, a tool a part of its key; letters are nobody's pattern."""
    for job in (
        replace(A_JOB, id="one", tag="Größe-ÄB", session="906A456b-1", tool_key="deeporigin.Bulk-Docking"),
        replace(A_JOB, id="two", tag="größe-äb", session="906a456b-2", tool_key="deeporigin.docking"),
        replace(A_JOB, id="three", tag="größe-äb-2", session="1906a456b", tool_key="deeporigin.abfe"),
        replace(A_JOB, id="bare", tag=None, session=None, tool_key=None),
    ):
        await observe(store, job=job)

    async def found(**wanted: Any) -> set[str]:
        return set(await ids_of(store, JobsOrder(**wanted)))

    assert await found(tag="größe-äb") == {"one", "two"}
    assert await found(session="906a456b") == {"one", "two"}
    assert await found(tool="docking") == {"one", "two"}
    assert await found(tool="docking", session="906a456b-2") == {"two"}
    assert await found(session="%") == await found(session="_06") == await found(tool="%") == set()
    assert await found(tag="") == set()


async def ids_of(store: Store, wanted: JobsOrder, *, limit: int = 10) -> list[str]:
    return [known.job.id for known in await store.jobs_of(wanted, limit=limit)]


async def test_a_followed_job_is_read_until_it_ends(store: Store) -> None:
    await observe(store)
    assert await store.followed() == frozenset()
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    assert await store.followed() == {JOB_ID}
    await observe(store, "Quoted", 1)
    assert await store.followed() == {JOB_ID}, "a quoted job waits, and may come back"
    await observe(store, "Succeeded", 2)
    assert await store.followed() == frozenset()


async def test_jobs_under_way_are_named_least_recently_read_first(store: Store) -> None:
    for number, (status, seconds) in enumerate(
        [("Running", 9), ("Hibernating", 3), ("Queued", 6), ("Quoted", 0), ("Succeeded", 1), ("Gone", 2)]
    ):
        await observe(store, status, seconds, job=replace(A_JOB, id=f"job-{number}"))
    assert await store.unfinished() == ("job-1", "job-2", "job-0")


async def test_all_unfinished_jobs_are_found_however_many_were_read_at_once(store: Store) -> None:
    jobs = [replace(A_JOB, id=f"{number:08x}") for number in range(NAMED_AT_ONCE + 2)]
    await store.observe([reading(job=job) for job in jobs], NOW)
    assert await store.unfinished() == tuple(job.id for job in jobs)


async def test_a_watch_or_an_action_follows_a_job_too(store: Store) -> None:
    await observe(store)
    await observe(store, job=OTHER_JOB)
    await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    action = await store.begin_action(ActionKind.CANCEL, OTHER_JOB.id, ADA, NOW, expires=EXPIRES)
    assert await store.followed() == {JOB_ID, OTHER_JOB.id}
    assert await store.watched() == {JOB_ID}
    await store.stop_watch(JOB_ID, CHANNEL, note="", now=NOW)
    await store.close_action(action.id, "refused", NOW)
    assert await store.followed() == frozenset()
    assert await store.watched() == frozenset()


# --- subscriptions


async def test_a_person_subscribes_once_for_a_job_and_destination(store: Store) -> None:
    await observe(store)

    async def subscribe(user: str, where: Destination = CHANNEL) -> Subscribed:
        return await store.subscribe(user, JOB_ID, where, seen_seq=1, now=NOW)

    assert await subscribe(ADA) is Subscribed.NEW
    assert await subscribe(ADA) is Subscribed.ALREADY
    assert await subscribe(BEN) is Subscribed.NEW
    assert await subscribe(ADA, THREAD) is Subscribed.NEW
    there = await store.subscriptions(JOB_ID)
    assert [(each.user_id, each.destination) for each in there] == [
        (ADA, CHANNEL),
        (BEN, CHANNEL),
        (ADA, THREAD),
    ]
    assert there[0].created_at == NOW


async def test_pressing_twice_at_once_is_one_subscription(store: Store) -> None:
    await observe(store)
    wishes = (store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW) for _ in range(5))
    assert sorted(await asyncio.gather(*wishes)) == ["already"] * 4 + ["new"]


async def test_unsubscribing_closes_all_of_ones_own_and_can_be_taken_back(store: Store) -> None:
    await observe(store)
    for user, where in ((ADA, CHANNEL), (ADA, THREAD), (BEN, CHANNEL)):
        await store.subscribe(user, JOB_ID, where, seen_seq=1, now=NOW)
    assert await store.unsubscribe(ADA, JOB_ID, at(1)) == 2
    assert await store.unsubscribe(ADA, JOB_ID, at(2)) == 0
    assert [each.user_id for each in await store.subscriptions(JOB_ID)] == [BEN]
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=at(3)) is Subscribed.NEW


async def test_the_end_of_a_job_finishes_its_subscriptions_and_owes_one_delivery_a_destination(
    store: Store,
) -> None:
    await observe(store)
    for user, where in ((ADA, CHANNEL), (BEN, CHANNEL), (BEN, OTHER)):
        await store.subscribe(user, JOB_ID, where, seen_seq=1, now=NOW)
    await observe(store, "Failed", 5)
    assert await store.subscriptions(JOB_ID) == ()
    first, second = await claimed(store, 5), await claimed(store, 5)
    (delivery,) = first.deliveries
    assert (first.destination, delivery.mentions) == (CHANNEL, (ADA, BEN))
    assert delivery.transition == Transition(job_id=JOB_ID, seq=2, old="Running", new="Failed", seen_at=at(5))
    assert delivery.snapshot == reading("Failed", 5).job
    assert [each.mentions for each in second.deliveries] == [(BEN,)]


async def test_a_quoted_job_is_told_and_stays_subscribed(store: Store) -> None:
    await observe(store)
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Quoted", 1)
    await observe(store, "Running", 2)
    await observe(store, "Succeeded", 3)
    claim = await claimed(store, 3)
    assert [each.transition.new for each in claim.deliveries] == ["Quoted", "Succeeded"]


async def test_subscribing_to_a_job_that_ended_since_the_card_was_drawn_is_owed_at_once(store: Store) -> None:
    await observe(store)
    await observe(store, "Succeeded", 5)
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=at(6)) is Subscribed.OWED
    assert await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=at(7)) is Subscribed.OWED
    assert await store.subscriptions(JOB_ID) == ()
    (delivery,) = (await claimed(store, 8)).deliveries
    assert delivery.mentions == (ADA, BEN)
    assert (delivery.transition.old, delivery.transition.seen_at) == ("Running", at(5))


async def test_subscribing_to_a_job_seen_ended_does_nothing(store: Store) -> None:
    await observe(store)
    await observe(store, "Succeeded", 5)
    # What is said about an ended job may still change; that is no transition.
    await store.observe([reading("Succeeded", 9, job=replace(A_JOB, name="renamed"))], at(9))
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=2, now=at(9)) is Subscribed.ENDED
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=3, now=at(9)) is Subscribed.ENDED
    assert await store.claim(at(10), lease=EXPIRES) is None


async def test_a_job_first_seen_ended_has_no_outcome_to_owe(store: Store) -> None:
    await observe(store, "Failed")
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=0, now=NOW) is Subscribed.ENDED
    assert await store.next_due(NOW) is None


async def test_subscribing_to_a_job_quoted_since_the_card_was_drawn_is_owed_and_stays(store: Store) -> None:
    await observe(store)
    await observe(store, "Quoted", 5)
    assert await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=at(6)) is Subscribed.OWED
    assert await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=2, now=at(6)) is Subscribed.NEW
    (delivery,) = (await claimed(store, 6)).deliveries
    assert delivery.mentions == (ADA,)
    assert [each.user_id for each in await store.subscriptions(JOB_ID)] == [ADA, BEN]


async def test_what_was_told_already_is_not_owed_again(store: Store) -> None:
    await observe(store)
    await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    await observe(store, "Succeeded", 5)
    claim = await claimed(store, 5)
    await store.commit_post(claim, notice(claim))
    assert await store.subscribe(BEN, JOB_ID, CHANNEL, seen_seq=1, now=at(6)) is Subscribed.ENDED


async def test_following_a_job_that_was_never_read_says_what_to_do(store: Store) -> None:
    with pytest.raises(StoreError, match="not stored yet") as caught:
        await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    assert "/job <id>" in caught.value.hint
    with pytest.raises(StoreError, match="not stored yet"):
        await store.add_watch(ADA, JOB_ID, CHANNEL, NOW)
    with pytest.raises(StoreError, match="not stored yet"):
        await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)


# --- actions


async def test_one_action_in_flight_for_a_job(store: Store) -> None:
    await observe(store)
    action = await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    assert (action.kind, action.user_id, action.asked_at, action.closed_at) == (
        ActionKind.CANCEL,
        ADA,
        NOW,
        None,
    )
    assert await store.latest_action(JOB_ID) == action
    with pytest.raises(ActionInFlight, match="cancel"):
        await store.begin_action(ActionKind.APPROVE, JOB_ID, BEN, at(1), expires=EXPIRES)
    assert await store.latest_action(JOB_ID) == action


async def test_an_old_action_gives_way_as_unanswered(store: Store) -> None:
    await observe(store)
    old = await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    new = await store.begin_action(ActionKind.CANCEL, JOB_ID, BEN, NOW + EXPIRES, expires=EXPIRES)
    assert new.id != old.id
    assert await store.latest_action(JOB_ID) == new


async def test_actions_expire_at_the_limit_of_their_kind(store: Store) -> None:
    for job in (A_JOB, OTHER_JOB):
        await observe(store, job=job)
    limits = {ActionKind.CANCEL: EXPIRES, ActionKind.APPROVE: timedelta(minutes=15)}
    await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    await store.begin_action(ActionKind.APPROVE, OTHER_JOB.id, ADA, NOW, expires=EXPIRES)
    assert await store.expire_actions(at(119), limits) == 0
    assert await store.expire_actions(at(120), limits) == 1
    assert await store.expire_actions(at(121), limits) == 0
    expired, waiting = await store.latest_action(JOB_ID), await store.latest_action(OTHER_JOB.id)
    assert expired is not None
    assert waiting is not None
    assert (expired.outcome, expired.closed_at) == ("unanswered", at(120))
    assert waiting.closed_at is None


async def test_the_card_of_an_action_that_expires_may_be_old(store: Store) -> None:
    await observe(store)
    await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    await posted_watch(store)
    assert await store.next_due(at(120)) is None
    await store.expire_actions(at(120), {ActionKind.CANCEL: EXPIRES})
    assert await store.next_due(at(120)) == at(120)


async def test_an_action_is_closed_once(store: Store) -> None:
    await observe(store)
    action = await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    await store.close_action(action.id, "refused", at(1))
    await store.close_action(action.id, "something else", at(2))
    assert await store.latest_action(JOB_ID) == replace(action, closed_at=at(1), outcome="refused")
    await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, at(3), expires=EXPIRES)


async def test_a_reading_answers_an_action(store: Store) -> None:
    await observe(store)
    await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
    await observe(store, "Running", 1)
    still_open = await store.latest_action(JOB_ID)
    assert still_open is not None
    assert still_open.closed_at is None
    await observe(store, "Cancelled", 2)
    answered = await store.latest_action(JOB_ID)
    assert answered is not None
    assert (answered.outcome, answered.closed_at) == ("cancelled", at(2))


async def test_an_unchanged_reading_answers_an_action_too(store: Store) -> None:
    await observe(store, "Running")
    await store.begin_action(ActionKind.APPROVE, JOB_ID, ADA, NOW, expires=EXPIRES)
    await observe(store, "Running")
    answered = await store.latest_action(JOB_ID)
    assert answered is not None
    assert answered.outcome == "approved"


async def test_a_job_nobody_acted_on_has_no_action(store: Store) -> None:
    await store.record_refusal(ActionKind.CANCEL, JOB_ID, ADA, "not the owner", NOW)
    assert await store.latest_action(JOB_ID) is None


# --- bookkeeping


async def test_a_press_counts_once_within_a_day(store: Store) -> None:
    assert await store.first_press("trigger-1", NOW)
    assert not await store.first_press("trigger-1", at(1))
    assert await store.first_press("trigger-2", at(1))
    assert not await store.first_press("trigger-1", NOW + timedelta(hours=24))
    assert await store.first_press("trigger-1", NOW + timedelta(hours=24, seconds=1))


async def test_the_last_good_tick_is_remembered(store: Store) -> None:
    assert await store.last_good_tick() is None
    for moment in (NOW, at(10)):
        await store.set_last_good_tick(moment)
        assert await store.last_good_tick() == moment


async def test_a_database_belongs_to_one_scope(store: Store) -> None:
    scope = {"platform": "https://api.example.org", "organisation": "acme"}
    await store.bind(scope)
    await store.bind(scope)
    await store.bind({**scope, "Slack team": "T1"})
    with pytest.raises(ScopeMismatch, match="organisation acme, and the settings say other"):
        await store.bind({**scope, "organisation": "other"})
    with pytest.raises(ScopeMismatch, match="T1"):
        await store.bind({"Slack team": "T2"})


async def test_it_answers_a_ping(store: Store) -> None:
    await store.ping()


async def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    await observe(store)
    with pytest.raises(StoreError, match="naive"):
        await store.add_watch(ADA, JOB_ID, CHANNEL, NOW.replace(tzinfo=None))
    assert await store.watches(JOB_ID) == ()


# --- restart


async def test_a_restart_loses_nothing(opening: Open) -> None:
    """Subscriptions, watches, actions, owed deliveries and the scope are there after closing and opening."""
    async with opening() as store:
        await observe(store)
        await observe(store, job=OTHER_JOB)
        await posted_watch(store)
        await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
        await store.subscribe(BEN, OTHER_JOB.id, OTHER, seen_seq=1, now=NOW)
        await observe(store, "Succeeded", 1, job=OTHER_JOB)
        await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=EXPIRES)
        await store.set_last_good_tick(NOW)
        before = (await store.job(JOB_ID), await store.subscriptions(JOB_ID), await store.watches(JOB_ID))
        action = await store.latest_action(JOB_ID)
    async with opening() as store:
        after = (await store.job(JOB_ID), await store.subscriptions(JOB_ID), await store.watches(JOB_ID))
        assert after == before
        assert await store.latest_action(JOB_ID) == action
        assert await store.last_good_tick() == NOW
        await observe(store, "Failed", 60)
        claims = [await claimed(store, 60), await claimed(store, 60)]
        owed = {each.destination: each.deliveries[0].transition.new for each in claims}
        assert owed == {CHANNEL: "Failed", OTHER: "Succeeded"}
