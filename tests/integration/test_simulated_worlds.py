"""The worlds behind the simulated platform: the demo's, one for measurements, one of samples."""

import json
import re
from pathlib import Path

import pytest

from dojobbot.simulator.scenario import ADA, BATCH, HISTORY, crowded_world, demo_world
from dojobbot.simulator.world import ENDED, World
from tests.integration.platform_side import ACTIVE, Clock, calling, dock

SHAPES = Path(__file__).parents[3] / "shared" / "samples" / "executions-shapes.json"


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_changes_from_outside_are_stamped_seen_and_end_the_script(clock: Clock) -> None:
    world = World(clock)
    told: list[str] = []
    world.on_change(told.append)
    job_id = dock(world)
    clock.move(seconds=20)
    world.change(job_id, status="Hibernating")
    world.change(job_id, status="Failed", statusReason="lost its node")
    clock.move(hours=1)
    job = world.get(job_id)
    assert job is not None
    assert (job["status"], job["completedAt"]) == ("Failed", "2026-11-22T09:00:20.000Z")
    assert set(told) == {job_id}
    world.remove(job_id)
    assert world.get(job_id) is None
    assert world.select(["Failed"]) == []


async def test_the_demo_begins_with_something_of_everything_and_stays_lively(clock: Clock) -> None:
    world = demo_world(clock)
    async with calling(world) as caller:
        rows = (await caller.list(pageSize=1000))["data"]
        by_name = {row["name"]: row for row in rows}
        series = by_name["BRD series, round 3"]
        assert (series["status"], series["createdBy"]) == ("Running", ADA)
        assert len(series["userInputs"]["smiles_list"]) == 27
        assert sum(row["tag"] == "cdk2-screen" for row in rows) == BATCH
        assert sum(row["status"] in ENDED for row in rows) >= HISTORY
        statuses = {row["status"] for row in rows if row["createdBy"] == ADA}
        assert {"Running", "Quoted", "Completed", "Failed"} <= statuses
        assert {"FailedQuotation", "Cancelled", "Queued"} <= {row["status"] for row in rows}
        clock.move(seconds=70)
        assert (await caller.get(by_name["KRAS fragments"]["executionId"]))["status"] == "Completed"
        for _ in range(12):
            before = {row["executionId"] for row in (await caller.list(pageSize=1000))["data"]}
            clock.move(minutes=10)
            after = (await caller.list(pageSize=1000))["data"]
            assert len({row["executionId"] for row in after} - before) >= 4
            assert any(row["status"] == "Running" for row in after)
            created = sorted(row["createdAt"] for row in after)
            assert created[-1] <= clock.now.strftime("%Y-%m-%dT%H:%M:%S.999Z")


async def test_some_of_the_demos_jobs_were_approved_and_those_that_succeeded_are_billed(clock: Clock) -> None:
    """So its figures have a spend; and what timed out says so of no other time than it ran."""
    async with calling(demo_world(clock)) as caller:
        rows = (await caller.list(pageSize=1000))["data"]
    approved = [row for row in rows if row["startedAt"] and row["quotationResult"]]
    billed = [row for row in approved if row["status"] == "Completed"]
    assert len(approved) > len(billed) > 5
    for row in approved:
        prices = row["quotationResult"]["successfulQuotations"]
        bill = row["billingTransaction"]
        assert (bill is not None) == (row in billed)
        assert bill is None or bill["amount"] == sum(each["priceTotal"] for each in prices)
    reasons = [row["statusReason"] for row in rows if "Timed out" in str(row["statusReason"])]
    assert reasons
    assert not any(re.search(r"[0-9] ?h", reason["message"] + reason["detail"]) for reason in reasons)


@pytest.mark.skipif(not SHAPES.exists(), reason="the samples folder is not beside this checkout")
async def test_objects_of_every_known_shape_are_served_as_they_are(clock: Clock) -> None:
    samples = [entry["execution"] for entry in json.loads(SHAPES.read_text())]
    world = World(clock)
    for sample in samples:
        world.put(sample)
    async with calling(world) as caller:
        assert [await caller.get(sample["executionId"]) for sample in samples] == samples
        for field in ("createdAt", "tool", "name"):
            rows = (await caller.list(order=f"{field} asc"))["data"]
            assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, samples))
        _, found = await caller.ask("POST", "/data-platform/example-lab/executions/search", json={})
        assert len(found["data"]) == len([sample for sample in samples if sample["visibility"] == "visible"])


async def test_a_listing_of_thousands_of_active_rows_is_one_page(clock: Clock) -> None:
    world = crowded_world(clock, active=2000, ended=200)
    async with calling(world) as caller:
        body = await caller.list({"status": {"$in": ACTIVE}}, pageSize=10_000, order="createdAt desc")
    assert body["count"] == len(body["data"]) == 2000
    assert {row["status"] for row in body["data"]} == {"Running"}
