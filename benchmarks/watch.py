"""What does a tick cost, however many jobs are active and however long the history? See docs/benchmarks.md.

`make bench`, or `python benchmarks/watch.py --sizes 1000 10000`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder

from benchmarks import ack_report
from benchmarks.ack_stage import Stage, bot
from benchmarks.actors import Actor, ActorLostError, actor
from benchmarks.seeding import follow_all, remember_history

HERE = Path(__file__).resolve().parent
SIZES = (1_000, 10_000, 100_000)
HISTORIES = (0, 100_000, 1_000_000)
MANY, MOST = 10_000, 100_000
TICKS = 20
TURNS = 5
LEAVING = 100
LATENCIES = {0.02: 1_000, 0.8: 50}
"""Seconds a call -> how many jobs the peer waits for: at 800 ms all would take it a quarter of an hour."""
PEERS_JOBS = 1_000
WANTED_REQUESTS, WANTED_SECONDS, WANTED_HISTORY, WANTED_MB = 12, 1.5, 1.1, 250.0
CEASELESS_POLL = 0.05
TICK_DEADLINE = 300.0


@dataclass(frozen=True)
class Ticks:
    """What ticks took, one by one, and what they asked for all in all."""

    seconds: Sequence[float]
    cpu: Sequence[float]
    peak_mb: float
    asked: dict[str, Any]

    @property
    def median(self) -> float:
        """The seconds of one in the middle."""
        return statistics.median(self.seconds)


@contextlib.asynccontextmanager
async def platform(active: int, latency: float = 0.0) -> AsyncIterator[Actor]:
    """Start a platform."""
    async with actor("watch_platform", "platform", active=active, latency=latency) as started:
        yield started


async def run(contender: str, on: Actor, **settings: object) -> Ticks:
    """Let a contender do its work; what the platform was asked meanwhile is counted."""
    await on.ask({})
    with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as home:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("DO_", "DEEPORIGIN_"))
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(HERE / "watch_contender.py"), contender),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, "HOME": home, "PYTHONPATH": str(HERE.parent)},
        )
        said, _ = await process.communicate(json.dumps(on.ready | settings).encode())
    if process.returncode:
        raise ActorLostError(f"{contender} failed; see what it printed above.")
    measured = json.loads(said.splitlines()[-1])
    return Ticks(measured["seconds"], measured["cpu"], measured["peak_mb"], await on.ask({}))


def _url(folder: str) -> str:
    return f"sqlite:///{folder}/bot.db"


def _say(words: str, reached: bool | None = None) -> None:
    verdict = {None: "", True: ": reached", False: ": NOT REACHED"}[reached]
    print(f"  {words}{verdict}", flush=True)


def _line(name: str, ticks: Ticks) -> str:
    return (
        f"{name:<12} {ticks.median:7.3f} s (worst {max(ticks.seconds):.3f}), "
        f"CPU {statistics.median(ticks.cpu):.3f} s, peak {ticks.peak_mb:.0f} MB"
    )


async def measure_size(active: int, rounds: int) -> None:
    """Ticks over so many active jobs, each with a subscription, beside the floor."""
    print(f"\n{active:,} active jobs, each with a subscription")
    with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as folder:
        async with platform(active) as on:
            first = await run("ours", on, database=_url(folder), ticks=1)
            _say(_line("first tick", first))
            await asyncio.to_thread(follow_all, Path(folder, "bot.db"))
            floor = await run("floor", on, pages=-(-active // 1_000), ticks=rounds)
            steady = await run("ours", on, database=_url(folder), ticks=rounds)
            requests = (steady.asked["listings"] + steady.asked["gets"]) / rounds
            own = steady.median - floor.median
            _say(_line("floor", floor))
            times = steady.median / floor.median
            _say(f"{_line('a tick', steady)}, {own:.3f} s above the floor, {times:.1f} times it")
            if active == MANY:
                _say(f"{requests:g} requests, wanted at most {WANTED_REQUESTS}", requests <= WANTED_REQUESTS)
                _say(f"wanted less than {WANTED_SECONDS} s beyond the platform's own", own < WANTED_SECONDS)
            await on.ask({"leave": LEAVING})
            left = await run("ours", on, database=_url(folder), ticks=2)
            took, after = left.seconds
            _say(
                f"{LEAVING} jobs leave: {left.asked['gets']} gets, {left.asked['in_flight']} at most at "
                f"once, {took:.3f} s; the tick after it {after:.3f} s"
            )


async def measure_histories(histories: Sequence[int], rounds: int) -> None:
    """Ticks over the same active jobs, with histories of different lengths in the database.

    A few with one, a few with the next, and again: what else happens on the machine falls on all of them.
    """
    print("\n1,000 active jobs, and a history")
    measured: dict[int, list[Ticks]] = {count: [] for count in histories}
    async with contextlib.AsyncExitStack() as stack:
        on = await stack.enter_async_context(platform(1_000))
        folders = {
            count: stack.enter_context(tempfile.TemporaryDirectory(prefix="dojobbot-bench-"))
            for count in histories
        }
        for count, folder in folders.items():
            await asyncio.to_thread(remember_history, Path(folder, "bot.db"), count)
            await run("ours", on, database=_url(folder), ticks=1)
        for _ in range(TURNS):
            for count, folder in folders.items():
                # The first tick of a process warms it up.
                ticks = await run("ours", on, database=_url(folder), ticks=1 + rounds // TURNS)
                measured[count].append(replace(ticks, seconds=ticks.seconds[1:], cpu=ticks.cpu[1:]))
    base: float | None = None
    for count, each in measured.items():
        together = Ticks(
            seconds=[second for ticks in each for second in ticks.seconds],
            cpu=[second for ticks in each for second in ticks.cpu],
            peak_mb=max(ticks.peak_mb for ticks in each),
            asked={},
        )
        base = together.median if base is None else base
        ratio = together.median / base
        _say(
            f"{_line(f'{count:,}', together)}; {ratio:.2f} of the first, wanted at most {WANTED_HISTORY}",
            ratio <= WANTED_HISTORY,
        )


async def measure_peer() -> None:
    """Ticks and the cycles of the official client's wait, over the same jobs."""
    for latency, waited in LATENCIES.items():
        print(
            f"\n{PEERS_JOBS:,} active jobs at {latency * 1000:g} ms a call, beside the official client's wait"
        )
        with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as folder:
            async with platform(PEERS_JOBS, latency) as on:
                await run("ours", on, database=_url(folder), ticks=1)
                ticks = await run("ours", on, database=_url(folder), ticks=5)
                cycle = await run("peer", on, job_ids=on.ready["job_ids"][:waited])
        whole = cycle.seconds[0] * PEERS_JOBS / waited
        scaled = "" if waited == PEERS_JOBS else f" ({waited} measured, times {PEERS_JOBS // waited})"
        _say(_line("a tick", ticks))
        _say(f"a cycle of the peer's {whole:.1f} s{scaled}, {whole / ticks.median:.0f} times as long")


