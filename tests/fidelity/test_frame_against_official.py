"""Our dataframe and `Job` beside the official 5.x client, on the same simulated platform.

They find the same jobs, statuses and durations. What differs is meant to, and each has a test here:

- `Succeeded` is our one word for success, as documented; the official client calls both of them `Completed`.
- Half a minute counts as one: the document says "nearest minute", and the official clients that made
  dataframes rounded half to even, so that 30 s were 0 and 150 s were 2 minutes.
- Our rows are newest first; the platform's own order follows nothing.
- Cancelling a job that has ended is an error here; the official client passes in silence.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dojobbot import Job, get_dataframe
from dojobbot.domain import normalise
from dojobbot.errors import PlatformRefused
from dojobbot.simulator.scenario import demo_world
from dojobbot.simulator.world import iso
from tests.conftest import samples
from tests.python_lab import NAMES, Lab, now, running


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The demo's world; the official client's files stay out of the real home."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    with running(demo_world(now)) as made:
        yield made


@pytest.fixture
def client(lab: Lab) -> Iterator[Any]:
    made = importlib.import_module("deeporigin.platform.client").DeepOriginClient(
        base_url=lab.platform.base_url,
        token=lab.platform.token,
        org_key=lab.platform.org,
        project_id="1db6dc99-a3b6-55ee-9da3-95297a49118b",
    )
    yield made
    made.close()


def official_rows(client: Any) -> dict[str, dict[str, Any]]:
    body = client.executions.list(page_size=50, fetch_all_pages=True)
    return {row["executionId"]: row for row in body["data"]}


def seconds(row: dict[str, Any]) -> float | None:
    """How long a job ran by the official client's row."""
    try:
        start, end = (datetime.fromisoformat(row[key]) for key in ("startedAt", "completedAt"))
    except (KeyError, TypeError, ValueError):
        return None
    return (end - start).total_seconds()


def add_samples(lab: Lab) -> None:
    for entry in samples("executions-shapes.json"):
        lab.do(lambda row=entry["execution"]: lab.world.put(row))  # type: ignore[misc]


def test_the_same_jobs_are_found(lab: Lab, client: Any) -> None:
    add_samples(lab)
    theirs, ours = official_rows(client), get_dataframe(**lab.credentials)
    assert set(ours.id) == set(theirs)
    assert ours.id.is_unique
    for row in ours.astype(object).replace({pd.NA: None}).itertuples():
        their = theirs[str(row.id)]
        assert row.execution_id == their["resourceId"]
        assert row.user_name == their.get("createdBy")
        assert row.tool_key == (their.get("tool") or {}).get("key")


def test_the_same_statuses_are_found_but_for_the_word_for_success(lab: Lab, client: Any) -> None:
    add_samples(lab)
    word = importlib.import_module("deeporigin.platform.constants").normalize_platform_status
    theirs, ours = official_rows(client), get_dataframe(**lab.credentials)
    for row in ours.itertuples():
        status = theirs[str(row.id)]["status"]
        assert row.status == normalise(status)
        assert word(row.status) == word(status)


def test_the_same_durations_are_found_to_the_nearest_minute(lab: Lab, client: Any) -> None:
    add_samples(lab)
    theirs, ours = official_rows(client), get_dataframe(**lab.credentials)
    compared = 0
    for job_id, minutes in zip(ours.id, ours.run_duration_minutes.astype(object), strict=True):
        took = seconds(theirs[job_id])
        if took is None:
            assert not isinstance(minutes, int)
        else:
            assert abs(int(minutes) - took / 60) <= 0.5
            compared += 1
    assert compared > 50


@pytest.mark.parametrize(("took", "ours", "theirs"), [(30, 1, 0), (90, 2, 2), (150, 3, 2)])
def test_half_a_minute_is_rounded_up(lab: Lab, took: int, ours: int, theirs: int) -> None:
    start = now() - timedelta(days=1)
    stamps = {"startedAt": iso(start), "completedAt": iso(start + timedelta(seconds=took))}
    job_id = lab.put(executionId="half", status="Completed", **stamps)
    found = get_dataframe(**lab.credentials).set_index("id")
    assert found.run_duration_minutes[job_id] == ours
    assert round(took / 60) == theirs


def test_ours_are_newest_first(lab: Lab) -> None:
    assert get_dataframe(**lab.credentials).created_at.is_monotonic_decreasing


def test_both_read_the_same_job(lab: Lab, client: Any) -> None:
    for job_id in get_dataframe(limit=20, **lab.credentials).id:
        theirs, ours = client.executions.get(job_id), Job.from_id(job_id, **lab.credentials)
        assert (ours.inputs, ours.outputs) == (theirs["userInputs"], theirs["userOutputs"])
        assert ours.metadata == (theirs["metadata"] or {})
        assert ours.raw["executionId"] == theirs["executionId"]


def test_cancelling_an_ended_job_is_told_here_and_passed_over_there(lab: Lab, client: Any) -> None:
    job_id = get_dataframe("Failed", **lab.credentials).id.iloc[0]
    assert client.executions.cancel(job_id) is None
    with pytest.raises(PlatformRefused, match="already Failed"):
        Job.from_id(job_id, **lab.credentials).cancel()
    assert lab.calls("PATCH") == 0


def test_what_the_official_client_started_can_be_followed_without_registration(lab: Lab, client: Any) -> None:
    data = {"inputs": {"smiles_list": ["C", "CC"]}, "name": "started elsewhere"}
    made = client.executions.create(tool_key="deeporigin.docking", tool_version="4", data=data)
    assert made["executionId"] in set(get_dataframe(**lab.credentials).id)
    job = Job.from_id(made["executionId"], **lab.credentials)
    assert job.wait(timeout=40, interval=0.1) == "Succeeded"
