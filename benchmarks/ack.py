"""How fast are commands acknowledged and answered, beside an ordinary Bolt app? See docs/benchmarks.md.

`make bench`, or `python benchmarks/ack.py --seconds 60`: both bots get 20 commands a second, side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder

from benchmarks import ack_report as report
from benchmarks.ack_stage import CALLS, bot, stage
from benchmarks.actors import ActorLostError

SECONDS = 20.0
WARM_UP_SECONDS = 3.0
FIRST_TICK_SECONDS = 5.0
TICK_DEADLINE = 120.0
ANSWER_PATIENCE = 15.0
LATENCY = 0.45
CROWD = 10_000
USUAL_POLL = 10.0
CEASELESS_POLL = 0.05


async def measure_trouble(seconds: float) -> tuple[report.Typed, report.Phase, report.Phase]:
    """Give the peer alone, then both with a platform as slow as it always is, then with one that hangs."""
    async with stage(active=200, ended=800, latency=LATENCY) as on_stage:
        await on_stage.peer_alone(WARM_UP_SECONDS)
        alone = await on_stage.peer_alone(seconds)
        async with bot(on_stage, poll_seconds=USUAL_POLL):
            await on_stage.phase("warm-up", WARM_UP_SECONDS, patience=ANSWER_PATIENCE)
            slow = await on_stage.phase("platform at 450 ms a call", seconds, patience=ANSWER_PATIENCE)
            await on_stage.hang_platform()
            hung = await on_stage.phase("platform hung", seconds)
    return alone, slow, hung


async def measure_crowd(seconds: float) -> tuple[report.Phase, report.Phase]:
    """Give the first tick over 10,000 active jobs, all of them new, and then one such tick after another."""
    async with stage(active=CROWD, ended=0, latency=LATENCY) as on_stage:
        await on_stage.peer_alone(WARM_UP_SECONDS)
        async with bot(on_stage, poll_seconds=CEASELESS_POLL):
            first = await on_stage.phase("first tick over 10,000 jobs", FIRST_TICK_SECONDS)
            async with asyncio.timeout(TICK_DEADLINE):
                while await on_stage.ticks() < 2:  # noqa: ASYNC110 - another process counts them
                    await asyncio.sleep(0.2)
            return first, await on_stage.phase("ticks over 10,000 jobs", seconds)


async def measure(seconds: float) -> None:
    """Measure everything and print it."""
    print(report.machine_line(), flush=True)
    alone, slow, hung = await measure_trouble(seconds)
    first, busy = await measure_crowd(seconds)
    phases = (slow, hung, first, busy)
    print("\nTime to ack, ms", report.HEADER, report.alone_line(alone), sep="\n")
    for phase in phases:
        print(report.ack_line(phase))
    print("\nCommand to full answer, the platform at 450 ms a call")
    for line in report.answer_lines(slow.ours, {form: calls * LATENCY for form, calls in CALLS.items()}):
        print(line)
    print("\nCircumstances")
    for phase in phases:
        print(report.circumstances_line(phase))


def main() -> int:
    """Run the benchmark; returns the exit code, which does not depend on what was measured."""
    parser = argparse.ArgumentParser(description="Time to ack and to answer, beside an ordinary Bolt app.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of a phase (default {SECONDS:g})")
    seconds = parser.parse_args().seconds
    if not 1 <= seconds <= 600:
        parser.error("--seconds takes a number from 1 to 600")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us stops all that we started
    try:
        asyncio.run(measure(seconds))
    except ActorLostError as error:
        print(error, file=sys.stderr)
        return 1
    except TimeoutError:
        print(f"The first tick took more than {TICK_DEADLINE:g} s. Is the machine busy?", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
