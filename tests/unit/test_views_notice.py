"""What people are told when a job that they follow reaches a terminal status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from dojobbot.domain import GONE, Delivery, Destination, Job, LogLine, Progress, Quote, QuoteLine, Transition
from dojobbot.slack.views import ids
from dojobbot.slack.views.notice import notice
from tests.unit.slack_budgets import problems

NOW = datetime(2026, 11, 20, 9, 48, tzinfo=UTC)
JOB = Job(
    id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
    status="Succeeded",
    raw_status="Completed",
    name="BRD series, round 3",
    tool_key="deeporigin.rbfe",
    tool_version="2",
    started_at=NOW - timedelta(minutes=33),
    completed_at=NOW - timedelta(minutes=1),
)


def draw(job: Job, *people: str, to: str = "C1", log: Sequence[LogLine] = ()) -> dict[str, Any]:
    owed = Delivery(
        id=1,
        transition=Transition(job_id=job.id, seq=4, old="Running", new=job.status, seen_at=NOW),
        destination=Destination(to),
        mentions=people or ("U1",),
        snapshot=job,
    )
    return cast("dict[str, Any]", notice(owed, "Ada Osei", NOW, log=log))


def body(drawn: dict[str, Any]) -> str:
    return cast("str", drawn["attachments"][0]["blocks"][0]["text"]["text"])


def buttons(drawn: dict[str, Any]) -> dict[str, str]:
    return {each["text"]["text"]: each["value"] for each in drawn["attachments"][0]["blocks"][-1]["elements"]}


def test_success_mentions_everybody_and_says_outcome_and_duration() -> None:
    drawn = draw(replace(JOB, progress=Progress(result="-8.42 kcal/mol")), "U1", "U2")
    assert drawn["text"] == "<@U1> <@U2> BRD series, round 3 succeeded in 32 min"
    assert drawn["attachments"][0]["color"] == "#198754"
    assert "Result: -8.42 kcal/mol" in body(drawn)
    assert "deeporigin.rbfe v2 · `9e9eb45e` · by Ada Osei" in body(drawn)


def test_failure_says_why() -> None:
    drawn = draw(replace(JOB, status="Failed", reason="OOMKilled"))
    assert drawn["text"] == "<@U1> BRD series, round 3 failed after 32 min"
    assert ">OOMKilled" in body(drawn)


def test_open_carries_the_job_and_the_version_of_the_transition() -> None:
    assert ids.decode(buttons(draw(JOB))["Open"]) == ids.Value(JOB.id, 4)


def test_a_quote_says_the_cost_and_can_be_approved_from_here() -> None:
    drawn = draw(replace(JOB, status="Quoted", started_at=None, completed_at=None, quote=Quote(184.5, "abc")))
    assert drawn["text"] == "<@U1> BRD series, round 3 has a quote: $184.50"
    assert "```" not in str(drawn), "the platform named no lines"
    assert list(buttons(drawn)) == ["Approve", "Open", "Details"]
    assert ids.decode(buttons(drawn)["Approve"]) == ids.Value(JOB.id, 4, "abc", 184.5)


@pytest.mark.parametrize("to", ["C1", "D1"])
def test_where_a_quote_can_be_approved_its_lines_are_shown(to: str) -> None:
    """Nobody spends money unseen. Plain lines: where Slack refused a table, all but the headline would go."""
    quote = Quote(
        124.5, "abc", (QuoteLine("DOCK-001", 96, 1.25, 120.0), QuoteLine("STORAGE-001", 1, 4.5, 4.5))
    )
    drawn = draw(replace(JOB, status="Quoted", started_at=None, completed_at=None, quote=quote), to=to)
    assert "Approve" in buttons(drawn)
    lines = drawn["attachments"][0]["blocks"][1]["text"]["text"].split("\n")
    assert lines[2:5] == [
        "DOCK-001     96   $1.25  $120.00",
        "STORAGE-001  1    $4.50  $4.50",
        "Total        -    -      $124.50",
    ]
    assert problems(drawn) == []


@pytest.mark.parametrize(
    ("status", "words", "more"),
    [
        ("Cancelled", "was cancelled", []),
        ("Failed", "failed", ["Logs"]),
        ("FailedQuotation", "could not be quoted", ["Logs"]),
        ("InsufficientFunds", "has insufficient funds", ["Logs"]),
        (GONE, "is no longer known to Deep Origin", []),
    ],
)
def test_every_end_has_its_words_and_a_failure_offers_its_log(
    status: str, words: str, more: list[str]
) -> None:
    drawn = draw(replace(JOB, status=status, completed_at=None))
    assert drawn["text"] == f"<@U1> BRD series, round 3 {words}"
    assert list(buttons(drawn)) == ["Open", "Details", *more]


def test_a_job_that_is_gone_is_explained() -> None:
    assert "so I have stopped following it" in body(draw(replace(JOB, status=GONE)))


def test_a_docking_says_how_many_were_docked_in_vain_and_how_fast() -> None:
    docked = Progress(fraction=1, done=24, failed=2, total=24, unit="ligands")
    assert "24 ligands, 2 failed, 45.0/h" in body(draw(replace(JOB, progress=docked)))


def test_a_failure_quotes_the_innermost_message_of_the_step_that_failed() -> None:
    failed = replace(
        JOB,
        status="Failed",
        reason="Workflow failed",
        progress=Progress(failure="Docking 2: no pose for CCO"),
    )
    assert ">Workflow failed\n>Docking 2: no pose for CCO" in body(draw(failed, to="D1"))
    assert ">Workflow failed\n>Docking 2: no pose for (structure)" in body(draw(failed))


def test_log_lines_are_for_direct_messages_alone_the_newest_last() -> None:
    failed = replace(JOB, status="Failed")
    lines = [
        LogLine(message="OOMKilled <32Gi>", level="error"),
        LogLine(message="docking `CCO`", level="info"),
    ]
    shown = draw(failed, to="D1", log=lines)["attachments"][0]["blocks"][1]["text"]["text"]
    assert shown.split("\n") == [
        "*Last log lines*", "```", "INFO docking 'CCO'", "ERROR OOMKilled &lt;32Gi&gt;", "```",
    ]  # fmt: skip
    assert "docking" not in str(draw(failed, log=lines))
