"""Both simulators in the benchmark's own process and the bot as another: for `latency.py`, `fanout.py`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.actors import ROOT, ActorLostError, ended
from dojobbot.domain import Destination
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import PEOPLE
from dojobbot.simulator.slack_api.people import Channel
from dojobbot.simulator.slack_api.world import ADA, BOT
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import World

READY = "running for workspace"
START_SECONDS = 60.0
NAME = re.compile(r"\bK\d{5}\b")
"""How jobs are called here, so that a message tells which of them it names."""


@dataclass(frozen=True)
class Lab:
    """The simulators, the folder in which the bot works, and the channels that it is in."""

    platform: SimulatedPlatform
    slack: SimulatedWorkspace
    folder: Path
    places: tuple[Destination, ...]

    @property
    def world(self) -> World:
        """The platform's jobs."""
        return self.platform.world

    @property
    def database(self) -> Path:
        """Where the bot keeps its state."""
        return self.folder / "bot.db"

    @property
    def database_url(self) -> str:
        """The same as the setting."""
        return f"sqlite:///{self.database}"

    def environ(self, poll_seconds: float) -> dict[str, str]:
        """The bot's environment."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "DO_AUTH_TOKEN": self.platform.token,
            "DO_ORG_KEY": self.platform.org,
            "DO_BASE_URL": self.platform.base_url,
            "DOJOBBOT_DATABASE_URL": self.database_url,
            "DOJOBBOT_POLL_SECONDS": str(poll_seconds),
            "DOJOBBOT_HTTP_PORT": "0",
        }


@contextlib.asynccontextmanager
async def lab(folder: Path, *, places: int) -> AsyncIterator[Lab]:
    """Open both simulators, Slack with its rate limits, and so many channels."""
    channels = [f"C0BENCH{number:05d}" for number in range(places)]
    members = frozenset({ADA, BOT})
    slack = SimulatedWorkspace(channels=[Channel(each, each.lower(), "public", members) for each in channels])
    platform = SimulatedPlatform(World(lambda: datetime.now(UTC), PEOPLE))
    await platform.start()
    await slack.start()
    try:
        yield Lab(platform, slack, folder, tuple(map(Destination, channels)))
    finally:
        await slack.stop()
        await platform.stop()


@contextlib.asynccontextmanager
async def bot(on: Lab, *, poll_seconds: float) -> AsyncIterator[int]:
    """Run the bot until the block is left; gives its process id once it works. Raises ActorLostError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dojobbot", "run"),
        cwd=on.folder,
        env=on.environ(poll_seconds),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    listening: asyncio.Task[None] | None = None
    try:
        await asyncio.wait_for(_ready(process), START_SECONDS)
        listening = asyncio.create_task(_drop_lines(process))
        yield process.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await ended(process)
        if listening is not None:
            await listening


async def _ready(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode())
        if READY in said[-1]:
            return
    raise ActorLostError(f"The bot ended before its time:\n{''.join(said)}")


async def _drop_lines(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async for _ in process.stdout:
        pass


def processor_seconds(pid: int) -> float:
    """Say how much processor time a process has had, as Linux counts it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def names(parts: Iterable[object]) -> frozenset[str]:
    """Give the jobs that a message names."""
    return frozenset(NAME.findall(" ".join(map(str, parts))))
