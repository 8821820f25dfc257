"""Several replicas on one database: one watches, another takes over, all deliver."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import JobFilter, Reading
from dojobbot.leadership import LASTING, Leadership
from tests.integration.middle import DEADLINE, Middle, middle

LISTING = "GET /tools/*/executions"


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Middle]:
    """Everything, on one clock; the lease that the others use is not taken."""
    async with middle(tmp_path) as made:
        await made.leadership.give_back()
        made.platform.requests.clear()
        yield made


def replica(built: Middle, name: str) -> Leadership:
    return Leadership(built.store, built.clock, holder=name)


async def test_only_the_replica_that_leads_asks_the_platform(built: Middle) -> None:
    one, other = replica(built, "one"), replica(built, "other")
    leader, standby = built.another_watcher(leadership=one), built.another_watcher(leadership=other)
    await one.reach()
    await other.reach()
    await standby.tick()
    assert not built.platform.requests
    await leader.tick()
    assert built.platform.requests
    assert (one.leads, other.leads) == (True, False)
    assert await built.store.last_look() == built.clock.now()


async def test_a_leader_that_dies_is_succeeded_when_its_lease_is_over(built: Middle) -> None:
    """What it had not seen, its successor sees; what was seen already is not told twice."""
    one, other = replica(built, "one"), replica(built, "other")
    await one.reach()
    first, second = built.job(name="seen by the first"), built.job(name="seen by the second")
    for job_id in (first, second):
        await built.follow(job_id)
    built.world.change(first, status="Succeeded")
    await built.another_watcher(leadership=one).tick()
    built.world.change(second, status="Succeeded")
    built.clock.moment += LASTING - timedelta(seconds=1)
    await other.reach()
    assert not other.leads
    built.clock.advance(seconds=1)
    await other.reach()
    assert other.leads
    await built.another_watcher(leadership=other).tick()
    await built.deliver(built.another_notifier(), built.another_notifier())
    assert ["the first" in text for text in built.texts()] == [True, False]


async def test_a_leader_that_hung_writes_nothing_and_steps_back(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """It finds out in the middle of a tick, by the first thing that it would store; that is one line."""
    caplog.set_level(logging.INFO)
    one, other = replica(built, "one"), replica(built, "other")
    job_id = built.job()
    await built.look_at(job_id)
    await one.reach()

    class Hanging(PlatformClient):
        """While it waits for an answer, the other one takes over, and the clock of this one stands."""

        async def scan_jobs(
            self, wanted: JobFilter, take: Callable[[Sequence[Reading]], Awaitable[None]]
        ) -> datetime | None:
            built.clock.moment += LASTING
            await other.reach()
            built.clock.moment -= LASTING
            return await super().scan_jobs(wanted, take)

    built.world.change(job_id, status="Failed")
    account = Account(built.platform.base_url, built.platform.org, built.platform.token)
    async with Hanging(account, now=built.clock.now) as client:
        watcher = built.another_watcher(client, leadership=one)
        await watcher.tick()
        await watcher.tick()
    assert await built.status(job_id) == "Running"
    assert await built.store.last_good_tick() is None
    assert not one.leads
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["no longer watching" in text for text in said] == [True]
    await built.another_watcher(leadership=other).tick()
    assert await built.status(job_id) == "Failed"


async def test_a_person_who_asks_a_standby_is_answered_and_their_job_is_stored(built: Middle) -> None:
    one, other = replica(built, "one"), replica(built, "other")
    await one.reach()
    await other.reach()
    job_id = built.job()
    await built.follow(job_id)
    built.world.change(job_id, status="Failed")
    assert len(await built.look_at(job_id)) == 1


async def test_who_takes_over_looks_at_once_however_long_the_pause_between_ticks(built: Middle) -> None:
    """And who ends cleanly lets the other begin at once."""
    built.clock.moment = datetime.now(UTC)
    one, other = replica(built, "one"), replica(built, "other")
    await one.reach()
    watcher = built.another_watcher(leadership=other)
    watcher.start(3600)
    running = asyncio.create_task(other.run())
    await asyncio.sleep(0)
    assert not built.platform.requests
    await one.give_back()
    try:
        async with asyncio.timeout(DEADLINE):
            while await built.store.last_look() is None:  # noqa: ASYNC110 - the store announces nothing
                await asyncio.sleep(0.01)
    finally:
        await watcher.stop()
        other.stop()
        await running
    await other.give_back()
    assert not other.leads


async def test_trouble_is_over_in_the_log_for_whoever_had_it(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """A lone bot whose lease ran out says that it works again; one that was replaced, that it was."""
    one, other = replica(built, "one"), replica(built, "other")
    await one.reach()
    watcher = built.another_watcher(leadership=one)
    built.platform_fault("GET *", kind="status", status=503)
    await watcher.tick()
    built.clock.moment += LASTING
    await watcher.tick()
    built.platform.faults.clear()
    await one.reach()
    await watcher.tick()
    assert "watching works again" in caplog.messages
    built.platform_fault("GET *", kind="status", status=503)
    await watcher.tick()
    built.clock.moment += LASTING
    await other.reach()
    await one.reach()
    await watcher.tick()
    assert "watching is another replica's now" in caplog.messages
    assert not watcher.health.trouble


async def test_a_lease_that_cannot_be_renewed_is_not_relied_upon(built: Middle) -> None:
    """While the database is away, nobody watches; who held it goes on when it is back."""
    one = replica(built, "one")
    await one.reach()
    built.clock.moment += LASTING
    watcher = built.another_watcher(leadership=one)
    await watcher.tick()
    assert not built.platform.requests
    await one.reach()
    await watcher.tick()
    assert built.platform.requests