async def measure_acks(active: int, seconds: float) -> None:
    """Acks of the whole bot while tick follows tick, and its memory."""
    async with contextlib.AsyncExitStack() as stack:
        on = await stack.enter_async_context(platform(active))
        ours = await stack.enter_async_context(actor("ack_actors", "slack"))
        peers = await stack.enter_async_context(actor("ack_actors", "slack"))
        await stack.enter_async_context(actor("ack_actors", "peer", **peers.ready))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="dojobbot-bench-"))
        await run("ours", on, database=_url(folder), ticks=1)
        await asyncio.to_thread(follow_all, Path(folder, "bot.db"))
        on_stage = Stage(ours, peers, on)
        pid = await stack.enter_async_context(bot(on_stage, poll_seconds=CEASELESS_POLL, folder=folder))
        await on_stage.phase("warm-up", 3.0)
        phase = await on_stage.phase(f"ticks over {active:,} jobs", seconds)
        async with asyncio.timeout(TICK_DEADLINE):
            ticks = await on_stage.ticks()
            while await on_stage.ticks() < ticks + 2:  # noqa: ASYNC110 - another process counts them
                await asyncio.sleep(0.5)
        print(ack_report.ack_line(phase), ack_report.circumstances_line(phase), sep="\n  ", flush=True)
        peak = _peak_mb(pid)
        reached = peak <= WANTED_MB if active == MOST else None
        _say(
            f"the bot's memory with {active:,} jobs and as many subscriptions: {peak:.0f} MB at most", reached
        )


def _peak_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


async def measure(options: argparse.Namespace) -> None:
    """Measure everything and print it."""
    print(ack_report.machine_line(), flush=True)
    for active in options.sizes:
        await measure_size(active, options.ticks)
    await measure_histories(options.histories, options.ticks)
    await measure_peer()
    print("\nTime to ack meanwhile, ms", ack_report.HEADER, sep="\n")
    for active in options.sizes:
        await measure_acks(active, options.seconds)


def main() -> int:
    """Run the benchmark; returns the exit code, which does not depend on what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of active jobs")
    parser.add_argument("--histories", type=int, nargs="*", default=HISTORIES, help="numbers of ended jobs")
    parser.add_argument("--ticks", type=int, default=TICKS, help="measured ticks; the median counts")
    parser.add_argument("--seconds", type=float, default=20.0, help="of typing at each size")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us stops all that we started
    try:
        asyncio.run(measure(options))
    except ActorLostError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
