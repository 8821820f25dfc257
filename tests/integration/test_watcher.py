"""The watcher with its real parts: what it sees, what it must not miss, and what it says when it can't."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dojobbot.domain import GONE, JobFilter
from dojobbot.orders import JobsOrder
from dojobbot.simulator import scenario
from dojobbot.simulator.jobs import JobMaker, Life
from dojobbot.simulator.slack_api.world import ADA, BORIS
from dojobbot.simulator.world import iso
from dojobbot.watcher import GETS_AT_ONCE
from tests.acceptance.stage import shown
from tests.integration.middle import HERE, START, Middle, about, middle, until

LISTING = "GET /tools/*/executions"
ONE_JOB = "GET /tools/*/executions/*"
EXTREME_ERRORS = [timedelta(), timedelta(hours=7), timedelta(hours=-7)]


# --- what a tick reads


async def test_first_start_seeds_silently_what_is_active_and_the_last_day(built: Middle) -> None:
    """Nobody hears of it, and history further back is not fetched."""
    active = built.old_job("Running")
    yesterday = built.job("Failed", createdAt=iso(START - timedelta(hours=20)))
    long_ago = built.old_job("Succeeded")
    await built.watcher.tick()
    assert (await built.status(active), await built.status(yesterday)) == ("Running", "Failed")
    assert await built.store.job(long_ago) is None
    assert await built.store.next_due(built.clock.now()) is None
    assert await built.store.last_good_tick() == START


async def test_a_tick_reads_so_many_jobs_alone_and_the_next_one_the_others(built: Middle) -> None:
    """However many end together, the listings are not long in coming; nobody is left out."""
    ended = [built.old_job() for _ in range(GETS_AT_ONCE + 30)]
    watched, quoted = built.old_job(), built.old_job("Quoted")
    await built.store.observe(
        [await built.client.get_job(job_id) for job_id in (*ended, watched, quoted)], built.clock.now()
    )
    for job_id in (*ended, quoted):
        await built.store.subscribe(ADA, job_id, HERE, seen_seq=1, now=built.clock.now())
    await built.watch(watched)
    for job_id in ended:
        built.world.change(job_id, status="Completed")
    asked = []
    for _ in range(3):
        built.platform.requests.clear()
        await built.watcher.tick()
        asked.append({each.path.rpartition("/")[2] for each in built.platform.requests} - {"executions"})
        built.clock.advance(seconds=1)
    assert len(asked[0]) == GETS_AT_ONCE
    assert asked[1] >= {*ended, quoted} - asked[0]
    assert asked[2] == {watched}


async def test_an_end_is_told_once_and_wakes_the_notifier(built: Middle) -> None:
    """However many ticks see it."""
    job_id = built.old_job()
    await built.follow(job_id)
    built.woken.clear()
    await built.move(job_id, status="Failed")
    assert built.woken
    for _ in range(3):
        await built.watcher.tick()
    await built.deliver()
    assert [text.startswith(about("BRD series failed")) for text in built.texts()] == [True]


async def test_two_processes_that_see_one_end_at_the_same_time_tell_it_once(built: Middle) -> None:
    """The store, not the watcher, decides who was first."""
    job_id = built.old_job()
    await built.follow(job_id)
    other = built.another_watcher()
    built.world.change(job_id, status="Succeeded")
    await asyncio.gather(built.watcher.tick(), other.tick())
    await built.deliver()
    assert len(built.texts()) == 1


@pytest.mark.parametrize("status", ["Quoted", "Hibernating", "DataIngesting", "Suspended"])
async def test_a_followed_job_is_read_until_it_has_ended(built: Middle, status: str) -> None:
    """Also in a status that no listing of active jobs returns, or that nobody has heard of."""
    job_id = built.old_job()
    await built.follow(job_id)
    await built.move(job_id, status=status)
    assert await built.status(job_id) == status
    await built.watcher.tick()
    built.clock.advance(minutes=1)
    await built.move(job_id, status="Completed")
    assert await built.status(job_id) == "Succeeded"
    asked = built.gets(job_id)
    await built.watcher.tick()
    assert built.gets(job_id) == asked
    await built.deliver()
    said = built.texts()
    assert said.pop().startswith(about("BRD series succeeded"))
    assert [text.startswith(about("BRD series")) for text in said] == [True] * (status == "Quoted")


async def test_a_followed_quoted_job_is_read_once_a_minute(built: Middle) -> None:
    """Nothing happens to it for days; once approved, a listing shows it at once."""
    job_id = built.old_job("Quoted")
    await built.follow(job_id)
    asked = built.gets(job_id)
    for _ in range(13):
        await built.watcher.tick()
        built.clock.advance(seconds=10)
    assert built.gets(job_id) - asked == 3
    await built.move(job_id, status="Queued")
    assert await built.status(job_id) == "Queued"


async def test_a_job_that_nobody_follows_is_read_once_to_see_how_it_ended(built: Middle) -> None:
    """Nobody is told, but lists don't show it as running for ever."""
    job_id = built.old_job()
    await built.watcher.tick()
    assert built.gets(job_id) == 0
    for _ in range(3):
        await built.move(job_id, status="Succeeded")
    assert (await built.status(job_id), built.gets(job_id)) == ("Succeeded", 1)
    assert await built.store.next_due(built.clock.now()) is None


