"""What is followed is followed through every status, and rests exactly at those that are terminal."""

from __future__ import annotations

import pytest

from dojobbot.domain import ACTIVE_STATUSES, TERMINAL
from dojobbot.slack.views.status import look
from tests.integration.middle import Middle

ACTIVE = (*(each for each in ACTIVE_STATUSES if each != "Running"), "NeverHeardOf", "Approved", "Running")
ENDS = ("Succeeded", "Completed", "Failed", "Cancelled", "FailedQuotation", "InsufficientFunds")


async def headline(built: Middle) -> str:
    """What the one card in the channel says, when all is delivered."""
    await built.deliver()
    (card,) = built.messages()
    return str(card["text"])


async def test_a_live_card_follows_through_every_status_that_is_not_terminal(built: Middle) -> None:
    job_id = built.job("Created")
    await built.watch(job_id)
    for status in ACTIVE:
        await built.move(job_id, status=status)
        assert look(status).phrase in await headline(built)
        assert len(await built.store.watches(job_id)) == 1


@pytest.mark.parametrize("status", ENDS)
async def test_a_live_card_is_done_at_every_end_and_the_job_is_left_alone(built: Middle, status: str) -> None:
    job_id = built.job()
    await built.watch(job_id)
    await built.move(job_id, status=status)
    await headline(built)
    assert await built.store.watches(job_id) == ()
    asked = built.gets(job_id)
    built.clock.advance(hours=1)
    await built.watcher.tick()
    assert built.gets(job_id) == asked


async def test_a_live_card_rests_at_a_quote_and_wakes_with_its_approval(built: Middle) -> None:
    job_id = built.job()
    await built.watch(job_id)
    await built.move(job_id, status="Quoted")
    assert "has a quote" in await headline(built)
    await built.move(job_id, status="Running")
    assert "is running" in await headline(built)


async def test_people_are_told_at_the_terminal_statuses_and_at_no_other(built: Middle) -> None:
    job_id = built.job("Created")
    await built.follow(job_id)
    for status in ACTIVE:
        await built.move(job_id, status=status)
        await built.deliver()
    assert built.messages() == []
    for told, status in enumerate((*ENDS, "Quoted"), start=1):
        job_id = built.job(name=status)
        await built.follow(job_id)
        await built.move(job_id, status=status)
        await built.deliver()
        assert len(built.messages()) == told


def test_those_are_all_the_terminal_statuses_that_the_platform_says() -> None:
    assert {*ENDS, "Quoted"} - {"Completed"} == TERMINAL - {"Gone"}
