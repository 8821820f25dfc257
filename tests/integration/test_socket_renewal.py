"""Sockets are renewed without a gap: nothing that people do meanwhile is lost, and nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from dojobbot.simulator.faults import Fault
from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack.replies import Desk
from dojobbot.slack.socket_mode import RENEWAL_SECONDS, SocketLink
from tests.acceptance.stage import shown
from tests.integration.handlers_side import front
from tests.integration.middle import DEADLINE, Middle, middle, until

COMMANDS = 200
BATCH = 20


@dataclass
class Hours:
    """Time as the link sees it: it passes when the test says so."""

    naps: list[asyncio.Future[None]] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        assert seconds == RENEWAL_SECONDS
        nap: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.naps.append(nap)
        await nap

    def has_begun(self, naps: int) -> bool:
        """Whether a socket is waiting for its hour that was not when there were so many naps."""
        return len(self.naps) > naps

    def go_by(self) -> None:
        """Let an hour pass for every socket."""
        for nap in self.naps:
            if not nap.done():
                nap.set_result(None)


@dataclass
class Linked:
    """Everything, with real commands over real sockets."""

    built: Middle
    link: SocketLink
    hours: Hours
    desk: Desk

    async def type(self, text: str = "help") -> str | None:
        """Type a command; gives what went wrong for the person."""
        return (await self.built.slack.type_command(lab.ADA, lab.GENERAL, f"/jobs {text}")).error

    def are_answered(self, commands: int) -> bool:
        """Whether so many commands, or more, have had their answer."""
        return self.answers() >= commands

    async def settled(self) -> None:
        """Wait until nothing that Slack sent is in work any more."""
        await until(lambda: not self.built.slack.unacknowledged)
        await self.desk.close(DEADLINE)

    def answers(self) -> int:
        """How many private answers there are."""
        return len([each for each in self.built.messages() if "newest jobs" in shown(each)])


@pytest.fixture
async def linked(tmp_path: Path) -> AsyncIterator[Linked]:
    """The link is open."""
    hours = Hours()
    async with middle(tmp_path) as built, front(built, sleep=hours) as made:
        yield Linked(built, made.link, hours, made.desk)


async def renewals(linked: Linked, *, rounds: int) -> None:
    """Renew in all the ways there are, one after the other."""
    slack = linked.built.slack
    for number in range(rounds):
        naps = len(linked.hours.naps)
        if number % 2 == 0:
            linked.hours.go_by()
        else:
            await slack.disconnect("refresh_requested" if number % 4 == 1 else "warning")
        await until(partial(linked.hours.has_begun, naps))


async def test_nothing_is_lost_and_nothing_is_done_twice_during_renewals(linked: Linked) -> None:
    """Two hundred commands, a tenth of which Slack delivers twice, in the course of a dozen renewals."""
    slack = linked.built.slack
    slack.faults.add(Fault("deliver slash_commands", "duplicate", share=0.1))
    renewing = asyncio.create_task(renewals(linked, rounds=12))
    for typed in range(BATCH, COMMANDS + 1, BATCH):
        assert await asyncio.gather(*(linked.type() for _ in range(BATCH))) == [None] * BATCH
        await until(partial(linked.are_answered, typed))
    await renewing
    assert slack.faults.struck > 5
    await linked.settled()
    assert linked.answers() == COMMANDS
    assert slack.unacknowledged == 0
    assert linked.link.trouble() == ""


async def test_the_next_socket_is_open_before_the_last_is_closed(linked: Linked) -> None:
    """At no moment is there none; afterwards there is one."""
    slack = linked.built.slack
    changes = slack.subscribe()
    counts: list[int] = []

    async def count() -> None:
        while True:
            await changes.get()
            counts.append(slack.socket_count)

    counting = asyncio.create_task(count())
    linked.hours.go_by()
    await until(lambda: counts[-2:] == [2, 1])
    counting.cancel()
    assert min(counts) == 1
    assert linked.link.trouble() == ""
