"""The official `deeporigin` client waits on the simulated event stream, and reads the data platform.

The client is synchronous: it works in a thread while the test's loop serves it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import JobMaker, Life, ligands
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import ADA, PEOPLE
from dojobbot.simulator.world import World
from tests.fidelity.official_side import leave_home, now, official, official_client

SEARCH = "/data-platform/example-lab/executions/search"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_home(tmp_path, monkeypatch)


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A platform with one job, which its tests move on by hand."""
    platform = SimulatedPlatform(
        World(now, PEOPLE), ingestion_seconds=0.3, most_streams=2, heartbeat_seconds=0.2
    )
    await platform.start()
    yield platform
    await platform.stop()


class Followed:
    """A running job without a script, and what is known of it."""

    def __init__(self, platform: SimulatedPlatform) -> None:
        maker = JobMaker(seed=5)
        plan = maker.docking(ADA, Life(now(), runs=600, queued=0), ligands(3))
        plan.execution.update(status="Running", visibility="hidden")
        self.id = platform.world.put(plan.execution)
        self.project = maker.project
        self.world = platform.world

    def finish(self) -> None:
        self.world.change(self.id, status="Succeeded")


@pytest.fixture
def job(platform: SimulatedPlatform) -> Followed:
    return Followed(platform)


@pytest.fixture
def client(platform: SimulatedPlatform, job: Followed) -> Iterator[Any]:
    client = official_client(platform, job.project)
    yield client
    client.close()


