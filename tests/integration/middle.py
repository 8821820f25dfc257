"""What the tests of the middle share: its real parts against both simulators, on a clock that they move.

Nothing waits in real time: the platform client's pauses are skipped, and `deliver` moves the clock to when
the outbox has something to do next.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import Destination, KnownJob, Transition
from dojobbot.following import Subscribed
from dojobbot.leadership import Leadership
from dojobbot.notifier import Notifier
from dojobbot.people import People
from dojobbot.ports import Messenger, Platform, Store
from dojobbot.rights import Control
from dojobbot.simulator import scenario
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import DOCKING, JobMaker, Label
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.slack_api import world as lab
from dojobbot.simulator.slack_api.web_api import RequestRecord
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import World, iso
from dojobbot.slack.messenger import SlackMessenger
from dojobbot.store.store import open_store
from dojobbot.watcher import Watcher

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HERE = Destination(lab.GENERAL)
CHEMISTRY = Destination(lab.CHEMISTRY)
POST = "chat.postMessage"
EDIT = "chat.update"
MOST_ROUNDS = 200
DEADLINE = 40.0


@dataclass
class FakeClock:
    """A clock that stands still until it is moved. Implements ports.Clock."""

    moment: datetime = START

    def now(self) -> datetime:
        """See ports.Clock."""
        return self.moment

    def advance(self, **amount: float) -> None:
        """Move on, by the keywords of `timedelta`."""
        self.moment += timedelta(**amount)


@dataclass
class Middle:
    """The parts. `watcher` and `notifier` are those of one process; others are made when wanted."""

    clock: FakeClock
    platform: SimulatedPlatform
    slack: SimulatedWorkspace
    store: Store
    client: Platform
    messenger: Messenger
    people: People
    leadership: Leadership
    database: Path
    woken: list[datetime] = field(default_factory=list)
    jobs_made: int = 0

    def __post_init__(self) -> None:
        self.watcher = self.another_watcher()
        self.notifier = self.another_notifier()

    def another_watcher(
        self, platform: Platform | None = None, *, leadership: Leadership | None = None
    ) -> Watcher:
        """A watcher that knows only what the store knows."""
        return Watcher(
            platform or self.client,
            self.store,
            self.clock,
            on_change=self._note_wake,
            leadership=leadership or self.leadership,
        )

    def another_notifier(self, messenger: Messenger | None = None) -> Notifier:
        """A notifier that knows only what the store knows: that of a second process, or after a restart."""
        return Notifier(
            self.store, messenger or self.messenger, self.people, self.clock, platform=self.client
        )

    def _note_wake(self) -> None:
        self.woken.append(self.clock.now())

    # --- the platform

    @property
    def world(self) -> World:
        """The platform's jobs."""
        return self.platform.world

    def platform_fault(self, match: str, **how: Any) -> None:
        """Let the platform misbehave, until `platform.faults.clear()` unless `times` is given."""
        self.platform.faults.add(Fault(match, **how))

    def job(self, status: str = "Running", *, name: str = "BRD series", **fields: Any) -> str:
        """Put a docking that stays as it is until the test moves it; created now unless said."""
        self.jobs_made += 1
        now = self.world.now()
        made = JobMaker(seed=self.jobs_made).execution(scenario.ADA, DOCKING, now, {}, Label(name=name))
        return self.world.put({**made, "status": status, "startedAt": iso(now), **fields})

    def old_job(self, status: str = "Running", **fields: Any) -> str:
        """Put a job that was created a week ago, so that only its status brings it into a listing."""
        created = iso(self.world.now() - timedelta(days=7))
        return self.job(status, createdAt=created, startedAt=created, updatedAt=created, **fields)

    def gets(self, job_id: str) -> int:
        """How often one job was asked for by its id."""
        return sum(served.path.endswith(job_id) for served in self.platform.requests)

    # --- what people ask for

    async def known(self, job_id: str) -> KnownJob:
        """A job as stored; there must be one."""
        found = await self.store.job(job_id)
        assert found is not None
        return found

    async def status(self, job_id: str) -> str:
        """The status of a job as stored."""
        return (await self.known(job_id)).job.status

    async def look_at(self, job_id: str) -> tuple[Transition, ...]:
        """Read a job as `/job` does."""
        return await self.store.observe([await self.client.get_job(job_id)], self.clock.now())

    async def follow(self, job_id: str, *, user: str = lab.ADA, where: Destination = HERE) -> Subscribed:
        """Read a job and ask to be told, as Notify me does."""
        await self.look_at(job_id)
        seq = (await self.known(job_id)).seq
        return await self.store.subscribe(user, job_id, where, seen_seq=seq, now=self.clock.now())

    async def watch(self, job_id: str, *, where: Destination = HERE) -> bool:
        """Read a job and ask for a live card, as Watch does."""
        await self.look_at(job_id)
        return await self.store.add_watch(lab.ADA, job_id, where, self.clock.now())

    async def move(self, job_id: str, **fields: Any) -> None:
        """Let a job change, and the watcher see it."""
        self.world.change(job_id, **fields)
        await self.watcher.tick()

    async def end(self, *names: str, where: Destination = HERE) -> None:
        """Let jobs of these names run, be followed, and succeed one second after the other."""
        for name in names:
            job_id = self.job(name=name)
            await self.follow(job_id, where=where)
            await self.move(job_id, status="Succeeded")
            self.clock.advance(seconds=1)

    # --- Slack

    def slack_fault(self, match: str, kind: Any, **how: Any) -> None:
        """Let Slack misbehave, until `slack.faults.clear()` unless `times` is given."""
        self.slack.faults.add(Fault(match, kind, **how))

    async def slack_goes(self) -> int:
        """Let Slack refuse connections; gives the port for `slack.start`."""
        port = int(self.slack.api_url.rsplit(":", 1)[1].split("/")[0])
        await self.slack.stop()
        return port

    async def thread(self) -> Destination:
        """A thread that Ada began in the channel."""
        return Destination(lab.GENERAL, await self.slack.say(lab.ADA, lab.GENERAL, "Which one is next?"))

    async def deliver(self, *notifiers: Notifier) -> None:
        """Let a notifier (or several) do all that is owed, the clock moving on to when it may."""
        for _ in range(MOST_ROUNDS):
            for each in notifiers or (self.notifier,):
                await each.drain()
            due = await self.store.next_due(self.clock.now())
            if due is None:
                return
            self.clock.moment = max(due, self.clock.now())
        raise AssertionError(f"something is still owed after {MOST_ROUNDS} rounds")

    def messages(self, channel: str = lab.GENERAL, user: str = lab.ADA) -> list[dict[str, Any]]:
        """The bot's messages that a person sees in a channel, oldest first."""
        return [each for each in self.slack.messages(channel, user) if each["user"] == lab.BOT]

    def texts(self, channel: str = lab.GENERAL) -> list[str]:
        """The headlines of the bot's messages in a channel, oldest first."""
        return [each["text"] for each in self.messages(channel)]

    async def told_directly(self, user: str = lab.ADA) -> list[dict[str, Any]]:
        """The bot's direct messages to a person."""
        return self.messages(await self.messenger.open_dm(user), user)

    def others_come(self) -> None:
        """Share the channel with another organisation."""
        channels = self.slack.state
        channels.set_channel(replace(channels.channels[lab.GENERAL], is_ext_shared=True))

    async def card_of(self, name: str) -> tuple[str, dict[str, Any]]:
        """Follow and watch a running job in the channel; gives its id and its live card."""
        job_id = self.job(name=name)
        await self.follow(job_id)
        await self.watch(job_id)
        await self.deliver()
        (card,) = self.messages()
        return job_id, card

    def calls(self, method: str) -> list[RequestRecord]:
        """The bot's calls of a method."""
        return [each for each in self.slack.requests if each.method == method]

    def reasons(self) -> list[str]:
        """Why deliveries can never arrive, as an operator finds it in the database."""
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            query = "SELECT dead_because FROM deliveries WHERE dead_because IS NOT NULL ORDER BY id"
            return [reason for (reason,) in database.execute(query)]


