"""The workers of the outbox: whatever fails or hangs, they go on, quietly, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any, cast

import pytest

from dojobbot.domain import ActionKind
from dojobbot.errors import DeliveryUnknown
from dojobbot.notifier import WORKERS, Notifier
from dojobbot.outbox import Claim
from dojobbot.ports import Messenger, Store
from dojobbot.simulator.slack_api.world import ADA, GENERAL
from dojobbot.simulator.slack_api.world import CHEMISTRY as CHEMISTRY_ID
from tests.integration.middle import (
    CHEMISTRY,
    DEADLINE,
    POST,
    FailingHere,
    FakeClock,
    Middle,
    about,
    until,
)
from tests.integration.store_worlds import full_disk


class Counted:
    """A store that counts how often each of its methods is called."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        self.calls[name] = self.calls.get(name, 0) + 1
        return getattr(self._store, name)


def with_store(built: Middle, store: object, **more: Any) -> Notifier:
    """A notifier with another store."""
    return Notifier(cast("Store", store), built.messenger, built.people, built.clock, **more)


async def arrived(built: Middle, channel: str, count: int) -> None:
    """Wait until so many messages are in a channel."""
    await until(lambda: len(built.texts(channel)) == count)


async def test_a_database_that_cannot_be_written_is_tried_calmly_and_logged_once(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk: reading says that something is due at once, and every claim fails."""
    caplog.set_level(logging.INFO, "dojobbot.notifier")
    await built.end("One")
    counted = Counted(built.store)
    notifier = with_store(built, counted)
    running = asyncio.create_task(notifier.run())
    with full_disk():
        await until(lambda: counted.calls.get("claim") == WORKERS)
        # A busy loop would claim hundreds of times in this time, which is what is measured.
        await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait({running})
    assert counted.calls["claim"] <= WORKERS, "one by each worker, then a rest"
    started = [message for message in caplog.messages if message.startswith("the outbox")]
    assert len(started) == 1
    assert "interrupted" in started[0]
    # A claim that was cut off on its way may have come through after all.
    built.clock.advance(seconds=90)
    await notifier.drain()
    assert len(built.texts()) == 1
    assert caplog.messages[-1] == "the outbox works again"


async def test_what_hangs_for_long_is_not_taken_over_while_its_sender_lives(built: Middle) -> None:
    """Claims are renewed; when the sender is gone, another one looks what became of the message."""
    lease = timedelta(seconds=0.2)
    with_short_lease = Notifier(built.store, built.messenger, built.people, built.clock, lease=lease)
    await built.end("BRD series")
    built.slack_fault(POST, "hang", times=1)
    sending = asyncio.create_task(with_short_lease.drain())
    await until(lambda: built.slack.faults.struck)
    for _ in range(8):
        built.clock.moment += lease / 2
        async with asyncio.timeout(DEADLINE):
            while (await built.store.next_due(built.clock.now())) != built.clock.now() + lease:  # noqa: ASYNC110 - the store announces nothing
                await asyncio.sleep(0.01)
        await built.another_notifier().drain()
    assert built.slack.faults.struck == 1
    assert not built.calls(POST), "nobody else sent it"
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    built.slack.faults.release()
    await built.deliver(built.another_notifier())
    assert len(built.texts()) == 1


class Frozen:
    """A store whose process stands still for a minute once it has written down that it will send."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def attempt(self, claim: Claim, post_id: str, now: datetime) -> bool:
        """See ports.Outbox."""
        allowed = await self._store.attempt(claim, post_id, now)
        self._clock.advance(minutes=1)
        return allowed


async def test_who_stood_still_before_sending_leaves_it_to_whoever_looks_first(built: Middle) -> None:
    """Another replica may have sent it meanwhile."""
    await built.end("BRD series")
    await with_store(built, Frozen(built.store, built.clock)).drain()
    assert not built.calls(POST)
    await built.deliver(built.another_notifier())
    assert len(built.texts()) == len(built.calls(POST)) == 1


async def test_a_call_that_hangs_holds_up_its_own_channel_alone(built: Middle) -> None:
    """Also what is owed elsewhere only later is sent meanwhile."""
    await built.end("One")
    built.slack_fault(POST, "hang", times=1)
    running = asyncio.create_task(built.notifier.run())
    await until(lambda: built.slack.faults.struck)
    for number, name in enumerate(("Quiet", "Quieter"), start=1):
        await built.end(name, where=CHEMISTRY)
        built.clock.advance(seconds=1)
        built.notifier.wake()
        await arrived(built, CHEMISTRY_ID, number)
    assert built.texts() == []
    built.slack.faults.release()
    built.notifier.stop()
    await asyncio.wait_for(running, DEADLINE)


async def test_who_waits_learns_of_what_another_worker_left_for_later(built: Middle) -> None:
    """While a channel is served there is nothing to do in it; nobody sleeps over what comes after."""
    names = ("One", "Two", "Three")
    await built.end(*names)
    built.slack_fault(POST, "slow", seconds=0.3, times=1)
    running = asyncio.create_task(built.notifier.run())

    def all_arrived() -> bool:
        built.clock.advance(seconds=0.05)
        return len(built.texts()) == len(names)

    await until(all_arrived)
    built.notifier.stop()
    await asyncio.wait_for(running, DEADLINE)


async def test_stopping_waits_for_what_is_on_its_way(built: Middle) -> None:
    """Whoever runs it decides how long."""
    await built.end("One")
    built.slack_fault(POST, "hang", times=1)
    running = asyncio.create_task(built.notifier.run())
    await until(lambda: built.slack.faults.struck)
    built.notifier.stop()
    done, _ = await asyncio.wait({running}, timeout=0.2)
    assert not done
    built.slack.faults.release()
    await asyncio.wait_for(running, DEADLINE)
    # Nothing was sent again: what became of it is found out after the next start.
    assert await built.store.next_due(built.clock.now()) == built.clock.now() + timedelta(seconds=1)


async def test_cut_off_it_gives_back_what_it_held(built: Middle) -> None:
    """The next start need not wait for the end of a lease."""
    await built.end("One")
    built.slack_fault(POST, "hang", times=1)
    running = asyncio.create_task(built.notifier.run())
    await until(lambda: built.slack.faults.struck)
    running.cancel()
    await asyncio.wait({running})
    assert await built.store.next_due(built.clock.now()) == built.clock.now() + timedelta(seconds=5)
    built.slack.faults.release()


async def test_a_bug_that_shows_in_one_channel_costs_the_others_nothing(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, with its traceback, tried again ever more rarely, and its end is logged."""
    caplog.set_level(logging.INFO, "dojobbot.notifier")
    await built.end("One")
    await built.end("Quiet", where=CHEMISTRY)
    broken = FailingHere(built.messenger, KeyError("a bug"))
    notifier = built.another_notifier(cast("Messenger", broken))
    pauses = []
    for _ in range(5):
        await notifier.drain()
        due = await built.store.next_due(built.clock.now())
        assert due is not None
        pauses.append((due - built.clock.now()).total_seconds())
        # Its outcome is unknown, so that it is sent again only when the silence is over, after two looks.
        built.clock.advance(seconds=40)
    assert pauses[::2] == [5, 10, 20]
    assert len(built.texts(CHEMISTRY_ID)) == 1
    assert [record.exc_info is not None for record in caplog.records] == [True]
    broken.mended = True
    await built.deliver(notifier)
    assert [text.startswith(about("One")) for text in built.texts()] == [True]
    assert caplog.messages[-1] == f"delivering to {GENERAL} works again"


async def test_while_slack_fails_it_is_asked_ever_more_rarely(built: Middle) -> None:
    """Each message that it failed to take has its own patience."""
    await built.end("Before")
    await built.deliver()
    await built.end("One")
    built.slack_fault("*", "status", status=503)
    pauses = []
    for _ in range(8):
        await built.notifier.drain()
        due = await built.store.next_due(built.clock.now())
        assert due is not None
        pauses.append((due - built.clock.now()).total_seconds())
        built.clock.moment = due
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    built.slack.faults.clear()
    await built.deliver()
    assert len(built.texts()) == 2


async def test_posts_that_fail_for_long_are_tried_once_a_minute(built: Middle) -> None:
    """Also when Slack takes the looks in between, and each time the message is drawn anew."""
    await built.end("One")
    built.slack_fault(POST, "status", status=500)
    until_then = built.clock.now() + timedelta(minutes=30)
    while built.clock.now() < until_then:
        await built.notifier.drain()
        due = await built.store.next_due(built.clock.now())
        assert due is not None
        built.clock.moment = due
    assert 20 < built.slack.faults.struck < 40
    built.slack.faults.clear()
    await built.deliver()
    assert len(built.texts()) == 1


async def test_one_channel_in_trouble_is_one_line_however_well_the_others_are(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dojobbot.notifier")
    error = DeliveryUnknown("Slack failed while answering.", code="internal_error")
    messenger = FailingHere(built.messenger, error)
    notifier = built.another_notifier(cast("Messenger", messenger))
    await built.end("Here")
    for number in range(6):
        await built.end(f"There {number}", where=CHEMISTRY)
        for _ in range(3):
            await notifier.drain()
            built.clock.advance(seconds=5)
    assert len(built.texts(CHEMISTRY_ID)) == 6
    assert [text.split(":")[0] for text in caplog.messages] == ["delivering is interrupted"]
    messenger.mended = True
    await built.deliver(notifier)
    assert len(built.texts()) == 1
    assert caplog.messages[-1] == "delivering works again"


# --- keeping tidy


async def test_what_was_over_long_ago_is_forgotten_and_looked_for_once_an_hour(built: Middle) -> None:
    """The operator says how long; what is open stays however old it is."""
    await built.end("Ended")
    await built.deliver()
    ended, running = (await built.store.jobs_with_prefix("", limit=1))[0].job.id, built.job()
    await built.follow(running)
    counted = Counted(built.store)
    notifier = with_store(built, counted, keep=timedelta(days=30))
    built.clock.advance(days=29)
    await notifier.tidy()
    assert await built.store.job(ended) is not None
    built.clock.advance(days=2)
    await notifier.tidy()
    assert await built.store.job(ended) is None
    assert len(await built.store.subscriptions(running)) == 1
    rounds = counted.calls["prune"]
    built.clock.advance(minutes=59)
    await notifier.tidy()
    assert counted.calls["prune"] == rounds
    built.clock.advance(minutes=1)
    await notifier.tidy()
    assert counted.calls["prune"] == rounds + 1


async def test_it_tidies_while_it_runs(built: Middle) -> None:
    """An action that nobody answered is closed without anybody's doing."""
    job_id = built.job()
    await built.look_at(job_id)
    expires = timedelta(minutes=2)
    action = await built.store.begin_action(
        ActionKind.CANCEL, job_id, ADA, built.clock.now(), expires=expires
    )
    built.clock.advance(minutes=2)
    running = asyncio.create_task(built.notifier.run())
    async with asyncio.timeout(DEADLINE):
        while (latest := await built.store.latest_action(job_id)) == action:
            assert not running.done()
    assert latest is not None
    assert latest.outcome == "unanswered"
    built.notifier.stop()
    await asyncio.wait_for(running, DEADLINE)
