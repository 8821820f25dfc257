"""Files as other programs read them: csv and json from the standard library, sheets by openpyxl."""

from __future__ import annotations

import csv
import json
import math
import tempfile
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from dojobbot.exporting.cells import LONGEST_CELL
from dojobbot.exporting.writers import Written, write_csv, write_json, write_xlsx
from dojobbot.orders import CutCell

COLUMNS = ("id", "created_at", "status", "run_duration_minutes", "metadata")
MOMENT = datetime(2026, 11, 22, 9, 0, 30, tzinfo=UTC)
ROW = ("job-1", MOMENT, "=1+1", -3, {"protein": "BRD4", "box": [1, 2]})
EMPTY = ("job-2", None, None, None, None)


def sheets(path: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The values of both sheets, each a list of rows, as openpyxl reads them."""
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Jobs", "About"]
    return list(book["Jobs"].values), list(book["About"].values)


def workbook(path: Path, rows: list[tuple[Any, ...]], **more: Any) -> Written:
    """Make a workbook of jobs."""
    return write_xlsx(path, COLUMNS, rows, moments=frozenset({"created_at"}), about=["All jobs"], **more)


def test_csv_is_neutral_and_in_utf_8_with_its_mark(tmp_path: Path) -> None:
    """Excel opens it by a double click, and pandas and csv read the same."""
    path = tmp_path / "jobs.csv"
    assert write_csv(path, COLUMNS, [ROW, EMPTY]) == Written(rows=2)
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, row, empty = csv.reader(file)
    assert tuple(head) == COLUMNS
    nested = '{"protein":"BRD4","box":[1,2]}'
    assert row == ["job-1", "2026-11-22T09:00:30.000Z", "'=1+1", "-3", nested]
    assert empty == ["job-2", "", "", "", ""]


def test_json_is_records_with_values_as_they_are(tmp_path: Path) -> None:
    """A formula is harmless there, and nothing nested is text."""
    path = tmp_path / "jobs.json"
    write_json(path, COLUMNS, [ROW, EMPTY])
    first, second = json.loads(path.read_text("utf-8"))
    assert first == dict(zip(COLUMNS, ROW, strict=True)) | {"created_at": "2026-11-22T09:00:30.000Z"}
    assert list(second.values()) == ["job-2", None, None, None, None]
    write_json(path, COLUMNS, [])
    assert json.loads(path.read_text("utf-8")) == []


def test_json_is_json_whatever_the_numbers(tmp_path: Path) -> None:
    """`NaN` is Python's word; most other readers refuse the file for it. One too deep value costs no file."""
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    path = tmp_path / "jobs.json"
    rows = [("job-1", MOMENT, "Failed", 10**30, {"rmsd": [math.nan]}), ("job-2", None, None, None, deep)]
    write_json(path, COLUMNS, rows)
    text = path.read_text("utf-8")
    assert "NaN" not in text
    first, second = json.loads(text)
    assert (first["run_duration_minutes"], first["metadata"]) == (10**30, {"rmsd": [None]})
    assert "too deeply" in second["metadata"]


def test_a_sheet_takes_any_number(tmp_path: Path) -> None:
    """What a cell cannot hold as a number is text, or nothing."""
    path = tmp_path / "jobs.xlsx"
    workbook(path, [("job-1", MOMENT, "Failed", 10**400, math.inf), ("job-2", MOMENT, "Failed", 1.5, None)])
    _, first, second = sheets(path)[0]
    assert (first[3], first[4]) == (str(10**400), "")
    assert second[3] == 1.5


def test_nothing_is_written_outside_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who removes that folder removes all, whenever it ended."""
    elsewhere = tmp_path / "system"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    ours = tmp_path / "ours"
    ours.mkdir()
    seen: list[int] = []

    def rows() -> Iterator[tuple[Any, ...]]:
        for _ in range(3):
            yield ROW
            assert list(elsewhere.iterdir()) == []
            seen.append(len(list(ours.iterdir())))

    write_xlsx(ours / "jobs", COLUMNS, rows(), moments=frozenset(), about=["All jobs"])
    assert min(seen) > 0


def test_a_sheet_has_utc_in_its_header_and_texts_that_stay_texts(tmp_path: Path) -> None:
    """A moment is a date, a number a number, and a formula the text that it was."""
    path = tmp_path / "jobs.xlsx"
    assert workbook(path, [ROW, EMPTY]) == Written(rows=2)
    (head, row, empty), about = sheets(path)
    assert head == ("id", "created_at (UTC)", "status", "run_duration_minutes", "metadata")
    assert row == ("job-1", MOMENT.replace(tzinfo=None), "=1+1", -3, '{"protein":"BRD4","box":[1,2]}')
    assert empty == EMPTY
    assert about[0][0] == "All jobs"
    cell = openpyxl.load_workbook(path)["Jobs"]["C2"]
    assert (cell.data_type, cell.hyperlink) == ("s", None)


def test_no_text_becomes_a_link(tmp_path: Path) -> None:
    """Whoever clicks into a cell opens nothing."""
    path = tmp_path / "jobs.xlsx"
    workbook(path, [("https://example.org", None, "mailto:a@example.org", 1, None)])
    assert openpyxl.load_workbook(path)["Jobs"]["A2"].hyperlink is None


def test_a_cut_cell_is_named_and_counted(tmp_path: Path) -> None:
    """On the second sheet: which job, which column, how long it was."""
    path = tmp_path / "jobs.xlsx"
    written = workbook(path, [("job-1", None, "x" * (LONGEST_CELL + 5), 1, None), EMPTY])
    assert (written.cut_cells, written.cuts) == (1, [CutCell("job-1", "status", LONGEST_CELL + 5)])
    jobs, about = sheets(path)
    assert len(jobs[1][2]) == LONGEST_CELL
    assert ("job-1", "status", LONGEST_CELL + 5) in about
    assert any("1 cells were cut" in str(line[0]) for line in about)


def test_jobs_without_room_are_counted(tmp_path: Path) -> None:
    """The newest stay; the second sheet and the caller say how many are missing."""
    path = tmp_path / "jobs.xlsx"
    written = workbook(path, [(f"job-{number}", None, None, None, None) for number in range(5)], most_rows=3)
    assert (written.rows, written.left_out) == (3, 2)
    jobs, about = sheets(path)
    assert [row[0] for row in jobs] == ["id", "job-0", "job-1", "job-2"]
    assert any("2 older ones are left out" in str(line[0]) for line in about)


def test_days_that_excel_does_not_know_are_text(tmp_path: Path) -> None:
    """It counts from 1900, with a day too many in its first months."""
    path = tmp_path / "jobs.xlsx"
    workbook(path, [("job-1", datetime(1899, 1, 1, tzinfo=UTC), None, None, None)])
    assert sheets(path)[0][1][1] == "1899-01-01T00:00:00.000Z"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5))
@example(["_x0041_", " =1", "\x00a\x1f", "a\x7f\x85\x9f\xa0b", "a\ud7ff\ue000", "&lt;<b>"])
def test_any_text_comes_back_without_its_control_characters(texts: list[str]) -> None:
    """Also `_x0041_`, which a careless reader takes for an A, and leading blanks."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.xlsx"
        workbook(path, [(f"job-{at}", None, text, at, text) for at, text in enumerate(texts)])
        jobs, _ = sheets(path)
    for at, text in enumerate(texts):
        kept = "".join(
            each
            for each in text
            if each in "\t\n\r" or not (unicodedata.category(each) == "Cc" or each in "\ufffe\uffff")
        )
        shown = unescape(jobs[at + 1][2] or "")
        assert shown == kept.replace("\r\n", "\n").replace("\r", "\n")
