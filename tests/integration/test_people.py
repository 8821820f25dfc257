"""Who is who, from both sides: names come what may, rights only when both answer, caches on the clock."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import pytest

from dojobbot.domain import Job
from dojobbot.errors import PlatformUnavailable, SlackError, TokenRejected
from dojobbot.rights import person_of
from dojobbot.simulator import scenario
from dojobbot.simulator.slack_api import world as lab
from dojobbot.simulator.slack_api.people import UserGroup
from tests.integration.middle import Middle, some_people

USERS = "GET /entities/*/users"
ADAS = Job(id="a", status="Running", raw_status="Running", created_by=scenario.ADA)
BORISS = Job(id="b", status="Running", raw_status="Running", created_by=scenario.BORIS)


def member_calls(built: Middle) -> int:
    """How often the platform was asked for its members."""
    return sum(served.path.endswith("/organizations/users") for served in built.platform.requests)


# --- names


async def test_an_owner_has_a_name_and_it_is_asked_for_once_in_ten_minutes(built: Middle) -> None:
    """One call brings everybody's; a new colleague is known after the next."""
    assert await built.people.owner_name(ADAS) == "Ada Osei"
    built.world.users[1]["lastName"] = "Lindqvist-Osei"
    built.clock.advance(minutes=9, seconds=59)
    assert await built.people.owner_name(BORISS) == "Boris Lindqvist"
    assert member_calls(built) == 1
    built.clock.advance(seconds=1)
    assert await built.people.owner_name(BORISS) == "Boris Lindqvist-Osei"
    assert member_calls(built) == 2