async def test_many_jobs_that_left_the_listing_take_turns(built: Middle) -> None:
    """Fifty a tick, and each again a minute later: those that stay as they are don't keep others waiting."""
    job_ids = [built.old_job() for _ in range(60)]
    await built.watcher.tick()
    for job_id in job_ids:
        built.world.change(job_id, status="Hibernating")
    read = []
    for _ in range(7):
        await built.watcher.tick()
        read.append(sum(built.gets(job_id) for job_id in job_ids))
        built.clock.advance(seconds=10)
    assert read == [50, 60, 60, 60, 60, 60, 110]
    assert {built.gets(job_id) for job_id in job_ids} == {1, 2}


async def test_what_is_unfollowed_is_read_no_more(built: Middle) -> None:
    """The last one to leave turns off the light."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    await built.follow(job_id, user=BORIS)
    await built.store.unsubscribe(ADA, job_id, built.clock.now())
    await built.watcher.tick()
    asked = built.gets(job_id)
    await built.store.unsubscribe(BORIS, job_id, built.clock.now())
    await built.watcher.tick()
    assert (asked, built.gets(job_id)) == (3, 3)


async def test_the_tree_of_a_watched_job_is_read_and_no_listing_flattens_it(built: Middle) -> None:
    """The card of an RBFE run moves with the tree that only a read by id brings."""
    life = Life(START - timedelta(days=2), runs=7 * 86_400, queued=10)
    job_id = JobMaker(seed=99).rbfe(scenario.ADA, life, 6).put(built.world)
    await built.watch(job_id)
    await built.watcher.tick()
    await built.deliver()
    first = await built.known(job_id)
    card = shown(built.messages()[0])
    built.clock.advance(days=2)
    await built.watcher.tick()
    await built.deliver()
    later = await built.known(job_id)
    assert first.job.progress is not None
    assert later.job.progress is not None
    assert len(later.job.progress.branches) > 6
    assert (later.job.progress.fraction or 0) > (first.job.progress.fraction or 0)
    assert shown(built.messages()[0]) != card
    listed = await built.client.list_jobs(JobFilter(statuses=frozenset({"Running"})), limit=10)
    await built.store.observe(listed.readings, built.clock.now())
    assert (await built.known(job_id)).job.progress == later.job.progress


async def test_a_project_narrows_the_listings_and_not_what_is_followed(tmp_path: Path) -> None:
    """Somebody who looked a job of another project up by its id is still told."""
    async with middle(tmp_path, project_id="project-1") as built:
        ours = built.job(projectId="project-1", name="Ours")
        theirs = built.job(projectId="project-2", name="Theirs")
        followed = built.job(projectId="project-2", name="Followed")
        await built.follow(followed)
        await built.watcher.tick()
        assert await built.status(ours) == "Running"
        assert await built.store.job(theirs) is None
        await built.move(followed, status="Failed")
        await built.deliver()
        assert built.texts()[0].startswith(about("Followed failed"))


async def test_a_hidden_job_that_is_followed_by_its_id_is_told_and_in_no_list(built: Middle) -> None:
    """Hidden means out of lists."""
    job_id = built.old_job(visibility="hidden")
    await built.follow(job_id)
    await built.move(job_id, status="Succeeded")
    await built.deliver()
    assert built.texts()[0].startswith(about("BRD series succeeded"))
    assert await built.store.jobs_of(JobsOrder(), limit=10) == ()


async def test_it_ticks_by_itself_one_tick_at_a_time_and_stops_at_once(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """A platform slower than the pause between ticks delays them, and that is no news for the log."""
    built.clock.moment = datetime.now(UTC)
    built.platform_fault(LISTING, kind="slow", seconds=0.2, times=4)
    built.platform_fault(LISTING, kind="hang")
    built.watcher.start(0.05)
    await until(lambda: built.platform.faults.struck == 6)
    async with asyncio.timeout(8):
        await built.watcher.stop()
    assert await built.store.last_good_tick() is not None
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert built.platform.faults.struck == 6


# --- jobs that are not there any more


async def test_a_job_that_is_not_found_three_times_is_gone(built: Middle) -> None:
    """Who follows it is told, its card is final, and it is asked for no more."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.follow(job_id)
    await built.deliver()
    built.world.remove(job_id)
    await built.watcher.tick()
    await built.watcher.tick()
    assert await built.status(job_id) == "Running"
    await built.watcher.tick()
    assert await built.status(job_id) == GONE
    await built.deliver()
    card, ping = built.messages()
    assert "Deep Origin does not find this job any more" in shown(ping)
    assert ping["text"].startswith(about("BRD series"))
    assert "Stop watching" not in str(card)
    assert await built.store.watches(job_id) == ()
    asked = built.gets(job_id)
    await built.watcher.tick()
    assert built.gets(job_id) == asked


