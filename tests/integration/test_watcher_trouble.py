"""The watcher when the platform fails, throttles, or refuses: what it misses (nothing), and what it says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import JobFilter, Reading
from dojobbot.simulator.world import iso
from tests.integration.middle import DEADLINE, START, Middle, a_client, middle

LISTING = "GET /tools/*/executions"
ONE_JOB = "GET /tools/*/executions/*"
EXTREME_ERRORS = [timedelta(), timedelta(hours=7), timedelta(hours=-7)]


@pytest.mark.parametrize("clock_error", EXTREME_ERRORS)
async def test_what_happens_during_an_outage_is_caught_up_with(
    tmp_path: Path, clock_error: timedelta
) -> None:
    """On the platform's clock: it does not matter that ours is hours off."""
    async with middle(tmp_path, clock_error=clock_error) as built:
        await built.watcher.tick()
        good = await built.store.last_good_tick()
        assert good == START - clock_error
        built.platform_fault(LISTING, status=503, kind="status")
        in_between = []
        for _ in range(3):
            built.clock.advance(minutes=50)
            in_between.append(built.job("Failed"))
            await built.watcher.tick()
        assert await built.store.last_good_tick() == good
        built.platform.faults.clear()
        built.clock.advance(minutes=50)
        await built.watcher.tick()
        assert [await built.status(job_id) for job_id in in_between] == ["Failed"] * 3
        assert await built.store.last_good_tick() == START - clock_error + timedelta(minutes=200)


@pytest.mark.parametrize("clock_error", EXTREME_ERRORS)
async def test_a_job_that_is_listed_late_is_still_found(tmp_path: Path, clock_error: timedelta) -> None:
    """New jobs are asked for again ten minutes back, and no further."""
    async with middle(tmp_path, clock_error=clock_error) as built:
        await built.watcher.tick()
        good = START - clock_error
        late = built.job("Succeeded", createdAt=iso(good - timedelta(minutes=9, seconds=59)))
        too_late = built.job("Succeeded", createdAt=iso(good - timedelta(minutes=10, seconds=1)))
        built.clock.advance(seconds=10)
        await built.watcher.tick()
        assert await built.status(late) == "Succeeded"
        assert await built.store.job(too_late) is None


@pytest.mark.parametrize("status", [500, 403])
async def test_a_get_that_fails_is_that_jobs_trouble_alone(
    built: Middle, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """The listings worked, so the platform lives and takes the token: one line names the job, ticks go on."""
    caplog.set_level(logging.INFO, "dojobbot.watcher")
    broken = built.old_job("Hibernating")
    await built.follow(broken)
    built.platform_fault(f"GET /tools/*/{broken}", kind="status", status=status)
    for _ in range(3):
        built.clock.advance(seconds=10)
        await built.watcher.tick()
    assert await built.store.last_good_tick() == built.clock.now()
    health = built.watcher.health
    assert (health.last_good_at, health.trouble, health.unreadable) == (built.clock.now(), "", 1)
    assert [broken in message for message in caplog.messages] == [True]
    assert "token" not in caplog.text
    built.platform.faults.clear()
    await built.watcher.tick()
    assert built.watcher.health.unreadable == 0
    assert "can be read again" in caplog.messages[-1]


async def test_what_can_be_read_is_not_kept_waiting_by_what_hangs(built: Middle) -> None:
    """Each reading is taken in as it arrives."""
    hanging, moving = built.old_job("Hibernating"), built.old_job("Hibernating", name="KRAS screen")
    await built.follow(hanging)
    await built.follow(moving)
    built.platform_fault(f"GET /tools/*/{hanging}", kind="hang")
    built.world.change(moving, status="Failed")
    ticking = asyncio.create_task(built.watcher.tick())
    async with asyncio.timeout(DEADLINE):
        while await built.status(moving) != "Failed":  # noqa: ASYNC110 - the store announces nothing
            await asyncio.sleep(0.01)
    assert not ticking.done()
    built.platform.faults.clear()
    built.platform.faults.release()
    await ticking
    assert await built.status(hanging) == "Hibernating"


@pytest.mark.parametrize("throttled", [LISTING, ONE_JOB])
async def test_the_platform_is_left_alone_for_as_long_as_it_asks(
    built: Middle, caplog: pytest.LogCaptureFixture, throttled: str
) -> None:
    """Also longer than a call waits; who looks is told until when."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    built.platform_fault(throttled, kind="status", status=429, retry_after=600)
    await built.watcher.tick()
    asked = len(built.platform.requests)
    assert "09:10:00" in built.watcher.health.trouble
    built.clock.advance(seconds=599)
    await built.watcher.tick()
    assert len(built.platform.requests) == asked
    built.platform.faults.clear()
    built.clock.advance(seconds=1)
    await built.watcher.tick()
    assert len(built.platform.requests) > asked
    assert not built.watcher.health.trouble
    assert len([message for message in caplog.messages if "interrupted" in message]) == 1


async def test_nobody_is_left_alone_for_ever(built: Middle) -> None:
    """A nonsense wish is taken for an hour."""
    built.platform_fault(LISTING, kind="status", status=429, retry_after=10**12, times=1)
    await built.watcher.tick()
    built.clock.advance(hours=1)
    await built.watcher.tick()
    assert built.watcher.health.last_good_at == built.clock.now()


async def test_trouble_is_logged_once_of_each_kind_and_its_end_once(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that expires during an outage is news; the same outage in other words is not."""
    caplog.set_level(logging.INFO, "dojobbot.watcher")
    for kind, status in (("status", 503), ("html", 502), ("cut", 200), ("status", 401), ("status", 503)):
        built.platform_fault(LISTING, kind=kind, status=status)
        await built.watcher.tick()
        await built.watcher.tick()
        built.platform.faults.clear()
    await built.watcher.tick()
    await built.watcher.tick()
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.ERROR, logging.WARNING]
    assert ["interrupted" in message for message in caplog.messages] == [True, True, False]
    assert caplog.messages[-1] == "watching works again"


