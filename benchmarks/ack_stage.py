"""The stage of `ack.py`: starts its actors and the bot as processes, talks to them, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from math import ceil
from typing import IO

from benchmarks.ack_report import Phase, Typed
from benchmarks.actors import END_SECONDS, ROOT, Actor, ActorLostError, actor, ended

RATE = 20
CALLS = {"/jobs": 1, "/job <id>": 1, "/job <prefix>": 2}
"""The forms of command, and how many platform calls stand one after the other in each one's way."""
MIX = [*["/jobs", "/job <id>"] * 9, "/jobs", "/job <prefix>"]
"""What people type: lists and cards, and once a second a part of an id, for which 1,000 jobs are read."""


@dataclass(frozen=True)
class Stage:
    """Our workspace, the peer's, and the platform that ours asks."""

    ours: Actor
    peers: Actor
    platform: Actor

    async def phase(self, name: str, seconds: float, *, patience: float = 0.0) -> Phase:
        """Type at both bots side by side; wait for our full answers for up to `patience` seconds more."""
        forms = list(islice(cycle(MIX), ceil(seconds * RATE)))
        before = await self.ticks()
        start_at = time.monotonic() + 0.5
        ours, peers = await asyncio.gather(
            _type(self.ours, forms, self._in_words(forms), start_at, patience),
            # Half-way between two of ours, so that neither always finds the processors busy with the other.
            self._type_at_peer(seconds, start_at + 0.5 / RATE),
        )
        return Phase(name, ours, peers, await self.ticks() - before)

    async def peer_alone(self, seconds: float) -> Typed:
        """Type at the peer while nothing else is going on."""
        return await self._type_at_peer(seconds, time.monotonic() + 0.5)

    async def ticks(self) -> int:
        """Say how many ticks over the active jobs have begun."""
        return int((await self.platform.ask({}))["ticks"])

    async def hang_platform(self) -> None:
        """Let the platform answer no more."""
        await self.platform.ask({"hang": True})

    async def _type_at_peer(self, seconds: float, start_at: float) -> Typed:
        commands = ["/jobs"] * ceil(seconds * RATE)
        return await _type(self.peers, commands, commands, start_at)

    def _in_words(self, forms: Sequence[str]) -> list[str]:
        jobs = cycle(self.platform.ready["job_ids"])
        return [
            form.replace("<id>", job).replace("<prefix>", job[:8])
            for form, job in zip(forms, jobs, strict=False)
        ]


async def _type(
    slack: Actor, forms: Sequence[str], commands: Sequence[str], start_at: float, patience: float = 0.0
) -> Typed:
    order = {"commands": commands, "rate": RATE, "start_at": start_at, "patience": patience}
    said = await slack.ask(order, seconds=len(commands) / RATE + patience + END_SECONDS)
    return Typed(forms, said["acks"], said["answers"], said["late"])


@contextlib.asynccontextmanager
async def stage(**jobs: object) -> AsyncIterator[Stage]:
    """Start both workspaces, the platform with those jobs (see `ack_actors.platform`) and the peer."""
    async with contextlib.AsyncExitStack() as stack:
        platform = await stack.enter_async_context(actor("ack_actors", "platform", **jobs))
        ours = await stack.enter_async_context(actor("ack_actors", "slack"))
        peers = await stack.enter_async_context(actor("ack_actors", "slack"))
        await stack.enter_async_context(actor("ack_actors", "peer", **peers.ready))
        yield Stage(ours, peers, platform)


@contextlib.asynccontextmanager
async def bot(on_stage: Stage, *, poll_seconds: float, folder: str | None = None) -> AsyncIterator[int]:
    """Run `dojobbot run` until the block is left; gives its process id once it is connected.

    Its database is a new one, or `bot.db` in the folder. Its log is shown when it does not connect, before
    ActorLostError is raised.
    """
    with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as own, tempfile.TemporaryFile() as log:
        folder = folder or own
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dojobbot", "run"),
            cwd=folder,
            env=_environ(on_stage, folder, poll_seconds),
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            await _connected(on_stage, log)
            yield process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await ended(process)


def _environ(on_stage: Stage, folder: str, poll_seconds: float) -> dict[str, str]:
    slack, platform = on_stage.ours.ready, on_stage.platform.ready
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": folder,
        "PYTHONPATH": str(ROOT),
        "SLACK_BOT_TOKEN": slack["bot_token"],
        "SLACK_APP_TOKEN": slack["app_token"],
        "SLACK_API_URL": slack["api_url"],
        "DO_AUTH_TOKEN": platform["token"],
        "DO_ORG_KEY": "example-lab",
        "DO_BASE_URL": platform["base_url"],
        "DOJOBBOT_DATABASE_URL": f"sqlite:///{folder}/bot.db",
        "DOJOBBOT_POLL_SECONDS": str(poll_seconds),
        "DOJOBBOT_HTTP_PORT": "0",
    }


async def _connected(on_stage: Stage, log: IO[bytes]) -> None:
    try:
        await on_stage.ours.ask({})
    except ActorLostError:
        log.seek(0)
        print(log.read().decode(errors="replace"), file=sys.stderr)
        raise
