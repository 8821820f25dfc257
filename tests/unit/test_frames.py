"""The dataframe: its columns, its dtypes and its arithmetic, whatever the rows."""

from __future__ import annotations

import copy
import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin.columns import Columns, Extras
from dojobbot.frames import build, get_dataframe
from tests.conftest import samples

BASE = [
    "id",
    "created_at",
    "execution_id",
    "completed_at",
    "started_at",
    "status",
    "tool_key",
    "tool_version",
    "user_name",
    "run_duration_minutes",
]
NOTHING = Extras()
EVERYTHING = Extras(metadata=True, inputs=True, outputs=True)
ROW: dict[str, Any] = {
    "executionId": "9e9eb45e-93a6-4432-963e-669e982fde62",
    "resourceId": "qu7qsvgsw2dkd3yb98xwf",
    "status": "Completed",
    "createdAt": "2026-11-20T09:15:02.114Z",
    "startedAt": "2026-11-20T10:16:00.000+01:00",
    "completedAt": "2026-11-20T09:31:10.002Z",
    "createdBy": "google-apps|ada@example.org",
    "tool": {"key": "deeporigin.docking", "version": "4"},
    "metadata": None,
    "userInputs": {"smiles_list": ["C", "CC"]},
}


def frame(*rows: Any, extras: Extras = NOTHING) -> pd.DataFrame:
    """The dataframe of one page with these rows; those that cannot be read are left out."""
    columns = Columns(extras)
    body = json.dumps({"data": rows, "count": len(rows)}).encode()
    columns.add(columns.open(body)[0])
    return build(columns, {})


DTYPES = frame(extras=EVERYTHING).dtypes


def test_the_columns_are_the_documented_ones_in_their_order() -> None:
    assert list(frame(ROW).columns) == BASE
    assert list(frame(ROW, extras=EVERYTHING).columns) == [*BASE, "metadata", "user_inputs", "user_outputs"]
    assert list(frame(ROW, extras=Extras(inputs=True)).columns) == [*BASE, "user_inputs"]


def test_a_row_is_read_as_documented() -> None:
    """`execution_id` is the resource id, `Completed` is Succeeded, stamps are in UTC whatever their zone."""
    row = frame(ROW, extras=EVERYTHING).iloc[0]
    assert (row.id, row.execution_id) == (ROW["executionId"], ROW["resourceId"])
    assert (row.status, row.tool_key, row.tool_version) == ("Succeeded", "deeporigin.docking", "4")
    assert row.started_at == datetime(2026, 11, 20, 9, 16, tzinfo=UTC)
    assert row.run_duration_minutes == 15
    assert row.user_name == "google-apps|ada@example.org"
    assert (row.metadata, row.user_inputs, row.user_outputs) == (None, {"smiles_list": ["C", "CC"]}, {})


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_outside_the_calendar_is_none(stamp: str) -> None:
    """Their offsets lead to years that neither Python nor pandas can show."""
    columns = Columns(NOTHING)
    rows, _, _ = columns.open(json.dumps({"data": [{**ROW, "createdAt": stamp}], "count": 1}).encode())
    columns.add(rows)
    assert build(columns, {})["created_at"].isna().all()


def test_the_dtypes_are_documented() -> None:
    found = {name: str(dtype) for name, dtype in frame().dtypes.items()}
    stamps = {"created_at", "started_at", "completed_at"}
    assert {found[name] for name in stamps} == {"datetime64[us, UTC]"}
    assert found["run_duration_minutes"] == "Int64"
    assert {found[name] for name in BASE if name not in stamps} == {"string", "Int64"}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [ROW],
        [{"executionId": "a"}],
        [ROW, {"executionId": "a", "tool": None, "startedAt": "yesterday"}],
        [{**ROW, "completedAt": None}],
        [{**ROW, "startedAt": "0001-01-01T00:00:00Z", "completedAt": "9999-12-31T23:59:59Z"}],
    ],
)
def test_the_dtypes_are_the_same_whatever_the_rows(rows: list[Any]) -> None:
    assert frame(*rows, extras=EVERYTHING).dtypes.equals(DTYPES)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 0), (29.999, 0), (30, 1), (89.9, 1), (90, 2), (150, 3), (7200, 120)]
)
def test_a_duration_is_rounded_half_up(seconds: float, minutes: int) -> None:
    end = datetime.fromtimestamp(1_764_000_000 + seconds, UTC).isoformat()
    start = datetime.fromtimestamp(1_764_000_000, UTC).isoformat()
    row = {**ROW, "startedAt": start, "completedAt": end}
    assert frame(row).run_duration_minutes.to_list() == [minutes]


