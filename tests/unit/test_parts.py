"""What happens when a part of the bot, which should run as long as the bot, ends by itself."""

from __future__ import annotations

import asyncio

import pytest

from dojobbot.app import Parts
from dojobbot.errors import DojobbotError


async def broken() -> None:
    raise RuntimeError("a bug")


async def test_a_part_that_ends_ends_the_bot_with_an_error_line(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the bot was doing: the log has the cause, the person who runs it a sentence."""
    parts = Parts()
    parts.add(asyncio.create_task(broken(), name="notifier"))
    with pytest.raises(DojobbotError, match="notifier ended by itself"):
        await parts.during(asyncio.sleep(3600))
    assert caplog.messages == ["the notifier ended by itself"]
    assert "a bug" in caplog.text


async def test_work_gives_its_result_or_its_error_while_the_parts_run() -> None:
    """Parts that run disturb nobody."""
    parts = Parts()
    part = asyncio.create_task(asyncio.sleep(3600), name="notifier")
    parts.add(part)
    assert await parts.during(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(RuntimeError):
        await parts.during(broken())
    part.cancel()


async def test_giving_up_gives_up_the_work() -> None:
    """As a signal does."""
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    task = asyncio.create_task(Parts().during(work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
