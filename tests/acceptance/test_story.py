"""The main story, played by people in the simulated workspace against the real process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.controls import ConfirmNeeded
from dojobbot.simulator.slack_api.world import (
    ADA,
    BORIS,
    CHEN,
    DALIA,
    GENERAL,
    PARTNERS,
    RANDOM,
)
from tests.acceptance.stage import BORIS_AUTH, Stage, color, labels, shown, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot, Ada's and Boris's jobs."""
    async with stage(tmp_path, faults=Faults()) as built:
        await built.start()
        yield built


async def test_jobs_lists_by_status_under_colour_bars(set_up: Stage) -> None:
    """`/jobs` answers privately, with names, owners and the bar of each status."""
    set_up.running_job("BRD series")
    set_up.running_job("KRAS screen", owner=BORIS_AUTH, status="Failed", statusReason="out of memory")
    await set_up.slack.type_command(ADA, GENERAL, "/jobs")
    listing = await set_up.sees("BRD series", "KRAS screen", "Ada Osei", "Boris Lindqvist")
    assert listing["is_ephemeral"]
    assert {part["color"].lstrip("#") for part in listing["attachments"]} >= {"0d6efd", "dc3545"}
    assert not any("BRD series" in shown(message) for message in set_up.messages(user=BORIS))


async def test_words_narrow_and_mistakes_are_named(set_up: Stage) -> None:
    """Statuses, mine, and a suggestion for a typing mistake."""
    set_up.running_job("BRD series")
    set_up.running_job("KRAS screen", owner=BORIS_AUTH)
    await set_up.slack.type_command(BORIS, GENERAL, "/jobs running, mine")
    listing = await set_up.sees("KRAS screen", user=BORIS)
    assert "BRD series" not in shown(listing)
    await set_up.slack.type_command(BORIS, GENERAL, "/jobs runing")
    await set_up.sees("Did you mean", "running", user=BORIS)
    await set_up.slack.type_command(BORIS, GENERAL, "/jobs cancelled")
    await set_up.sees("No job", "ancelled", user=BORIS)


async def test_a_menu_opens_one_of_the_listed_jobs(set_up: Stage) -> None:
    """The list stays, and the card comes below it."""
    job_id = set_up.running_job("BRD series")
    await set_up.slack.type_command(ADA, GENERAL, "/jobs")
    listing = await set_up.sees("BRD series")
    await set_up.press(listing, "choose", option=job_id + "|0")
    card = await set_up.sees("BRD series is running", job_id[:8])
    assert {"Notify me", "Watch", "Cancel job"} <= set(labels(card))
    assert color(card) == "0d6efd"


async def test_a_job_is_found_by_prefix_and_by_a_pasted_address(set_up: Stage) -> None:
    """Six characters are enough; an unknown id shows the newest."""
    job_id = set_up.running_job("BRD series")
    await set_up.slack.type_command(ADA, GENERAL, f"/job {job_id[:6]}")
    await set_up.sees("BRD series is running")
    await set_up.slack.type_command(BORIS, GENERAL, f"/job https://platform.example/jobs/{job_id}?tab=1")
    await set_up.sees("BRD series is running", user=BORIS)
    await set_up.slack.type_command(CHEN, GENERAL, "/job abcdef12")
    await set_up.sees("No job", "abcdef12", "BRD series", user=CHEN)


async def test_notify_me_pings_once_when_the_job_ends(set_up: Stage) -> None:
    """Pressed twice it is one subscription, and one message with the mention."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    await set_up.press(card, "Notify me")
    card = await set_up.sees("I'll tell you here", "everyone sees it", "BRD series")
    assert "Stop notifying" in labels(card)
    await set_up.card(job_id, verb="notify")
    set_up.world.change(job_id, status="Failed", statusReason="em: step size too small")
    ping = await set_up.sees(f"<@{ADA}>", "BRD series", "step size too small", user=BORIS)
    assert not ping["is_ephemeral"]
    assert color(ping) == "dc3545"
    set_up.running_job("later")
    await set_up.card(set_up.running_job("a probe that later ticks have passed"))
    assert len(set_up.pings("BRD series")) == 1


async def test_notify_goes_to_the_dm_where_the_bot_is_not_a_member(set_up: Stage) -> None:
    """And says so; Watch asks for an invitation instead."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id, channel=RANDOM)
    await set_up.press(card, "Notify me")
    card = await set_up.sees("direct messages", channel=RANDOM)
    await set_up.press(card, "Watch")
    await set_up.sees("/invite", channel=RANDOM)
    set_up.world.change(job_id, status="Completed")
    await set_up.sees(f"<@{ADA}>", "BRD series", channel=set_up.slack.dm(ADA))


