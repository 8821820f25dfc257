"""What people see when the platform or Slack is slow, refuses, or loses an answer; and the audit."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.jobs import NO_FUNDS
from dojobbot.simulator.slack_api.world import ADA, BORIS, CHEN, DALIA, GENERAL
from tests.acceptance.stage import ENDS_WITHIN, Stage, labels, shown, stage

QUOTE = {
    "anyFailed": False,
    "failedQuotations": [],
    "successfulQuotations": [{"itemCode": "DOCK-001", "priceTotal": 46.0}],
}
GETS = "GET /tools/*/executions/*"


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """A running bot."""
    async with stage(tmp_path, faults=Faults()) as built:
        await built.start()
        yield built


def audit(set_up: Stage) -> list[tuple[str, str, str]]:
    """Who tried what, and what came of it, oldest first."""
    with closing(sqlite3.connect(set_up.folder / "bot.db")) as database:
        return database.execute("SELECT user_id, kind, outcome FROM audit ORDER BY id").fetchall()


def acts(set_up: Stage, verb: str) -> int:
    """How often the platform was asked to cancel or confirm."""
    return sum(served.path.endswith(verb) for served in set_up.platform.requests)


def faults(set_up: Stage) -> Faults:
    assert set_up.platform.faults is not None
    return set_up.platform.faults


async def test_a_slow_press_never_replaces_what_everyone_sees(set_up: Stage) -> None:
    """Neither a ping nor a live card nor a list: the answer comes below, to the presser alone."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("BRD series is running", user=BORIS)
    faults(set_up).add(Fault(GETS, "slow", seconds=3))
    await set_up.press(posted, "Notify me", user=BORIS)
    await set_up.sees("Asking Deep Origin", user=BORIS)
    answer = await set_up.sees("I'll tell you here", user=BORIS)
    assert answer["is_ephemeral"]
    now = next(message for message in set_up.messages(user=ADA) if message["ts"] == posted["ts"])
    assert "I'll tell you here" not in shown(now)
    assert "Notify me" in labels(now)


async def test_a_press_is_answered_soon_whatever_hangs(set_up: Stage) -> None:
    """Private cards are redrawn with what is known, long before a call is given up."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    faults(set_up).add(Fault("GET *", "hang"))
    for control, words in (("Notify me", "does not answer right now"), ("Cancel job", "Asking Deep Origin")):
        began = time.monotonic()
        await set_up.press(card, control, confirm=True if control == "Cancel job" else None)
        await set_up.sees("BRD series", words)
        assert time.monotonic() - began < 8
    card = await set_up.sees("Nothing was sent", "BRD series is running")
    assert acts(set_up, ":cancel") == 0
    assert "Cancel job" in labels(card)
    assert "requested" not in shown(card)


async def test_a_failed_look_sends_nothing_and_says_so(set_up: Stage) -> None:
    """Nobody is told that a cancel is under way when it is not, and it can be asked for again at once."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    card = await set_up.card(job_id)
    faults(set_up).add(Fault(GETS, "status", status=401))
    await set_up.press(card, "Cancel job", confirm=True)
    card = await set_up.sees("Nothing was sent", "DO_AUTH_TOKEN")
    assert not any("requested" in shown(message) for message in set_up.messages(user=BORIS))
    faults(set_up).clear()
    await set_up.press(card, "Cancel job", confirm=True)
    await set_up.sees("Cancelled by", job_id[:8])
    assert acts(set_up, ":cancel") == 1


async def test_an_old_button_takes_no_credit(set_up: Stage) -> None:
    """Chen approved; Ada's old Approve changes nothing, neither on the card nor in the audit."""
    job_id = set_up.running_job("KRAS library", status="Quoted", startedAt=None, quotationResult=QUOTE)
    old = await set_up.card(job_id)
    chens = await set_up.card(job_id, user=CHEN)
    await set_up.press(chens, "Approve", user=CHEN, confirm=True)
    await set_up.sees("Approved by", user=CHEN)
    await set_up.press(old, "Approve", confirm=True)
    card = await set_up.sees("has moved on", "Nothing was done", f"Approved by <@{CHEN}>")
    assert f"Approved by <@{ADA}>" not in shown(card)
    assert acts(set_up, ":confirm") == 1
    first, second = audit(set_up)
    assert first == (CHEN, "approve", "approved")
    assert second[:2] == (ADA, "approve")
    assert "moved on" in second[2]


async def test_funds_that_are_missing_are_told_with_the_state_they_left(set_up: Stage) -> None:
    """Said inside an HTTP 200: the card shows the new status, and offers no second try."""
    job_id = set_up.running_job(
        "KRAS library",
        status="Quoted",
        startedAt=None,
        quotationResult=QUOTE,
        confirmed=[(0, NO_FUNDS.fields)],
    )
    card = await set_up.card(job_id)
    await set_up.press(card, "Approve", confirm=True)
    card = await set_up.sees("Deep Origin refused", "administrator", job_id[:8])
    assert "Approve" not in labels(card)
    assert "nsufficient funds" in shown(card)


