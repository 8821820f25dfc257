"""The platform client over real HTTP, in good times and bad."""

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.domain import JobFilter, Reading
from dojobbot.errors import (
    JobNotFound,
    MalformedReply,
    PlatformError,
    PlatformRefused,
    PlatformRestricted,
    PlatformThrottled,
    PlatformUnavailable,
    TokenRejected,
)
from dojobbot.ports import Platform
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.job_log import Line
from dojobbot.simulator.jobs import OUT_OF_MEMORY, JobMaker, Life, ligands, quoted
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import ADA, PEOPLE
from dojobbot.simulator.world import World, iso

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
EVERYTHING = JobFilter()


@dataclass
class Bench:
    """A world, its platform, a client of it, one clock for all, and the pauses that the client made."""

    now: datetime = START
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = World(lambda: self.now, PEOPLE)
        self.platform = SimulatedPlatform(self.world)

    def client(self, **changes: Any) -> PlatformClient:
        account = Account(self.platform.base_url, self.platform.org, self.platform.token)
        return PlatformClient(
            replace(account, **changes), now=lambda: self.now, sleep=self._pause, draw=lambda: 1.0
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def fault(self, match: str, **how: Any) -> None:
        self.platform.faults.add(Fault(match, **how))

    def calls(self) -> int:
        return len(self.platform.requests)

    def dock(self, **life: Any) -> str:
        maker = JobMaker(seed=len(self.world.select()))
        return maker.docking(ADA, Life(START, runs=100, queued=10, **life), ligands(10)).put(self.world)

    def quote(self, *, funds: bool) -> str:
        plan = JobMaker().docking(ADA, Life(START, runs=100), ligands(4))
        return quoted(plan, [("DOCK-001", 4, 30.0), ("DOCK-002", 4, 16.0625)], funds=funds).put(self.world)

    def crowd(self, count: int) -> None:
        for number in range(count):
            created = iso(START - timedelta(seconds=number))
            self.world.put({"executionId": f"job-{number}", "status": "Running", "createdAt": created})


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    await made.platform.start()
    yield made
    await made.platform.stop()


@pytest.fixture
async def client(bench: Bench) -> AsyncIterator[PlatformClient]:
    async with bench.client() as made:
        yield made


async def test_a_job_is_read_with_its_tree(bench: Bench, client: PlatformClient) -> None:
    job_id = JobMaker().rbfe(ADA, Life(START, runs=100), 6).put(bench.world)
    bench.now += timedelta(seconds=60)
    reading = await client.get_job(job_id)
    assert (reading.job.id, reading.job.status, reading.detailed) == (job_id, "Running", True)
    assert reading.began_at == bench.now
    assert reading.job.progress is not None
    assert len(reading.job.progress.branches) > 6
    assert reading.job.progress.fraction == pytest.approx(0.5, abs=0.2)


async def test_a_free_energy_is_read_beside_its_tree(bench: Bench, client: PlatformClient) -> None:
    job_id = JobMaker().rbfe(ADA, Life(START, runs=100), 6).put(bench.world)
    bench.now += timedelta(seconds=200)
    progress = (await client.get_job(job_id)).job.progress
    assert progress is not None
    assert (progress.result, len(progress.branches) > 6) == ("-0.78 ± 0.31 kcal/mol", True)


async def test_the_client_is_a_platform(client: PlatformClient) -> None:
    platform: Platform = client
    await platform.check()


async def test_the_newest_lines_of_a_log_come_first(bench: Bench, client: PlatformClient) -> None:
    job_id = bench.dock(outcome=OUT_OF_MEMORY)
    other = bench.dock()
    bench.now += timedelta(hours=1)
    lines = await client.logs(job_id, limit=3)
    assert [(line.level, line.at) for line in lines[:2]] == [
        ("error", START + timedelta(seconds=70)),
        ("warning", START + timedelta(seconds=70)),
    ]
    assert lines[2].message == "Ligand 5 docked, 9 poses"
    assert "OOMKilled" in lines[0].message
    assert not any(line.level == "error" for line in await client.logs(other, limit=100))
    assert await client.logs("no-such-job", limit=5) == ()


async def test_a_very_long_log_is_read_at_its_two_ends(bench: Bench, client: PlatformClient) -> None:
    """Its newest lines are at one of them, whatever the platform's order is."""
    job_id = bench.dock()
    stored = bench.world.find(job_id)
    assert stored is not None
    for step in (1, -1):
        stored.log[:] = [
            Line(iso(START + timedelta(seconds=number)), "info", f"line {number}") for number in range(9_500)
        ][::step]
        calls = bench.calls()
        found = [line.message for line in await client.logs(job_id, limit=2)]
        assert found == ["line 9499", "line 9498"]
        assert bench.calls() == calls + 5


async def test_a_listing_is_filtered_newest_first_and_on_the_platforms_clock(
    bench: Bench, client: PlatformClient
) -> None:
    bench.crowd(3)
    bench.world.put({"executionId": "done", "status": "Completed", "createdAt": iso(START)})
    running = await client.list_jobs(JobFilter(statuses=frozenset({"Running"})), limit=2)
    assert [job.id for job in running.jobs] == ["job-0", "job-1"]
    assert (running.total, running.server_time) == (3, START)
    done = await client.list_jobs(JobFilter(statuses=frozenset({"Succeeded"})), limit=50)
    assert [(job.id, job.status) for job in done.jobs] == [("done", "Succeeded")]
    recent = JobFilter(created_after=START - timedelta(seconds=1.5))
    assert (await client.list_jobs(recent, limit=50)).total == 3
    assert not any(reading.detailed for reading in running.readings)


async def test_2500_jobs_come_in_three_pages_and_in_order(bench: Bench, client: PlatformClient) -> None:
    bench.crowd(2_500)
    listing = await client.list_jobs(EVERYTHING, limit=10_000)
    assert [job.id for job in listing.jobs] == [f"job-{number}" for number in range(2_500)]
    assert (listing.total, bench.calls()) == (2_500, 3)
    fewer = await client.list_jobs(EVERYTHING, limit=1_200)
    assert (len(fewer.jobs), fewer.total, bench.calls()) == (1_200, 2_500, 5)


async def test_a_scan_hands_over_page_by_page_and_waits_until_each_is_taken(
    bench: Bench, client: PlatformClient
) -> None:
    """However many jobs there are, a few pages are held, and each job comes once."""
    bench.crowd(12_500)
    seen: list[str] = []
    held = most_held = 0

    async def take(page: Sequence[Reading]) -> None:
        nonlocal held, most_held
        held += 1
        most_held = max(most_held, held)
        await asyncio.sleep(0.01)
        held -= 1
        seen.extend(reading.job.id for reading in page)

    assert await client.scan_jobs(EVERYTHING, take) == START
    assert sorted(seen) == sorted(f"job-{number}" for number in range(12_500))
    assert most_held <= 4
    assert bench.calls() == 13


async def test_a_bad_row_costs_itself_and_is_logged_once(
    bench: Bench, client: PlatformClient, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = bench.dock()
    bench.world.put({"executionId": "not an id", "status": "Running", "createdAt": iso(START)})
    with caplog.at_level(logging.WARNING, logger="dojobbot"):
        for _ in range(2):
            listing = await client.list_jobs(EVERYTHING, limit=50)
            assert [job.id for job in listing.jobs] == [job_id]
            assert (listing.bad_rows, listing.total) == (1, 2)
    assert len(caplog.records) == 1
    assert "not an id" in caplog.text


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_read_is_retried_and_then_answered(bench: Bench, client: PlatformClient, status: int) -> None:
    job_id = bench.dock()
    bench.fault("GET *", kind="status", status=status, times=3)
    assert (await client.get_job(job_id)).job.id == job_id
    assert bench.pauses == [1, 2, 4]


@pytest.mark.parametrize("kind", ["lost_reply", "cut"])
async def test_a_broken_connection_is_retried(bench: Bench, client: PlatformClient, kind: str) -> None:
    job_id = bench.dock()
    bench.fault("GET *", kind=kind, times=1)
    assert (await client.get_job(job_id)).job.id == job_id
    assert (bench.pauses, bench.calls()) == ([1], 2)


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"kind": "status", "status": 429}, PlatformThrottled),
        ({"kind": "status", "status": 503}, PlatformUnavailable),
        ({"kind": "html", "status": 502}, PlatformUnavailable),
        ({"kind": "cut"}, PlatformUnavailable),
        ({"kind": "lost_reply"}, PlatformUnavailable),
    ],
)
async def test_trouble_that_stays_is_told_after_three_retries(
    bench: Bench, client: PlatformClient, how: dict[str, Any], error: type[PlatformError]
) -> None:
    bench.fault("GET *", **how)
    with pytest.raises(error) as caught:
        await client.get_job(bench.dock())
    assert (bench.calls(), bench.pauses) == (4, [1, 2, 4])
    assert "Try again in a minute" in caught.value.hint


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"kind": "status", "status": 400}, PlatformRefused),
        ({"kind": "status", "status": 501}, PlatformUnavailable),
        ({"kind": "html", "status": 200}, MalformedReply),
    ],
)
async def test_what_asking_again_cannot_help_is_told_at_once(
    bench: Bench, client: PlatformClient, how: dict[str, Any], error: type[PlatformError]
) -> None:
    bench.fault("GET *", **how)
    with pytest.raises(error):
        await client.list_jobs(EVERYTHING, limit=10)
    assert (bench.calls(), bench.pauses) == (1, [])