async def test_nothing_is_posted_in_a_channel_shared_with_others(set_up: Stage) -> None:
    """Watch and Share are refused, Notify goes to the DM."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, channel=PARTNERS, verb="watch")
    await set_up.sees("shared with another organisation", channel=PARTNERS)
    await set_up.card(job_id, channel=PARTNERS, verb="notify")
    await set_up.sees("direct messages", channel=PARTNERS)
    assert all(message["is_ephemeral"] for message in set_up.messages(PARTNERS))


async def test_a_watch_is_a_card_for_everyone_that_follows_the_job(set_up: Stage) -> None:
    """Posted, edited as the job moves, final when it ends; a job that rests on Quoted resumes."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    card = await set_up.sees("BRD series is running", user=BORIS)
    assert not card["is_ephemeral"]
    assert "Stop watching" in labels(card)
    set_up.world.change(job_id, progressReport={"complete": 62})
    await set_up.sees("62 %", user=BORIS)
    set_up.world.change(job_id, status="Completed")
    final = await set_up.sees("BRD series", "succeeded", user=BORIS)
    assert final["ts"] == card["ts"]
    assert "Cancel job" not in labels(final)


async def test_cancel_reaches_the_platform_and_everyone_sees_who_asked(set_up: Stage) -> None:
    """The dialog names the job; the watched card ends with who asked for it."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("BRD series is running", user=BORIS)
    card = await set_up.card(job_id)
    with pytest.raises(ConfirmNeeded) as asked:
        await set_up.press(card, "Cancel job")
    assert "BRD series" in str(asked.value.dialog)
    await set_up.press(card, "Cancel job", confirm=True)
    await set_up.sees("Cancelled", "BRD series", job_id[:8])
    execution = set_up.world.get(job_id)
    assert execution is not None
    assert execution["status"] == "Cancelled"
    final = await set_up.sees("BRD series", "ancelled by", f"<@{ADA}>", user=BORIS)
    assert final["ts"] == posted["ts"]


async def test_somebody_else_is_refused_and_told_whose_job_it_is(set_up: Stage) -> None:
    """Privately; an admin may; a guest gets nothing at all."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="cancel", user=BORIS)
    refusal = await set_up.sees("can't cancel", "Ada Osei", user=BORIS)
    assert refusal["is_ephemeral"]
    execution = set_up.world.get(job_id)
    assert execution is not None
    assert execution["status"] == "Running"
    await set_up.slack.type_command(DALIA, GENERAL, "/jobs")
    await set_up.sees("only work for full members", user=DALIA)
    await set_up.card(job_id, verb="cancel", user=CHEN)
    await set_up.sees("Cancelled", job_id[:8], user=CHEN)


async def test_an_old_card_says_what_happened(set_up: Stage) -> None:
    """A button on a job that has moved on redraws the card."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    set_up.world.change(job_id, status="Failed", statusReason="disk full")
    await set_up.press(card, "Notify me")
    redrawn = await set_up.sees("BRD series failed", "nothing left to follow", "disk full")
    assert redrawn["ts"] == card["ts"]
    assert "Cancel job" not in labels(redrawn)


async def test_approve_shows_the_cost_and_spends_it_once(set_up: Stage) -> None:
    """The dialog names the sum of the prices; a quote that changed is refused and shown."""
    quote = {
        "anyFailed": False,
        "failedQuotations": [],
        "successfulQuotations": [{"priceTotal": 120.0}, {"priceTotal": 64.25}],
    }
    job_id = set_up.running_job("KRAS library", status="Quoted", startedAt=None, quotationResult=quote)
    card = await set_up.card(job_id, verb="notify")
    assert "$184.25" in shown(card)
    assert "Cancel job" not in labels(card)
    dearer = {**quote, "successfulQuotations": [{"priceTotal": 500.0}]}
    set_up.world.change(job_id, quotationResult=dearer)
    await set_up.press(card, "Approve", confirm=True)
    card = await set_up.sees("The quote is $500.00 now")
    execution = set_up.world.get(job_id)
    assert execution is not None
    assert execution["status"] == "Quoted"
    await set_up.press(card, "Approve", confirm=True)
    await set_up.sees("Approved by", job_id[:8])
    confirms = [served for served in set_up.platform.requests if served.path.endswith(":confirm")]
    assert len(confirms) == 1
    set_up.world.change(job_id, status="Completed")
    await set_up.sees(f"<@{ADA}>", "KRAS library", user=BORIS)


async def test_slow_and_dead_platforms_are_said_so(set_up: Stage) -> None:
    """A placeholder when it takes long; presses are answered from what is stored."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    assert set_up.platform.faults is not None
    slow = set_up.platform.faults.add(Fault("GET /tools/*", "slow", seconds=3))
    await set_up.slack.type_command(ADA, GENERAL, "/jobs failed")
    await set_up.sees("Asking Deep Origin")
    await set_up.sees("No job")
    set_up.platform.faults.remove(slow)
    set_up.platform.faults.add(Fault("GET /tools/*", "hang"))
    await set_up.press(card, "Notify me")
    await set_up.sees("I'll tell you here", "does not answer right now")
    set_up.platform.faults.clear()
    set_up.platform.faults.release()
    set_up.world.change(job_id, status="Completed")
    await set_up.sees(f"<@{ADA}>", "BRD series", user=BORIS)


