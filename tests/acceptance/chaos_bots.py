"""The bots of the crash test: processes that are killed without a word, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

READY = "running for workspace"
DEADLINE = 90.0
LEADS = "\ndojobbot_leader 1.0\n"
TURN = "watching Deep Origin from here"
RESENT = "dojobbot_posts_resent_unverified_total"
COMPLAINT = re.compile(r"Traceback|unexpected")


@dataclass
class Bot:
    """One bot, which may live several lives; what it says is kept in `log`.

    `turns`: when it began to watch the platform, or left it to another. `resent`: what it counted as sent
    again where it could not look whether it had arrived. `complaints`: what it said that tells of a bug.
    """

    environ: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None
    resent: int = 0
    turns: list[datetime] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    _reading: asyncio.Task[None] | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def launch(self) -> None:
        """Begin a life without waiting for anything."""
        self.said = []
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dojobbot", "run"),
            cwd=self.log.parent,
            env=dict(self.environ),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self.process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with self.log.open("a") as log:
            log.write(f"--- process {process.pid}\n")
            async for line in process.stdout:
                self.said.append(line.decode().rstrip())
                log.write(line.decode())
                if TURN in self.said[-1]:
                    self.turns.append(_stamp(self.said[-1]))
                if COMPLAINT.search(self.said[-1]):
                    self.complaints.append(self.said[-1])
                self._heard.set()
        self._heard.set()

    async def ready(self) -> None:
        """Wait until it works; fails when it ends instead."""
        await self._find(READY)

    async def _find(self, pattern: str) -> re.Match[str]:
        assert self._reading is not None
        async with asyncio.timeout(DEADLINE):
            while True:
                for line in self.said:
                    if found := re.search(pattern, line):
                        return found
                assert not self._reading.done(), "\n".join(["the bot ended:", *self.said])
                self._heard.clear()
                await self._heard.wait()

    async def leads(self) -> bool:
        """Whether it watches the platform at this moment, as it says itself."""
        return LEADS in await self._metrics()

    async def kill(self) -> None:
        """End a life at once, whatever it is doing."""
        await self.note_counter()
        self.strike()
        await self.end(signal.SIGKILL)

    def strike(self) -> None:
        """Kill it in this very moment; `end` waits until it is gone."""
        assert self.process is not None
        self.process.kill()

    async def stop(self) -> None:
        """End a life as an operator does."""
        await self.note_counter()
        code = await self.end(signal.SIGTERM)
        assert code == 0, "\n".join([f"the bot ended with {code}:", *self.said])

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        assert self._reading is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        async with asyncio.timeout(DEADLINE):
            code = await self.process.wait()
            await self._reading
        self.process = None
        return code

    async def note_counter(self) -> None:
        """Add up what this life sent again without being able to look; one that just starts says nothing."""
        count = re.search(rf"^{RESENT} ([\d.]+)", await self._metrics(), re.MULTILINE)
        self.resent += int(float(count[1])) if count else 0

    async def _metrics(self) -> str:
        """What it says of itself; nothing when it does not answer."""
        address = re.search(r"http://[\d.:]+", "\n".join(self.said))
        if address is None:
            return ""
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=2)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                return await (await session.get(f"{address[0]}/metrics")).text()
        return ""


def _stamp(line: str) -> datetime:
    """When a line of the log was written; the bots' clock is set to UTC."""
    return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC)
