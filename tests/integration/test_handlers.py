"""What commands and presses answer when the platform or Slack is slow or refuses, and who is let in."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace

import pytest

from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack import commands
from tests.acceptance.stage import shown
from tests.integration.handlers_side import Front
from tests.integration.middle import Middle

GET = "GET /tools/*/executions/*"
LIST = "GET /tools/*/executions"
PATCH = "PATCH /tools/*"


def audit(built: Middle) -> list[tuple[str, str, str]]:
    """Who attempted what, and what came of it, oldest first."""
    with contextlib.closing(sqlite3.connect(built.database)) as database:
        return database.execute("SELECT user_id, kind, outcome FROM audit ORDER BY id").fetchall()


async def typed(room: Front, text: str, *, user: str = lab.ADA) -> str:
    """Type a command and give all that its first answer says."""
    before = len(room.middle.messages(user=user))
    await room.middle.slack.type_command(user, lab.GENERAL, text)
    await room.sees(lambda: len(room.middle.messages(user=user)) > before)
    return shown(room.middle.messages(user=user)[before])


# --- acting


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_cancel_whose_answer_is_lost_stays_open_whatever_the_second_look_says(
    room: Front, built: Middle, status: int
) -> None:
    """It may have worked, so nobody is told that it was refused; when it shows, the audit has it."""
    job_id = built.job()
    card = await room.card(job_id)
    built.platform_fault(GET, kind="slow", times=1)  # the look before the cancel
    built.platform_fault(PATCH, kind="lost_reply", times=1)
    built.platform_fault(GET, kind="status", status=status)
    await built.slack.press(lab.ADA, card["channel"], card["ts"], "Cancel job", confirm=True)
    await room.sees(lambda: "may or may not have arrived" in shown(built.messages()[-1]))
    assert "refused" not in shown(built.messages()[-1])
    built.platform.faults.clear()
    await built.watcher.tick()
    assert audit(built) == [(lab.ADA, "cancel", "cancelled")]


async def test_a_cancel_typed_by_a_guest_is_written_down(room: Front, built: Middle) -> None:
    """As a press is; what only looks is not, and what names no job of ours names nothing to write down."""
    job_id = built.job()
    await built.look_at(job_id)
    for text in (f"/job {job_id}", "/job 000000 cancel", "/job what?", f"/job {job_id[:8]} cancel"):
        assert "full members" in await typed(room, text, user=lab.DALIA)
    ((who, what, why),) = audit(built)
    assert (who, what) == (lab.DALIA, "cancel")
    assert "full members" in why


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("Succeeded", "This job has already ended, it succeeded: there is nothing to cancel."),
        (
            "Quoted",
            "This job has not started, and waits for its quote to be approved: there is nothing to cancel.",
        ),
    ],
)
@pytest.mark.parametrize("user", [lab.ADA, lab.BORIS])
async def test_who_cancels_what_cannot_be_cancelled_hears_that_whoever_it_is(
    room: Front, built: Middle, status: str, why: str, user: str
) -> None:
    """Not to ask somebody else, who could not either; and the attempt is written down."""
    said = await typed(room, f"/job {built.job(status)} cancel", user=user)
    assert why in said
    assert "can't cancel" not in said
    assert audit(built) == [(user, "cancel", why)]


async def test_who_may_not_approve_is_told_when_asking_for_it(room: Front, built: Middle) -> None:
    """Before they read a price and answer a dialog, and it is written down; the owner is shown the button."""
    job_id = built.job("Quoted", quotationResult={"successfulQuotations": [PRICED]})
    refused = await typed(room, f"/job {job_id} approve", user=lab.BORIS)
    assert "You can't approve this job. It belongs to Ada Osei" in refused
    assert "press Approve below" not in refused.replace("*", "")
    ((who, what, why),) = audit(built)
    assert (who, what) == (lab.BORIS, "approve")
    assert "can't approve" in why
    offered = await typed(room, f"/job {job_id} approve")
    assert "press Approve below" in offered.replace("*", "")
    assert len(audit(built)) == 1, "looking at it is no attempt"


PRICED = {"itemCode": "DOCK", "qty": 8, "priceEach": 1.25, "priceTotal": 10.0}
FAILED = {"itemCode": "GPU-001", "message": "No price for this item"}


async def test_a_quote_that_nobody_can_approve_sends_nobody_to_its_owner(room: Front, built: Middle) -> None:
    """Whoever types it hears what is missing and what to do; a cancel does not promise an approval either."""
    quotation = {"successfulQuotations": [PRICED], "failedQuotations": [FAILED]}
    job_id = built.job("Quoted", quotationResult=quotation)
    for user in (lab.ADA, lab.BORIS):
        said = await typed(room, f"/job {job_id} approve", user=user)
        assert "could not quote GPU-001, so there is no sum to approve. Ask for a new quote" in said
        assert "can't approve" not in said
        said = await typed(room, f"/job {job_id} cancel", user=user)
        assert "its quote has no sum that could be approved: there is nothing to cancel" in said


async def test_an_approve_of_what_has_failed_in_part_since_is_refused_with_what_to_do(
    room: Front, built: Middle
) -> None:
    """The button was drawn when all had a price; what it stands for no longer costs what it says."""
    job_id = built.job("Quoted", quotationResult={"successfulQuotations": [PRICED]})
    card = await room.card(job_id)
    built.world.change(
        job_id, quotationResult={"successfulQuotations": [PRICED], "failedQuotations": [FAILED]}
    )
    await built.slack.press(lab.ADA, card["channel"], card["ts"], "Approve", confirm=True)
    await room.sees(lambda: "Nothing was sent" in shown(built.messages()[-1]))
    said = shown(built.messages()[-1])
    assert "could not quote GPU-001, so there is no sum to approve. Ask for a new quote" in said
    assert "has an incomplete quote" in said, "the card is drawn from the store"
    assert "Approve $" not in str(built.messages()[-1])
    assert not [served for served in built.platform.requests if served.path.endswith(":confirm")]
    ((who, what, why),) = audit(built)
    assert (who, what, "GPU-001" in why) == (lab.ADA, "approve", True)


# --- while it takes long


async def test_somebody_who_is_a_guest_by_now_sees_nothing_of_the_job_while_slack_is_slow(
    room: Front, built: Middle
) -> None:
    job_id = built.job(name="SECRET SERIES")
    card = await room.card(job_id)
    built.slack.state.users[lab.ADA] = replace(built.slack.state.users[lab.ADA], is_restricted=True)
    built.world.change(job_id, status="Failed", statusReason="a secret reason")
    await built.look_at(job_id)
    built.clock.advance(minutes=6)
    built.slack_fault("users.info", "slow", seconds=3, times=1)
    await room.press(card, "Watch")
    await room.sees(lambda: "SECRET SERIES is running" not in str(built.messages()[-1]))
    assert "Asking Deep Origin" in shown(built.messages()[-1])
    assert "secret" not in str(built.messages()).lower()
    await room.sees(lambda: "full members" in shown(built.messages()[-1]))
    assert "secret" not in str(built.messages()).lower()


async def test_a_card_whose_job_was_forgotten_waits_like_any_other(room: Front, built: Middle) -> None:
    """The platform knows it still; that our row is gone is no news for anybody."""
    card = await room.card(built.job())
    with contextlib.closing(sqlite3.connect(built.database)) as database, database:
        database.execute("DELETE FROM jobs")
    built.platform_fault("GET /tools/*", kind="slow", seconds=3, times=1)
    await room.press(card, "Notify me")
    await room.sees(lambda: "BRD series is running" not in str(built.messages()[-1]))
    assert "Asking Deep Origin" in shown(built.messages()[-1])
    await room.sees(lambda: "I'll tell you here" in shown(built.messages()[-1]))


@pytest.mark.usefixtures("room")
async def test_nobody_who_types_waits_much_longer_than_ten_seconds(built: Middle) -> None:
    """The platform hangs for all of them: each gets an answer, from what is stored where there is any."""
    job_id = built.job()
    await built.look_at(job_id)
    built.platform_fault("GET *", kind="hang")
    unknown = job_id[:-1] + ("0" if job_id[-1] != "0" else "1")
    for text in ("/jobs", "/jobs mine", "/jobs tag:cdk2", "/job 000000", f"/job {unknown}"):
        await built.slack.type_command(lab.ADA, lab.GENERAL, text)
    await built.slack.type_command(lab.BORIS, lab.GENERAL, f"/job {job_id[:8]}")

    def too_slow() -> int:
        return sum("too slow to answer" in each for each in built.texts())

    await built.slack.wait_for(lambda: too_slow() == 5, 30)
    await built.slack.wait_for(lambda: "what I saw last" in shown(built.messages(user=lab.BORIS)[-1]))


# --- which jobs


@pytest.mark.parametrize("words", ["tag:cdk2-screen", "session:0a0b", "tool:abfe", "mine tag:cdk2-screen"])
async def test_a_known_job_is_listed_and_watched_though_it_is_not_among_the_newest(
    room: Front, built: Middle, words: str
) -> None:
    """The list says where it looked; so does a watch that found something, and one that found nothing."""
    old = built.old_job(
        name="An old one",
        tag="CDK2-screen",
        session="0A0B-1",
        tool={"key": "deeporigin.ABFE-end-to-end", "version": "2"},
    )
    await built.look_at(old)
    for _ in range(commands.LOOKED_THROUGH + 1):
        built.job(name="A newer one")
    limit = "I looked through the newest 1,000 jobs and those I know; older ones may match, too."
    listed = await typed(room, f"/jobs {words}")
    assert f"`{old[:8]}`" in listed
    assert limit in listed
    nothing = await typed(room, "/jobs watch tag:nobody-has-it")
    assert "nothing to watch" in nothing
    assert limit in nothing
    watched = await typed(room, f"/jobs watch {words}")
    assert "A live card is on its way" in watched
    assert limit in watched
    await built.deliver()
    assert built.texts()[-1] == "An old one is running"
