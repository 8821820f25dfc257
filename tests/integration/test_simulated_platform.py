"""The simulated platform over real HTTP: what a client of the real one would see."""

import asyncio
import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import aiohttp
import pytest

from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import JobMaker, Label, Life, ligands, quoted
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import ADA, PEOPLE
from dojobbot.simulator.world import World
from tests.integration.platform_side import ACTIVE, EXECUTIONS, START, Clock, calling, dock


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_job_lives_through_its_script_as_the_clock_moves(clock: Clock) -> None:
    world = World(clock)
    job_id = dock(world)
    async with calling(world) as caller:
        assert (await caller.get(job_id))["status"] == "Created"
        clock.move(seconds=5)
        assert (await caller.get(job_id))["status"] == "Queued"
        clock.move(seconds=30)
        running = await caller.get(job_id)
        assert (running["status"], running["startedAt"]) == ("Running", "2026-11-22T09:00:10.000Z")
        assert running["progressReport"].count("ligand docked: ") == 2
        assert running["completedAt"] is None
        clock.move(days=1)
        done = await caller.get(job_id)
        assert done["status"] == "Completed"
        assert done["completedAt"] == done["updatedAt"] == "2026-11-22T09:01:50.000Z"
        assert done["progressReport"].count("ligand docked: ") == 10


async def test_cancelling_ends_a_running_job_for_good_and_leaves_completed_at_null(clock: Clock) -> None:
    world = World(clock)
    job_id = dock(world)
    clock.move(seconds=20)
    async with calling(world) as caller:
        status, body = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:cancel")
        assert (status, body["status"], body["completedAt"]) == (200, "Cancelled", None)
        clock.move(hours=1)
        assert (await caller.get(job_id))["status"] == "Cancelled"
        status, body = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:cancel")
        assert (status, body["message"]) == (409, f"Execution {job_id} is Cancelled and cannot be cancelled.")


async def test_confirming_a_quote_sets_the_job_off(clock: Clock) -> None:
    world = World(clock)
    plan = JobMaker().docking(ADA, Life(START, runs=100), ligands(4))
    job_id = quoted(plan, [("DOCK-001", 4, 30.0), ("DOCK-002", 4, 16.0625)]).put(world)
    clock.move(hours=5)
    async with calling(world) as caller:
        waiting = await caller.get(job_id)
        assert waiting["status"] == "Quoted"
        assert sum(row["priceTotal"] for row in waiting["quotationResult"]["successfulQuotations"]) == 184.25
        status, _ = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:cancel")
        assert status == 409
        status, body = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:confirm")
        assert (status, body["status"]) == (200, "Created")
        clock.move(seconds=30)
        assert (await caller.get(job_id))["status"] == "Running"
        status, body = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:confirm")
        assert (status, body["error"]) == (409, "Conflict")


async def test_confirming_without_funds_says_so_inside_a_200(clock: Clock) -> None:
    world = World(clock)
    job_id = quoted(JobMaker().abfe(ADA, Life(START, runs=100)), [("FEP", 1, 50)], funds=False).put(world)
    async with calling(world) as caller:
        status, body = await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:confirm")
        assert (status, body["status"]) == (200, "InsufficientFunds")
        assert body["statusReason"]["code"] == "CREDITS_TX.PREPARE.INSUFFICIENT"


async def test_a_listing_pages_in_order_and_counts_everything(clock: Clock) -> None:
    world = World(clock)
    ids = [dock(world, START - timedelta(minutes=age)) for age in range(7)]
    async with calling(world) as caller:
        pages = [await caller.list(order="createdAt desc", page=page, pageSize=3) for page in range(4)]
    assert [[row["executionId"] for row in page["data"]] for page in pages] == [
        ids[:3],
        ids[3:6],
        ids[6:],
        [],
    ]
    assert {page["count"] for page in pages} == {7}


async def test_nulls_come_first_in_a_descending_order_as_in_postgresql(clock: Clock) -> None:
    world = World(clock)
    ended, running = dock(world, START - timedelta(hours=1)), dock(world, START - timedelta(seconds=30))
    async with calling(world) as caller:
        rows = (await caller.list(order="completedAt desc"))["data"]
    assert [row["executionId"] for row in rows] == [running, ended]


