"""The live card of many jobs: numbers, colours, failures, the menu, and Slack's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.batches import crowded
from dojobbot.domain import Batch, BatchKind, Destination, Job, Progress, Watch
from dojobbot.slack.views import ids
from dojobbot.slack.views.batch import BatchCard, batch_card, batch_fingerprint
from tests.unit import view_strategies
from tests.unit.slack_budgets import problems

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
TAG = Batch(BatchKind.TAG, "cdk2-screen")
A_WATCH = Watch(id=7, job_id="1", destination=Destination("C1"), user_id="U1", created_at=NOW, batch=TAG)


def job(number: int, status: str = "Running", **more: Any) -> Job:
    basis = Job(
        id=f"{number:08x}-1c58-5f0c-9d3b-0a4f2b7e6c11",
        status=status,
        raw_status=status,
        tool_key="deeporigin.docking",
        created_by="ada@example.org",
        created_at=NOW - timedelta(minutes=20),
        started_at=NOW - timedelta(minutes=10),
        updated_at=NOW,
        tag="cdk2-screen",
    )
    return replace(basis, **more)


def view(*jobs: Job, batch: Batch = TAG, **watch: Any) -> BatchCard:
    return BatchCard(watch=replace(A_WATCH, batch=batch, **watch), batch=batch, jobs=jobs, now=NOW)


def seen(drawn: dict[str, Any]) -> str:
    return str(drawn)


def color_of(drawn: dict[str, Any]) -> str:
    (attachment,) = drawn["attachments"]
    return str(attachment["color"])


def elements(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    (attachment,) = drawn["attachments"]
    return [
        each for block in attachment["blocks"] if block["type"] == "actions" for each in block["elements"]
    ]


def test_a_batch_under_way_says_how_many_are_done_and_how_long_it_still_takes() -> None:
    jobs = [job(n, "Succeeded") for n in range(4)] + [job(4, "Failed"), job(5, "Queued")]
    jobs += [job(n, progress=Progress(fraction=0.5)) for n in (6, 7)]
    drawn = batch_card(view(*jobs))
    assert drawn["text"] == "Tag cdk2-screen: 5 of 8 jobs done, 1 failed"
    # Six of eight jobs' work in ten minutes: the last two jobs' work takes four at that pace.
    assert "[#######---] 75 %`  about 4 min left" in seen(drawn)
    assert "2 Running" in seen(drawn)
    assert "4 Succeeded" in seen(drawn)
    assert color_of(drawn) == "#0d6efd"


def test_what_ended_long_ago_says_nothing_about_how_long_the_rest_takes() -> None:
    """Six hundred jobs of two months ago are no pace; three of the last ten minutes are."""
    long_ago = NOW - timedelta(days=60)
    old = [job(100 + n, "Succeeded", started_at=long_ago, updated_at=long_ago) for n in range(50)]
    under_way = [job(n) for n in range(4)]
    assert "left" not in seen(batch_card(view(*old, *under_way)))
    ended = [job(10 + n, "Succeeded") for n in range(4)]
    assert "about 10 min left" in seen(batch_card(view(*old, *ended, *under_way)))


@pytest.mark.parametrize(
    ("statuses", "color", "headline"),
    [
        (("Succeeded", "Succeeded"), "#198754", "all 2 jobs have ended"),
        (("Succeeded", "Failed"), "#dc3545", "all 2 jobs have ended, 1 failed"),
        (("Succeeded", "Cancelled"), "#343a40", "all 2 jobs have ended"),
        (("Succeeded", "Quoted"), "#0d6efd", "1 of 2 jobs done"),
        (("Hibernating",), "#0d6efd", "0 of 1 job done"),
    ],
)
def test_the_bar_and_the_headline_tell_how_it_stands(
    statuses: tuple[str, ...], color: str, headline: str
) -> None:
    drawn = batch_card(view(*(job(n, status) for n, status in enumerate(statuses))))
    assert color_of(drawn) == color
    assert drawn["text"] == f"Tag cdk2-screen: {headline}"


def test_failures_are_named_with_their_reasons_and_counted_when_many() -> None:
    jobs = [job(n, "Failed", name=f"Ligand {n}", reason="out of memory") for n in range(12)]
    drawn = seen(batch_card(view(*jobs)))
    assert "Ligand 7: out of memory" in drawn
    assert "… and 4 more that failed" in drawn


def test_the_menu_opens_any_job_those_that_failed_first() -> None:
    drawn = batch_card(view(job(1, "Succeeded"), job(2), job(3, "Failed")))
    menu, stop = elements(drawn)
    values = [ids.decode(each["value"]) for each in menu["options"]]
    assert [value.job_id[:8] for value in values if value] == ["00000003", "00000002", "00000001"]
    assert (stop["action_id"], stop["value"]) == (ids.STOP_BATCH, "7")


def test_a_card_that_is_over_has_nothing_to_stop() -> None:
    for last in (view(job(1, "Succeeded")), view(job(1), closing=True, note="Watching stopped.")):
        assert all(each["action_id"] != ids.STOP_BATCH for each in elements(batch_card(last)))


def test_time_alone_changes_nothing() -> None:
    now = view(job(1), job(2))
    assert batch_fingerprint(now) == batch_fingerprint(replace(now, now=NOW + timedelta(hours=1)))
    assert batch_fingerprint(now) != batch_fingerprint(view(job(1), job(2, "Failed")))


@given(
    st.lists(view_strategies.jobs(), min_size=1, max_size=30, unique_by=lambda job: job.id),
    st.builds(Batch, st.sampled_from(BatchKind), view_strategies.words),
)
def test_any_batch_fits_slack(jobs: list[Job], batch: Batch) -> None:
    assert problems(batch_card(view(*jobs, batch=batch))) == []


def test_a_batch_of_five_hundred_long_names_fits_slack() -> None:
    jobs = [job(n, "Failed", name="&" * 300, reason="<" * 3000) for n in range(500)]
    assert problems(batch_card(view(*jobs))) == []


# --- which jobs are a batch


def test_the_fourth_card_of_a_batch_is_one_too_many() -> None:
    watched = [job(n) for n in range(3)]
    assert crowded(job(9), watched[:2]) is None
    assert crowded(job(9), watched) == (TAG, tuple(watched))
    assert crowded(job(2), watched) is None, "the job itself is none of the others"


def test_what_people_named_comes_before_what_happened_together() -> None:
    in_session = [job(n, tag=None, session="s-1") for n in range(4)]
    found = crowded(in_session[0], in_session[1:])
    assert found is not None
    assert found[0] == Batch(BatchKind.SESSION, "s-1")


def test_jobs_of_one_tool_and_person_within_ten_minutes_were_started_together() -> None:
    apart = [job(n, tag=None, created_at=NOW + timedelta(minutes=n)) for n in range(4)]
    found = crowded(apart[0], apart[1:])
    assert found is not None
    assert found[0].kind is BatchKind.TOGETHER
    for change in (
        {"created_by": "boris@example.org"},
        {"tool_key": "deeporigin.abfe"},
        {"created_at": None},
    ):
        assert crowded(apart[0], [*apart[1:3], replace(apart[3], **change)]) is None
    late = replace(apart[3], created_at=NOW + timedelta(minutes=11))
    assert crowded(apart[0], [*apart[1:3], late]) is None
