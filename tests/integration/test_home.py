"""The App Home, opened and pressed in the simulated workspace; the platform and Slack well and unwell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dojobbot.domain import Destination
from dojobbot.errors import HomeDisabled, ViewChanged
from dojobbot.simulator.scenario import BORIS
from dojobbot.simulator.slack_api import world as lab
from dojobbot.simulator.slack_api.web_api import RequestRecord
from dojobbot.slack.homescreen import HomeScreen
from dojobbot.slack.messenger import SlackMessenger
from dojobbot.slack.views import ids
from dojobbot.slack.views.home import sentence
from tests.integration.handlers_side import DEADLINE, Front, front
from tests.integration.middle import CHEMISTRY, Middle, middle

PUBLISH = "views.publish"
GET = "GET /tools/*"


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Middle]:
    async with middle(tmp_path, retry_pauses=(0.0,)) as made:
        yield made


def shown(built: Middle, user: str = lab.ADA) -> str:
    home = built.slack.home(user)
    return "" if home is None else str(home.content["blocks"])


async def opened(room: Front, *words: str, user: str = lab.ADA) -> str:
    """Open the Home, and wait until it says all these words and nothing more is coming."""
    await room.middle.slack.open_home(user)
    return await says(room, *words, user=user)


async def says(room: Front, *words: str, user: str = lab.ADA) -> str:
    try:
        await room.sees(lambda: all(word in shown(room.middle, user) for word in words))
    except TimeoutError:
        raise AssertionError(f"the Home does not say {words}: {shown(room.middle, user)}") from None
    return shown(room.middle, user)


async def press(room: Front, control: str, user: str = lab.ADA, **more: Any) -> None:
    home = room.middle.slack.home(user)
    assert home is not None
    await room.middle.slack.press_in_view(user, home.id, control, **more)


def screen(room: Front) -> HomeScreen:
    return HomeScreen(room.services, lab.ADA, lab.TEAM_ID)


def first_drawings(built: Middle) -> list[RequestRecord]:
    """What was published without regard to what was there: once for each turn."""
    return [call for call in built.calls(PUBLISH) if "hash" not in call.args]


async def test_it_shows_ones_jobs_what_one_follows_and_what_ended(room: Front, built: Middle) -> None:
    """And of other people's jobs only those that one follows."""
    mine = built.job(name="BRD series", progressReport="total_num_ligands = 900\n")
    built.job(
        "Failed", name="KRAS screen", statusReason="OOMKilled: worker 3", completedAt="2026-11-22T08:59:00Z"
    )
    followed = built.job(name="Followed", createdBy=BORIS)
    built.job(name="Neighbour", createdBy=BORIS)
    await built.follow(followed, where=CHEMISTRY)
    await built.watch(mine)
    said = await opened(room, "BRD series", "KRAS screen", ">OOMKilled", "Followed")
    assert "*Running*" in said
    assert f"I tell you in <#{lab.CHEMISTRY}>" in said
    assert f"Live card in <#{lab.GENERAL}>" in said
    assert "As of <!date^" in said
    assert "Neighbour" not in said


async def test_a_fresh_look_adds_what_was_not_stored_and_publishes_once_more(
    room: Front, built: Middle
) -> None:
    """The first drawing does not wait for it; a second opening finds nothing new and publishes once."""
    built.job(name="BRD series")
    await opened(room, "BRD series")
    await room.sees(lambda: len(built.calls(PUBLISH)) == 2)
    built.clock.advance(minutes=1)
    await opened(room)
    await room.sees(lambda: len(built.calls(PUBLISH)) == 3)
    await room.desk.close(DEADLINE)
    assert len(built.calls(PUBLISH)) == 3


