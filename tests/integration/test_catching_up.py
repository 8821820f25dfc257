"""After the bot, Slack or the platform was away: all arrives once, in order, and says that it is late."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dojobbot.simulator.world import iso
from tests.acceptance.stage import shown
from tests.integration.middle import Middle, middle, until

NAMES = ["Third", "First", "Fifth", "Second", "Fourth"]
IN_ORDER = ["First", "Second", "Third", "Fourth", "Fifth"]


async def followed(built: Middle, *names: str) -> dict[str, str]:
    """Jobs that are followed: some young, some so old that only a get finds them."""
    jobs = {}
    for number, name in enumerate(names):
        jobs[name] = built.job(name=name) if number % 2 else built.old_job(name=name)
        await built.follow(jobs[name])
    await built.watcher.tick()
    return jobs


def end_in_order(built: Middle, jobs: dict[str, str]) -> None:
    """Let the jobs end a minute apart, in another order than that in which they were made."""
    for name in IN_ORDER[: len(jobs)]:
        built.clock.advance(minutes=1)
        now = iso(built.world.now())
        built.world.change(jobs[name], status="Succeeded", completedAt=now)


def told(built: Middle) -> list[str]:
    """What was told of, in this order; late, all of it."""
    texts = [shown(each) for each in built.messages()]
    assert all("late by" in each for each in texts)
    return [name for text in texts for name in sorted(IN_ORDER, key=text.find) if name in text]


async def test_what_ended_while_the_bot_was_down_is_told_in_order(built: Middle) -> None:
    """Whichever way it is read: in a listing or one by one."""
    jobs = await followed(built, *NAMES)
    end_in_order(built, jobs)
    built.clock.advance(hours=2)
    await built.another_watcher().tick()
    await built.deliver(built.another_notifier())
    assert told(built) == IN_ORDER
    assert "late by 2 h" in shown(built.messages()[-1])
    await built.watcher.tick()
    await built.deliver()
    assert told(built) == IN_ORDER


@pytest.mark.parametrize("minutes", [-30, 30])
async def test_order_holds_whatever_the_platforms_clock_says(tmp_path: Path, minutes: int) -> None:
    """How long nobody looked is told by one clock, not by the difference of two."""
    async with middle(tmp_path, clock_error=timedelta(minutes=minutes)) as built:
        jobs = await followed(built, *NAMES)
        end_in_order(built, jobs)
        built.clock.advance(minutes=4)
        await built.another_watcher().tick()
        await built.deliver(built.another_notifier())
        text = " ".join(shown(each) for each in built.messages())
        assert sorted(NAMES, key=text.index) == IN_ORDER


async def test_who_is_stopped_while_catching_up_leaves_it_to_the_next(built: Middle) -> None:
    """What was read by then is not told before what ended earlier."""
    jobs = await followed(built, *NAMES)
    end_in_order(built, jobs)
    built.clock.advance(hours=1)
    built.platform_fault(f"GET */{jobs['Third']}", kind="hang", times=1)
    before = {name: built.gets(jobs[name]) for name in ("Fourth", "Fifth")}
    stopped = built.another_watcher()
    stopped.start(600)
    await until(lambda: all(built.gets(jobs[name]) > count for name, count in before.items()))
    await until(lambda: built.platform.faults.struck)
    await stopped.stop()
    await built.another_watcher().tick()
    await built.deliver(built.another_notifier())
    assert told(built) == IN_ORDER


async def test_order_holds_however_many_ended_meanwhile(built: Middle) -> None:
    """More than one tick reads one by one otherwise; a job is told of after those that ended before it."""
    names = [f"Screen {number:03}" for number in range(250)]
    jobs = {name: built.old_job(name=name) for name in names}
    for job_id in jobs.values():
        await built.follow(job_id)
    await built.watcher.tick()
    for name in names:
        built.clock.advance(seconds=10)
        built.world.change(jobs[name], status="Succeeded", completedAt=iso(built.world.now()))
    built.clock.advance(hours=1)
    await built.another_watcher().tick()
    await built.deliver(built.another_notifier())
    texts = [shown(each) for each in built.messages()]
    assert [sum(name in text for text in texts) for name in names] == [1] * len(names)
    assert sorted(names, key=" ".join(texts).index) == names


@pytest.mark.parametrize("kind", ["refused", "status", "lost_reply"])
async def test_what_ended_while_slack_was_down_is_told_once_and_late(built: Middle, kind: str) -> None:
    """A message that was drawn at the beginning of it, too; whatever Slack did with the requests."""
    jobs = await followed(built, *NAMES)
    if kind == "refused":
        port = await built.slack_goes()
    elif kind == "status":
        built.slack_fault("*", "status", status=429, retry_after=30)
    else:
        built.slack_fault("chat.postMessage", "lost_reply", times=1)
        built.slack_fault("*", "status", status=429, retry_after=30)
    for name in IN_ORDER:
        built.clock.advance(minutes=1)
        built.world.change(jobs[name], status="Succeeded", completedAt=iso(built.world.now()))
        await built.watcher.tick()
        await built.notifier.drain()
    for _ in range(8):
        built.clock.advance(minutes=15)
        await built.notifier.drain()
    if kind == "refused":
        await built.slack.start(port=port)
    built.slack.faults.clear()
    await built.deliver()
    texts = [shown(each) for each in built.messages()]
    order = [name for text in texts for name in sorted(IN_ORDER, key=text.find) if name in text]
    assert order == IN_ORDER
    # The one whose reply was lost had arrived in time.
    late = texts[1:] if kind == "lost_reply" else texts
    assert all("late by 2 h" in each for each in late)


async def test_what_ended_while_the_platform_was_down_is_told_once_and_late(built: Middle) -> None:
    jobs = await followed(built, *NAMES)
    built.platform_fault("GET *", kind="status", status=503)
    end_in_order(built, jobs)
    await built.watcher.tick()
    built.clock.advance(hours=1)
    await built.watcher.tick()
    assert built.watcher.health.trouble
    assert built.messages() == []
    built.platform.faults.clear()
    await built.watcher.tick()
    await built.deliver()
    assert told(built) == IN_ORDER
