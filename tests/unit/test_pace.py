"""Time on the simulated platform: hurried, held, and always stamped by the clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dojobbot.simulator.jobs import JobMaker, Life
from dojobbot.simulator.world import TREE, World, iso

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JOB = {"executionId": "j1", "status": "Created"}
SCRIPT = [(10.0, {"status": "Running"}), (110.0, {"status": "Completed"})]


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def world(clock: Clock) -> World:
    world = World(clock)
    world.put(JOB, SCRIPT)
    return world


def status(world: World) -> object:
    job = world.get("j1")
    assert job is not None
    return job["status"]


def stamp(world: World, name: str) -> object:
    job = world.get("j1")
    assert job is not None
    return job[name]


def test_hurrying_shortens_what_is_left_and_stamps_stay_the_clocks(world: World, clock: Clock) -> None:
    clock.pass_by(10)
    world.set_speed(20)
    clock.pass_by(4.9)
    assert status(world) == "Running"
    clock.pass_by(1)
    assert status(world) == "Completed"
    assert stamp(world, "startedAt") == "2026-11-22T12:00:10.000Z"
    assert stamp(world, "completedAt") == "2026-11-22T12:00:15.000Z"


def test_held_jobs_stand_still_and_go_on_where_they_were(world: World, clock: Clock) -> None:
    clock.pass_by(60)
    world.set_speed(0)
    clock.pass_by(3600)
    assert status(world) == "Running"
    world.set_speed(1)
    clock.pass_by(49)
    assert status(world) == "Running"
    clock.pass_by(1)
    assert status(world) == "Completed"
    assert stamp(world, "completedAt") == "2026-11-22T13:01:50.000Z"


def test_a_job_put_while_time_is_held_waits_and_is_stamped_now(world: World, clock: Clock) -> None:
    world.set_speed(0)
    clock.pass_by(30)
    world.put(
        {"executionId": "j2", "status": "Created"}, [(0, {"status": "Queued"}), (1, {"status": "Running"})]
    )
    job = world.get("j2")
    assert job is not None
    assert (job["status"], job["updatedAt"]) == ("Queued", "2026-11-22T12:00:30.000Z")


def test_a_job_that_began_before_is_caught_up_with_at_its_own_time(world: World, clock: Clock) -> None:
    world.set_speed(5)
    world.put({"executionId": "j2", "status": "Created"}, SCRIPT, since=clock() - timedelta(seconds=60))
    job = world.get("j2")
    assert job is not None
    assert (job["status"], job["startedAt"]) == ("Running", "2026-11-22T11:59:10.000Z")


def test_time_does_not_go_back(world: World) -> None:
    with pytest.raises(ValueError, match="back in time"):
        world.set_speed(-1)
    assert world.speed == 1


def test_a_progress_tree_tells_nothing_of_the_future_and_nothing_before_the_start(
    world: World, clock: Clock
) -> None:
    job_id = JobMaker().rbfe("auth0|ada@example.org", Life(clock(), runs=1000, queued=10), 9).put(world)
    clock.pass_by(20)
    world.set_speed(20)
    clock.pass_by(30)
    job = world.get(job_id)
    assert job is not None

    def stamps(node: dict[str, Any]) -> list[str]:
        below = [stamp for child in node["children"] for stamp in stamps(child)]
        return [node[name] for name in ("startedAt", "finishedAt") if name in node] + below

    every = stamps(job[TREE])
    assert len(every) > 10
    assert "2026-11-22T12:00:10" <= min(every) <= max(every) <= iso(clock())