async def test_refresh_draws_it_anew(room: Front, built: Middle) -> None:
    job_id = built.job(name="BRD series")
    await opened(room, "*Running*")
    built.clock.advance(minutes=1)
    built.world.change(job_id, status="Failed", statusReason="disk full")
    await press(room, ids.HOME_REFRESH)
    said = await says(room, "Nothing of yours is under way", ">disk full")
    assert "*Running*" not in said


async def test_the_menu_opens_details_whose_tabs_work(room: Front, built: Middle) -> None:
    job_id = built.job(name="BRD series", userInputs={"protein": {"$provider": "ufa", "key": "kras.pdb"}})
    await opened(room, "BRD series")
    await press(room, ids.HOME_OPEN, option=f"{job_id}|0")
    await room.modal_shows("▸ Status", job_id[:8])
    await room.press_in_modal(ids.in_details(ids.SWITCH, ids.INPUTS))
    await room.modal_shows("kras.pdb")


async def test_a_choice_that_comes_too_late_is_told_in_the_home(room: Front, built: Middle) -> None:
    job_id = built.job(name="BRD series")
    await opened(room, "BRD series")
    built.slack_fault("views.open", "slow", seconds=1, times=1)
    await press(room, ids.HOME_OPEN, option=f"{job_id}|0")
    built.clock.advance(seconds=4)
    assert "BRD series" in await says(room, "Press the button again")


async def test_an_empty_home_says_what_to_do(room: Front, built: Middle) -> None:
    built.job(name="Neighbour", createdBy=BORIS)
    await opened(room, "You have no jobs here yet", "/jobs")


async def test_a_guest_is_told_politely_and_nothing_else(room: Front, built: Middle) -> None:
    await built.follow(built.job(name="BRD series"), user=lab.DALIA)
    said = await opened(room, "only work for full members", user=lab.DALIA)
    assert "BRD" not in said
    assert len(built.platform.requests) == 1, "nothing more was asked for a guest"


async def test_somebody_of_another_organisation_is_told_so(room: Front) -> None:
    await opened(room, "members of the workspace that installed me", user=lab.EMEKA)


async def test_who_can_not_be_identified_is_shown_nothing(room: Front, built: Middle) -> None:
    await built.follow(built.job(name="BRD series"))
    built.slack_fault("users.info", "status", status=503)
    said = await opened(room, "Slack")
    assert "BRD series" not in said


async def test_whose_address_matches_nobody_is_told_which_and_sees_what_they_follow(
    room: Front, built: Middle
) -> None:
    await built.follow(
        built.job(name="BRD series"), user=lab.MALLORY, where=Destination(built.slack.dm(lab.MALLORY))
    )
    said = await opened(room, "mallory@example.org", "not confirmed", user=lab.MALLORY)
    assert "BRD series" in said
    assert "I tell you in our direct messages" in said


async def test_a_hanging_platform_leaves_what_is_stored(room: Front, built: Middle) -> None:
    """At once; a few seconds later it says that this is not the newest."""
    built.job(name="BRD series")
    await opened(room, "BRD series")
    await room.sees(lambda: len(built.calls(PUBLISH)) == 2)
    built.clock.advance(hours=1)
    built.platform_fault(GET, kind="hang")
    before = len(built.calls(PUBLISH))
    await built.slack.open_home(lab.ADA)
    await room.sees(lambda: len(built.calls(PUBLISH)) == before + 1)
    assert "BRD series" in shown(built)
    await says(room, "Deep Origin does not answer right now", "BRD series")


async def test_who_is_who_may_be_unknown_and_what_is_followed_is_shown_all_the_same(
    room: Front, built: Middle
) -> None:
    """When the platform was never heard of; it mends with Refresh."""
    await built.follow(built.job(name="Followed", createdBy=BORIS))
    built.job(name="BRD series")
    built.platform_fault("*", kind="status", status=503)
    said = await opened(room, "I can't tell yet which jobs are yours", "does not answer")
    assert "Followed" in said
    built.platform.faults.clear()
    await press(room, ids.HOME_REFRESH)
    assert "can't tell" not in await says(room, "BRD series")


