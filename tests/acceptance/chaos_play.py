"""Plays the crash test: the real bot between both simulators, everything faulty, killed again and again.

What comes out is only what the simulators recorded, what people saw, and when the kills fell.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import JobFilter
from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.platform import Served
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.web_api import RequestRecord
from dojobbot.simulator.slack_api.world import BOT, SCOPES
from dojobbot.store.store import open_store
from tests.acceptance.chaos_bots import DEADLINE, Bot
from tests.acceptance.chaos_plan import NAME, PERSONS, SEALED, Plan, Size, Wish, set_up
from tests.acceptance.stage import Stage, shown, stage

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 10.0
SLACK_FAULTS = (
    Fault("*", "status", status=429, retry_after=1, share=0.05),
    Fault("*", "status", status=503, share=0.01),
    Fault("*", "status", status=500, share=0.01),
    Fault("*", "lost_reply", share=0.01),
)
SURE_FAULTS = (
    Fault("chat.postMessage", "lost_reply", times=3),
    Fault("chat.postMessage", "status", status=503, times=3),
)
"""They strike whatever chance has in store: posts that arrived, and some that did not; the bot can't know."""
PLATFORM_FAULTS = (
    Fault("GET *", "status", status=500, share=0.04),
    Fault("GET *", "status", status=503, share=0.02),
    Fault("GET *", "html", status=502, share=0.02),
    Fault("GET *", "lost_reply", share=0.02),
)


@dataclass
class Outcome:
    """What happened.

    `ended`: when each job reached its end on the platform. `promised`: how many wishes were typed and
    confirmed meanwhile. `resent`: what the bots counted as sent again unseen. `turns`: when another of them
    began to watch the platform, or one ceased. `leaders_killed`: how many kills were meant for the one of
    several that watched, and found it. `settled`: whether nothing was owed any more in the end.
    `complaints`: what the bots said that tells of a bug.
    """

    plan: Plan
    ended: dict[str, datetime] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    kills: list[datetime] = field(default_factory=list)
    turns: list[datetime] = field(default_factory=list)
    platform: list[Served] = field(default_factory=list)
    slack: list[RequestRecord] = field(default_factory=list)
    promised: int = 0
    resent: int = 0
    leaders_killed: int = 0
    settled: bool = False
    complaints: list[str] = field(default_factory=list)


async def play(size: Size, seed: int, folder: Path, *, database_url: str, bots: int = 1) -> Outcome:
    """Play it to its end.

    Args:
        size: how much.
        seed: the same seed sets up the same, and draws faults and kills alike.
        folder: where the bots work and their log is kept.
        database_url: an empty database.
        bots: how many share it.
    """
    # Faults of its own for each side: what one is asked does not change what strikes the other.
    slack = {"faults": Faults(seed + 1), "scopes": SCOPES - {"groups:history"}}
    async with stage(folder, faults=Faults(seed), slack_settings=slack) as on_stage:
        plan = await set_up(size, seed, on_stage.world, on_stage.slack)
        await _remember(plan, on_stage, database_url)
        on_stage.settings |= {
            "DOJOBBOT_DATABASE_URL": database_url,
            "DOJOBBOT_POLL_SECONDS": "0.5",
            "TZ": "UTC",
        }
        game = _Game(size, random.Random(seed + 2), on_stage, Outcome(plan))  # noqa: S311 - a replay
        async with game.bots(folder, bots):
            await game.run(database_url)
        return game.outcome


async def _remember(plan: Plan, on_stage: Stage, database_url: str) -> None:
    """Store the jobs as a first tick does, and the wishes as typed commands do: through the bot's own store.

    Typing thousands of them would take many minutes, and say nothing about crashes; some are typed later.
    """
    account = Account(on_stage.platform.base_url, on_stage.platform.org, on_stage.platform.token)
    now = datetime.now(UTC)
    async with open_store(database_url) as store, PlatformClient(account) as client:
        listing = await client.list_jobs(JobFilter(), limit=10_000)
        await store.observe(listing.readings, now)
        for wish in sorted(plan.wishes, key=lambda each: (each.job_id, each.where.key, each.user)):
            await store.subscribe(wish.user, wish.job_id, wish.where, seen_seq=1, now=now)
        for job_id, where in sorted(plan.watches, key=lambda each: each[0]):
            await store.add_watch(PERSONS[0], job_id, where, now)