async def test_an_approval_whose_answer_is_lost_is_not_repeated(set_up: Stage) -> None:
    """The job is read instead, and the card says what became of it."""
    job_id = set_up.running_job("KRAS library", status="Quoted", startedAt=None, quotationResult=QUOTE)
    card = await set_up.card(job_id)
    faults(set_up).add(Fault("PATCH *:confirm", "lost_reply", times=1))
    await set_up.press(card, "Approve", confirm=True)
    await set_up.sees("Approved by", job_id[:8])
    assert acts(set_up, ":confirm") == 1


async def test_a_cancel_whose_answer_is_lost_is_looked_after(set_up: Stage) -> None:
    """It arrived: one call is enough. It did not: it is sent once more."""
    job_id = set_up.running_job("BRD series")
    faults(set_up).add(Fault("PATCH *:cancel", "lost_reply", times=1))
    await set_up.card(job_id, verb="cancel")
    await set_up.sees("Cancelled by", job_id[:8])
    assert acts(set_up, ":cancel") == 1
    other = set_up.running_job("KRAS screen")
    faults(set_up).add(Fault("PATCH *:cancel", "status", status=503, times=1))
    await set_up.card(other, verb="cancel")
    await set_up.sees("Cancelled by", other[:8])
    assert acts(set_up, ":cancel") == 3


async def test_every_attempt_is_written_down(set_up: Stage) -> None:
    """A colleague's and a guest's as well."""
    job_id = set_up.running_job("BRD series")
    await set_up.card(job_id, verb="watch")
    posted = await set_up.sees("BRD series is running", user=BORIS)
    for presser in (BORIS, DALIA):
        await set_up.press(posted, "Cancel job", user=presser, confirm=True)
    await set_up.sees("can't cancel", user=BORIS)
    await set_up.sees("full members", user=DALIA)
    assert {(who, what) for who, what, _ in audit(set_up)} == {(BORIS, "cancel"), (DALIA, "cancel")}
    assert acts(set_up, ":cancel") == 0


async def test_errors_keep_the_card_and_its_buttons(set_up: Stage) -> None:
    """So that "try again" has something to press."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    assert set_up.slack.faults is not None
    set_up.slack.faults.add(Fault("conversations.info", "status", status=500, times=1))
    await set_up.press(card, "Notify me")
    card = await set_up.sees("BRD series is running", "Try again")
    set_up.slack.faults.clear()
    await set_up.press(card, "Notify me")
    await set_up.sees("I'll tell you here", "BRD series is running")


async def test_mine_does_not_remember_old_statuses(set_up: Stage) -> None:
    """A job that ended unfollowed is not listed as running."""
    job_id = set_up.running_job("BRD series", createdAt="2026-01-02T03:04:05.678Z")
    await set_up.card(job_id)
    set_up.world.change(job_id, status="Failed", statusReason="disk full")
    await set_up.heard("went from Running to Failed")
    await set_up.slack.type_command(ADA, GENERAL, "/jobs running mine")
    await set_up.sees("No job", "running")


async def test_hidden_jobs_do_not_shorten_the_list(set_up: Stage) -> None:
    """The newest visible ones are shown, and counted."""
    for number in range(12):
        set_up.running_job(f"visible {number}", createdAt=f"2026-11-20T09:15:{number:02}.000Z")
    for number in range(5):
        set_up.running_job(f"secret {number}", visibility="hidden")
    await set_up.slack.type_command(ADA, GENERAL, "/jobs")
    listing = await set_up.sees("The 10 newest of 12 jobs")
    assert "secret" not in shown(listing)


async def test_an_unknown_full_id_shows_the_newest(set_up: Stage) -> None:
    """As an unknown beginning does."""
    set_up.running_job("BRD series")
    await set_up.slack.type_command(ADA, GENERAL, "/job 00000000-1111-2222-3333-444444444444")
    await set_up.sees("knows no job", "BRD series")


async def test_stopping_in_the_middle_of_a_press_leaves_nobody_without_a_word(set_up: Stage) -> None:
    """The answer still comes, or a sentence that it was cut short."""
    job_id = set_up.running_job("BRD series")
    card = await set_up.card(job_id)
    faults(set_up).add(Fault("GET *", "hang"))
    await set_up.press(card, "Cancel job", confirm=True)
    await set_up.sees("Asking Deep Origin", "BRD series")
    began = time.monotonic()
    assert await set_up.stop() == 0
    assert time.monotonic() - began < ENDS_WITHIN
    await set_up.sees("being restarted")
    assert not any("Traceback" in line for line in set_up.said), set_up.said
