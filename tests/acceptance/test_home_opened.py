"""The App Home of the real process, opened by people of the simulated workspace, in both modes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dojobbot.simulator.slack_api.world import ADA, BORIS, DALIA, GENERAL
from tests.acceptance.stage import BORIS_AUTH, DEADLINE, Stage, stage


def shown(set_up: Stage, user: str) -> str:
    home = set_up.slack.home(user)
    return "" if home is None else str(home.content["blocks"])


async def says(set_up: Stage, *words: str, user: str = ADA) -> str:
    """Wait until somebody's Home shows all these words."""
    try:
        await set_up.slack.wait_for(lambda: all(word in shown(set_up, user) for word in words), DEADLINE)
    except TimeoutError:
        raise AssertionError("\n".join([f"not shown: {words}", shown(set_up, user), *set_up.said])) from None
    return shown(set_up, user)


@pytest.mark.parametrize("link", ["socket", "http"])
async def test_people_open_their_home_and_use_it(tmp_path: Path, link: str) -> None:
    """Their jobs, what they follow, Refresh, and a job opened from the menu; a guest is turned away."""
    async with stage(tmp_path) as set_up:
        if link == "http":
            set_up.over_http()
        await set_up.start()
        if link == "http":
            assert await set_up.slack.verify_request_url(), "Slack asks before it sends events to an address"
        mine = set_up.running_job("BRD series", progressReport={"complete": 62})
        theirs = set_up.running_job("KRAS screen", owner=BORIS_AUTH)
        await set_up.card(theirs, verb="notify")
        await set_up.slack.open_home(ADA)
        said = await says(set_up, "BRD series", "62 %", "KRAS screen", f"I tell you in <#{GENERAL}>")
        assert "As of <!date^" in said
        await set_up.slack.open_home(BORIS)
        assert "BRD series" not in await says(set_up, "KRAS screen", user=BORIS)
        set_up.world.change(mine, status="Failed", statusReason="em: step size too small")
        await press(set_up, "home_refresh")
        await says(set_up, "Nothing of yours is under way", ">em: step size too small")
        await press(set_up, "home_open", option=f"{mine}|0")
        await set_up.slack.wait_for(
            lambda: any("step size" in str(each.content) for each in set_up.slack.modals(ADA)), DEADLINE
        )
        await set_up.slack.open_home(DALIA)
        assert "BRD" not in await says(set_up, "only work for full members", user=DALIA)
        assert all(each.error is None for each in set_up.slack.event_deliveries)
        assert not [line for line in set_up.said if "ERROR" in line or "WARNING" in line]


async def press(set_up: Stage, control: str, *, option: str | None = None) -> None:
    home = set_up.slack.home(ADA)
    assert home is not None
    await set_up.slack.press_in_view(ADA, home.id, control, option=option)
