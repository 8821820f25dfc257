"""Starting, stopping, dying and coming back: what an operator sees, and that nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL
from tests.acceptance.stage import DEADLINE, ENDS_WITHIN, Stage, shown, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """Both simulators; the test starts the bot."""
    async with stage(tmp_path, faults=Faults()) as built:
        yield built


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_health_readiness_and_metrics(set_up: Stage) -> None:
    """Ready with a link to Slack; the platform's trouble is a field, not a reason to be taken down."""
    await set_up.start()
    assert (await get(set_up.address() + "/healthz"))[0] == 200
    status, body = await get(set_up.address() + "/readyz")
    assert status == 200
    assert '"platform": "ok"' in body
    assert '"notifier": "ok"' in body
    assert "dojobbot_posts_total" in (await get(set_up.address() + "/metrics"))[1]
    assert set_up.platform.faults is not None
    set_up.platform.faults.add(Fault("GET /tools/*", "status", status=401))
    await set_up.heard("watching is interrupted")
    status, body = await get(set_up.address() + "/readyz")
    assert status == 200
    assert '"platform": "ok"' not in body
    set_up.platform.faults.clear()
    await set_up.heard("watching works again")
    interruptions = [line for line in set_up.said if "interrupted" in line]
    assert len(interruptions) == 1


async def test_sigterm_ends_cleanly_and_soon(set_up: Stage) -> None:
    """Exit code 0, and no traceback on the way."""
    await set_up.start()
    began = time.monotonic()
    assert await set_up.stop() == 0
    assert time.monotonic() - began < ENDS_WITHIN
    assert not any("Traceback" in line or "ERROR" in line for line in set_up.said), set_up.said


async def test_missing_settings_are_lines_and_exit_code_two(set_up: Stage) -> None:
    """Each names its variable; nobody sees a traceback."""
    set_up.settings = {"SLACK_BOT_TOKEN": "", "DO_ORG_KEY": "", "DOJOBBOT_CONTROL": "everybody"}
    await set_up.launch()
    assert await set_up.ended() == 2
    assert [line.split()[0] for line in set_up.said] == ["SLACK_BOT_TOKEN", "DO_ORG_KEY", "DOJOBBOT_CONTROL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong"),
        ("SLACK_APP_TOKEN", "xapp-wrong"),
        ("DO_AUTH_TOKEN", "wrong"),
        ("DO_ORG_KEY", "another-lab"),
        ("DOJOBBOT_HTTP_HOST", "192.0.2.1"),
        ("DOJOBBOT_HTTP_HOST", "no-such-host.invalid"),
        ("DOJOBBOT_DATABASE_URL", "mysql://bot@db/dojobbot"),
    ],
)
async def test_a_setting_that_does_not_work_is_one_line_and_exit_code_two(
    set_up: Stage, name: str, value: str
) -> None:
    """With the variable's name, and never a token itself."""
    set_up.settings = {name: value}
    await set_up.launch()
    assert await set_up.ended() == 2
    assert name in set_up.said[-1]
    assert "Traceback" not in "\n".join(set_up.said)
    assert set_up.platform.token not in "\n".join(set_up.said)


async def test_a_second_bot_on_the_same_file_is_refused(set_up: Stage) -> None:
    """It says which file, and what to do."""
    await set_up.start()
    first, reading = set_up.process, set_up._reading
    await set_up.launch()
    assert await set_up.ended() == 1
    assert "bot.db" in set_up.said[-1]
    assert "DOJOBBOT_DATABASE_URL" in set_up.said[-1]
    set_up.process, set_up._reading = first, reading


async def test_a_database_of_another_organisation_is_refused(set_up: Stage, tmp_path: Path) -> None:
    """Its jobs would be mixed up with ours."""
    await set_up.start()
    await set_up.stop()
    with sqlite3.connect(tmp_path / "bot.db") as database:
        changed = database.execute("UPDATE meta SET value = 'another' WHERE value = 'example-lab'")
        assert changed.rowcount == 1
    database.close()
    await set_up.launch()
    assert await set_up.ended() == 1
    assert "another" in set_up.said[-1]


async def test_what_ends_while_the_bot_is_dead_is_told_after_it(set_up: Stage) -> None:
    """A subscription and a watch survive a kill; each ends with one message."""
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("BRD series is running", user=BORIS)
    await set_up.card(job_id, verb="notify")
    await set_up.stop(signal.SIGKILL)
    set_up.world.change(job_id, status="Failed", statusReason="disk full")
    await set_up.start()
    await set_up.sees(f"<@{ADA}>", "BRD series", "disk full", user=BORIS)
    final = await set_up.slack.wait_for(
        lambda: next(
            (m for m in set_up.messages(user=BORIS) if m["ts"] == posted["ts"] and "disk full" in shown(m)),
            None,
        ),
        DEADLINE,
    )
    assert final is not None
    assert len(set_up.pings("BRD series")) == 1


