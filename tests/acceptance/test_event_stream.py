"""The real bot hears of an end from the event stream, and hears of it all the same where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import ADA
from tests.acceptance.stage import DEADLINE, Stage, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """Both simulators; the test starts the bot."""
    async with stage(tmp_path, faults=Faults()) as built:
        yield built


async def said_of_the_stream(set_up: Stage) -> dict[str, Any]:
    """What the bot says of its one stream; it is ready however that is."""
    async with aiohttp.ClientSession() as session, session.get(f"{set_up.address()}/readyz") as response:
        assert response.status == 200
        said: list[dict[str, Any]] = (await response.json())["event_streams"]
    assert len(said) == 1
    return said[0]


async def test_a_ping_comes_long_before_the_next_tick(set_up: Stage) -> None:
    """The bot polls once an hour; the stream tells it at once."""
    set_up.settings = {"DOJOBBOT_POLL_SECONDS": "3600"}
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    await set_up.press(card, "Notify me")
    async with asyncio.timeout(DEADLINE):
        while not set_up.platform.streams.count:  # noqa: ASYNC110 - the platform announces nothing
            await asyncio.sleep(0.05)
    stream = await said_of_the_stream(set_up)
    assert (stream["jobs"], stream["trouble"]) == (1, "ok")
    set_up.world.change(job_id, status="Succeeded")
    await set_up.sees(f"<@{ADA}> BRD series succeeded")
    assert not any("WARNING" in line for line in set_up.said), set_up.said


@pytest.mark.parametrize("status", [404, 409])
async def test_without_a_stream_polling_delivers(set_up: Stage, status: int) -> None:
    """One line says that there is none; the bot is ready all the same."""
    set_up.platform.faults.add(Fault("GET /sse/*", "status", status=status))
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    await set_up.press(card, "Notify me")
    await set_up.heard("event stream of project .* polled")
    assert (await said_of_the_stream(set_up))["open_since"] is None
    set_up.world.change(job_id, status="Succeeded")
    await set_up.sees(f"<@{ADA}> BRD series succeeded")
    assert len([line for line in set_up.said if "event stream" in line]) == 1
