"""What is sent while Slack does not say which channels other organisations can read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dojobbot.domain import Destination
from dojobbot.notifier import Notifier
from dojobbot.simulator.slack_api.world import ADA, CHEMISTRY, GENERAL, SCOPES
from tests.acceptance.stage import shown
from tests.integration.middle import CHEMISTRY as THERE
from tests.integration.middle import HERE, Middle, about, middle, until

THE_LIST = "users.conversations"
ONE = "conversations.info"


@contextlib.asynccontextmanager
async def at_work(notifier: Notifier) -> AsyncIterator[None]:
    """A notifier at work, in real time."""
    working = asyncio.create_task(notifier.run())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait({working})


@pytest.mark.parametrize("how", [{"status": 429, "retry_after": 60}, {"status": 500}])
async def test_after_a_restart_nothing_is_shown_to_others_because_slack_does_not_list_the_channels(
    built: Middle, how: dict[str, int]
) -> None:
    """Neither a message nor a change of a live card; who asked is told directly, as if the list had come."""
    job_id, card = await built.card_of("Secret series")
    built.others_come()
    built.slack_fault(THE_LIST, "status", **how, times=1)
    await built.move(job_id, status="Failed", statusReason="OOMKilled at ligand CCO")
    await built.deliver(built.another_notifier())
    assert built.messages() == [card]
    assert any(each["text"].startswith(about("Secret series failed")) for each in await built.told_directly())


async def test_nothing_is_sent_where_nobody_can_say_who_reads_it_and_all_of_it_when_somebody_can(
    built: Middle,
) -> None:
    """Once, in order, and late where it is; direct messages do not wait. Until then `/readyz` says why."""
    dm = Destination(await built.messenger.open_dm(ADA))
    for method in (THE_LIST, ONE):
        built.slack_fault(method, "status", status=500)
    await built.end("First", "Second")
    await built.end("Third", where=dm)
    for _ in range(5):
        await built.notifier.drain()
        built.clock.advance(minutes=2)
    assert built.texts() == []
    assert [each["text"].split()[1] for each in await built.told_directly()] == ["Third"]
    assert f"Whether other organisations can read {GENERAL} is not known" in built.notifier.trouble()
    built.slack.faults.clear()
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["First", "Second"]
    assert all("late by 10 min" in shown(each) for each in built.messages())
    assert built.notifier.trouble() == ""


async def test_a_scope_that_is_missing_holds_up_only_channels_of_its_kind(tmp_path: Path) -> None:
    """The list is refused for good; in public channels it can be asked channel by channel."""
    async with middle(tmp_path, scopes=SCOPES - {"groups:read"}) as built:
        await built.end("Public")
        await built.end("Private", where=THERE)
        await built.notifier.drain()
        assert [text.split()[1] for text in built.texts()] == ["Public"]
        assert built.texts(CHEMISTRY) == []
        assert "groups:read" in built.notifier.trouble()
        assert built.reasons() == []


async def test_a_question_that_hangs_delays_no_channel_for_long(built: Middle) -> None:
    """With an older list in hand each goes on with that, long before the question is given up."""
    first, second = built.job(name="First"), built.job(name="Second")
    await built.follow(first)
    await built.follow(second, where=THERE)
    await built.end("Before")
    await built.deliver()
    built.clock.advance(minutes=6)
    for method in (THE_LIST, ONE):
        built.slack_fault(method, "hang")
    built.world.change(first, status="Succeeded")
    await built.move(second, status="Succeeded")
    async with at_work(built.notifier):
        await until(lambda: len(built.texts()) == 2 and built.texts(CHEMISTRY))


async def test_the_first_list_may_hang_while_one_channel_can_be_asked_about(built: Middle) -> None:
    await built.end("First")
    built.slack_fault(THE_LIST, "hang")
    async with at_work(built.notifier):
        await until(built.texts)


async def test_what_was_known_yesterday_is_not_trusted(built: Middle) -> None:
    """A bot that had nothing to send for a day knows as little as one that was started now."""
    job_id = built.job(name="Secret series")
    await built.follow(job_id)
    await built.end("Before")
    await built.deliver()
    built.clock.advance(days=1)
    built.others_come()
    built.slack_fault(THE_LIST, "status", status=429, retry_after=60)
    built.slack_fault(ONE, "status", status=500, times=1)
    await built.move(job_id, status="Succeeded")
    await built.deliver()
    assert len(built.texts()) == 1


async def test_slack_is_asked_again_within_seconds_but_not_before_it_wants_to_be(built: Middle) -> None:
    for number in range(4):
        await built.follow(built.job(name=f"Job {number}"))
    built.slack_fault(THE_LIST, "status", status=429, retry_after=30, times=1)
    await built.end("First")
    await built.deliver()
    built.clock.advance(seconds=20)
    await built.end("Second")
    await built.deliver()
    assert len(built.calls(THE_LIST)) == 1
    built.clock.advance(seconds=20)
    await built.end("Third")
    await built.deliver()
    assert len(built.calls(THE_LIST)) == 2
    assert len(built.texts()) == 3
    assert HERE.channel_id in {call.args["channel"] for call in built.calls(ONE)}
