"""The official `deeporigin` client against the simulated platform, over real HTTP.

The client is synchronous: it works in a thread while the test's loop serves it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.client import PlatformClient
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import OUT_OF_MEMORY, JobMaker, Life, ligands, quoted
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import ADA, PEOPLE, demo_world
from tests.fidelity.official_side import leave_home, now, official, official_client

EXECUTIONS = "/tools/example-lab/tools/executions"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_home(tmp_path, monkeypatch)


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """The demo's world behind HTTP."""
    platform = SimulatedPlatform(demo_world(now))
    await platform.start()
    yield platform
    await platform.stop()


@pytest.fixture
def client(platform: SimulatedPlatform) -> Iterator[Any]:
    client = official_client(platform, "1db6dc99-a3b6-55ee-9da3-95297a49118b")
    yield client
    client.close()


async def in_thread(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    async with asyncio.timeout(40):
        return await asyncio.to_thread(call, *args, **options)


async def test_it_lists_a_page_in_order_with_a_filter(client: Any, platform: SimulatedPlatform) -> None:
    body = await in_thread(client.executions.list, page=1, page_size=20, order="createdAt desc")
    assert body["count"] == len(platform.world.select())
    stamps = [row["createdAt"] for row in body["data"]]
    assert len(stamps) == 20
    assert stamps == sorted(stamps, reverse=True)

    body = await in_thread(client.executions.list, tool_key="deeporigin.rbfe")
    assert [row["name"] for row in body["data"]] == ["BRD series, round 3"]

    body = await in_thread(
        client.executions.list, created_after=now() - timedelta(minutes=20), page_size=1000
    )
    assert 30 < body["count"] < 60
    batch = next(row for row in body["data"] if row["tag"] == "cdk2-screen")

    body = await in_thread(client.executions.list, session=batch["session"], project_id=batch["projectId"])
    assert body["count"] == 30


async def test_it_lists_all_pages_without_a_gap(client: Any, platform: SimulatedPlatform) -> None:
    body = await in_thread(client.executions.list, page_size=40, order="createdAt asc", fetch_all_pages=True)
    ids = {row["executionId"] for row in body["data"]}
    assert len(ids) == len(body["data"]) == body["count"]
    assert len([request for request in platform.requests if request.path == EXECUTIONS]) > 3


async def test_it_gets_a_job_with_its_progress_tree(client: Any) -> None:
    rows = (await in_thread(client.executions.list, tool_key="deeporigin.rbfe"))["data"]
    job = await in_thread(client.executions.get, rows[0]["executionId"])
    assert (job["status"], job["progressReport"]["displayName"]) == ("Running", "rbfe-end-to-end")


async def test_it_draws_the_progress_tree(client: Any) -> None:
    """Its own display accepts the simulated tree as one of the platform's."""
    rows = (await in_thread(client.executions.list, tool_key="deeporigin.rbfe"))["data"]
    job = await in_thread(client.executions.get, rows[0]["executionId"])
    drawn = official("platform.progress_tree_display").render_progress_tree_html(job["progressReport"])
    assert "pair-pipeline" in drawn


async def test_it_cancels_a_running_job_and_leaves_an_ended_one_alone(
    client: Any, platform: SimulatedPlatform
) -> None:
    job_id = JobMaker(seed=5).docking(ADA, Life(now(), runs=600, queued=0), ligands(8)).put(platform.world)
    assert await in_thread(client.executions.cancel, job_id) is None
    job = await in_thread(client.executions.get, job_id)
    assert (job["status"], job["completedAt"]) == ("Cancelled", None)
    assert await in_thread(client.executions.cancel, job_id) is None
    assert [request.method for request in platform.requests].count("PATCH") == 1


async def test_it_confirms_a_quote(client: Any, platform: SimulatedPlatform) -> None:
    plan = JobMaker(seed=5).docking(ADA, Life(now(), runs=600), ligands(8))
    job_id = quoted(plan, [("DOCK-001", 8, 1.25)]).put(platform.world)
    assert (await in_thread(client.executions.confirm, job_id))["status"] == "Created"


async def test_it_reports_missing_funds_at_a_confirm_as_a_restriction(
    client: Any, platform: SimulatedPlatform
) -> None:
    plan = JobMaker(seed=5).docking(ADA, Life(now(), runs=600), ligands(8))
    job_id = quoted(plan, [("DOCK-001", 8, 1.25)], funds=False).put(platform.world)
    with pytest.raises(
        official("exceptions").PlatformRestrictionError, match="below the quoted cost"
    ) as caught:
        await in_thread(client.executions.confirm, job_id)
    assert caught.value.action == "Ask your administrator to add credits"


async def test_it_waits_until_jobs_have_ended(client: Any, platform: SimulatedPlatform) -> None:
    maker = JobMaker(seed=5)
    lives = [Life(now(), runs=runs, queued=0.1) for runs in (0.3, 0.6)]
    ids = [maker.docking(ADA, life, ligands(3)).put(platform.world) for life in lives]
    jobs = await in_thread(client.executions.wait, ids, poll_interval=0.1, timeout=40.0)
    assert [(job["executionId"], job["status"]) for job in jobs] == [(job_id, "Completed") for job_id in ids]


async def test_it_creates_a_job_and_asks_for_a_quote(client: Any) -> None:
    tool = {"tool_key": "deeporigin.docking", "tool_version": "4"}
    inputs = {"smiles_list": ligands(3)}
    job = await in_thread(client.executions.create, **tool, data={"inputs": inputs, "name": "three"})
    assert (job["status"], job["name"], job["app"]) == ("Created", "three", "python-client")
    quote = await in_thread(client.executions.create, **tool, data={"inputs": inputs, "approveAmount": -1})
    assert quote["status"] == "Quoted"
    listed = await in_thread(client.executions.list, session=job["session"])
    assert {row["executionId"] for row in listed["data"]} == {job["executionId"], quote["executionId"]}


async def test_it_knows_the_people_and_the_organization(client: Any) -> None:
    users = await in_thread(client.organizations.users)
    assert [user["authId"] for user in users] == [person["authId"] for person in PEOPLE]
    organizations = await in_thread(client.organizations.list)
    assert [organization["orgKey"] for organization in organizations] == ["example-lab"]


async def test_it_finds_every_service_healthy(client: Any) -> None:
    assert (await in_thread(client.health))["status"] == "ok"


async def test_it_searches_the_data_platform_and_the_logs(client: Any, platform: SimulatedPlatform) -> None:
    found = await in_thread(client.executions.search, tool_key="deeporigin.rbfe", with_total_count=True)
    row = found["data"][0]
    assert (row["status"], found["meta"]["total_count"]) == ("Running", 1)
    hidden = [job for job in platform.world.select() if job.execution["visibility"] == "hidden"]
    hidden_id = hidden[0].execution["executionId"]
    assert (await in_thread(client.executions.search, compute_job_id=hidden_id))["data"] == []
    shown = await in_thread(client.executions.search, compute_job_id=hidden_id, include_hidden=True)
    assert len(shown["data"]) == 1
    reports = await in_thread(client.progress_reports.get, row["compute_job_id"])
    assert reports["data"][0]["compute_job_id"] == row["compute_job_id"]


async def test_it_finds_the_log_of_a_job_and_so_do_we(client: Any, platform: SimulatedPlatform) -> None:
    """The official client's table of a log and ours have the same lines; ours has the newest first."""
    plan = JobMaker(seed=5).docking(
        ADA, Life(now() - timedelta(hours=1), runs=600, outcome=OUT_OF_MEMORY), ligands(8)
    )
    job_id = plan.put(platform.world)
    found = await in_thread(client.user_logs.search, job_id, limit=1000, with_total_count=True)
    execution = official("drug_discovery.execution").Execution
    table = execution._user_logs_dataframe(found)
    async with PlatformClient(Account(platform.base_url, platform.org, platform.token)) as ours:
        lines = await ours.logs(job_id, limit=1000)
        assert lines[:2] == await ours.logs(job_id, limit=2)
    assert len(lines) == len(table) == found["meta"]["total_count"] > 6
    assert [line.message for line in reversed(lines)] == list(table["message"])
    assert [line.level for line in reversed(lines)] == list(table["log_level"])
    assert (lines[0].level, lines[0].message) == ("error", "OOMKilled: worker 3 exceeded 32Gi")
    assert lines[-1].message == "Accepted"


async def test_it_retries_through_a_short_outage(client: Any, platform: SimulatedPlatform) -> None:
    platform.faults.add(Fault(f"GET {EXECUTIONS}", "status", status=503, times=2))
    body = await in_thread(client.executions.list, page_size=5)
    assert len(body["data"]) == 5


@pytest.mark.parametrize("refusal", ["unknown job", "expired token", "wrong organization"])
async def test_it_reads_the_message_of_an_error(
    client: Any, platform: SimulatedPlatform, refusal: str
) -> None:
    if refusal == "unknown job":
        status, message = 404, "Tool execution nothing not found."
    elif refusal == "expired token":
        platform.token = make_token(now() + timedelta(days=1))
        status, message = 401, "Unauthorized"
    else:
        platform.org = "other-lab"
        status, message = 403, "Forbidden"
    with pytest.raises(official("exceptions").DeepOriginException, match=message) as caught:
        await in_thread(client.executions.get, "nothing")
    assert caught.value.http_status == status