async def test_retry_after_is_honoured(bench: Bench, client: PlatformClient) -> None:
    bench.fault("GET *", kind="status", status=429, retry_after=7, times=1)
    bench.fault("GET *", kind="status", status=503, retry_after=0.5, times=1)
    await client.get_job(bench.dock())
    assert bench.pauses == [7, 2]


async def test_a_pause_too_long_for_anybody_waiting_is_told_at_once(
    bench: Bench, client: PlatformClient
) -> None:
    bench.fault("GET *", kind="status", status=429, retry_after=600)
    with pytest.raises(PlatformThrottled) as caught:
        await client.get_job(bench.dock())
    assert (caught.value.retry_after, bench.calls(), bench.pauses) == (600, 1, [])


async def test_an_unknown_job_is_named(bench: Bench, client: PlatformClient) -> None:
    with pytest.raises(JobNotFound, match="no-such-job"):
        await client.get_job("no-such-job")
    with pytest.raises(JobNotFound):
        await client.get_job("../../users")
    assert bench.calls() == 1


async def test_a_refused_token_is_named_and_not_retried(bench: Bench) -> None:
    async with bench.client(token=make_token(START, name="Somebody else")) as client:
        with pytest.raises(TokenRejected, match="refused") as caught:
            await client.check()
    assert "DO_AUTH_TOKEN" in caught.value.hint
    assert bench.pauses == []


