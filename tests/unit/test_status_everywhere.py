"""Every status looks the same wherever it is shown: the documented colour, and a word beside it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from dojobbot.deeporigin import snapshot
from dojobbot.deeporigin.exchange import Answer
from dojobbot.deeporigin.replies import Reply
from dojobbot.domain import (
    FAILED,
    GONE,
    KNOWN_STATUSES,
    Batch,
    BatchKind,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Snapshot,
    Subscription,
    Transition,
    Watch,
)
from dojobbot.following import Overview
from dojobbot.job_card import live_picture, notebook_card, picture, terminal_card
from dojobbot.job_words import badge
from dojobbot.slack.views.batch import BatchCard, batch_card
from dojobbot.slack.views.card import Card, card
from dojobbot.slack.views.digest import digest
from dojobbot.slack.views.home import Home, home
from dojobbot.slack.views.joblist import JobList, job_list
from dojobbot.slack.views.notice import notice
from dojobbot.slack.views.status import LOOKS, OTHER, look

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
BLUE, GREEN, RED, DARK, GRAY, CYAN, YELLOW, LIGHT = (
    "#0d6efd", "#198754", "#dc3545", "#343a40", "#6c757d", "#0dcaf0", "#ffc107", "#adb5bd",
)  # fmt: skip
DOCUMENTED = {
    "Running": BLUE,
    "Succeeded": GREEN,
    "Completed": GREEN,
    "Failed": RED,
    "FailedQuotation": RED,
    "InsufficientFunds": RED,
    "Cancelled": DARK,
    "Created": GRAY,
    "Queued": CYAN,
    "Quoted": YELLOW,
}
OTHERS = ("Accepted", "Suspended", "Finishing", "DataIngesting", "Approved", "NeverHeardOf", "<b>", "running")
STATUSES = [*DOCUMENTED.items(), *((status, LIGHT) for status in OTHERS)]
WHERE_UPDATING_STOPS = {
    "Succeeded", "Completed", "Failed", "Cancelled", "FailedQuotation", "Quoted", "InsufficientFunds",
}  # fmt: skip

every_status = pytest.mark.parametrize(("status", "color"), STATUSES)


def read(status: str) -> Snapshot:
    raw = {"executionId": "9e9eb45e-93a6", "status": status, "startedAt": "2026-11-20T09:15:00Z"}
    return snapshot.read(Answer(NOW, Reply(200, {}, json.dumps(raw).encode())))


def in_slack(job: Job) -> dict[str, dict[str, Any]]:
    """Everything that shows one job in Slack, by name."""
    known = KnownJob(job=job, seq=2, read_at=NOW)
    moved = Transition(job_id=job.id, seq=2, old="Created", new=job.status, seen_at=NOW)

    def owed(where: str) -> Delivery:
        return Delivery(
            id=1, transition=moved, destination=Destination(where), mentions=("U1",), snapshot=job
        )

    drawn = {
        "private card": card(Card(known=known, owner="Ada", now=NOW, private=True)),
        "posted card": card(Card(known=known, owner="Ada", now=NOW, private=False)),
        "list": job_list(JobList(items=((job, "Ada"),), total=1, description="", now=NOW)),
        "ping in a channel": notice(owed("C1"), "Ada", NOW),
        "ping in a direct message": notice(owed("D1"), "Ada", NOW),
        "digest in a channel": digest([owed("C1")], NOW)[0].payload,
        "digest in a direct message": digest([owed("D1")], NOW)[0].payload,
    }
    return {name: cast("dict[str, Any]", payload) for name, payload in drawn.items()}


def in_a_batch(job: Job) -> dict[str, Any]:
    """The card of two jobs that belong together."""
    batch = Batch(BatchKind.TAG, "cdk2")
    watch = Watch(id=1, job_id=job.id, destination=Destination("C1"), user_id="U1", created_at=NOW)
    view = BatchCard(watch=watch, batch=batch, jobs=(job, replace(job, id="1a2b3c4d")), now=NOW)
    return cast("dict[str, Any]", batch_card(view))


def test_no_known_status_is_left_out_here() -> None:
    assert set(KNOWN_STATUSES) <= {status for status, _ in STATUSES}


@every_status
def test_its_bar_in_slack_has_the_documented_colour_and_its_word_stands_beside_it(
    status: str, color: str
) -> None:
    job = read(status).job
    for name, drawn in in_slack(job).items():
        assert drawn["attachments"][0]["color"] == color, name
        assert look(job.status).word in json.dumps(drawn, ensure_ascii=False), name
        assert look(job.status).emoji in json.dumps(drawn), name


@every_status
def test_its_emoji_and_word_are_counted_on_a_batchs_card(status: str, color: str) -> None:
    """Statuses never heard of are counted together. The bar is blue, red or green, for all the jobs."""
    job = read(status).job
    drawn = in_a_batch(job)
    seen = LOOKS.get(job.status, OTHER)
    assert color in {seen.color, LIGHT}
    assert f"{seen.emoji} 2 {seen.word}" in json.dumps(drawn, ensure_ascii=False)
    assert drawn["attachments"][0]["color"] == {"Succeeded": GREEN, "Cancelled": DARK}.get(
        job.status, RED if job.status in FAILED else BLUE
    )


@every_status
def test_its_emoji_and_word_are_the_same_in_the_home(status: str, color: str) -> None:
    """Where there is no bar for the colour; as theirs, and as one that they follow."""
    job, seen = read(status).job, look(read(status).job.status)
    assert seen.color == color
    wish = Subscription(id=1, user_id="U1", job_id=job.id, destination=Destination("D1"), created_at=NOW)
    mine = Overview(ended=(job,)) if job.has_ended else Overview(under_way=(job,), counts={job.status: 1})
    for name, overview in {"mine": mine, "followed": Overview(told=((wish, job),), told_in_all=1)}.items():
        drawn = json.dumps(home(Home(overview=overview, now=NOW)), ensure_ascii=False)
        assert seen.word in drawn, name
        assert seen.emoji in drawn, name


@every_status
def test_its_badge_in_python_has_the_documented_colour_and_says_it(status: str, color: str) -> None:
    found = read(status)
    shown = badge(found.job)
    assert shown.color == color
    page = notebook_card(found, NOW)
    assert f'class="badge" style="background:{color};' in page
    assert f'style="border-left-color:{color}"' in page
    assert f"● {shown.word}" in terminal_card(found, NOW)
    for drawn in (picture(found, NOW), live_picture(found, NOW)):
        assert (drawn.color, drawn.badge) == (color, f"● {shown.word}")
        assert re.search(rf'class="badge" style="background:{color};', drawn.html)


@every_status
def test_updating_stops_at_the_documented_statuses_and_nowhere_else(status: str, color: str) -> None:
    assert read(status).job.is_terminal is (status in WHERE_UPDATING_STOPS), color


def test_a_job_that_the_platform_lost_is_light_gray_and_over() -> None:
    job = Job(id="9e9eb45e-93a6", status=GONE, raw_status=GONE)
    assert job.is_terminal
    for name, drawn in in_slack(job).items():
        assert drawn["attachments"][0]["color"] == LIGHT, name


def test_both_words_for_success_are_one_status() -> None:
    assert read("Completed").job.status == read("Succeeded").job.status == "Succeeded"
