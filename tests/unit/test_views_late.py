"""What comes late says by how much, and answers say when the platform has long been silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dojobbot.domain import GONE, Delivery, Destination, Job, Transition
from dojobbot.slack.views.digest import digest
from dojobbot.slack.views.late import lag_note, lateness, marked_late
from dojobbot.slack.views.notice import notice

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
JOB = Job(id="9e9eb45e", status="Succeeded", raw_status="Completed", name="BRD series")


def minutes(ago: float) -> datetime:
    return NOW - timedelta(minutes=ago)


def owed(job: Job, *, seen: float) -> Delivery:
    """What is owed for an end that was seen some minutes ago."""
    return Delivery(
        id=1,
        transition=Transition(job_id=job.id, seq=2, old="Running", new=job.status, seen_at=minutes(seen)),
        destination=Destination("C1"),
        mentions=("U1",),
        snapshot=job,
    )


def stamped(completed: float | None = None, updated: float | None = None, **fields: str) -> Job:
    return replace(
        JOB,
        completed_at=None if completed is None else minutes(completed),
        updated_at=None if updated is None else minutes(updated),
        **fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("job", "seen", "words"),
    [
        (stamped(1, 1), 0, ""),
        (stamped(5, 5), 0, ""),
        (stamped(6, 6), 0, "late by 6 min"),
        (stamped(120, 120), 120, "late by 2 h"),
        (stamped(123, 123), 1, "late by 2 h 3 min"),
        (stamped(None, 90, status="Cancelled"), 0, "late by 1 h 30 min"),
        (stamped(), 60, "late by 1 h"),
        (stamped(24 * 60, 60), 60, "late by 1 d"),
    ],
)
def test_what_was_seen_or_sent_late_says_by_how_much(job: Job, seen: float, words: str) -> None:
    """We were down, or Slack was, or it was held: counted from the end itself."""
    assert lateness(owed(job, seen=seen), NOW) == words


@pytest.mark.parametrize(
    ("job", "seen"),
    [
        (stamped(60, 1), 0.5),
        (stamped(-60, -60), 1),
        (stamped(None, 600, status=GONE), 1),
    ],
)
def test_a_slow_platform_or_a_wrong_clock_makes_nothing_late(job: Job, seen: float) -> None:
    """It said so a moment ago; its clock is ahead; it says nothing any more."""
    assert lateness(owed(job, seen=seen), NOW) == ""


def test_the_small_print_of_a_late_notice_says_so() -> None:
    drawn = str(notice(owed(stamped(120, 120), seen=120), "Ada Osei", NOW, note="It waited."))
    assert "It waited. This comes late by 2 h." in drawn
    assert "late" not in str(notice(owed(stamped(1, 1), seen=0), "Ada Osei", NOW))


WAITED = "This waited to be sent: it comes late by "


@pytest.mark.parametrize(
    ("ended", "drawn", "words"),
    [
        (120, 119, f"{WAITED}2 h."),
        (6, 4, f"{WAITED}6 min."),
        (4, 3, ""),
        (123, 3, ""),
        (240, 120, "This waited another 2 h to be sent."),
    ],
)
def test_a_notice_that_waited_says_how_late_it_is_and_does_not_contradict_itself(
    ended: float, drawn: float, words: str
) -> None:
    late = owed(stamped(ended, ended), seen=ended)
    before = notice(late, "Ada Osei", minutes(drawn))
    after = marked_late(before, (late,), minutes(drawn), NOW)
    assert (after == before) is (not words)
    assert words in str(after)


@pytest.mark.parametrize(
    ("ended", "drawn", "words"),
    [
        ((64, 63, 60), 60, f"{WAITED}up to 1 h 4 min."),
        ((120, 119, 60), 59, "This waited another 59 min to be sent."),
        ((120, 119, 60), 3, ""),
    ],
)
def test_a_page_whose_jobs_ended_at_different_times_says_it_for_all(
    ended: tuple[float, ...], drawn: float, words: str
) -> None:
    many = [replace(owed(stamped(ago, ago), seen=ago), id=number) for number, ago in enumerate(ended)]
    (page,) = digest(many, minutes(drawn))
    after = marked_late(page.payload, many, minutes(drawn), NOW)
    assert (after == page.payload) is (not words)
    assert words in str(after)
    assert after["text"] == page.payload["text"]


@pytest.mark.parametrize(
    ("ago", "poll", "is_said"), [(50, 10, False), (61, 10, True), (170, 60, False), (181, 60, True)]
)
def test_a_silence_of_a_few_ticks_is_said(ago: float, poll: float, is_said: bool) -> None:
    said = lag_note(NOW - timedelta(seconds=ago), NOW, poll)
    assert bool(said) is is_said


def test_the_silence_is_counted() -> None:
    said = lag_note(minutes(12), NOW, 10)
    assert said.startswith("I last heard from Deep Origin 12 min ago; ")
    assert lag_note(None, NOW, 10) == ""
