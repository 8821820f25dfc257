"""A machine's clock that was ahead and is put right, while the bot runs: nobody is told late, or twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from dojobbot.clock import SharedClock
from dojobbot.notifier import Notifier
from tests.integration.middle import HERE, POST, Middle, about

AHEAD = timedelta(hours=3)


@dataclass
class Machine:
    """A bot's machine among others whose clocks are right."""

    others: Middle
    ahead: timedelta = AHEAD
    clock: SharedClock = field(init=False)

    def __post_init__(self) -> None:
        true = self.others.clock.now
        self.clock = SharedClock(lambda: true() + self.ahead, lambda: true().timestamp())

    def notifier(self) -> Notifier:
        """Give a notifier that goes by this machine's clock."""
        there = self.others
        return Notifier(there.store, there.messenger, there.people, self.clock, platform=there.client)

    async def is_put_right(self) -> None:
        """Somebody sets it, and some seconds later the bot notices."""
        self.ahead = timedelta()
        self.others.clock.advance(seconds=15)
        await self.clock.look(self.others.store)


async def within(built: Middle, seconds: int, notifier: Notifier) -> None:
    """Let the notifier work for that long."""
    for _ in range(seconds):
        await notifier.drain()
        built.clock.advance(seconds=1)


async def test_a_message_whose_arrival_is_unknown_is_found_and_holds_nothing_up(built: Middle) -> None:
    machine = Machine(built)
    await machine.clock.look(built.store)
    notifier = machine.notifier()
    await built.end("One")
    built.slack_fault(POST, "lost_reply", times=1)
    await notifier.drain()
    await built.end("Two")
    await machine.is_put_right()
    await within(built, 90, notifier)
    one, two = built.texts()
    assert (one.startswith(about("One")), two.startswith(about("Two"))) == (True, True)


async def test_what_rested_rests_for_a_minute_at_most(built: Middle) -> None:
    machine = Machine(built)
    await machine.clock.look(built.store)
    notifier = machine.notifier()
    await built.end("One")
    built.slack_fault(POST, "status", status=429, retry_after=30, times=1)
    await notifier.drain()
    assert built.texts() == []
    await machine.is_put_right()
    await within(built, 62, notifier)
    assert len(built.texts()) == 1


async def test_a_live_card_goes_on(built: Middle) -> None:
    machine = Machine(built)
    await machine.clock.look(built.store)
    notifier = machine.notifier()
    job_id = built.job(name="One")
    await built.look_at(job_id)
    await built.watch(job_id, where=HERE)
    await notifier.drain()
    await built.move(job_id, progress=0.5)
    await within(built, 3, notifier)
    await machine.is_put_right()
    await built.move(job_id, status="Failed", statusReason="disk full")
    await within(built, 70, notifier)
    assert "disk full" in str(built.messages())