def test_a_job_without_an_end_has_no_duration() -> None:
    found = frame({**ROW, "status": "Cancelled", "completedAt": None})
    assert found.run_duration_minutes.isna().all()
    assert found.completed_at.isna().all()


def test_ids_become_names_where_one_is_known() -> None:
    columns = Columns(Extras())
    rows = [{**ROW, "executionId": str(at), "createdBy": who} for at, who in enumerate(("a", "b", None))]
    columns.add(columns.open(json.dumps(rows).encode())[0])
    found = build(columns, {"a": "Ada Osei"})
    assert found.user_name.fillna("nobody").to_list() == ["Ada Osei", "b", "nobody"]


def test_every_sample_is_in_the_dataframe() -> None:
    for name in ("executions-shapes.json", "executions-recorded.json"):
        rows = [entry.get("execution", entry) for entry in samples(name)]
        found = frame(*rows, extras=EVERYTHING)
        assert found.id.to_list() == [row["executionId"] for row in rows]
        assert found.dtypes.equals(DTYPES)


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud83e" * 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(ROW)), hostile | st.just(...), max_size=4))
def test_whatever_a_row_holds_the_frame_stands_and_can_be_written(changes: dict[str, Any]) -> None:
    """Dropped keys, nulls, wrong types, half emojis: a field costs itself, and an id is enough for a row."""
    row = copy.deepcopy(ROW)
    for key, value in changes.items():
        if value is ...:
            del row[key]
        else:
            row[key] = value
    found = frame(row, extras=EVERYTHING)
    assert found.dtypes.equals(DTYPES)
    assert len(found) == isinstance(row.get("executionId"), str)
    found.to_csv().encode("utf-8")


def test_an_unknown_status_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"Did you mean 'Running'\?.*Queued, Quoted, Running") as caught:
        get_dataframe(only_with_status=["Runing"])
    assert "Completed" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "wrong", "takes"),
    [
        *(
            ("only_with_status", wrong, "a status such as")
            for wrong in ([None], [1], b"Running", 5, ["Running", 5])
        ),
        *(("tool_key", wrong, "the whole key of one tool") for wrong in (["deeporigin.docking"], 5)),
        *(
            ("created_after", wrong, "a datetime with a time zone")
            for wrong in (
                "2026-01-01",
                date(2026, 1, 1),
                timedelta(days=7),
                np.datetime64("2026-01-01"),
                pd.NaT,
                5,
            )
        ),
        *(("limit", wrong, "a whole number") for wrong in ("5", True, 2.5, math.inf, [5])),
    ],
)
def test_an_argument_of_another_type_is_named_with_what_it_takes(name: str, wrong: Any, takes: str) -> None:
    """Before any call, and in words about the argument."""
    with pytest.raises(TypeError, match=f"^{name}=.*: it takes {takes}"):
        get_dataframe(**{name: wrong})


def test_an_argument_that_there_is_not_is_named_with_those_that_there_are() -> None:
    """Credentials included; the wrong type of a token is told without it."""
    wrong: Any = {"status": "Running"}
    with pytest.raises(
        TypeError, match=r"get_dataframe\(\) takes no 'status'. It takes only_with_status,.*token"
    ):
        get_dataframe(**wrong)
    wrong = {"token": b"s3cret"}
    with pytest.raises(TypeError, match=r"^token is of the type bytes: it takes text$"):
        get_dataframe(**wrong)


def test_what_cannot_be_meant_is_refused_before_any_call() -> None:
    with pytest.raises(ValueError, match="limit=0"):
        get_dataframe(limit=0)
    with pytest.raises(ValueError, match="no time zone"):
        get_dataframe(created_after=datetime(2026, 11, 1))  # noqa: DTZ001  # what is tested
    with pytest.raises(ValueError, match="outside the calendar"):
        get_dataframe(created_after=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