async def test_a_bug_is_logged_whole_and_once(built: Middle, caplog: pytest.LogCaptureFixture) -> None:
    """The polling goes on; the log does not fill up with the same traceback."""

    class Broken(PlatformClient):
        async def scan_jobs(
            self, wanted: JobFilter, take: Callable[[Sequence[Reading]], Awaitable[None]]
        ) -> datetime | None:
            raise RuntimeError(f"no list like {wanted} for {take}")

    account = Account(built.platform.base_url, built.platform.org, built.platform.token)
    async with Broken(account) as client:
        watcher = built.another_watcher(client)
        for _ in range(3):
            await watcher.tick()
    assert [bool(record.exc_info) for record in caplog.records] == [True]
    assert "see the log" in watcher.health.trouble


async def test_a_refused_token_says_what_the_operator_does(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """As an error, without the token."""
    built.platform_fault(LISTING, kind="status", status=401)
    await built.watcher.tick()
    assert caplog.records[0].levelno == logging.ERROR
    assert "DO_AUTH_TOKEN" in caplog.messages[0]
    assert built.platform.token not in caplog.text + built.watcher.health.trouble


@pytest.mark.parametrize("content", ["page", "rowless"])
async def test_a_job_that_cannot_be_read_does_not_stop_the_others(
    built: Middle, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    """It is named in the log once, and told when it can be read again."""
    broken, sound = built.old_job("Hibernating"), built.old_job("Hibernating", name="KRAS screen")
    await built.follow(broken)
    await built.follow(sound)
    if content == "page":
        built.platform_fault(f"GET /tools/*/{broken}", kind="html", status=200)
    else:
        built.world.change(broken, status="")
    for _ in range(3):
        built.clock.advance(seconds=10)
        await built.watcher.tick()
    assert len([message for message in caplog.messages if broken in message]) == 1
    assert await built.store.last_good_tick() == built.clock.now()
    await built.move(sound, status="Failed")
    assert await built.status(sound) == "Failed"
    built.platform.faults.clear()
    await built.move(broken, status="Succeeded")
    await built.deliver()
    assert len(built.texts()) == 2


async def test_an_expired_token_is_trouble_and_no_call(built: Middle) -> None:
    """The year of the token is over; the store is as it was."""
    built.clock.advance(days=400)
    async with a_client(built.platform, built.clock) as client:
        watcher = built.another_watcher(client)
        await watcher.tick()
    assert "expired" in watcher.health.trouble
    assert await built.store.last_good_tick() is None
    assert not built.platform.requests
