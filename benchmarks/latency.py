"""How long from a job's end on the platform to the message in Slack? See docs/benchmarks.md.

`make bench`, or `python benchmarks/latency.py --ends 200`: with the platform's event stream, and by polling
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder

from benchmarks.ack_report import machine_line, percentile
from benchmarks.actors import ActorLostError
from benchmarks.lab import Lab, bot, lab, names
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import JobFilter
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import DOCKING, JobMaker, Label
from dojobbot.simulator.scenario import ADA as OWNER
from dojobbot.simulator.slack_api.world import ADA
from dojobbot.simulator.world import iso
from dojobbot.store.store import open_store

ENDS = 150
APART = 0.5
"""Seconds between two ends on average: a rate at which no message waits for Slack's limits."""
STREAM_POLL, ONLY_POLL = 10.0, 2.0
WANTED_STREAM, WANTED_BEYOND_POLL = 1.0, 0.5
SETTLE_SECONDS = 3.0
PATIENCE = 30.0


async def measure(ends: int, *, poll_seconds: float, stream: bool) -> list[float | None]:
    """End jobs at random moments; gives the seconds until each one's message was in Slack, None for never."""
    with tempfile.TemporaryDirectory(prefix="dojobbot-bench-") as folder:
        async with lab(Path(folder), places=ends) as on:
            if not stream:
                on.platform.faults.add(Fault("GET /sse/*", "status", status=404))
            jobs = await _follow(on, ends)
            arrived: dict[str, float] = {}
            async with bot(on, poll_seconds=poll_seconds):
                await asyncio.sleep(SETTLE_SECONDS)
                noting = asyncio.create_task(_note_arrivals(on, arrived))
                began = await _end_all(on, jobs)
                with contextlib.suppress(TimeoutError):  # what never came is seen in what is returned
                    await on.slack.wait_for(lambda: arrived.keys() >= began.keys(), PATIENCE)
                noting.cancel()
    return [arrived[name] - at if name in arrived else None for name, at in began.items()]


async def _follow(on: Lab, count: int) -> dict[str, str]:
    """Let so many jobs run, each followed in a channel of its own; gives name -> id."""
    maker = JobMaker()
    created = datetime.now(UTC) - timedelta(hours=1)
    jobs = {}
    for number in range(count):
        name = f"K{number:05d}"
        execution = maker.execution(OWNER, DOCKING, created, {}, Label(name))
        jobs[name] = on.world.put({**execution, "status": "Running", "startedAt": iso(created)})
    account = Account(on.platform.base_url, on.platform.org, on.platform.token)
    now = datetime.now(UTC)
    async with open_store(on.database_url) as store, PlatformClient(account) as client:
        await store.observe((await client.list_jobs(JobFilter(), limit=count)).readings, now)
        for job_id, place in zip(jobs.values(), on.places, strict=True):
            await store.subscribe(ADA, job_id, place, seen_seq=1, now=now)
    return jobs


async def _end_all(on: Lab, jobs: dict[str, str]) -> dict[str, float]:
    """End one job after the other at moments that have nothing to do with the bot's; gives when."""
    chance = random.Random(0)  # noqa: S311 - no secret
    began = {}
    for name, job_id in jobs.items():
        await asyncio.sleep(chance.uniform(0, 2 * APART))
        began[name] = asyncio.get_running_loop().time()
        on.world.change(job_id, status="Completed")
    return began


async def _note_arrivals(on: Lab, arrived: dict[str, float]) -> None:
    changes = on.slack.subscribe()
    while True:
        change = await changes.get()
        if change.kind != "message" or change.channel is None:
            continue
        newest = on.slack.messages(change.channel, ADA)[-1]
        for name in names([newest["text"]]):
            arrived.setdefault(name, asyncio.get_running_loop().time())


def _report(name: str, took: list[float | None], wanted: float) -> None:
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    reached = "reached" if p99 < wanted else "NOT REACHED"
    print(
        f"{name:<32}{len(took):>5} ends  p50 {p50:.3f} s  p99 {p99:.3f} s worst {percentile(took, 1):.3f} s  "
        f"wanted p99 < {wanted:g} s: {reached}",
        flush=True,
    )


async def run(ends: int) -> None:
    """Measure both and print them."""
    print(machine_line(), flush=True)
    took = await measure(ends, poll_seconds=STREAM_POLL, stream=True)
    _report(f"with the stream, polling {STREAM_POLL:g} s", took, WANTED_STREAM)
    took = await measure(ends, poll_seconds=ONLY_POLL, stream=False)
    _report(f"polling every {ONLY_POLL:g} s alone", took, ONLY_POLL + WANTED_BEYOND_POLL)


def main() -> int:
    """Run the benchmark; returns the exit code, which does not depend on what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ends", type=int, default=ENDS, help=f"how many jobs end (default {ENDS})")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us stops all that we started
    try:
        asyncio.run(run(parser.parse_args().ends))
    except ActorLostError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
