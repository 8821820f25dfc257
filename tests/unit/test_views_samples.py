"""Every job that the platform has been seen to send can be drawn in every way."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from dojobbot.deeporigin import wire
from dojobbot.domain import Delivery, Destination, Job, KnownJob, Transition
from dojobbot.slack.views.card import Card, card
from dojobbot.slack.views.joblist import JobList, job_list
from dojobbot.slack.views.notice import notice
from tests.conftest import samples
from tests.unit.slack_budgets import problems
from tests.unit.view_strategies import NOW


@pytest.fixture(scope="module", params=["executions-shapes.json", "executions-recorded.json"])
def jobs(request: pytest.FixtureRequest) -> list[Job]:
    rows = samples(request.param)
    return [wire.decode_job(json.dumps(row.get("execution", row)).encode()) for row in rows]


def test_every_sample_has_a_card(jobs: list[Job]) -> None:
    for job in jobs:
        for private in (True, False):
            known = KnownJob(job=job, seq=1, read_at=NOW)
            drawn = card(Card(known=known, owner="Ada Osei", now=NOW, private=private))
            assert problems(cast("dict[str, Any]", drawn)) == []


def test_every_sample_has_a_notice(jobs: list[Job]) -> None:
    for job in jobs:
        change = Transition(job_id=job.id, seq=2, old="Running", new=job.status, seen_at=NOW)
        owed = Delivery(
            id=1, transition=change, destination=Destination("C1"), mentions=("U1",), snapshot=job
        )
        assert problems(cast("dict[str, Any]", notice(owed, "Ada Osei", NOW))) == []


def test_samples_make_a_list_of_fifty(jobs: list[Job]) -> None:
    view = JobList(
        items=tuple((job, "Ada Osei") for job in jobs[:50]), total=len(jobs), description="", now=NOW
    )
    assert problems(cast("dict[str, Any]", job_list(view))) == []