@pytest.mark.parametrize("status", [401, 403])
async def test_a_job_that_may_not_be_read_is_not_gone(built: Middle, status: int) -> None:
    """A token's trouble says nothing about a job."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    built.platform_fault(ONE_JOB, kind="status", status=status)
    for _ in range(5):
        await built.watcher.tick()
    assert await built.status(job_id) == "Hibernating"
    assert await built.store.next_due(built.clock.now()) is None


@pytest.mark.parametrize("found_by", ["get", "listing"])
async def test_not_found_counts_only_in_a_row(built: Middle, found_by: str) -> None:
    """A reading in between, by id or in a listing, starts the count anew."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    for _ in range(3):
        built.platform_fault(ONE_JOB, kind="status", status=404, times=2)
        await built.watcher.tick()
        await built.watcher.tick()
        if found_by == "listing":
            await built.move(job_id, status="Running")
            built.world.change(job_id, status="Hibernating")
        else:
            await built.watcher.tick()
    assert await built.status(job_id) in {"Hibernating", "Running"}
    assert await built.store.next_due(built.clock.now()) is None


async def test_not_found_is_forgotten_when_nobody_follows(built: Middle) -> None:
    """Who follows later begins at nought."""
    job_id = built.old_job("Quoted")
    for _ in range(2):
        await built.follow(job_id)
        built.platform_fault(ONE_JOB, kind="status", status=404, times=2)
        for _ in range(2):
            built.clock.advance(minutes=1)
            await built.watcher.tick()
        await built.store.unsubscribe(ADA, job_id, built.clock.now())
        await built.watcher.tick()
    assert await built.status(job_id) == "Quoted"


async def test_a_job_in_a_listing_is_not_gone_whatever_a_get_says(built: Middle) -> None:
    """The details of a watched job may be missing while the job is there."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.follow(job_id)
    await built.deliver()
    built.platform_fault(ONE_JOB, kind="status", status=404)
    for _ in range(5):
        await built.watcher.tick()
    await built.deliver()
    assert await built.status(job_id) == "Running"
    assert len(built.messages()) == 1


async def test_listings_that_fail_count_for_nothing(built: Middle) -> None:
    """While they do, nothing is asked for by id."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    asked = built.gets(job_id)
    built.platform_fault("GET /tools/*", kind="status", status=404)
    for _ in range(5):
        await built.watcher.tick()
    assert built.gets(job_id) == asked
    assert await built.status(job_id) == "Hibernating"


async def test_a_job_that_comes_back_is_followed_again_when_asked(built: Middle) -> None:
    """Gone is the one end that is not final."""
    job_id = built.old_job("Hibernating")
    await built.follow(job_id)
    built.platform_fault(ONE_JOB, kind="status", status=404)
    for _ in range(3):
        await built.watcher.tick()
    built.platform.faults.clear()
    await built.follow(job_id)
    await built.move(job_id, status="Failed")
    await built.deliver()
    assert [text.startswith(about("BRD series failed")) for text in built.texts()] == [False, True]
