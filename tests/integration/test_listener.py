"""Streams, watcher and store together: what is heard is read at once, and what is not heard is polled."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.stream import EventStreamClient
from dojobbot.listener import JOBS_PER_STREAM, Listener
from dojobbot.simulator.slack_api.world import ADA
from tests.integration.middle import Middle, about, middle, until

PROJECT = "project-1"
STREAM = "GET /sse/*"
LISTING = "GET /tools/*/executions"
ONE_JOB = "GET /tools/*/executions/*"


@dataclass
class Naps:
    """Sleeps that the test ends."""

    taken: list[float] = field(default_factory=list)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)
        await self._over.wait()

    def end(self) -> None:
        """Wake who sleeps now."""
        self._over.set()
        self._over = asyncio.Event()


@dataclass
class Ears:
    """A listener, what it says, and the naps between its tries."""

    built: Middle
    client: EventStreamClient
    naps: Naps = field(default_factory=Naps)
    heard: list[frozenset[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listener = Listener(
            self.client,
            self.built.store,
            self.built.clock,
            leadership=self.built.leadership,
            on_change=self._hear,
            sleep=self.naps,
        )

    def _hear(self, job_ids: Collection[str]) -> None:
        self.heard.append(frozenset(job_ids))
        self.built.watcher.wake(job_ids)

    async def open(self, streams: int = 1) -> None:
        """Look at what is followed, until that many streams are open."""
        await self.listener.look()
        await until(lambda: len(self.listener.states) == streams)
        await until(lambda: all(state.open_since for state in self.listener.states))

    @property
    def trouble(self) -> str:
        """What is wrong with the one stream."""
        [state] = self.listener.states
        return state.trouble


@pytest.fixture
async def ears(tmp_path: Path) -> AsyncIterator[Ears]:
    """A watcher that does not tick for an hour, once it has been started, and a listener."""
    async with middle(tmp_path) as built, all_ears(built) as made:
        yield made


@contextlib.asynccontextmanager
async def all_ears(built: Middle, *, project_id: str | None = None) -> AsyncIterator[Ears]:
    """Make it; `project_id`: what the settings name."""
    built.clock.moment = datetime.now(UTC)
    account = Account(built.platform.base_url, built.platform.org, built.platform.token, project_id)
    async with EventStreamClient(account, now=built.clock.now) as client:
        made = Ears(built, client)
        yield made
        await made.listener.stop()
        await built.watcher.stop()


async def begin(built: Middle) -> None:
    """Let the watcher start, and wait for its first tick."""
    built.watcher.start(3600)
    async with asyncio.timeout(40):
        while await built.store.last_good_tick() is None:  # noqa: ASYNC110 - the store announces nothing
            await asyncio.sleep(0.01)


async def counted(count: Callable[[], int], wanted: int) -> None:
    """Wait until something has happened that often."""
    await until(lambda: count() == wanted)


async def ends(built: Middle, job_id: str, status: str) -> None:
    """Wait until a job is stored at a status."""
    async with asyncio.timeout(40):
        while await built.status(job_id) != status:  # noqa: ASYNC110 - the store announces nothing
            await asyncio.sleep(0.01)


async def test_an_end_is_told_without_a_tick(ears: Ears) -> None:
    """The stream wakes the watcher, which reads that one job."""
    built = ears.built
    job_id = built.job(projectId=PROJECT)
    await built.follow(job_id)
    await begin(built)
    await ears.open()
    await until(lambda: built.gets(job_id) == 2)
    built.world.change(job_id, status="Failed")
    await ends(built, job_id, "Failed")
    await built.deliver()
    assert built.texts()[0].startswith(about("BRD series failed"))
    assert len([each for each in built.platform.requests if each.path.endswith("executions")]) == 2


async def test_what_changed_before_the_stream_was_open_is_read_then(ears: Ears) -> None:
    """Nothing is replayed, so everything is read when it opens, also after a cut."""
    built = ears.built
    job_id = built.job("Hibernating", projectId=PROJECT)
    await built.follow(job_id)
    await begin(built)
    await ears.open()
    built.platform.streams.drop()
    await until(lambda: ears.naps.taken)
    assert "hung up" in ears.trouble
    built.world.change(job_id, status="Failed")
    ears.naps.end()
    await ends(built, job_id, "Failed")
    assert ears.heard == [{job_id}, {job_id}]


async def test_streams_follow_what_is_followed(ears: Ears) -> None:
    """Opened anew for another job, left alone when one has ended, closed when there is none."""
    built = ears.built
    first, second = built.job(projectId=PROJECT), built.job(projectId=PROJECT)
    elsewhere, nowhere = built.job(projectId="project-2"), built.job(projectId=None)
    await built.follow(first)
    await ears.open()
    await built.follow(second)
    await ears.listener.look()
    await until(lambda: len(ears.heard) == 2)
    for job_id in (elsewhere, nowhere):
        await built.follow(job_id)
    await ears.open(2)
    await until(lambda: len(ears.heard) == 3)
    assert ears.heard == [{first}, {first, second}, {elsewhere}]
    await built.move(first, status="Succeeded")
    await until(lambda: len(ears.heard) == 4)
    await ears.open(2)
    assert ears.heard[3:] == [{first}]
    for job_id in (second, elsewhere):
        await built.store.unsubscribe(ADA, job_id, built.clock.now())
    await ears.listener.look()
    assert ears.listener.states == ()
    await until(lambda: built.platform.streams.count == 0)
    assert ears.naps.taken == []


async def test_the_settings_name_the_project_of_jobs_that_do_not(tmp_path: Path) -> None:
    """DO_PROJECT_ID."""
    async with middle(tmp_path) as built, all_ears(built, project_id=PROJECT) as ears:
        built.platform.projects.add(PROJECT)
        await built.follow(built.job(projectId=None))
        await ears.open()
        assert ears.listener.states[0].project_id == PROJECT


async def test_tries_come_with_growing_pauses_until_a_stream_was_stable(
    ears: Ears, caplog: pytest.LogCaptureFixture
) -> None:
    """A second, doubling to thirty, each shortened by up to a half; the log has two lines."""
    built = ears.built
    await built.follow(built.job(projectId=PROJECT))
    built.platform_fault(STREAM, kind="status", status=409, times=7)
    await ears.listener.look()
    for tries in range(1, 8):
        await counted(lambda: len(ears.naps.taken), tries)
        ears.naps.end()
    await ears.open()
    for pause, longest in zip(ears.naps.taken, [1, 2, 4, 8, 16, 30, 30], strict=True):
        assert longest / 2 <= pause <= longest
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert ["can't be opened" in said[0], "is open again" in said[1], len(said)] == [True, True, 2]
    built.clock.advance(seconds=29)
    built.platform.streams.drop()
    await until(lambda: len(ears.naps.taken) == 8)
    assert ears.naps.taken[7] >= 15
    ears.naps.end()
    await ears.open()
    built.clock.advance(seconds=30)
    built.platform.streams.drop()
    await until(lambda: len(ears.naps.taken) == 9)
    assert ears.naps.taken[8] <= 1
    assert len(caplog.records) == 2


@pytest.mark.parametrize("refusal", [{"kind": "expired_token"}, {"kind": "status", "status": 404}])
async def test_a_final_refusal_is_said_once_and_polling_goes_on(
    ears: Ears, caplog: pytest.LogCaptureFixture, refusal: dict[str, object]
) -> None:
    """Other jobs of the project don't make it ask again; an hour later it does."""
    built = ears.built
    first = built.job("Hibernating", projectId=PROJECT)
    await built.follow(first)
    built.platform_fault(STREAM, **refusal)
    await ears.listener.look()
    await until(lambda: ears.naps.taken)
    await built.follow(built.job(projectId=PROJECT))
    await ears.listener.look()
    assert ears.naps.taken == [3600]
    assert "gives no event stream" in ears.trouble
    ears.naps.end()
    await until(lambda: len(ears.naps.taken) == 2)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    await built.move(first, status="Failed")
    assert await built.status(first) == "Failed"