async def test_names_survive_an_outage_of_the_platform(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """The last ones known are used, the trouble is logged once, and nobody asks at every card."""
    caplog.set_level(logging.INFO, "dojobbot.people")
    await built.people.owner_name(ADAS)
    built.platform_fault(USERS, kind="status", status=503)
    built.clock.advance(minutes=11)
    for _ in range(5):
        assert await built.people.owner_name(ADAS) == "Ada Osei"
    asked = member_calls(built)
    built.clock.advance(seconds=29)
    assert await built.people.owner_name(ADAS) == "Ada Osei"
    assert member_calls(built) == asked
    built.clock.advance(seconds=1)
    assert await built.people.owner_name(ADAS) == "Ada Osei"
    assert member_calls(built) > asked
    assert len(caplog.messages) == 1
    built.platform.faults.clear()
    built.clock.advance(seconds=30)
    built.world.users[0]["firstName"] = "Adaeze"
    assert await built.people.owner_name(ADAS) == "Adaeze Osei"


@pytest.mark.parametrize("kind", ["status", "html", "hang"])
async def test_a_name_that_was_never_known_is_read_from_the_job(built: Middle, kind: str) -> None:
    """Also when the platform just hangs: a card waits a moment and no longer."""
    built.platform_fault(USERS, kind=kind, status=502)
    async with asyncio.timeout(8):
        assert await built.people.owner_name(ADAS) == "ada@example.org"


# --- rights


async def test_owners_and_admins_may_act_and_nobody_else(built: Middle) -> None:
    """Admins by user id or through a user group; a refusal names the owner."""
    by_group = some_people(built.client, built.messenger, built.clock, admins=(lab.ADMINS, lab.MALLORY))
    assert await by_group.may_act(lab.ADA, ADAS) is None
    assert await by_group.may_act(lab.CHEN, ADAS) is None
    assert await by_group.may_act(lab.MALLORY, ADAS) is None
    assert "Ada Osei" in (await by_group.may_act(lab.BORIS, ADAS) or "")
    assert "Ada Osei" in (await built.people.may_act(lab.CHEN, ADAS) or "")


async def test_a_change_of_the_user_group_counts_after_five_minutes(built: Middle) -> None:
    """On the clock, and for both who joined and who left."""
    people = some_people(built.client, built.messenger, built.clock, admins=(lab.ADMINS,))
    assert await people.may_act(lab.CHEN, ADAS) is None
    built.slack.state.groups[lab.ADMINS] = UserGroup(lab.ADMINS, "job-admins", (lab.BORIS,))
    built.clock.advance(minutes=4, seconds=59)
    assert await people.may_act(lab.CHEN, ADAS) is None
    built.clock.advance(seconds=1)
    assert await people.may_act(lab.CHEN, ADAS) is not None
    assert await people.may_act(lab.BORIS, ADAS) is None
    assert len(built.calls("usergroups.users.list")) == 2


async def test_an_address_that_is_not_confirmed_owns_nothing(built: Middle) -> None:
    """Whoever could change a profile could cancel a colleague's job."""
    mallorys = replace(ADAS, created_by=scenario.MALLORY)
    assert "not confirmed" in (await built.people.may_act(lab.MALLORY, mallorys) or "")
    mallory = await built.people.slack_user(lab.MALLORY)
    assert not person_of(mallory, await built.people.members()).created(scenario.MALLORY)


async def test_a_right_is_not_guessed_when_the_platform_is_away(built: Middle) -> None:
    """It raises, also for the owner; and a failure is not remembered."""
    await built.people.owner_name(ADAS)
    built.clock.advance(minutes=11)
    built.platform_fault(USERS, kind="status", status=503)
    with pytest.raises(PlatformUnavailable):
        await built.people.may_act(lab.ADA, ADAS)
    built.platform.faults.clear()
    built.platform_fault(USERS, kind="status", status=403, times=1)
    with pytest.raises(TokenRejected):
        await built.people.may_act(lab.ADA, ADAS)
    assert await built.people.may_act(lab.ADA, ADAS) is None


async def test_a_right_is_not_guessed_when_slack_is_away(built: Middle) -> None:
    """For who is not known yet; a person who was just seen is known for five minutes."""
    assert await built.people.may_act(lab.ADA, ADAS) is None
    built.slack_fault("users.info", "status", status=500)
    assert await built.people.may_act(lab.ADA, ADAS) is None
    with pytest.raises(SlackError):
        await built.people.may_act(lab.BORIS, BORISS)
    built.clock.advance(minutes=5)
    with pytest.raises(SlackError):
        await built.people.stranger(lab.ADA, lab.TEAM_ID)
    built.slack.faults.clear()
    assert await built.people.stranger(lab.ADA, lab.TEAM_ID) is None


# --- strangers


@pytest.mark.parametrize(
    ("user_id", "team_id", "words"),
    [
        (lab.ADA, lab.PARTNER_TEAM_ID, "installed me"),
        (lab.EMEKA, lab.PARTNER_TEAM_ID, "installed me"),
        (lab.EMEKA, lab.TEAM_ID, "installed me"),
        (lab.EMEKA, None, "installed me"),
        (lab.DALIA, lab.TEAM_ID, "guest"),
        (lab.FATIMA, lab.TEAM_ID, "deactivated"),
        (lab.BOT, lab.TEAM_ID, "not bots"),
    ],
)
async def test_strangers_are_told_why(built: Middle, user_id: str, team_id: str | None, words: str) -> None:
    """Whatever team the payload claims for them."""
    assert words in (await built.people.stranger(user_id, team_id) or "")


async def test_who_becomes_a_guest_is_one_within_five_minutes(built: Middle) -> None:
    """Until then Slack is not asked again."""
    assert await built.people.stranger(lab.BORIS, lab.TEAM_ID) is None
    built.slack.state.users[lab.BORIS] = replace(built.slack.state.users[lab.BORIS], is_restricted=True)
    built.clock.advance(minutes=4, seconds=59)
    assert await built.people.stranger(lab.BORIS, lab.TEAM_ID) is None
    assert len(built.calls("users.info")) == 1
    built.clock.advance(seconds=1)
    assert "guest" in (await built.people.stranger(lab.BORIS, lab.TEAM_ID) or "")


async def test_a_persons_jobs_are_those_of_their_one_account(built: Middle) -> None:
    """By both of its ids; an address that two accounts share belongs to nobody."""
    ada = await built.people.slack_user(lab.ADA)
    theirs = person_of(ada, await built.people.members())
    assert theirs.creators == {scenario.ADA, built.world.users[0]["id"]}
    built.world.users.append({**built.world.users[0], "id": "another", "authId": "auth0|ada@example.org"})
    built.clock.advance(minutes=10)
    assert person_of(ada, await built.people.members()).creators == frozenset()