async def test_listings_are_filtered_as_clients_of_the_platform_do(clock: Clock) -> None:
    world = World(clock)
    maker = JobMaker()
    first = maker.docking(ADA, Life(START, runs=9), ligands(2), Label("one", session="s-1", metadata={})).put(
        world
    )
    second = maker.abfe(ADA, Life(START - timedelta(hours=2), runs=9), Label("two")).put(world)
    async with calling(world) as caller:

        async def found(filter_: object) -> list[str]:
            body = await caller.list(filter_, order="createdAt desc")
            assert body["count"] == len(body["data"])
            return [row["executionId"] for row in body["data"]]

        assert await found({"status": {"$in": ["Completed", "Never"]}}) == [second]
        assert await found({"status": {"$in": ACTIVE}}) == [first]
        assert await found({"metadata": {"$exists": True, "$ne": None}}) == [first]
        assert await found({"tool": {"toolManifest": {"key": "deeporigin.abfe-end-to-end"}}}) == [second]
        assert await found({"session": "s-1"}) == [first]
        assert await found({"projectId": maker.project}) == [first, second]
        assert await found({"createdAt": {"$gt": "2026-11-22T09:00:00.000Z"}}) == []
        assert await found({"createdAt": {"$gte": "2026-11-22T09:00:00.000Z"}}) == [first]


@pytest.mark.parametrize(
    "query",
    [
        {"filter": '{"status": {"$nin": ["Failed"]}}'},
        {"filter": '{"status": "Failed"}'},
        {"filter": '{"createdBy": "ada"}'},
        {"filter": '{"createdAt": {"$gt": "2026", "$lt": "2027"}}'},
        {"filter": "{"},
        {"filter": "[]"},
        {"pageSize": "10001"},
        {"pageSize": "0"},
        {"page": "-1"},
        {"order": "createdAt"},
        {"order": "createdBy asc"},
        {"limit": "5"},
    ],
)
async def test_a_query_beyond_the_known_grammar_is_refused_aloud(clock: Clock, query: dict[str, str]) -> None:
    async with calling(World(clock)) as caller:
        status, body = await caller.ask("GET", EXECUTIONS, params=query)
    assert status == 400
    assert body["errors"][0]["source"]["parameter"] == next(iter(query))


async def test_the_progress_tree_comes_only_with_a_read_in_version_2(clock: Clock) -> None:
    world = World(clock)
    job_id = JobMaker().rbfe(ADA, Life(START, runs=1000), 6, Label("pairs")).put(world)
    clock.move(seconds=600)
    async with calling(world) as caller:
        assert json.loads((await caller.get(job_id))["progressReport"])["cmd"] == "Binding FEP"
        row = (await caller.list())["data"][0]
        assert "progressTree" not in row
        assert isinstance(row["progressReport"], str)
        tree = (await caller.get(job_id, "application/json;v=2.0"))["progressReport"]
    assert tree["status"] == "Running"
    assert [node["status"] for node in tree["children"]] == ["Completed"] * 4 + ["Running"] * 3 + ["Queued"]
    assert [leaf["displayName"] for leaf in tree["children"][4]["children"]] == [
        "solvation-fep",
        "binding-fep",
    ]


async def test_creating_a_job_answers_without_the_keys_of_its_later_life(clock: Clock) -> None:
    path = "/tools/example-lab/tools/deeporigin.docking/4/executions"
    world = World(clock, PEOPLE)
    async with calling(world) as caller:
        status, body = await caller.ask(
            "POST", path, json={"inputs": {"smiles_list": ["C", "CC"]}, "name": "two"}
        )
        assert (status, body["status"], body["name"]) == (201, "Created", "two")
        assert not {"startedAt", "completedAt", "progressReport"} & body.keys()
        clock.move(minutes=1)
        assert (await caller.get(body["executionId"]))["status"] == "Completed"
        status, body = await caller.ask("POST", path, json={"inputs": {}, "approveAmount": -1})
        assert (status, body["status"]) == (201, "Quoted")
        status, body = await caller.ask("POST", path, json={})
        assert (status, body["message"]) == (400, "inputs must be an object.")


async def test_only_its_own_token_is_let_in_until_it_expires(clock: Clock) -> None:
    world = World(clock)
    token = make_token(START, expires_in=timedelta(hours=1))
    async with calling(world, token=token) as caller:
        assert (await caller.ask("GET", EXECUTIONS))[0] == 200
        assert (await caller.ask("GET", EXECUTIONS, token="x.y.z"))[0] == 401
        assert (await caller.ask("GET", "/tools/other-lab/tools/executions"))[0] == 403
        clock.move(hours=2)
        status, body = await caller.ask("GET", EXECUTIONS)
        assert (status, body["error"]) == (401, "Unauthorized")
        assert "expired" in body["message"]


