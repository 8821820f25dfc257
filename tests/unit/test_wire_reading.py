"""Of a free-energy run that succeeded the result is read as well, where only the flat report has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.exchange import Came, Exchange, Pause, Silence
from dojobbot.deeporigin.reading import read_job
from dojobbot.deeporigin.replies import Reply
from dojobbot.domain import Job

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
JOB = "9e9eb45e-0000-4000-8000-000000000001"
TREE = {"displayName": "rbfe-end-to-end", "status": "Completed", "children": []}
RESULT = json.dumps({"cmd": "FEP Results", "Total": -0.782, "Std": 0.31, "unit": "kcal/mol"})


def body(report: object, **fields: Any) -> Reply:
    row = {"executionId": JOB, "status": "Completed", "tool": {"key": "deeporigin.rbfe"}, **fields}
    return Reply(200, {}, json.dumps(row | {"progressReport": report}).encode())


def read(*came: Came) -> tuple[Job, list[str]]:
    """Give what was read from the answers in their order, and which kinds of answers were asked for."""
    account = Account("https://platform.example", "lab", "token")
    steps = read_job(Exchange(account, now=lambda: NOW, draw=lambda: 1.0), "lab", JOB)
    answers, asked = list(came), []
    step = next(steps)
    try:
        while True:
            assert not isinstance(step, Pause)
            asked.append(step.request.accept)
            step = steps.send(answers.pop(0))
    except StopIteration as done:
        _, job = done.value
        return job, asked


def test_the_result_joins_the_tree() -> None:
    job, asked = read(body(TREE), body(RESULT))
    assert asked == ["application/json;v=2.0", "application/json"]
    assert job.progress is not None
    assert (job.progress.result, len(job.progress.branches)) == ("-0.78 ± 0.31 kcal/mol", 1)


@pytest.mark.parametrize(
    "first",
    [
        body(RESULT),
        body(TREE, status="Running"),
        body(TREE, status="Failed"),
        body(TREE, tool={"key": "deeporigin.docking"}),
        body(None),
    ],
)
def test_where_no_result_can_be_missing_there_is_one_call(first: Reply) -> None:
    assert len(read(first)[1]) == 1


@pytest.mark.parametrize(
    "second",
    [
        Reply(503, {}, b""),
        Reply(401, {}, b""),
        Reply(200, {}, b"<html>"),
        Silence(TimeoutError(), timed_out=True),
        body(None),
    ],
)
def test_a_result_that_cannot_be_had_is_merely_missing(second: Came) -> None:
    job, asked = read(body(TREE), second)
    assert len(asked) == 2
    assert job.progress is not None
    assert (job.progress.result, len(job.progress.branches)) == ("", 1)
