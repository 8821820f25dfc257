"""The messages that tell of many jobs at once: each is named once, within Slack's limits, failures first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dojobbot.domain import GONE, Delivery, Destination, Job, Progress, Quote, Transition
from dojobbot.slack.views.blocks import in_words
from dojobbot.slack.views.digest import Page, digest
from dojobbot.slack.views.late import marked_late
from tests.unit.slack_budgets import problems
from tests.unit.view_strategies import NOW, jobs

HERE = Destination("C1")
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def job(number: int, status: str = "Succeeded", **fields: Any) -> Job:
    made = Job(
        id=f"{number:08x}-1c58-5f0c-9d3b-0a4f2b7e6c11",
        status=status,
        raw_status=status,
        name=f"Ligand {number}",
        started_at=NOW - timedelta(minutes=40),
        completed_at=NOW - timedelta(minutes=number % 7),
    )
    return replace(made, **fields)


def owed(*told: Job, people: tuple[str, ...] = ("U1",), note: str = "") -> list[Delivery]:
    return [
        Delivery(
            id=number,
            transition=Transition(job_id=each.id, seq=2, old="Running", new=each.status, seen_at=NOW),
            destination=HERE,
            mentions=people,
            snapshot=each,
            note=note,
        )
        for number, each in enumerate(told, start=1)
    ]


def seen(page: Page) -> dict[str, Any]:
    return cast("dict[str, Any]", page.payload)


def paragraphs(page: Page) -> str:
    return in_words(page.payload)


def menu(page: Page) -> list[str]:
    actions = seen(page)["attachments"][-1]["blocks"][-1]
    return [each["text"]["text"] for each in actions["elements"][0]["options"]]


def test_counts_and_people_are_in_the_headline_failures_first() -> None:
    told = [job(1), job(2, "Failed"), job(3), job(4, "Cancelled")]
    deliveries = owed(*told)
    deliveries[2] = replace(deliveries[2], mentions=("U2", "U1"))
    (page,) = digest(deliveries, NOW)
    assert seen(page)["text"] == "<@U1> <@U2> 4 jobs ended: 1 failed, 1 cancelled, 2 succeeded"
    colours = [each["color"] for each in seen(page)["attachments"]]
    assert colours == ["#dc3545", "#343a40", "#198754", "#adb5bd"]
    assert page.deliveries == (2, 4, 1, 3)


def test_a_failure_says_why_and_a_success_what_came_of_it() -> None:
    failed = job(1, "Failed", reason="No space left on device")
    succeeded = job(2, progress=Progress(result="-8.42 kcal/mol"))
    (page,) = digest(owed(failed, succeeded, job(3), job(4)), NOW)
    said = paragraphs(page)
    assert "`00000001`  Ligand 1 · after 39 min\n>No space left on device" in said
    assert "`00000002`  Ligand 2 · in 38 min · Result: -8.42 kcal/mol" in said
    assert menu(page)[0] == "Ligand 1 (00000001) · Failed"


def test_quotes_wait_and_are_not_called_ended() -> None:
    quoted = [job(number, "Quoted", quote=Quote(184.5, "abc")) for number in range(3)]
    (page,) = digest(owed(*quoted, job(9, GONE)), NOW)
    assert seen(page)["text"] == ("<@U1> 4 jobs: 3 waiting for approval, 1 no longer known to Deep Origin")
    assert "`00000000`  Ligand 0 · $184.50" in paragraphs(page)


def test_two_transitions_of_one_job_are_two_updates() -> None:
    told = [job(1, "Quoted"), job(1), job(2), job(3)]
    (page,) = digest(owed(*told), NOW)
    assert seen(page)["text"] == "<@U1> 4 updates on 3 jobs: 1 waiting for approval, 3 succeeded"
    assert len(menu(page)) == 3


def test_what_does_not_fit_follows_numbered_and_pings_nobody_again() -> None:
    told = [job(number, "Failed" if number % 50 == 0 else "Succeeded") for number in range(300)]
    pages = digest(owed(*told), NOW)
    count = len(pages)
    assert count > 1
    texts = [seen(page)["text"] for page in pages]
    assert texts[0] == f"<@U1> 300 jobs ended: 6 failed, 294 succeeded (1 of {count})"
    assert texts[1].startswith(f"300 jobs ended, 2 of {count}: ")
    assert [each.count("<@") for each in texts[1:]] == [0] * (count - 1)
    assert [each for page in pages for each in page.deliveries][:6] == [1, 51, 101, 151, 201, 251]


def test_why_it_comes_here_is_said_once_or_beside_the_job() -> None:
    (page,) = digest(owed(job(1), job(2), job(3), job(4), note="I couldn't post this in <#C9>."), NOW)
    assert paragraphs(page).count("I couldn't post this") == 1
    some = [*owed(job(1), note="I couldn't post this in <#C9>."), *owed(job(2), job(3), job(4))]
    (page,) = digest(some, NOW)
    assert "`00000001`  Ligand 1 · in 39 min · I couldn't post this in <#C9>." in paragraphs(page)


def test_very_many_people_are_counted_at_the_end() -> None:
    crowd = tuple(f"U{number:010}" for number in range(260))
    (page,) = digest(owed(job(1), job(2), job(3), job(4), people=crowd), NOW)
    text = seen(page)["text"]
    assert text.endswith("and 60 others: 4 jobs ended: 4 succeeded")
    assert len(text) < 4000


@few
@given(some=st.lists(jobs(), min_size=1, max_size=8), times=st.integers(1, 63), note=st.booleans())
def test_any_jobs_are_each_named_once_within_slacks_limits(some: list[Job], times: int, note: bool) -> None:
    """Hostile names, odd ids, statuses never heard of; one job to some five hundred."""
    told = [replace(each, id=f"{each.id[:40]}{turn}") for turn in range(times) for each in some]
    deliveries = owed(*told, people=("U0123456789", "U9876543210"), note="Because." if note else "")
    pages = digest(deliveries, NOW)
    assert [problems(seen(page)) for page in pages] == [[]] * len(pages)
    later = [marked_late(page.payload, deliveries, NOW, NOW + timedelta(hours=2)) for page in pages]
    assert [problems(cast("dict[str, Any]", each)) for each in later] == [[]] * len(pages)
    assert all("to be sent" in str(each) for each in later)
    carried = [each for page in pages for each in page.deliveries]
    assert sorted(carried) == [each.id for each in deliveries]
    for page in pages:
        lines = [line for line in paragraphs(page).split("\n") if line.startswith("`")]
        assert len(lines) == len(page.deliveries)
        assert len(paragraphs(page)) < 40_000


@few
@given(count=st.integers(1, 500), length=st.integers(1, 70))
def test_any_number_of_ordinary_jobs_fits(count: int, length: int) -> None:
    told = [job(number, name="&" * length) for number in range(count)]
    pages = digest(owed(*told), NOW)
    assert [problems(seen(page)) for page in pages] == [[]] * len(pages)
    words = "\n".join(paragraphs(page) for page in pages)
    assert [words.count(f"`{each.short_id}`") for each in told] == [1] * count


def test_what_comes_late_says_so() -> None:
    late = job(1, completed_at=NOW - timedelta(hours=2), updated_at=NOW - timedelta(hours=2))
    deliveries = owed(late, job(2), job(3), job(4))
    (page,) = digest(deliveries, NOW)
    assert paragraphs(page).count("late by 2 h") == 1
