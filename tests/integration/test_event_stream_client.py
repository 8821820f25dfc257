"""The client of the event stream against the simulated platform: what it hears, what a refusal means."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.stream import EventStreamClient
from dojobbot.errors import (
    MalformedReply,
    PlatformError,
    PlatformRefused,
    PlatformThrottled,
    PlatformUnavailable,
    StreamRefused,
)
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import PEOPLE
from dojobbot.simulator.world import World
from tests.integration.middle import until
from tests.integration.platform_side import dock

SILENCE = 1.0


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A platform whose jobs the test moves."""
    made = SimulatedPlatform(World(now, PEOPLE), most_streams=1, heartbeat_seconds=0.05)
    await made.start()
    yield made
    await made.stop()


@contextlib.asynccontextmanager
async def listening(
    platform: SimulatedPlatform, *job_ids: str, project: str = "", token: str = "", silence: float = 5.0
) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
    """An open stream."""
    account = Account(platform.base_url, platform.org, token or platform.token)
    async with (
        EventStreamClient(account, silence=silence) as client,
        client.open(project or project_of(platform, job_ids[0]), job_ids) as changes,
    ):
        yield changes


def project_of(platform: SimulatedPlatform, job_id: str) -> str:
    job = platform.world.get(job_id)
    assert job is not None
    return str(job["projectId"])


async def hear(changes: AsyncIterator[frozenset[str]]) -> frozenset[str]:
    async with asyncio.timeout(40):
        return await anext(changes)


async def test_it_names_the_jobs_that_changed(platform: SimulatedPlatform) -> None:
    """By their ids, and nothing while there are heartbeats alone."""
    project = {"projectId": "p 1/ö", "status": "Hibernating"}
    jobs = [platform.world.put({"executionId": f"job-{number}", **project}) for number in range(100)]
    async with listening(platform, *jobs) as changes:
        platform.world.change(jobs[7], status="Failed")
        assert await hear(changes) == {jobs[7]}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(changes)


async def test_leaving_closes_the_connection(platform: SimulatedPlatform) -> None:
    """Also while it waits."""
    async with listening(platform, dock(platform.world)):
        assert platform.streams.count == 1
    await until(lambda: platform.streams.count == 0)


async def refusal(platform: SimulatedPlatform, job_id: str = "", **how: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        async with listening(platform, job_id or dock(platform.world), **how):
            pass
    assert platform.token not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, StreamRefused),
        (403, StreamRefused),
        (404, StreamRefused),
        (400, StreamRefused),
        (301, StreamRefused),
        (204, MalformedReply),
        (409, PlatformRefused),
        (429, PlatformThrottled),
        (500, PlatformUnavailable),
        (502, PlatformUnavailable),
        (503, PlatformUnavailable),
        (504, PlatformUnavailable),
    ],
)
async def test_what_a_refusal_means(
    platform: SimulatedPlatform, status: int, kind: type[PlatformError]
) -> None:
    """A few are final; those that the official client asks again after are not."""
    platform.faults.add(Fault("GET /sse/*", "status", status=status, retry_after=7))
    error = await refusal(platform)
    assert type(error) is kind
    assert not isinstance(error, PlatformThrottled) or error.retry_after == 7


async def test_a_page_in_the_place_of_a_stream_is_said(platform: SimulatedPlatform) -> None:
    """As a proxy may send it, with a 200."""
    platform.faults.add(Fault("GET /sse/*", "html", status=200))
    assert isinstance(await refusal(platform), MalformedReply)


async def test_an_unknown_project_and_one_stream_too_many(platform: SimulatedPlatform) -> None:
    """The first is final, the second ends when another stream is closed."""
    assert isinstance(await refusal(platform, project="nobody"), StreamRefused)
    job_id = dock(platform.world)
    async with listening(platform, job_id):
        error = await refusal(platform, job_id)
        assert (type(error), "cap" in str(error)) == (PlatformRefused, True)


async def test_an_expired_token_makes_no_call(platform: SimulatedPlatform) -> None:
    """The platform would refuse it."""
    error = await refusal(platform, token=make_token(datetime(2020, 1, 1, tzinfo=UTC)))
    assert isinstance(error, StreamRefused)
    assert "expired" in str(error)
    assert not platform.requests


async def test_a_silent_stream_is_dead(platform: SimulatedPlatform) -> None:
    """Neither an event nor a heartbeat came; one that talks lives however long it is open."""
    job_id = dock(platform.world)
    async with listening(platform, job_id, silence=SILENCE) as changes:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * SILENCE):
                await anext(changes)
    await until(lambda: platform.streams.count == 0)
    platform.streams.silence()
    with pytest.raises(PlatformUnavailable, match=f"silent for {SILENCE:g} s"):
        async with listening(platform, job_id, silence=SILENCE) as changes:
            await hear(changes)


async def test_a_cut_is_told_and_an_end_ends_the_iteration(platform: SimulatedPlatform) -> None:
    """One is the network's, the other the platform's own."""
    job_id = dock(platform.world)
    async with contextlib.AsyncExitStack() as stack:
        changes = await stack.enter_async_context(listening(platform, job_id))
        platform.streams.drop()
        stack.enter_context(pytest.raises(PlatformUnavailable, match="hung up"))
        await hear(changes)
    await until(lambda: platform.streams.count == 0)
    async with listening(platform, job_id) as changes:
        await platform.streams.stop()
        assert [changed async for changed in changes] == []


async def test_a_platform_that_is_not_there_is_told(platform: SimulatedPlatform) -> None:
    await platform.stop()
    assert isinstance(await refusal(platform), PlatformUnavailable)