async def test_a_post_whose_reply_was_lost_is_not_sent_twice(set_up: Stage) -> None:
    """Killed while Slack's answer is on its way: after the restart the post is found in the history."""
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="notify")
    assert set_up.slack.faults is not None
    set_up.slack.faults.add(Fault("chat.postMessage", "lost_reply", times=1))
    set_up.world.change(job_id, status="Completed")
    await set_up.sees(f"<@{ADA}>", "BRD series", user=BORIS)
    await set_up.stop(signal.SIGKILL)
    await set_up.start()
    await set_up.slack.wait_for(
        lambda: any(record.method == "conversations.history" for record in set_up.slack.requests), DEADLINE
    )
    second = set_up.running_job("KRAS screen")
    await set_up.card(second, verb="notify")
    set_up.world.change(second, status="Completed")
    await set_up.sees(f"<@{ADA}>", "KRAS screen", user=BORIS)
    assert len(set_up.pings("BRD series")) == 1


async def test_slack_being_away_at_the_start_is_waited_for(set_up: Stage) -> None:
    """The process lives and says what it waits for; the bot starts when Slack is back, by itself."""
    port = int(set_up.slack.api_url.split(":")[2].split("/")[0])
    await set_up.slack.stop()
    await set_up.launch()
    await set_up.heard("Slack can't be reached")
    assert (await get(set_up.address() + "/healthz"))[0] == 200
    status, body = await get(set_up.address() + "/readyz")
    assert (status, '"slack": "Slack was not reached yet"' in body) == (503, True)
    await set_up.slack.start(port=port)
    await set_up.heard("running for workspace")
    assert (await get(set_up.address() + "/readyz"))[0] == 200
    assert await set_up.stop() == 0


async def test_the_platform_is_watched_while_the_socket_is_not_open(set_up: Stage) -> None:
    """Only who the bot is must be known for that."""
    assert set_up.slack.faults is not None
    set_up.slack.faults.add(Fault("apps.connections.open", "status", status=503))
    job_id = set_up.running_job("BRD series")
    await set_up.launch()
    await set_up.heard("the socket to Slack is not open")
    async with asyncio.timeout(DEADLINE):
        # Nobody announces it, so it is asked for.
        while '"platform_lag_seconds": null' in (await get(set_up.address() + "/readyz"))[1]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await get(set_up.address() + "/readyz"))[0] == 503
    set_up.slack.faults.clear()
    await set_up.heard("running for workspace")
    await set_up.card(job_id)


async def test_stopping_while_slack_is_away_is_quick(set_up: Stage) -> None:
    """SIGTERM while it waits."""
    await set_up.slack.stop()
    set_up.settings = {"SLACK_API_URL": set_up.slack.api_url}
    await set_up.launch()
    await set_up.heard("Slack can't be reached")
    assert await set_up.stop() == 0
    await set_up.slack.start()


async def test_the_socket_comes_back_after_a_drop(set_up: Stage) -> None:
    """Commands work again without a restart."""
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    set_up.slack.drop_sockets()
    await set_up.slack.wait_for(lambda: set_up.slack.socket_count == 0, DEADLINE)
    await set_up.slack.wait_for(lambda: set_up.slack.socket_count, DEADLINE)
    await set_up.card(job_id)


async def test_signed_http_does_the_same(set_up: Stage) -> None:
    """With a signing secret and no app token; a wrong signature is turned away."""
    set_up.over_http()
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    await set_up.press(card, "Notify me")
    await set_up.sees("I'll tell you here")
    await set_up.slack.type_command(ADA, GENERAL, "/jobs payload")
    await set_up.sees("payload", "help")
    async with aiohttp.ClientSession() as session:
        for stamp, signature in (("now", "v0=1"), (str(int(time.time())), "v0=é"), ("1", "v0=1")):
            response = await session.post(
                set_up.address() + "/slack/events",
                data={"command": "/jobs"},
                headers={"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature},
            )
            assert response.status == 401


async def test_stopping_waits_for_nobody_who_hangs(set_up: Stage) -> None:
    """A platform that never answers does not hold up the end."""
    await set_up.start()
    assert set_up.platform.faults is not None
    set_up.platform.faults.add(Fault("GET /tools/*", "hang"))
    typing = asyncio.create_task(set_up.slack.type_command(ADA, GENERAL, "/jobs"))
    await set_up.sees("Asking Deep Origin")
    await typing
    began = time.monotonic()
    assert await set_up.stop() == 0
    assert time.monotonic() - began < ENDS_WITHIN


async def test_a_press_that_is_being_served_is_finished(set_up: Stage, tmp_path: Path) -> None:
    """A cancel that the platform takes half a second for is not broken off, and the presser hears of it."""
    await set_up.start()
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    assert set_up.platform.faults is not None
    set_up.platform.faults.add(Fault("PATCH /tools/*", "slow", seconds=0.5))
    await set_up.press(card, "Cancel job", confirm=True)
    async with asyncio.timeout(DEADLINE):
        while not set_up.platform.faults.struck:  # noqa: ASYNC110 - the platform announces nothing
            await asyncio.sleep(0.01)
    assert await set_up.stop() == 0
    await set_up.sees("BRD series was cancelled")
    assert not any("Traceback" in line or "ERROR" in line for line in set_up.said), set_up.said
    with contextlib.closing(sqlite3.connect(tmp_path / "bot.db")) as database:
        assert database.execute("SELECT count(*) FROM actions WHERE closed_at IS NULL").fetchone() == (0,)
