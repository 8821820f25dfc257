"""Many jobs on one live card, played by people in the simulated workspace against the real process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL, PARTNERS
from tests.acceptance.stage import Stage, color, labels, shown, stage


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot."""
    async with stage(tmp_path) as built:
        await built.start()
        yield built


async def test_a_tag_is_watched_on_one_card_that_later_jobs_join(set_up: Stage) -> None:
    """Posted once, it counts, names what failed, and says the last word when the last job has ended."""
    jobs = [set_up.running_job(f"Ligand {number}", tag="CDK2-screen") for number in range(3)]
    await set_up.slack.type_command(ADA, GENERAL, "/jobs watch tag:cdk2-screen")
    await set_up.sees("One live card of 3 jobs")
    await set_up.sees("Tag CDK2-screen: 0 of 3 jobs done")
    jobs.append(set_up.running_job("Ligand 3", tag="CDK2-screen"))
    set_up.world.change(jobs[0], status="Failed", statusReason="out of memory")
    await set_up.sees("1 of 4 jobs done, 1 failed", "Ligand 0: out of memory")
    await set_up.slack.type_command(BORIS, GENERAL, "/jobs watch tag:cdk2-screen")
    await set_up.sees("a live card of these jobs here already", user=BORIS)
    for job_id in jobs[1:]:
        set_up.world.change(job_id, status="Succeeded")
    last = await set_up.sees("all 4 jobs have ended, 1 failed")
    assert color(last) == "dc3545"
    assert "Stop watching" not in labels(last)
    assert len([each for each in set_up.messages() if "Tag CDK2-screen" in shown(each)]) == 1


async def test_cards_of_jobs_started_together_become_one(set_up: Stage) -> None:
    """The fourth Watch in a channel takes the first three cards along; stopping it ends the card."""
    jobs = [set_up.running_job(f"Ligand {number}") for number in range(5)]
    for job_id in jobs[:3]:
        await set_up.slack.type_command(ADA, GENERAL, f"/job {job_id} watch")
        await set_up.sees("A live card is on its way", job_id[:8])
    await set_up.slack.type_command(ADA, GENERAL, f"/job {jobs[3]} watch")
    card = await set_up.sees("Docking jobs started together: 0 of 5 jobs done")
    await set_up.sees("takes the place of 3 cards")
    # A card that was not posted yet is not needed any more; the first one was posted at once.
    await set_up.sees("Ligand 0 is running", "Goes on in one card with the rest")
    await set_up.slack.type_command(ADA, GENERAL, f"/job {jobs[4]} watch")
    await set_up.sees("This job is on a live card here already")
    await set_up.press(card, "Stop watching", user=BORIS)
    await set_up.sees("Docking jobs started together", "Watching stopped by")
    await set_up.sees("I've stopped updating that card", user=BORIS)


async def test_what_can_not_be_watched_is_said(set_up: Stage) -> None:
    """Nothing that matches, all ended, one job only, a shared channel."""
    set_up.running_job("BRD series", status="Succeeded")
    running = set_up.running_job("KRAS screen")
    for typed, words in (
        ("/jobs watch queued", "There are no jobs that match `queued`"),
        ("/jobs watch succeeded", "have ended, so there is nothing left to watch"),
        ("/jobs watch running", "A live card is on its way"),
        ("/jobs wach running", "Did you mean `watch`"),
    ):
        await set_up.slack.type_command(ADA, GENERAL, typed)
        await set_up.sees(words)
    await set_up.sees("KRAS screen is running", "Stop watching")
    await set_up.slack.type_command(ADA, PARTNERS, f"/jobs watch session:{running[:8]}")
    await set_up.sees("shared with another organisation", channel=PARTNERS)