async def test_unknown_jobs_and_paths_answer_an_error_envelope(clock: Clock) -> None:
    async with calling(World(clock)) as caller:
        for method, path in (
            ("GET", f"{EXECUTIONS}/nothing"),
            ("PATCH", f"{EXECUTIONS}/nothing:cancel"),
            ("GET", "/tools/example-lab/nowhere"),
        ):
            status, body = await caller.ask(method, path)
            assert (status, body["error"]) == (404, "Not Found")
        assert (await caller.ask("PATCH", f"{EXECUTIONS}/nothing"))[0] == 400


async def test_answers_carry_the_date_of_the_worlds_clock_and_are_recorded(clock: Clock) -> None:
    async with calling(World(clock), latency=0.05) as caller:
        async with aiohttp.request("GET", caller.platform.base_url + "/tools/health") as response:
            assert (await response.json())["status"] == "ok"
            assert parsedate_to_datetime(response.headers["Date"]) == START
        await caller.list(pageSize=5)
        health, listing = caller.platform.requests
        assert (health.path, health.status, health.at) == ("/tools/health", 200, START)
        assert (listing.method, listing.path, listing.query) == ("GET", EXECUTIONS, {"pageSize": "5"})
        assert listing.seconds >= 0.05


async def test_people_and_organization_come_in_an_envelope(clock: Clock) -> None:
    async with calling(World(clock, PEOPLE)) as caller:
        _, users = await caller.ask("GET", "/entities/example-lab/organizations/users")
        _, organizations = await caller.ask("GET", "/entities/protected/organizations")
    assert [user["authId"] for user in users["data"]] == [person["authId"] for person in PEOPLE]
    assert [organization["orgKey"] for organization in organizations["data"]] == ["example-lab"]


async def test_a_lost_reply_still_cancels_and_is_recorded_as_unanswered(clock: Clock) -> None:
    world = World(clock)
    job_id = dock(world)
    async with calling(world) as caller:
        caller.platform.faults.add(Fault(f"PATCH {EXECUTIONS}/*:cancel", "lost_reply", times=1))
        with pytest.raises(aiohttp.ClientError):
            await caller.ask("PATCH", f"{EXECUTIONS}/{job_id}:cancel")
        assert caller.platform.requests[-1].status == 0
        assert (await caller.get(job_id))["status"] == "Cancelled"


async def test_a_status_fault_speaks_in_the_platforms_envelope(clock: Clock) -> None:
    async with calling(World(clock)) as caller:
        caller.platform.faults.add(
            Fault("GET /tools/*/executions", "status", status=429, retry_after=1, times=1)
        )
        status, body = await caller.ask("GET", EXECUTIONS)
        assert (status, body["error"]) == (429, HTTPStatus.TOO_MANY_REQUESTS.phrase)
        assert (await caller.ask("GET", EXECUTIONS))[0] == 200


async def test_a_fault_of_an_expired_token_speaks_as_a_real_one_does(clock: Clock) -> None:
    async with calling(World(clock)) as caller:
        caller.platform.faults.add(Fault("GET *", "expired_token", times=1))
        status, body = await caller.ask("GET", EXECUTIONS)
        assert (status, body["error"]) == (401, "Unauthorized")
        assert "expired" in body["message"]
        assert (await caller.ask("GET", EXECUTIONS))[0] == 200


async def test_stopping_cuts_a_hanging_call_and_the_same_port_serves_again(clock: Clock) -> None:
    async with calling(World(clock)) as caller:
        platform = caller.platform
        platform.faults.add(Fault("*", "hang", times=1))
        hanging = asyncio.create_task(caller.ask("POST", "/tools/example-lab/tools/x/1/executions", json={}))
        done, _ = await asyncio.wait([hanging], timeout=0.3)
        assert not done
        async with asyncio.timeout(40):
            await platform.stop()
        with pytest.raises(aiohttp.ClientError):
            await hanging
        await platform.start(port=int(platform.base_url.rpartition(":")[2]))
        assert (await caller.ask("GET", EXECUTIONS))[0] == 200


def test_a_token_that_is_no_jwt_is_refused_at_once(clock: Clock) -> None:
    with pytest.raises(ValueError, match="make_token"):
        SimulatedPlatform(World(clock), token="made-up")