async def until(condition: Callable[[], object], seconds: float = 40) -> None:
    """Wait for something that the server sees."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what happens on the server has no event here
            await asyncio.sleep(0.01)


def waiting(client: Any, job: Followed, timeout: float = 40.0) -> asyncio.Task[Any]:
    return asyncio.create_task(
        asyncio.to_thread(client.executions.wait_for_ingestion, job.id, timeout=timeout)
    )


async def test_it_is_woken_when_the_results_are_taken_in(
    client: Any, platform: SimulatedPlatform, job: Followed
) -> None:
    """`wait_for_ingestion` sleeps on the stream and reads again only when a frame names its filter."""
    wait = waiting(client, job)
    await until(lambda: platform.streams.count == 1 and platform.requests)
    job.finish()
    row = await wait
    assert (row["compute_job_id"], row["status"]) == (job.id, "Completed")
    reads = [request for request in platform.requests if request.path == SEARCH]
    assert len(reads) <= 3  # on connect, when the job ended and was DataIngesting, when that was over
    await until(lambda: platform.streams.count == 0)


async def test_it_opens_the_stream_again_after_a_refusal_and_after_a_drop(
    client: Any, platform: SimulatedPlatform, job: Followed
) -> None:
    """A 503 and a broken connection are reasons to come back, not to give up."""
    platform.faults.add(Fault("GET /sse/*", "status", status=503, times=1))
    wait = waiting(client, job)
    await until(lambda: platform.streams.count == 1)
    platform.streams.drop()
    await until(lambda: platform.streams.count == 0)
    job.finish()
    assert (await wait)["status"] == "Completed"
    opened = [request.status for request in platform.requests if request.path.startswith("/sse/")]
    assert opened[0] == 503


async def test_its_deadline_holds_while_the_stream_is_deaf(
    client: Any, platform: SimulatedPlatform, job: Followed
) -> None:
    """A stream that sends heartbeats but no frames does not hold a client for ever."""
    platform.faults.add(Fault("stream filters.dirty", "deaf"))
    wait = waiting(client, job, timeout=3)
    await until(lambda: platform.streams.count == 1)
    job.finish()
    with pytest.raises(TimeoutError, match="ingestion"):
        await wait


@pytest.mark.parametrize(("refusal", "status"), [("project", 404), ("organization", 403), ("token", 401)])
async def test_refusals_that_no_retry_would_change_are_fatal(
    client: Any, platform: SimulatedPlatform, job: Followed, refusal: str, status: int
) -> None:
    """401, 403 and 404 end the wait at once."""
    if refusal == "project":
        client.project_id = "1db6dc99-a3b6-55ee-9da3-95297a49118b"
    elif refusal == "organization":
        platform.org = "other-lab"
    else:
        platform.faults.add(Fault("GET /sse/*", "expired_token"))
    with pytest.raises(official("exceptions").DeepOriginException) as caught:
        await waiting(client, job)
    assert caught.value.http_status == status


async def test_it_reads_one_row_by_the_data_platforms_own_id(client: Any, job: Followed) -> None:
    found = await asyncio.to_thread(client.executions.search, compute_job_id=job.id, include_hidden=True)
    row_id = found["data"][0]["id"]
    row = (await asyncio.to_thread(client.executions.from_data_platform, row_id))["data"]
    assert (row["id"], row["compute_job_id"]) == (row_id, job.id)
    assert row_id != job.id


Read = Callable[[], Awaitable[str]]


@asynccontextmanager
async def listening(platform: SimulatedPlatform, job: Followed, *filters: str) -> AsyncIterator[Read]:
    """A stream over plain HTTP; yields what reads its next event, without the blank line at its end."""
    headers = {"Authorization": f"Bearer {platform.token}", "Accept": "text/event-stream"}
    url = f"{platform.base_url}/sse/{platform.org}/stream/{job.project}"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(url, params=[("filter", each) for each in filters]) as response,
    ):
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"

        async def read() -> str:
            async with asyncio.timeout(40):
                return (await response.content.readuntil(b"\n\n")).decode().strip()

        yield read


async def frame(read: Read) -> Any:
    """The next event that is no heartbeat."""
    while (said := await read()).startswith((":", "retry:")):
        pass
    return json.loads(said.removeprefix("data: "))


async def test_frames_name_the_filters_and_heartbeats_fill_the_silence(
    platform: SimulatedPlatform, job: Followed
) -> None:
    """A retry line first, comments in between, and of a change only the names of the filters it touched."""
    other = Followed(platform)
    filters = (f"mine=execution:{job.id}", f"again=execution:{job.id}", "nothing=execution:other")
    async with listening(platform, job, *filters) as read:
        assert (await read()).startswith("retry: ")
        assert await read() == ": heartbeat"
        platform.world.change(other.id, status="Running")
        platform.world.change(job.id, progressReport="one more")
        assert await frame(read) == {"type": "filters.dirty", "filters": ["again", "mine"]}


async def test_a_job_that_moves_by_its_script_is_told_without_anybody_reading(
    platform: SimulatedPlatform,
) -> None:
    """While somebody listens, scripts move by themselves."""
    maker = JobMaker(seed=6)
    plan = maker.docking(ADA, Life(now(), runs=60, queued=0.3), ligands(3))
    job = Followed(platform)
    job.id, job.project = plan.put(platform.world), maker.project
    async with listening(platform, job, f"it=execution:{job.id}") as read:
        assert await frame(read) == {"type": "filters.dirty", "filters": ["it"]}


async def test_a_duplicate_frame_comes_twice_and_a_dropped_stream_ends(
    platform: SimulatedPlatform, job: Followed
) -> None:
    async with listening(platform, job, f"it=execution:{job.id}") as read:
        platform.faults.add(Fault("stream *", "duplicate", times=1))
        platform.world.change(job.id, progressReport="a")
        assert [await frame(read), await frame(read)] == [{"type": "filters.dirty", "filters": ["it"]}] * 2
        platform.faults.add(Fault("stream *", "drop", times=1))
        platform.world.change(job.id, progressReport="b")
        with pytest.raises((aiohttp.ClientError, asyncio.IncompleteReadError)):
            await frame(read)


async def test_a_user_has_only_so_many_streams_in_a_project(
    platform: SimulatedPlatform, job: Followed
) -> None:
    """One more than the cap is a 409; a stream that was left makes room."""
    text = f"it=execution:{job.id}"
    async with listening(platform, job, text):
        async with listening(platform, job, text):
            headers = {"Authorization": f"Bearer {platform.token}"}
            url = f"{platform.base_url}/sse/{platform.org}/stream/{job.project}?filter={text}"
            async with aiohttp.request("GET", url, headers=headers) as refused:
                assert refused.status == 409
            async with aiohttp.request("GET", url + "&filter=nonsense", headers=headers) as refused:
                assert refused.status == 400
        await until(lambda: platform.streams.count == 1)
        async with listening(platform, job, text):
            pass