class FailingHere:
    """A messenger that fails with an error whenever it posts in one channel, until it is mended."""

    def __init__(self, messenger: Messenger, error: Exception) -> None:
        self._messenger = messenger
        self._error = error
        self.mended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """See ports.Messenger."""
        if destination == HERE and not self.mended:
            raise self._error
        return await self._messenger.post(destination, payload, post_id)


def about(name: str, *, users: Iterable[str] = (lab.ADA,)) -> str:
    """How the message begins that tells people of the end of a job."""
    return "".join(f"<@{user}> " for user in users) + name


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so that nobody announces; TimeoutError when it takes too long."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def middle(
    folder: Path,
    *,
    clock_error: timedelta = timedelta(),
    project_id: str | None = None,
    **slack: Any,
) -> AsyncIterator[Middle]:
    """Build everything around a fresh database.

    Args:
        folder: where the database is made.
        clock_error: how far the bot's clock is ahead of the platform's.
        project_id: the setting that narrows listings.
        slack: changes to the simulated workspace.
    """
    clock = FakeClock()
    world = World(lambda: clock.now() - clock_error, scenario.PEOPLE)
    platform = SimulatedPlatform(world)
    # The pacing under test goes by the fake clock; the simulator's own limits would go by the real one.
    workspace = SimulatedWorkspace(now=clock.now, rate_limits=False, **slack)
    database = folder / "middle.db"
    async with contextlib.AsyncExitStack() as stack:
        await platform.start()
        stack.push_async_callback(platform.stop)
        await workspace.start()
        stack.push_async_callback(workspace.stop)
        store = await stack.enter_async_context(open_store(f"sqlite:///{database}"))
        client = await stack.enter_async_context(a_client(platform, clock, project_id))
        messenger = SlackMessenger(workspace.bot_token, workspace.api_url)
        people = some_people(client, messenger, clock)
        # The clock of these tests leaps: the lease on watching holds through all of it.
        leadership = Leadership(store, clock, holder="this replica", lasting=timedelta(days=3650))
        await leadership.reach()
        yield Middle(clock, platform, workspace, store, client, messenger, people, leadership, database)


def a_client(platform: SimulatedPlatform, clock: FakeClock, project_id: str | None = None) -> PlatformClient:
    """A client of the simulated platform that skips its pauses."""
    account = Account(platform.base_url, platform.org, platform.token, project_id)
    return PlatformClient(account, now=clock.now, sleep=_no_pause, draw=lambda: 1.0)


async def _no_pause(_seconds: float) -> None:
    """Skip the pause between two tries."""


def some_people(
    platform: Platform, messenger: Messenger, clock: FakeClock, *, admins: tuple[str, ...] = ()
) -> People:
    """The people of the lab, under the default rule: owners and admins may act."""
    return People(platform, messenger, clock, team_id=lab.TEAM_ID, control=Control.OWNER, admins=admins)