async def test_it_can_be_stopped_and_started_again(ears: Ears) -> None:
    """As the watcher's lease comes and goes."""
    built = ears.built
    await built.follow(built.job(projectId=PROJECT))
    for _ in range(2):
        ears.listener.start()
        ears.listener.start()
        await until(lambda: built.platform.streams.count == 1)
        await ears.listener.stop()
        assert ears.listener.states == ()
        await until(lambda: built.platform.streams.count == 0)


async def test_only_the_replica_that_watches_listens(ears: Ears) -> None:
    """It closes its streams when it learns that another does, and opens them when it takes over."""
    built = ears.built
    await built.follow(built.job(projectId=PROJECT))
    ears.listener.start()
    await until(lambda: built.platform.streams.count == 1)
    built.leadership.step_back()
    ears.listener.poke()
    await until(lambda: built.platform.streams.count == 0)
    assert ears.listener.states == ()
    await built.leadership.reach()
    await until(lambda: built.platform.streams.count == 1)


async def test_a_press_makes_it_look_at_once(ears: Ears) -> None:
    """Else the stream follows the job a few seconds later."""
    ears.listener.start()
    await asyncio.sleep(0)
    await ears.built.follow(ears.built.job(projectId=PROJECT))
    ears.listener.poke()
    began = asyncio.get_running_loop().time()
    await until(lambda: ears.heard)
    assert asyncio.get_running_loop().time() - began < 3


