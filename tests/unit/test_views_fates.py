"""`/job <id> deliveries`: the fate of each message in words, and nothing about what is not one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.domain import Destination, Job, Transition
from dojobbot.fates import Fate, Fates, Wish
from dojobbot.slack.views import ids
from dojobbot.slack.views.fates import FatesView, deliveries
from tests.unit.slack_budgets import problems
from tests.unit.view_strategies import jobs

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HERE, BOARD, DM = Destination("C0HERE"), Destination("C0BOARD"), Destination("D0ADA")
JOB = Job(id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11", status="Failed", raw_status="Failed", name="BRD")


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


ENDED = Transition(job_id=JOB.id, seq=4, old="Running", new="Failed", seen_at=ago(30))
BEGAN = Transition(job_id=JOB.id, seq=2, old="Created", new="Running", seen_at=ago(90))
FATE = Fate(transition=ENDED, destination=HERE, mentions=("U1",), owed_at=ago(30), next_send_at=ago(30))
SENT = replace(FATE, committed_at=ago(29), attempted_at=ago(29), attempts=1, settled_at=ago(28), ts="1.2")
WISH = Wish(user_id="U1", destination=HERE, created_at=ago(100), closed_at=ago(30))


def drawn(*fates: Fate, wishes: tuple[Wish, ...] = (WISH,), job: Job = JOB, link: str = "") -> dict[str, Any]:
    known = Fates(transitions=(ENDED, BEGAN), deliveries=fates, wishes=wishes)
    view = FatesView(
        job=job,
        fates=known,
        user_id="U1",
        channel_id="C0HERE",
        now=NOW,
        links={("C0HERE", "1.2"): link} if link else {},
    )
    return cast("dict[str, Any]", deliveries(view))


def said(*fates: Fate, **how: Any) -> str:
    """The paragraphs and the small print."""
    found = drawn(*fates, **how)["attachments"][0]["blocks"]
    return "\n".join(
        each["text"]["text"] if each["type"] == "section" else each["elements"][0]["text"]
        for each in found
        if each["type"] != "actions"
    )


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        (SENT, "Sent in <#C0HERE> <!date"),
        (replace(SENT, attempts=3), ", at the 3. try."),
        (replace(SENT, attempts=2, unverified=1), "perhaps 2 times: I can't read what is posted there"),
        (FATE, "Waiting to be sent in <#C0HERE> since <!date"),
        (FATE, "Next try: any moment."),
        (
            replace(FATE, attempts=2, next_send_at=ago(-5)),
            "Slack did not take it, 2 times. Next try: <!date",
        ),
        (replace(FATE, attempts=1), "Slack did not take it, once."),
        (
            replace(FATE, committed_at=ago(1), attempted_at=ago(1), attempts=1),
            "Slack has not said yet that it arrived",
        ),
        (replace(FATE, held_at=ago(30)), "Held since"),
        (
            replace(FATE, settled_at=ago(1), dead_because="is_archived"),
            "Could not be sent in <#C0HERE>: it is archived.",
        ),
        (replace(SENT, destination=DM, note="I couldn't post this there."), "_I couldn't post this there._"),
    ],
)
def test_each_fate_has_its_words(fate: Fate, words: str) -> None:
    assert words in said(fate)


def test_a_sent_message_is_linked_where_slack_gave_the_address() -> None:
    assert "<https://example.slack.com/p1|Sent> in <#C0HERE>" in said(
        SENT, link="https://example.slack.com/p1"
    )


def test_what_was_told_directly_instead_is_said() -> None:
    dead = replace(FATE, settled_at=ago(1), dead_because="is_archived")
    directly = replace(SENT, destination=DM, note="I couldn't post this there.")
    text = said(dead, directly)
    assert "it is archived. Told in direct messages instead." in text
    assert "Sent in direct messages" in text


DEAD = replace(FATE, settled_at=ago(1), dead_because="is_archived")
DIRECTLY = replace(FATE, destination=DM, note="I couldn't post this there.")
REFUSED = replace(DIRECTLY, settled_at=ago(1), dead_because="messages_tab_disabled")


@pytest.mark.parametrize(
    ("directly", "words"),
    [
        (DIRECTLY, " Being told in direct messages instead."),
        (replace(DIRECTLY, attempted_at=ago(1), attempts=1), " Being told in direct messages instead."),
        (replace(DIRECTLY, settled_at=ago(1)), " Told in direct messages instead."),
        (REFUSED, ""),
        (replace(DIRECTLY, mentions=("U2",), settled_at=ago(1)), ""),
    ],
)
def test_who_could_not_be_told_directly_either_hears_so(directly: Fate, words: str) -> None:
    """Nor is somebody told by what others were sent."""
    both = replace(DEAD, mentions=("U1", "U2"))
    text = said(both, directly)
    assert f"Could not be sent in <#C0HERE>: it is archived.{words}\n" in text
    assert text.count("direct messages instead") == bool(words)


def test_what_was_not_told_directly_because_more_had_come_of_it_says_so() -> None:
    quoted = replace(DEAD, transition=replace(BEGAN, new="Quoted"))
    text = said(quoted, replace(SENT, destination=DM))
    assert "it is archived. What came after it was told in direct messages.\n" in text
    assert "What came after it is being told in direct messages." in said(
        quoted, replace(FATE, destination=DM)
    )
    assert "What came after" not in said(quoted, replace(SENT, destination=BOARD))


def test_nothing_is_said_of_other_peoples_channels() -> None:
    """Neither a place, nor that there was a message; what was posted here for others is said."""
    elsewhere = replace(SENT, destination=BOARD, mentions=("U2",))
    theirs = replace(WISH, user_id="U2", destination=BOARD)
    text = said(elsewhere, wishes=(theirs,))
    assert "C0BOARD" not in text
    assert "you had not asked to be told" in text
    assert "It was for others." in said(replace(SENT, mentions=("U2",)), wishes=())


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ((), "you had not asked to be told"),
        ((replace(WISH, created_at=ago(5), closed_at=None),), "you asked only later"),
        ((replace(WISH, closed_at=ago(60)),), "your subscription had ended"),
        ((WISH,), "older than what I remember"),
    ],
)
def test_who_was_not_told_hears_why(wishes: tuple[Wish, ...], words: str) -> None:
    assert words in said(wishes=wishes)


def test_who_asked_for_failures_only_was_not_told_of_a_success() -> None:
    succeeded = replace(ENDED, new="Succeeded")
    only = replace(WISH, failures_only=True)
    view = FatesView(
        job=replace(JOB, status="Succeeded"),
        fates=Fates(transitions=(succeeded,), wishes=(only, replace(only, closed_at=None))),
        user_id="U1",
        channel_id="C0HERE",
        now=NOW,
    )
    text = str(deliveries(view))
    assert "you asked to be told of failures only" in text
    assert "I'll tell you in <#C0HERE> only if it fails" in text


def test_who_widened_a_wish_is_not_told_that_a_message_is_forgotten() -> None:
    """A quote went by while they wanted failures only; when they asked for more is not known."""
    quoted = replace(ENDED, new="Quoted")
    view = FatesView(
        job=replace(JOB, status="Quoted"),
        fates=Fates(transitions=(quoted,), wishes=(replace(WISH, closed_at=None),)),
        user_id="U1",
        channel_id="C0HERE",
        now=NOW,
    )
    text = str(deliveries(view))
    assert "either you asked for failures only at that time, or the message is older than" in text


def test_changes_that_nobody_is_told_of_say_so() -> None:
    assert "*Created → Running*" in said(SENT)
    assert "No message: I tell of quotes and ends only." in said(SENT)


def test_a_job_that_was_seen_too_late_says_so() -> None:
    view = FatesView(job=JOB, fates=Fates(), user_id="U1", channel_id="C0HERE", now=NOW)
    assert "When I saw it for the first time it failed already" in str(deliveries(view))


def test_a_paused_wish_can_be_decided_here() -> None:
    """Also when the job has ended, and only its message is held."""
    paused = replace(WISH, closed_at=None, paused_at=ago(20), paused_because="is_archived")
    found = drawn(wishes=(paused,))
    row = found["attachments"][0]["blocks"][-1]["elements"]
    assert [each["action_id"] for each in row] == [ids.OPEN, ids.RESUME, ids.MOVE]
    assert ids.decode_place(row[1]["value"]) == HERE
    assert "that is paused since" in said(wishes=(paused,))
    row = drawn(replace(FATE, held_at=ago(30)))["attachments"][0]["blocks"][-1]["elements"]
    assert len(row) == 3


@given(jobs(), st.integers(0, 60))
def test_any_answer_keeps_slacks_limits(job: Job, count: int) -> None:
    fates = [replace(SENT, note="It waited there.") for _ in range(count)]
    found = problems(drawn(*fates, job=job))
    assert [each for each in found if "<#C0HERE>" not in each] == []
