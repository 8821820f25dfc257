"""What people do when a channel is closed to the bot: they are asked once, and choose where it goes on."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT, GENERAL
from tests.acceptance.stage import DEADLINE, Stage, labels, shown, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot."""
    async with stage(tmp_path, faults=Faults()) as built:
        await built.start()
        yield built


def dm(set_up: Stage, user: str = ADA) -> str:
    """The channel id of a person's direct messages with the bot."""
    return set_up.slack.state.dm(user, BOT).id


async def closed(set_up: Stage, *, also: str = BORIS) -> tuple[str, str]:
    """Two jobs are followed; the bot is removed, and the first one ends. Gives both ids."""
    first, second = set_up.running_job("First to end"), set_up.running_job("Second series")
    await set_up.card(first, verb="notify")
    await set_up.card(second, verb="notify")
    await set_up.card(second, verb="notify", user=also)
    await set_up.slack.remove(GENERAL)
    set_up.world.change(first, status="Failed", statusReason="disk full")
    return first, second


async def fate_is(set_up: Stage, job_id: str, user: str, *words: str) -> None:
    """Ask until the answer has these words: that a message arrived is known a moment after it is seen."""
    async with asyncio.timeout(DEADLINE):
        said = ""
        while not all(word in said for word in words):
            said = shown(await set_up.card(job_id, user=user, verb="deliveries"))


async def test_trying_again_needs_the_bot_to_be_there_and_sends_what_waited(set_up: Stage) -> None:
    """Over a crash: the choice, what is held and its fate are rows."""
    _, second = await closed(set_up)
    word = await set_up.sees("I can't post in", "Second series", channel=dm(set_up))
    assert labels(word) == ["Try again there", "Tell me here"]
    set_up.world.change(second, status="Succeeded")
    await set_up.heard(f"job {second} went from")
    await set_up.stop(signal.SIGKILL)
    await set_up.start()
    await set_up.slack.type_command(ADA, GENERAL, f"/job {second} deliveries")
    fate = await set_up.sees("Running → Succeeded", "Held since")
    assert labels(fate) == ["Open", "Try again there", "Tell me here"]
    await set_up.press(word, "Try again there")
    await set_up.sees("I'm still not in", "/invite @dojobbot", channel=dm(set_up))
    await set_up.slack.invite(ADA, GENERAL)
    await set_up.press(word, "Try again there")
    await set_up.sees("1 message that waited is on the way", channel=dm(set_up))
    # Boris wanted to be told there, too, and can be.
    await set_up.sees("Second series succeeded", f"<@{ADA}>", f"<@{BORIS}>", user=BORIS)
    await fate_is(set_up, second, BORIS, "|Sent> in <#")


async def test_being_told_in_direct_messages_instead(set_up: Stage) -> None:
    """Only one's own wishes move, and pressing again says that there is nothing left to do."""
    first, second = await closed(set_up)
    word = await set_up.sees("I can't post in", "Second series", channel=dm(set_up))
    await set_up.sees("I can't post in", "Second series", channel=dm(set_up, BORIS), user=BORIS)
    await set_up.press(word, "Tell me here")
    done = await set_up.sees("I'll tell you here from now on about 1 job", channel=dm(set_up))
    assert (done["ts"], labels(done)) == (word["ts"], [])
    set_up.world.change(second, status="Succeeded")
    await set_up.sees("Second series succeeded", channel=dm(set_up))
    assert not [each for each in set_up.messages(dm(set_up, BORIS), BORIS) if "succeeded" in shown(each)]
    await fate_is(set_up, first, ADA, "Told in direct messages instead", "|Sent> in direct messages")


async def test_answers_say_how_long_the_platform_was_not_heard(set_up: Stage) -> None:
    """From the store, so that it is true after a restart; nothing is said in good times."""
    job_id = set_up.running_job("BRD series")
    assert "I last heard" not in shown(await set_up.card(job_id))
    await set_up.stop()
    long_ago = datetime.now(UTC) - timedelta(minutes=12, seconds=5)
    with closing(sqlite3.connect(set_up.folder / "bot.db")) as database, database:
        query = "UPDATE meta SET value = ? WHERE name IN ('last_good_tick', 'last_look')"
        database.execute(query, (long_ago.isoformat(),))
    assert set_up.platform.faults is not None
    set_up.platform.faults.add(Fault("GET *", "status", status=400))
    await set_up.start()
    card = await set_up.card(job_id)
    assert "I last heard from Deep Origin 12 min ago" in shown(card)
    await set_up.slack.type_command(ADA, GENERAL, "/jobs")
    await set_up.sees("I last heard from Deep Origin 12 min", ":warning:")