# --- the reads that the watcher is woken for


async def test_when_many_change_a_tick_reads_them_all(ears: Ears) -> None:
    """Two listings in the place of a hundred gets."""
    built = ears.built
    jobs = [built.job(projectId=PROJECT) for _ in range(JOBS_PER_STREAM)]
    await built.store.observe([await built.client.get_job(job_id) for job_id in jobs], built.clock.now())
    await begin(built)
    before = len(built.platform.requests)
    for job_id in jobs:
        built.world.change(job_id, progressReport="one more")
    built.clock.advance(seconds=10)
    built.watcher.wake(jobs)
    await until(lambda: built.watcher.health.last_good_at == built.clock.now())
    assert len(built.platform.requests) - before == 2


async def test_who_talks_all_the_time_is_not_read_all_the_time(ears: Ears) -> None:
    """Forty reads at once, then eight a second; a job that was silent comes first."""
    built = ears.built
    noisy, quiet = built.job("Hibernating", projectId=PROJECT), built.job("Hibernating", projectId=PROJECT)
    await built.look_at(noisy)
    await built.look_at(quiet)
    await begin(built)
    start = built.gets(noisy)
    for read in range(1, 41):
        built.watcher.wake([noisy])
        await counted(lambda: built.gets(noisy) - start, read)
    built.watcher.wake([noisy, quiet])
    await asyncio.sleep(0.3)
    assert built.gets(noisy) - start == 40
    before = built.gets(quiet)
    built.clock.advance(seconds=0.13)
    await until(lambda: built.gets(quiet) == before + 1)
    assert built.gets(noisy) - start == 40


async def test_a_platform_that_wants_rest_is_left_alone(ears: Ears) -> None:
    """Whatever the stream says meanwhile; a read that is refused begins the rest."""
    built = ears.built
    job_id = built.job("Hibernating", projectId=PROJECT)
    await built.look_at(job_id)
    await begin(built)
    built.platform_fault(ONE_JOB, kind="status", status=429, retry_after=600)
    built.watcher.wake([job_id])
    await until(lambda: "left alone until" in built.watcher.health.trouble)
    asked = len(built.platform.requests)
    built.watcher.wake([job_id])
    await asyncio.sleep(0.1)
    assert len(built.platform.requests) == asked


async def test_a_job_that_is_not_found_early_is_not_gone(ears: Ears) -> None:
    """The ticks count, three in a row; events may come in a burst."""
    built = ears.built
    job_id = built.job("Hibernating", projectId=PROJECT)
    await built.follow(job_id)
    await begin(built)
    built.platform_fault(ONE_JOB, kind="status", status=404)
    for asked in range(built.gets(job_id) + 1, built.gets(job_id) + 6):
        built.watcher.wake([job_id])
        await counted(lambda: built.gets(job_id), asked)
    assert await built.status(job_id) == "Hibernating"
