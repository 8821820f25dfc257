"""Processes of a benchmark that are told what to do: each answers a JSON line with a JSON line.

`actor` starts one; the module that it runs calls `act`. An actor prints a line when it is ready, and leaves
when its input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120.0
END_SECONDS = 15.0
LONGEST_LINE = 2**24

Json = dict[str, Any]
Obey = Callable[[Json], Awaitable[Json]]
Role = Callable[[Json], AbstractAsyncContextManager[tuple[Json, Obey]]]


class ActorLostError(Exception):
    """A process of the benchmark ended, or said nothing, when it should have answered."""


@dataclass(frozen=True)
class Actor:
    """A process that answers each JSON line with a JSON line. `ready` is the first that it said."""

    role: str
    process: asyncio.subprocess.Process
    ready: Json

    async def ask(self, order: Json, *, seconds: float = START_SECONDS) -> Json:
        """Send an order and return the answer. Raises ActorLostError."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return await _read(self.process, self.role, seconds)


async def _read(process: asyncio.subprocess.Process, role: str, seconds: float) -> Json:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), seconds)
    except TimeoutError:
        raise ActorLostError(f"{role} said nothing for {seconds:g} s; see what it printed above.") from None
    if not line:
        raise ActorLostError(f"{role} ended before its time; see what it printed above.")
    said: Json = json.loads(line)
    return said


@contextlib.asynccontextmanager
async def actor(module: str, role: str, **settings: object) -> AsyncIterator[Actor]:
    """Start an actor that a module of the benchmarks plays; wait until it is ready. Raises ActorLostError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{module}", role, json.dumps(settings)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        start_new_session=True,  # Ctrl-C is for us alone: an actor leaves when its input ends
    )
    try:
        yield Actor(role, process, await _read(process, role, START_SECONDS))
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await ended(process)


async def ended(process: asyncio.subprocess.Process) -> None:
    """Wait for the end of a process that was told to end; insist when it does not."""
    try:
        await asyncio.wait_for(process.wait(), END_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def settle() -> None:
    """Keep the collector away from what a simulator is made of: its pauses would be laid to the bots."""
    gc.collect()
    gc.freeze()


async def act(role: Role, settings: Json) -> None:
    """Play a role until the input ends."""
    orders = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(orders), sys.stdin
    )
    async with role(settings) as (ready, obey):
        print(json.dumps(ready), flush=True)
        while line := await orders.readline():
            print(json.dumps(await obey(json.loads(line))), flush=True)