async def test_an_expired_token_is_named_without_a_call(bench: Bench, client: PlatformClient) -> None:
    bench.now += timedelta(days=400)
    with pytest.raises(TokenRejected, match=r"expired on 2027-11-22 at 09:00 UTC"):
        await client.check()
    assert bench.calls() == 0


async def test_another_organisation_is_refused(bench: Bench) -> None:
    async with bench.client(org_key="another-lab") as client:
        with pytest.raises(TokenRejected, match="403") as caught:
            await client.check()
    assert "DO_ORG_KEY" in caught.value.hint


async def test_a_cancel_says_what_the_job_is_now_or_why_not(bench: Bench, client: PlatformClient) -> None:
    job_id = bench.dock()
    assert (await client.cancel(job_id)).job.status == "Cancelled"
    with pytest.raises(PlatformRefused, match="cannot be cancelled") as caught:
        await client.cancel(job_id)
    assert caught.value.status == 409


async def test_a_quote_is_approved_and_the_job_comes_to_life(bench: Bench, client: PlatformClient) -> None:
    job_id = bench.quote(funds=True)
    waiting = await client.get_job(job_id)
    assert waiting.job.quote is not None
    assert waiting.job.quote.amount == 184.25
    assert (await client.confirm(job_id)).job.status == "Created"


