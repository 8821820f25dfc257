"""The message that a place is closed: what, why, which jobs, and what can be done."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.domain import Batch, BatchKind, Destination, Job, Subscription
from dojobbot.fates import Resumed, Stranded
from dojobbot.slack.views import ids
from dojobbot.slack.views.closed import closed, instead, paused, resumed
from tests.unit.slack_budgets import problems
from tests.unit.view_strategies import jobs

CHANNEL, THREAD = Destination("C0GENERAL1"), Destination("C0GENERAL1", "1763802900.000100")
JOB = Job(id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11", status="Running", raw_status="Running", name="BRD")


def drawn(told: tuple[Job, ...], code: str, place: Destination = CHANNEL) -> dict[str, Any]:
    return cast("dict[str, Any]", closed(Stranded(user_id="U1", told=told), place, code))


def test_more_jobs_than_can_be_named_are_counted() -> None:
    many = tuple(replace(JOB, name=f"Series {number}") for number in range(13))
    said = str(drawn(many, "is_archived"))
    assert "Series 9" in said
    assert "Series 10" not in said
    assert "and 3 more jobs" in said


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("is_archived", "unarchive <#C0GENERAL1>, and invite me"),
        ("not_in_channel", "type `/invite @dojobbot` in <#C0GENERAL1>"),
        ("restricted_action", "ask who looks after <#C0GENERAL1>"),
    ],
)
def test_it_says_what_to_do_before_trying_again(code: str, remedy: str) -> None:
    assert remedy in str(drawn((JOB,), code))


def test_the_buttons_carry_the_place() -> None:
    *_, row, _hint = drawn((JOB,), "is_archived")["attachments"][0]["blocks"]
    assert [ids.decode_place(each["value"]) for each in row["elements"]] == [CHANNEL, CHANNEL]
    *_, row = drawn((JOB,), "thread_not_found", THREAD)["attachments"][0]["blocks"]
    assert [ids.decode_place(each["value"]) for each in row["elements"]] == [THREAD]


@pytest.mark.parametrize("text", ["", "c0general1", "C1|x", "C1:", "C1:12", "C1:1.2:3", "C1 ", "C" * 40])
def test_nothing_else_is_a_place(text: str) -> None:
    assert ids.decode_place(text) is None


@pytest.mark.parametrize(("code", "told"), [("message_not_found", ()), ("is_archived", (JOB,))])
def test_a_card_of_many_jobs_is_called_by_what_they_share(code: str, told: tuple[Job, ...]) -> None:
    """Not by one of its jobs, which nobody would connect with it; beside the other cards there."""
    batch = Batch(BatchKind.TAG, "cdk2-screen")
    other = replace(JOB, name="Other")
    stranded = Stranded(
        user_id="U1", told=told, watched=(other,), batches=((batch, replace(JOB, name="Ligand 7")),)
    )
    said = str(closed(stranded, CHANNEL, code))
    assert "Tag cdk2-screen" in said
    assert "Other" in said
    assert "Ligand 7" not in said


@given(st.lists(jobs(), max_size=30).map(tuple), st.lists(jobs(), max_size=30).map(tuple), st.text())
def test_any_message_keeps_slacks_limits(told: tuple[Job, ...], watched: tuple[Job, ...], code: str) -> None:
    """With any jobs in it, and any word of Slack's."""
    batches = tuple((Batch(BatchKind.WORDS, code), each) for each in watched[1::2])
    stranded = Stranded(user_id="U1", told=told, watched=watched[::2], batches=batches)
    if told or watched:
        payload = cast("dict[str, Any]", closed(stranded, CHANNEL, code))
        assert [each for each in problems(payload) if "<#C0GENERAL1>" not in each] == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (Resumed(1, 0), ":bell: I'll tell you here about 1 job."),
        (Resumed(2, 1), ":bell: I'll tell you here about 2 jobs. 1 message that waited is on the way."),
        (Resumed(0, 2), ":bell: I'll write here. 2 messages that waited are on the way."),
    ],
)
def test_what_goes_on_is_counted(what: Resumed, words: str) -> None:
    assert resumed(what, "here") == words


def test_why_something_comes_elsewhere() -> None:
    assert instead(THREAD, "not_in_channel") == (
        "I couldn't post this in a thread in <#C0GENERAL1>: I'm not in it any more."
    )
    assert instead(CHANNEL, "odd_<!here>") == (
        "I couldn't post this in <#C0GENERAL1>: Slack says odd_&lt;!here&gt;."
    )


def test_a_card_says_which_of_ones_wishes_are_paused() -> None:
    now = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    wish = Subscription(id=1, user_id="U1", job_id=JOB.id, destination=CHANNEL, created_at=now)
    at_rest = replace(wish, paused_at=now, paused_because="is_archived")
    assert paused([wish]) == ""
    assert paused([wish, at_rest]) == "Telling you in <#C0GENERAL1> is paused: it is archived"
