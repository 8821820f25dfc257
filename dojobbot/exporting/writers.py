"""Rows of jobs into a file: CSV, JSON, or a sheet. Rows come one by one, and are not kept."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dojobbot.exporting.cells import csv_cell, cut, flat, iso, printable
from dojobbot.fields import number, to_json
from dojobbot.orders import CutCell

__all__ = ["MOST_SHEET_ROWS", "Written", "write_csv", "write_json", "write_xlsx"]

MOST_SHEET_ROWS = 1_048_575
"""What a sheet has room for below its header."""
MOST_NAMED_CUTS = 1_000
_EARLIEST, _LATEST = datetime(1900, 3, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
"""The days that Excel counts as we do: its first two months have a day too many."""
_WIDTHS = {"id": 38, "execution_id": 24, "tool_key": 26, "user_name": 26}
_WIDTH = 20

Row = Sequence[Any]


@dataclass(slots=True)
class Written:
    """What came of writing: rows, those without room, cut cells, and which these are (the first of them)."""

    rows: int = 0
    left_out: int = 0
    cut_cells: int = 0
    cuts: list[CutCell] = field(default_factory=list)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Written:
    """Write RFC 4180 in UTF-8, with the mark at its beginning by which Excel knows it."""
    written = Written()
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([csv_cell(value) for value in row])
            written.rows += 1
    return written


def write_json(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Written:
    """Write a list of objects, one a line, with moments as ISO 8601 in UTC and nested values as they are."""
    written = Written()
    with path.open("w", encoding="utf-8", errors="replace") as file:
        file.write("[")
        for row in rows:
            file.write(",\n" if written.rows else "\n")
            cells = zip(columns, row, strict=True)
            file.write(f"{{{', '.join(f'{to_json(name)}: {_json_cell(value)}' for name, value in cells)}}}")
            written.rows += 1
        file.write("\n]\n")
    return written


def _json_cell(value: object) -> str:
    return to_json(iso(value) if isinstance(value, datetime) else value)


def write_xlsx(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Row],
    *,
    moments: frozenset[str],
    about: Sequence[str],
    most_rows: int = MOST_SHEET_ROWS,
) -> Written:
    """Write a workbook: the sheet `Jobs`, and the sheet `About`, which says what was cut or left out.

    Args:
        path: the file to make.
        columns: the names of the columns; the first is that of the jobs' ids.
        rows: their values.
        moments: the columns that hold moments. Excel knows no time zones, so their headers say UTC.
        about: what to say on the second sheet, line by line.
        most_rows: what the sheet has room for.
    """
    # Rows are written as they come and not kept; texts are texts, whatever they look like.
    book = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            # Rows lie beside the file, whose folder is removed whatever happens, and nowhere else.
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    try:
        sheet = _Sheet(
            book.add_worksheet("Jobs"), columns, book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        )
        sheet.head(book.add_format({"bold": True}), moments)
        for row in rows:
            if sheet.written.rows < most_rows:
                sheet.add(row)
            else:
                sheet.written.left_out += 1
        sheet.done()
        _about(book.add_worksheet("About"), about, sheet.written, most_rows)
    finally:
        book.close()
    return sheet.written


class _Sheet:
    """The sheet of jobs while it is written."""

    def __init__(self, sheet: Worksheet, columns: Sequence[str], moment: Format) -> None:
        self._sheet = sheet
        self._columns = columns
        self._moment = moment
        self.written = Written()

    def head(self, bold: Format, moments: frozenset[str]) -> None:
        """Write the header, which stays in sight."""
        self._sheet.freeze_panes(1, 0)
        for place, name in enumerate(self._columns):
            self._sheet.set_column(place, place, _WIDTHS.get(name, _WIDTH))
            self._sheet.write_string(0, place, f"{name} (UTC)" if name in moments else name, bold)

    def add(self, row: Row) -> None:
        """Write one job below the others."""
        self.written.rows += 1
        at = self.written.rows
        for place, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, datetime) and _EARLIEST <= value < _LATEST:
                self._sheet.write_datetime(
                    at, place, value.astimezone(UTC).replace(tzinfo=None), self._moment
                )
            elif not isinstance(value, str) and number(value) is not None:
                self._sheet.write_number(at, place, value)
            else:
                self._text(at, place, flat(value), row)

    def _text(self, at: int, place: int, value: str, row: Row) -> None:
        whole = printable(value)
        shown = cut(whole)
        self._sheet.write_string(at, place, shown)
        if len(shown) < len(whole):
            self.written.cut_cells += 1
            if len(self.written.cuts) < MOST_NAMED_CUTS:
                self.written.cuts.append(CutCell(flat(row[0]), self._columns[place], len(whole)))

    def done(self) -> None:
        """Let people filter and sort what was written."""
        self._sheet.autofilter(0, 0, max(1, self.written.rows), len(self._columns) - 1)


def _about(sheet: Worksheet, about: Sequence[str], written: Written, most_rows: int) -> None:
    sheet.set_column(0, 0, 60)
    lines: list[tuple[object, ...]] = [(line,) for line in about]
    if written.left_out:
        lines.append(
            (f"A sheet has room for {most_rows:,} jobs: {written.left_out:,} older ones are left out.",)
        )
    if written.cut_cells:
        lines.append(
            (f"A cell has room for 32,767 characters: {written.cut_cells:,} cells were cut. The first are:",)
        )
        lines.append(("id of the job", "column", "characters in all"))
        lines += [(each.job_id, each.column, each.length) for each in written.cuts]
    for at, line in enumerate(lines):
        for place, value in enumerate(line):
            if isinstance(value, int):
                sheet.write_number(at, place, value)
            else:
                sheet.write_string(at, place, cut(printable(str(value))))
