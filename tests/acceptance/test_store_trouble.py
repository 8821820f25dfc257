"""A full disk, and a database that somebody locks: sending pauses, `/readyz` says so, nothing is lost."""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.slack_api.world import BORIS
from tests.acceptance.stage import DEADLINE, ENDS_WITHIN, Stage, stage


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot that does not wait for locks as long as others do."""
    async with stage(tmp_path) as built:
        built.settings = {"DOJOBBOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}?timeout=1.5"}
        await built.start()
        yield built


@contextmanager
def full_disk(bot: Stage) -> Iterator[None]:
    """Let the system refuse to lengthen any file of the bot's."""
    assert bot.process is not None
    before = resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, (2048, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.prlimit(bot.process.pid, resource.RLIMIT_FSIZE, before)


@contextmanager
def locked(bot: Stage) -> Iterator[None]:
    """Hold the database's write lock, as a careless backup does."""
    with closing(sqlite3.connect(bot.folder / "bot.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


async def readyz(bot: Stage) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(f"{bot.address()}/readyz") as response:
        return response.status, await response.json()


async def until_ready(bot: Stage, *, ready: bool) -> str:
    """Wait until a bot is ready or is not; gives what it says of its store."""
    async with asyncio.timeout(DEADLINE):
        while True:
            status, said = await readyz(bot)
            if (status == 200) == ready:
                return str(said["store"])
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(("trouble", "says"), [(full_disk, "full|disk I/O"), (locked, "locked")])
async def test_a_database_that_cannot_be_written_pauses_everything_and_loses_nothing(
    bot: Stage, trouble: Any, says: str
) -> None:
    """A job ends in the middle of it; somebody who asks for something is told so. Afterwards all arrives."""
    job_id, other = bot.running_job("BRD series"), bot.running_job("KRAS library")
    await bot.card(job_id, verb="notify")
    with trouble(bot):
        bot.world.change(job_id, status="Failed", statusReason="too hot")
        assert re.search(says, await until_ready(bot, ready=False))
        await bot.heard("watching is interrupted")
        await bot.slack.type_command(BORIS, bot.messages()[0]["channel"], f"/job {other} notify")
        await bot.sees("database failed", user=BORIS)
        assert not bot.pings("BRD series")
    await bot.sees("BRD series", "too hot", user=BORIS)
    assert await until_ready(bot, ready=True) == "ok"
    await bot.heard("watching works again")
    assert len(bot.pings("BRD series")) == 1
    assert not any("Traceback" in line for line in bot.said), bot.said


async def test_while_the_file_is_locked_people_are_told_to_wait_and_the_bot_can_be_stopped(
    tmp_path: Path,
) -> None:
    """With the patience that a bot has by itself: somebody who typed sees that, and SIGTERM need not wait."""
    async with stage(tmp_path) as bot:
        await bot.start()
        job_id = bot.running_job("BRD series")
        await bot.card(job_id, verb="notify")
        with locked(bot):
            bot.world.change(job_id, status="Failed", statusReason="too hot")
            assert await until_ready(bot, ready=False) == "the database is busy"
            began = time.monotonic()
            await bot.slack.type_command(BORIS, bot.messages()[0]["channel"], f"/job {job_id}")
            await bot.sees("Asking Deep Origin", user=BORIS)
            assert time.monotonic() - began < 8
            began = time.monotonic()
            assert await bot.stop() == 0
            assert time.monotonic() - began < ENDS_WITHIN
        assert not any("Traceback" in line for line in bot.said), bot.said