async def test_a_lag_of_the_watcher_is_said(room: Front, built: Middle) -> None:
    await built.watcher.tick()
    built.clock.advance(hours=2)
    await opened(room, "I last heard from Deep Origin 2 h ago")


async def test_an_event_that_comes_twice_is_drawn_once(room: Front, built: Middle) -> None:
    built.slack_fault("deliver events_api", "duplicate", times=1)
    await opened(room, "You have no jobs here yet")
    await room.sees(lambda: len(built.slack.event_deliveries) >= 1)
    await room.desk.close(DEADLINE)
    assert len(first_drawings(built)) == 1


async def test_a_repetition_that_overtakes_its_event_is_the_one_that_is_drawn(tmp_path: Path) -> None:
    """Slack counts it as a retry, and the first delivery comes when it was answered already."""
    async with middle(tmp_path, ack_seconds=1.0, retry_pauses=(0.0,)) as built, front(built) as room:
        changes = built.slack.subscribe()
        built.slack_fault("deliver events_api", "late", seconds=1.5, times=1)
        await opened(room, "You have no jobs here yet")
        assert built.slack.event_deliveries[0].error is not None, "the first one was not heard in time"
        acknowledged = 0
        async with asyncio.timeout(DEADLINE):
            while acknowledged < 2:
                acknowledged += (await changes.get()).kind == "ack"
        await room.desk.close(DEADLINE)
        assert len(first_drawings(built)) == 1


async def test_the_messages_tab_draws_nothing(room: Front, built: Middle) -> None:
    await built.slack.open_home(lab.ADA, "messages")
    await opened(room, "You have no jobs here yet", user=lab.BORIS)
    assert built.slack.home(lab.ADA) is None


async def test_what_is_slow_does_not_cover_what_is_newer(
    room: Front, built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """The first opening finds the platform slow; when it has an answer, the second one has drawn already."""
    await built.people.members()
    built.job(name="BRD series")
    built.platform_fault(GET, kind="slow", seconds=2, times=1)
    await opened(room, "You have no jobs here yet")
    await opened(room, "BRD series")
    await room.sees(lambda: built.calls(PUBLISH)[-1].error == "hash_conflict")
    assert "BRD series" in shown(built)
    assert caplog.records == []


async def test_a_home_that_slack_does_not_take_is_a_line_in_the_log(
    room: Front, built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is there to be told; what was shown before stays."""
    await opened(room, "You have no jobs here yet")
    await room.desk.close(DEADLINE)
    built.slack_fault(PUBLISH, "status", status=503, times=1)
    await screen(room).send(sentence("Hello."))
    assert ["could not be published" in line for line in caplog.messages] == [True]
    await screen(room).send({"type": "home", "blocks": [{"type": "no such block"}]})
    await says(room, "Slack refuses to show this here")


async def test_an_app_without_a_home_is_told_to_its_operator() -> None:
    """Slack's own word, and where it is switched on."""

    async def refuse(_request: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error": "not_enabled"})

    application = web.Application()
    application.add_routes([web.post("/views.publish", refuse)])
    async with TestServer(application) as server:
        messenger = SlackMessenger("xoxb-made-up", str(server.make_url("/")))
        with pytest.raises(HomeDisabled) as caught:
            await messenger.publish_home(lab.ADA, sentence("Hello."), seen_hash=None)
    assert "api.slack.com/apps > App Home" in caught.value.hint


async def test_publishing_heeds_the_hash(built: Middle) -> None:
    first = await built.messenger.publish_home(lab.ADA, sentence("one"), seen_hash=None)
    second = await built.messenger.publish_home(lab.ADA, sentence("two"), seen_hash=first)
    with pytest.raises(ViewChanged):
        await built.messenger.publish_home(lab.ADA, sentence("three"), seen_hash=first)
    assert second != first
    assert "two" in shown(built)
