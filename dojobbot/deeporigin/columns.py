"""Rows of executions as columns, page by page: what a dataframe is made of. Pure.

Only what was asked for is decoded; the rest of each row, which is most of it, is skipped. Moments are kept as
whole microseconds since 1970 and repeated words once, so that 100,000 jobs take little more than their ids.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dojobbot.deeporigin.rows import BadRow, RowReader, Stamp, Tool
from dojobbot.domain import normalise

NO_MOMENT = -(2**63)
"""Where there is no moment; the same number stands for NaT in numpy."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


class _Row(msgspec.Struct, rename="camel", gc=False):
    """What every dataframe shows. Only the id is needed: whatever has one is a job."""

    execution_id: str
    status: str | None = None
    resource_id: str | None = None
    tool: Tool | None = None
    created_by: str | None = None
    created_at: Stamp | None = None
    started_at: Stamp | None = None
    completed_at: Stamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """Which of the other fields are wanted too. `looked_at`: read of each row, and not kept in a column."""

    metadata: bool = False
    inputs: bool = False
    outputs: bool = False
    prices: bool = False
    looked_at: tuple[str, ...] = ()

    def fields(self) -> tuple[str, ...]:
        """Give the names of those that are kept, in the order of the columns."""
        wanted = (
            ("metadata", self.metadata),
            ("user_inputs", self.inputs),
            ("user_outputs", self.outputs),
            ("quotation_result", self.prices),
            ("billing_transaction", self.prices),
            ("billing", self.prices),
        )
        return tuple(name for name, is_wanted in wanted if is_wanted)


class Columns:
    """The columns of the pages so far, each with one entry a job.

    Args:
        extras: which of the other fields to read.
    """

    def __init__(self, extras: Extras) -> None:
        names = extras.fields()
        kind = msgspec.defstruct(
            "_WideRow",
            [(name, Any, None) for name in (*names, *extras.looked_at)],
            bases=(_Row,),
            rename="camel",
            gc=False,
        )
        self._reader: RowReader[Any] = RowReader(kind)
        self._words = _Known(str)
        self._statuses = _Known(normalise)
        self.ids: list[str] = []
        self.resource_ids: list[str | None] = []
        self.statuses: list[str | None] = []
        self.tool_keys: list[str | None] = []
        self.tool_versions: list[str | None] = []
        self.creators: list[str | None] = []
        self.created = array("q")
        self.started = array("q")
        self.completed = array("q")
        self.extras: dict[str, list[Any]] = {name: [] for name in names}

    def open(self, body: bytes) -> tuple[list[Any], list[BadRow], int | None]:
        """Read a page.

        Returns:
            Its rows, those that could not be read, and how many rows the platform says match in all.

        Raises:
            MalformedReply: it is no page.
        """
        opened = self._reader.open(body)
        if opened.in_order:
            return list(opened.rows), [], opened.count
        entries = [self._reader.read(row) for row in opened.rows]
        rows = [entry for entry in entries if not isinstance(entry, BadRow)]
        return rows, [entry for entry in entries if isinstance(entry, BadRow)], opened.count

    def add(self, rows: Sequence[Any]) -> None:
        """Append rows, as `open` gave them, to the columns."""
        tools = [row.tool or _NO_TOOL for row in rows]
        self.ids += [row.execution_id for row in rows]
        self.resource_ids += [row.resource_id for row in rows]
        words = self._words
        self.statuses += [self._statuses[row.status] for row in rows]
        self.tool_keys += [words[tool.key] for tool in tools]
        self.tool_versions += [words[_version(tool.version)] for tool in tools]
        self.creators += [words[row.created_by] for row in rows]
        self.created.extend([_microseconds(row.created_at) for row in rows])
        self.started.extend([_microseconds(row.started_at) for row in rows])
        self.completed.extend([_microseconds(row.completed_at) for row in rows])
        for name, column in self.extras.items():
            column += [getattr(row, name) for row in rows]


class _Known(dict[str | None, str | None]):
    """What each word is called, worked out once and only once in memory; None stays None."""

    def __init__(self, name: Callable[[str], str]) -> None:
        super().__init__({None: None})
        self._name = name

    def __missing__(self, word: str) -> str:
        found = self[word] = self._name(word)
        return found


_NO_TOOL = Tool()


def _version(version: str | int | float | None) -> str | None:
    return version if version is None or isinstance(version, str) else str(version)


def _microseconds(moment: datetime | None) -> int:
    # An offset may lead out of the calendar, where nothing that shows moments could follow.
    found = NO_MOMENT if moment is None else (moment - _EPOCH) // _MICROSECOND
    return found if _FIRST <= found <= _LAST else NO_MOMENT
