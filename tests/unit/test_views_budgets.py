"""Whatever the platform says, what is shown stays within Slack's budgets and pings nobody by accident."""

from __future__ import annotations

from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dojobbot.domain import Delivery, Destination, Job, KnownJob, Transition
from dojobbot.errors import PlatformRefused
from dojobbot.slack.views import answers
from dojobbot.slack.views.card import Card, card, fingerprint
from dojobbot.slack.views.joblist import JobList, job_list
from dojobbot.slack.views.notice import notice
from tests.unit.slack_budgets import problems
from tests.unit.view_strategies import HOSTILE, NOW, actions, jobs, words

many = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
fewer = settings(many, max_examples=25)


def seen(payload: dict[str, object]) -> list[str]:
    return problems(cast("dict[str, Any]", payload))


@many
@given(job=jobs(), owner=words, private=st.booleans(), on=st.booleans(), action=st.none() | actions)
def test_any_job_has_a_card(job: Job, owner: str, private: bool, on: bool, action: Any) -> None:
    view = Card(
        known=KnownJob(job=job, seq=7, read_at=NOW),
        owner=owner,
        now=NOW,
        private=private,
        notifying=on,
        watching=on,
        action=action,
        note="Something happened." if on else "",
        shared_by="U1" if on else "",
    )
    assert seen(card(view)) == []
    assert fingerprint(view) == fingerprint(view)


@many
@given(job=jobs(), owner=words, people=st.lists(st.just("U0123456789"), min_size=1, max_size=300))
def test_any_job_has_a_notice(job: Job, owner: str, people: list[str]) -> None:
    transition = Transition(job_id=job.id, seq=2, old="Running", new=job.status, seen_at=NOW)
    owed = Delivery(
        id=1, transition=transition, destination=Destination("C1"), mentions=tuple(people), snapshot=job
    )
    assert seen(notice(owed, owner, NOW)) == []


@fewer
@given(items=st.lists(st.tuples(jobs(), words), max_size=12), times=st.integers(1, 12), asked=words)
def test_any_jobs_make_a_list(items: list[tuple[Job, str]], times: int, asked: str) -> None:
    view = JobList(
        items=tuple(items * times),
        total=len(items) * times + 7,
        description=asked,
        now=NOW,
        looked_through=1000,
        bad_rows=2,
    )
    assert seen(job_list(view)) == []


@fewer
@given(found=st.lists(jobs(), min_size=1, max_size=10), prefix=words)
def test_any_jobs_make_choices(found: list[Job], prefix: str) -> None:
    assert seen(answers.choices(prefix, found, now=NOW)) == []
    assert seen(answers.not_found(prefix, found[:3], looked_through=1000, now=NOW)) == []


@many
@given(job=jobs(), text=words)
def test_any_error_and_note_is_a_sentence(job: Job, text: str) -> None:
    refused = PlatformRefused(text, status=400)
    assert seen(answers.from_error(refused)) == []
    assert seen(answers.sentence(answers.approve_below(job))) == []
    assert seen(answers.nobody_matches(text, confirmed=True)) == []


def test_the_fixed_answers_fit() -> None:
    """The helps, the placeholder and the two ways of having no usable address."""
    fixed = (
        answers.jobs_help(),
        answers.job_help(),
        answers.placeholder(),
        answers.nobody_matches(None, confirmed=False),
        answers.nobody_matches("ada@example.org", confirmed=False),
    )
    assert [seen(each) for each in fixed] == [[]] * len(fixed)


def test_the_checker_itself_finds_hostile_text() -> None:
    """A checker that finds nothing anywhere would prove nothing."""
    assert seen({"text": HOSTILE[0], "attachments": []}) != []