async def test_funds_that_lack_are_a_restriction_inside_a_200(bench: Bench, client: PlatformClient) -> None:
    job_id = bench.quote(funds=False)
    with pytest.raises(PlatformRestricted) as caught:
        await client.confirm(job_id)
    assert caught.value.status == 200
    assert (await client.get_job(job_id)).job.status == "InsufficientFunds"


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"kind": "status", "status": 503}, PlatformUnavailable),
        ({"kind": "status", "status": 429}, PlatformThrottled),
        ({"kind": "lost_reply"}, PlatformUnavailable),
        ({"kind": "cut"}, PlatformUnavailable),
        ({"kind": "html", "status": 200}, PlatformUnavailable),
    ],
)
@pytest.mark.parametrize("act", ["cancel", "confirm"])
async def test_what_changes_something_is_sent_once(
    bench: Bench, client: PlatformClient, act: str, how: dict[str, Any], error: type[PlatformError]
) -> None:
    job_id = bench.quote(funds=True) if act == "confirm" else bench.dock()
    bench.fault("PATCH *", **how)
    with pytest.raises(error) as caught:
        await getattr(client, act)(job_id)
    assert (bench.calls(), bench.pauses) == (1, [])
    if error is PlatformUnavailable:
        assert "may have happened" in caught.value.hint


async def test_the_organisations_people_are_listed(client: PlatformClient) -> None:
    people = await client.users()
    assert len(people) == len(PEOPLE)
    assert ADA in {person.auth_id for person in people}


async def test_a_platform_that_is_not_there_is_unavailable(bench: Bench) -> None:
    async with bench.client() as client:
        await bench.platform.stop()
        with pytest.raises(PlatformUnavailable, match="could not be reached"):
            await client.check()
    assert bench.pauses == [1, 2, 4]


@asynccontextmanager
async def answering(handler: Any) -> AsyncIterator[str]:
    """A server that gives every call to one handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_a_server_that_echoes_the_token_does_not_get_it_shown(bench: Bench) -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response({"message": f"bad header {request.headers['Authorization']}"}, status=400)

    async with answering(echo) as base_url, bench.client(base_url=base_url) as client:
        with pytest.raises(PlatformRefused, match=r"bad header Bearer \[token\]"):
            await client.get_job("some-job")


async def test_a_bare_list_that_ignores_paging_is_read_to_its_end(bench: Bench) -> None:
    rows = [{"executionId": f"job-{number}", "status": "Running"} for number in range(1_000)]

    async def everything(_request: web.Request) -> web.Response:
        return web.Response(body=json.dumps(rows).encode())

    async with answering(everything) as base_url, bench.client(base_url=base_url) as client:
        listing = await client.list_jobs(EVERYTHING, limit=5_000)
    assert (len(listing.jobs), listing.total) == (1_000, 1_000)


async def test_a_page_that_cannot_be_had_fails_the_listing(bench: Bench) -> None:
    """Half a listing would look like jobs that are gone."""
    rows = [{"executionId": f"job-{number}", "status": "Running"} for number in range(1_000)]

    async def first_page_only(request: web.Request) -> web.Response:
        if request.query["page"] != "0":
            return web.json_response({"message": "page is out of range"}, status=400)
        return web.Response(body=json.dumps({"data": rows, "count": 9_000}).encode())

    async with answering(first_page_only) as base_url, bench.client(base_url=base_url) as client:
        with pytest.raises(PlatformRefused, match="page is out of range"):
            await client.list_jobs(EVERYTHING, limit=10_000)
        with pytest.raises(PlatformRefused, match="page is out of range"):
            await client.scan_jobs(EVERYTHING, _nothing)


async def _nothing(_page: Sequence[Reading]) -> None:
    """Take a page."""


async def test_no_error_and_no_repr_shows_the_token(bench: Bench, client: PlatformClient) -> None:
    bench.fault("*", kind="status", status=401)
    with pytest.raises(TokenRejected) as caught:
        await client.users()
    secret = bench.platform.token
    payload = secret.split(".")[1]
    assert base64.urlsafe_b64decode(payload + "==")
    assert payload not in f"{caught.value!r} {caught.value} {caught.value.hint} {client!r}"