class _Game:
    """One run."""

    def __init__(self, size: Size, chance: random.Random, on_stage: Stage, outcome: Outcome) -> None:
        self._size = size
        self._chance = chance
        self._stage = on_stage
        self._bots: list[Bot] = []
        self.outcome = outcome

    @contextlib.asynccontextmanager
    async def bots(self, folder: Path, count: int) -> AsyncIterator[None]:
        """Provide that many bots; none outlives the block."""
        self._bots = [Bot(self._stage.environ(), folder / f"bot-{number}.log") for number in range(count)]
        try:
            yield
        finally:
            for bot in self._bots:
                if bot.process is not None:
                    await bot.end(signal.SIGKILL)

    async def run(self, database_url: str) -> None:
        """Let jobs end, people type and bots die; then wait until nothing is owed any more."""
        self._stage.world.on_change(self._note_end)
        for fault in PLATFORM_FAULTS:
            self._stage.platform.faults.add(fault)
        for fault in SLACK_FAULTS:
            self._stage.slack.faults.add(fault)
        recording = asyncio.create_task(self._record())
        try:
            await asyncio.gather(*(bot.launch() for bot in self._bots))
            await self._all_ready()
            for fault in SURE_FAULTS:
                self._stage.slack.faults.add(fault)
            self._stage.world.set_speed(1)
            await asyncio.gather(self._crash(), self._type())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._size.patience):
                    await self._settle(database_url)
                    self.outcome.settled = True
        finally:
            recording.cancel()
        self._read_channels()
        self.outcome.resent = sum(bot.resent for bot in self._bots)
        self.outcome.turns = [turn for bot in self._bots for turn in bot.turns]
        self.outcome.complaints = [line for bot in self._bots for line in bot.complaints]

    # --- what happens

    async def _crash(self) -> None:
        """Kill a bot at a random point of its life, or while it is only starting; once, kill all of them."""
        await self._first_promise()
        victim = self._bots[0]
        for number in range(self._size.kills):
            if number == self._size.kills // 2:
                await self._kill_all_after_a_post()
            if number and self._chance.random() < 0.15:
                await asyncio.sleep(self._chance.uniform(0, 2))  # the last victim is killed again
            else:
                await self._all_ready()
                await asyncio.sleep(self._chance.uniform(0.2, self._size.pause))
                victim = await self._victim()
            await victim.kill()
            self.outcome.kills.append(datetime.now(UTC))
            await victim.launch()

    async def _first_promise(self) -> None:
        """Wait until somebody who typed was promised something, so that there is such a promise to keep."""
        async with asyncio.timeout(DEADLINE):
            while not self.outcome.promised:  # noqa: ASYNC110 - it takes a second or two
                await asyncio.sleep(LOOK_SECONDS)

    async def _victim(self) -> Bot:
        """Choose a bot: of several the first time the one that leads, and mostly so later on."""
        if len(self._bots) == 1:
            return self._bots[0]
        if self.outcome.leaders_killed and self._chance.random() < 0.2:
            return self._chance.choice(self._bots)
        leader = await self._leader()
        self.outcome.leaders_killed += 1
        return leader

    async def _leader(self) -> Bot:
        """Wait until one of them leads: for a while after a kill, none does."""
        async with asyncio.timeout(DEADLINE):
            while True:
                for bot in self._bots:
                    if await bot.leads():
                        return bot
                await asyncio.sleep(LOOK_SECONDS)

    async def _kill_all_after_a_post(self) -> None:
        """End all lives when Slack has just taken a post, before whoever sent it can have written that down.

        It is one to a place where the post can be looked for.
        """
        await self._all_ready()
        for bot in self._bots:
            await bot.note_counter()
        slack = self._stage.slack
        changes = slack.subscribe()
        async with asyncio.timeout(DEADLINE):
            while not self._is_post(await changes.get()):
                pass
        for bot in self._bots:
            bot.strike()
            self.outcome.kills.append(datetime.now(UTC))
        slack.unsubscribe(changes)
        for bot in self._bots:
            await bot.end(signal.SIGKILL)
            await bot.launch()

    def _is_post(self, change: Change) -> bool:
        """Whether the bot has just posted where history can be read."""
        if change.kind != "message" or change.channel == SEALED.channel_id:
            return False
        message = self._stage.slack.state.find(str(change.channel), str(change.ts))
        return message is not None and message.user == BOT

    async def _all_ready(self) -> None:
        await asyncio.gather(*(bot.ready() for bot in self._bots))

    async def _type(self) -> None:
        """Let people ask to be told of more jobs meanwhile; who is promised it is owed it."""
        plan, slack, choose = self.outcome.plan, self._stage.slack, self._chance.choice
        channels = [where for where in plan.places if where.thread_ts is None and not where.is_dm]
        async with asyncio.TaskGroup() as asking:
            while running := sorted(plan.names.keys() - self.outcome.ended.keys()):
                await asyncio.sleep(self._chance.uniform(0, 2 * self._size.seconds / self._size.live))
                wish = Wish(choose(running), choose(channels), choose(PERSONS))
                # Nobody asks while Slack says that the app is not there.
                if wish in plan.wishes or wish in plan.optional or not slack.socket_count:
                    continue
                plan.optional.add(wish)
                asking.create_task(self._ask(wish))

    async def _ask(self, wish: Wish) -> None:
        """Ask for one job, and take note whether it was promised."""
        if await self._is_promised(wish):
            self.outcome.plan.optional.discard(wish)
            self.outcome.plan.wishes.add(wish)
            self.outcome.promised += 1

    async def _is_promised(self, wish: Wish) -> bool:
        name, channel = self.outcome.plan.names[wish.job_id], wish.where.channel_id
        await self._stage.slack.type_command(wish.user, channel, f"/job {wish.job_id} notify")

        def answered() -> bool:
            private = [m for m in self._stage.messages(channel, wish.user) if m["is_ephemeral"]]
            return any(name in shown(m) and _promises(shown(m)) for m in private[-20:])

        try:
            return await self._stage.slack.wait_for(answered, ANSWER_SECONDS)
        except TimeoutError:
            return False

    async def _settle(self, database_url: str) -> None:
        """Wait until all is seen, and then until the store knows of nothing more to do."""
        while not self._all_is_seen():  # noqa: ASYNC110 - asked now and then, it costs the bots little
            await asyncio.sleep(LOOK_SECONDS)
        while True:
            for bot in self._bots:
                await bot.ready()
                await bot.stop()
            async with open_store(database_url) as store:
                due = await store.next_due(datetime.now(UTC))
            if due is None:
                return
            for bot in self._bots:
                await bot.launch()
            await asyncio.sleep(max(1.0, (due - datetime.now(UTC)).total_seconds()))

    # --- what is recorded

    def _note_end(self, job_id: str) -> None:
        job = self._stage.world.find(job_id)
        assert job is not None
        if job.execution["status"] != "Running":
            self.outcome.ended.setdefault(job_id, self._stage.world.moment())

    async def _record(self) -> None:
        """Take the platform's log over before it forgets its beginning."""
        while True:
            log = self._stage.platform.requests
            while log:
                self.outcome.platform.append(log.popleft())
            await asyncio.sleep(LOOK_SECONDS)

    def _read_channels(self) -> None:
        places = {where.channel_id for where in self.outcome.plan.places}
        self.outcome.messages = list(self._messages(places))
        self.outcome.slack = self._stage.slack.requests

    def _messages(self, channels: Iterable[str]) -> Iterable[Message]:
        for channel in channels:
            every = self._stage.slack.state.messages(channel)
            yield from (message for message in every if message.user == BOT)

    def _all_is_seen(self) -> bool:
        plan = self.outcome.plan
        self._stage.world.advance()
        if len(self.outcome.ended) < len(plan.names):
            return False
        wanted = {(plan.names[wish.job_id], wish.where.key) for wish in plan.wishes}
        seen = set()
        for message in self._messages({where.channel_id for where in plan.places}):
            key = message.channel if message.thread_ts is None else f"{message.channel}:{message.thread_ts}"
            seen |= {(name, key) for name in NAME.findall(f"{message.text}{message.attachments}")}
        return wanted <= seen


def _promises(answer: str) -> bool:
    return "I'll tell you" in answer or "is on its way" in answer
