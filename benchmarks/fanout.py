"""How long until everybody is told when 10,000 messages are owed at once? See docs/benchmarks.md.

`make bench`, or `python benchmarks/fanout.py --owed 1000 --places 50`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder

from benchmarks.ack_report import machine_line
from benchmarks.actors import ROOT, ActorLostError
from benchmarks.lab import Lab, bot, lab, names, processor_seconds
from dojobbot.decide import MOST_SINGLE
from dojobbot.limits import CHANNEL_POSTS, POSTS
from dojobbot.simulator.slack_api.world import ADA

OWED, PLACES = 10_000, 200
SECONDS = 120.0
POLL = 10.0
PATIENCE = 600.0
WHY = "OOMKilled: worker 3 exceeded 32Gi"
LONG_AGO = "2026-01-01T00:00:00.000Z"
WANTED_DRAIN, WANTED_DELAY = 1.1, 1.1


@dataclass
class Drained:
    """What arrived: when each message did, by channel, in seconds; jobs told of; what it cost."""

    arrivals: dict[str, list[float]] = field(default_factory=dict)
    told: int = 0
    processor: float = 0.0

    @property
    def messages(self) -> int:
        """How many there were."""
        return sum(map(len, self.arrivals.values()))

    def took(self, *, without: str = "") -> float:
        """How long from the first message to the last one, in one channel or another."""
        every = [at for channel, each in self.arrivals.items() if channel != without for at in each]
        return max(every) - min(every)


def least(channels: dict[str, list[float]]) -> float:
    """Give the seconds that Slack's budgets, as the bot keeps them, need at least for so many messages."""
    of_workspace = (sum(map(len, channels.values())) - POSTS.burst) * POSTS.every.total_seconds()
    fullest = max(map(len, channels.values()))
    of_channel = (fullest - CHANNEL_POSTS.burst) * CHANNEL_POSTS.every.total_seconds()
    return max(of_workspace, of_channel, 0.1)


async def record(on: Lab, owed: int) -> dict[str, float]:
    """Let a store in a process of its own take in so many ends at once; gives `seconds` and `cpu` of that.

    The platform then knows the jobs as well: a message about a failure asks what else there is to say.
    """
    order = {"database": str(on.database), "owed": owed, "places": [each.key for each in on.places]}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.fanout_record"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    said, _ = await process.communicate(json.dumps(order).encode())
    if process.returncode:
        raise ActorLostError("Recording failed; see what it printed above.")
    measured: dict[str, Any] = json.loads(said)
    for job_id in measured.pop("job_ids"):
        on.world.put({"executionId": job_id, "status": "Failed", "statusReason": WHY, "createdAt": LONG_AGO})
    return measured


async def drain(on: Lab, owed: int, *, seconds: float = PATIENCE, refused: str = "") -> Drained:
    """Run the bot until everybody but the `refused` channel is told, or the seconds are over."""
    if refused:
        on.slack.rates.refuse(refused, seconds)
    wanted = owed - (owed // len(on.places) if refused else 0)
    drained, told = Drained(), set[str]()
    changes = on.slack.subscribe()
    async with bot(on, poll_seconds=POLL) as pid:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while len(told) < wanted:
                    change = await changes.get()
                    if change.kind == "message" and change.channel is not None:
                        newest = on.slack.messages(change.channel, ADA)[-1]
                        drained.arrivals.setdefault(change.channel, []).append(float(newest["ts"]))
                        told |= names([newest["text"], newest.get("attachments")])
        drained.processor = processor_seconds(pid)
    on.slack.unsubscribe(changes)
    drained.told = len(told)
    return drained


@contextlib.asynccontextmanager
async def prepared(owed: int, places: int) -> AsyncIterator[tuple[Lab, dict[str, float]]]:
    """Open a lab in which so much is owed; gives what it took to record it."""
    with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as folder:
        async with lab(Path(folder), places=places) as on:
            yield on, await record(on, owed)


async def measure_all(owed: int, places: int) -> Drained:
    """Let everything come, in digests."""
    print(f"\n{owed:,} owed to {places} places, grouped")
    async with prepared(owed, places) as (on, recorded):
        _say_recorded(recorded, owed)
        drained = await drain(on, owed)
    _say_drained(drained)
    return drained


async def measure_alone(owed: int, seconds: float) -> None:
    """Let each come by itself, in so many places; how all would come is seen in the first minutes."""
    places = math.ceil(owed / MOST_SINGLE)
    print(f"\n{owed:,} owed to {places:,} places, each by itself: the first {seconds:g} s")
    async with prepared(owed, places) as (on, recorded):
        _say_recorded(recorded, owed)
        _say_drained(await drain(on, owed, seconds=seconds))


async def measure_refused(owed: int, places: int, before: Drained) -> None:
    """The same while Slack refuses everything to one channel."""
    async with prepared(owed, places) as (on, _):
        refused = on.places[0].channel_id
        drained = await drain(on, owed, refused=refused)
    there, then = drained.took(without=refused), before.took(without=refused)
    ratio = there / then
    _say(
        f"while one channel is refused, the others have all theirs after {there:.1f} s and not {then:.1f} s: "
        f"{ratio:.2f} times, wanted {WANTED_DELAY}",
        ratio <= WANTED_DELAY,
    )


def _say_recorded(recorded: dict[str, float], owed: int) -> None:
    _say(f"recorded in {recorded['seconds']:.2f} s, CPU {recorded['cpu'] / owed * 1e6:.0f} us each")


def _say_drained(drained: Drained) -> None:
    at_least = least(drained.arrivals)
    ratio = drained.took() / at_least
    each = drained.processor / drained.told * 1000
    _say(f"{drained.told:,} told in {drained.messages:,} messages, CPU {each:.2f} ms for each told")
    _say(
        f"that took {drained.took():.1f} s, the budgets need {at_least:.1f} s: {ratio:.2f} times, "
        f"wanted {WANTED_DRAIN}",
        ratio <= WANTED_DRAIN,
    )


def _say(words: str, reached: bool | None = None) -> None:
    verdict = {None: "", True: ": reached", False: ": NOT REACHED"}[reached]
    print(f"  {words}{verdict}", flush=True)


async def measure(options: argparse.Namespace) -> None:
    """Measure everything and print it."""
    print(machine_line(), flush=True)
    before = await measure_all(options.owed, options.places)
    await measure_refused(options.owed, options.places, before)
    await measure_alone(options.owed, options.seconds)


def main() -> int:
    """Run the benchmark; returns the exit code, which does not depend on what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--owed", type=int, default=OWED, help=f"how many messages (default {OWED})")
    parser.add_argument("--places", type=int, default=PLACES, help=f"to how many channels (default {PLACES})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of what is not grouped")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us stops all that we started
    try:
        asyncio.run(measure(parser.parse_args()))
    except ActorLostError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
