"""Several bots on one PostgreSQL: who watches, who takes over, and what a database that goes away costs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.slack_api.world import BORIS
from tests.acceptance.stage import DEADLINE, Stage, stage
from tests.postgres import server

TAKEN_OVER_WITHIN = 15.0
GRACE_SECONDS = 15.0


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[tuple[Stage, Stage]]:
    """Two bots on one database, between the same simulators; none is started."""
    there = server()
    settings = {"DOJOBBOT_DATABASE_URL": there.url(there.fresh())}
    async with stage(tmp_path) as one:
        one.settings = settings
        other = replace(one, said=[], _heard=asyncio.Event())
        try:
            yield one, other
        finally:
            if other.process is not None:
                await other.stop(signal.SIGKILL)


async def readyz(bot: Stage) -> dict[str, Any]:
    """What a bot says of itself; nothing while it says nothing."""
    line = next((line for line in bot.said if "health is at" in line), "")
    found = re.search(r"http://\S+", line)
    assert found is not None
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(found[0]) as response:
            said: dict[str, Any] = await response.json()
            return said
    return {}


async def role(bot: Stage, wanted: str, *, within: float = DEADLINE) -> dict[str, Any]:
    """Wait until a bot has a role; gives all that it says then."""
    async with asyncio.timeout(within):
        while True:
            said = await readyz(bot)
            if said.get("role") == wanted:
                return said
            await asyncio.sleep(0.1)


async def test_who_leads_ends_or_is_killed_and_the_other_one_watches(both: tuple[Stage, Stage]) -> None:
    """At once after a clean end, else within fifteen seconds; what ends meanwhile is told once."""
    first, second = both
    await first.start()
    await role(first, "leader")
    await second.start()
    said = await role(second, "standby")
    assert said["ready"]
    assert said["platform_lag_seconds"] < DEADLINE
    assert await first.stop() == 0
    await role(second, "leader", within=5)
    await first.start()
    await role(first, "standby")
    job_id = first.running_job("BRD series")
    await first.card(job_id, verb="notify")
    began = time.monotonic()
    await second.stop(signal.SIGKILL)
    first.world.change(job_id, status="Failed", statusReason="disk full")
    await role(first, "leader", within=TAKEN_OVER_WITHIN)
    assert time.monotonic() - began < TAKEN_OVER_WITHIN
    await first.sees("BRD series", "disk full", user=BORIS)
    assert len(first.pings("BRD series")) == 1
    assert not any("Traceback" in line for line in [*first.said, *second.said]), [first.said, second.said]


async def test_a_database_that_goes_away_and_comes_back_costs_nothing(both: tuple[Stage, Stage]) -> None:
    """Nobody restarts the bot; `/readyz` says what is wrong, and what ended meanwhile is told once."""
    bot, _ = both
    await bot.start()
    job_id = bot.running_job("BRD series")
    await bot.card(job_id, verb="notify")
    there = server()
    there.stop()
    try:
        bot.world.change(job_id, status="Failed", statusReason="disk full")
        async with asyncio.timeout(DEADLINE):
            while (said := await readyz(bot)).get("ready", True):  # noqa: ASYNC110 - it is asked over HTTP
                await asyncio.sleep(0.1)
        assert "database" in said["store"]
        await bot.heard("the outbox is interrupted|watching is interrupted")
    finally:
        there.start()
    await bot.sees("BRD series", "disk full", user=BORIS)
    assert (await role(bot, "leader"))["ready"]
    assert len(bot.pings("BRD series")) == 1
    assert not any("Traceback" in line for line in bot.said), bot.said


async def test_an_impatient_operator_cuts_nothing_short(both: tuple[Stage, Stage]) -> None:
    """Ctrl-C again and again: it ends as it would have, and another replica takes over at once."""
    bot, other = both
    await bot.start()
    await role(bot, "leader")
    await other.start()
    await role(other, "standby")
    assert bot.process is not None
    bot.process.send_signal(signal.SIGINT)
    await bot.heard("ending")
    async with asyncio.timeout(DEADLINE):
        while bot.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # Not by `send_signal`, which may take the exit code away from asyncio.
                os.kill(bot.process.pid, signal.SIGINT)
            await asyncio.sleep(0.02)
    assert await bot.ended() == 0
    await role(other, "leader", within=5)
    assert not any("Traceback" in line for line in bot.said), bot.said


async def test_a_stop_does_not_wait_for_a_database_that_stands_still(both: tuple[Stage, Stage]) -> None:
    """It ends in order, within the time that compose.yaml gives it."""
    bot, _ = both
    await bot.start()
    await role(bot, "leader")
    with server().standing_still():
        while (await readyz(bot)).get("ready", True):  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await bot.stop() == 0
        assert time.monotonic() - began < GRACE_SECONDS
    assert len([line for line in bot.said if "broken off" in line]) == 1
    assert not any("Traceback" in line for line in bot.said), bot.said


async def test_a_database_that_cannot_be_reached_is_said_in_one_line(both: tuple[Stage, Stage]) -> None:
    """With what to look at, and without the password."""
    bot, _ = both
    bot.settings = {"DOJOBBOT_DATABASE_URL": server().url("nowhere").replace("postgres@", "postgres:hush@")}
    await bot.launch()
    assert await bot.ended() == 1
    assert "nowhere" in bot.said[-1]
    assert "DOJOBBOT_DATABASE_URL" in bot.said[-1]
    assert "hush" not in "\n".join(bot.said)
    assert not any("Traceback" in line for line in bot.said), bot.said