async def test_share_posts_a_card_for_everyone(set_up: Stage) -> None:
    """From the menu of a private card."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    await set_up.press(card, "menu", option="Share")
    posted = await set_up.sees("BRD series is running", f"Shared by <@{ADA}>", user=BORIS)
    assert not posted["is_ephemeral"]
    set_up.world.change(job_id, status="Failed", statusReason="disk full")
    final = await set_up.sees("BRD series failed", "disk full", user=BORIS)
    assert final["ts"] == posted["ts"]
    ended = await set_up.card(job_id)
    await set_up.press(ended, "menu", option="Share")
    await set_up.slack.wait_for(
        lambda: sum("Shared by" in shown(message) for message in set_up.messages(user=BORIS)) == 2
    )


async def test_an_empty_organisation_gets_a_sentence(set_up: Stage) -> None:
    """It says that there is nothing, and what will make something appear."""
    await set_up.slack.type_command(ADA, GENERAL, "/jobs")
    await set_up.sees("There are no jobs in this organisation yet")


async def test_several_jobs_that_begin_alike_are_offered(set_up: Stage) -> None:
    """Each with its name and a button."""
    one = set_up.running_job("one")
    set_up.running_job("two", executionId=f"{one[:8]}-0000-4000-8000-000000000000")
    await set_up.slack.type_command(ADA, GENERAL, f"/job {one[:8]}")
    choices = await set_up.sees("Several jobs", "one", "two")
    assert labels(choices).count("Open") == 2


async def test_a_live_card_rests_on_a_quote_and_goes_on(set_up: Stage) -> None:
    """It offers the approval to everyone, says who gave it, and follows the job to its end."""
    job_id = set_up.running_job("KRAS library", status="Created", startedAt=None)
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("KRAS library", "reated", user=BORIS)
    quote = {"anyFailed": False, "failedQuotations": [], "successfulQuotations": [{"priceTotal": 46.0}]}
    set_up.world.change(job_id, status="Quoted", quotationResult=quote)
    quoted = await set_up.sees("KRAS library", "$46.00", user=BORIS)
    await set_up.press(quoted, "Approve", confirm=True)
    await set_up.sees("KRAS library", f"Approved by <@{ADA}>", user=BORIS)
    set_up.world.change(job_id, status="Running")
    await set_up.sees("KRAS library is running", user=BORIS)
    set_up.world.change(job_id, status="Completed")
    final = await set_up.sees("KRAS library succeeded", user=BORIS)
    assert {posted["ts"]} == {quoted["ts"], final["ts"]}


async def test_a_posted_card_says_who_asked_until_the_platform_confirms(set_up: Stage) -> None:
    """And offers no second cancel meanwhile."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("BRD series is running", user=BORIS)
    card = await set_up.card(job_id)
    assert set_up.platform.faults is not None
    set_up.platform.faults.add(Fault("PATCH *:cancel", "slow", seconds=7, times=1))
    await set_up.press(card, "Cancel job", confirm=True)
    asked = await set_up.sees(f"Cancel requested by <@{ADA}>", user=BORIS)
    assert asked["ts"] == posted["ts"]
    assert "Cancel job" not in labels(asked)
    await set_up.sees(f"Cancelled by <@{ADA}>", user=BORIS)
