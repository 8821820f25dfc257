"""What is asked of the process that makes files and figures, and what it answers: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

from dojobbot.domain import Destination, require_aware

__all__ = [
    "EXTRAS",
    "CutCell",
    "Day",
    "Exported",
    "Figures",
    "FiguresOrder",
    "FileKind",
    "FileOrder",
    "JobsOrder",
    "OpenExport",
    "Person",
    "ToolFigures",
]

EXTRAS = ("metadata", "inputs", "outputs")
"""What `with:` adds, in the order of the columns."""


class FileKind(StrEnum):
    """The kinds of file that an export can be, named as people type them."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """By what a person's jobs are known: values of `createdBy`, and the e-mail inside one, lower-cased."""

    creators: frozenset[str]
    email: str | None = None

    def created(self, created_by: str | None) -> bool:
        """Whether a job with this `createdBy` is theirs."""
        return created_by is not None and (
            created_by in self.creators or (self.email is not None and email_in(created_by) == self.email)
        )


def email_in(created_by: str | None) -> str | None:
    """Read the e-mail in a `provider|email` value, lower-cased."""
    _, separator, email = (created_by or "").partition("|")
    return email.casefold() if separator and "@" in email else None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsOrder:
    """Which jobs: those that `/jobs` lists for the same words. Hidden jobs are not among them.

    `person`: only theirs. `tool`: a part of the tool's key; `tag`: all of it; `session`: its beginning; each
    in any case. `limit`: the newest so many.
    """

    statuses: frozenset[str] = frozenset()
    person: Person | None = None
    tool: str = ""
    tag: str | None = None
    session: str | None = None
    created_after: datetime | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.created_after is not None:
            require_aware(self.created_after)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrder:
    """A file of jobs. `extras`: of EXTRAS; `scope` says in a person's words which jobs these are."""

    jobs: JobsOrder
    kind: FileKind = FileKind.CSV
    extras: tuple[str, ...] = ()
    scope: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenExport:
    """A file that somebody was promised in their DM and has not got yet. `typed`: the words after `/jobs`."""

    id: str
    user_id: str
    destination: Destination
    typed: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class CutCell:
    """A cell that was longer than a spreadsheet takes: the job, the column, and how long it was."""

    job_id: str
    column: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A file as it was made.

    Attributes:
        path: where it is.
        rows: how many jobs are in it.
        columns: their names.
        size: its bytes.
        bad_rows: how many of the platform's rows could not be read, and are left out.
        cut_cells: how many cells were cut.
        left_out: how many jobs have no room in a sheet.
        has_names: whether people's names could be had; else their ids are there.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    size: int
    bad_rows: int = 0
    cut_cells: int = 0
    left_out: int = 0
    has_names: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresOrder:
    """Figures about jobs. `tz`: the IANA zone in which a day begins; `now`: the last day's moment."""

    jobs: JobsOrder
    tz: str
    now: datetime

    def __post_init__(self) -> None:
        require_aware(self.now)


@dataclass(frozen=True, slots=True)
class Day:
    """How many jobs were created on a day, by what became of them so far."""

    day: date
    succeeded: int = 0
    failed: int = 0
    other: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.succeeded + self.failed + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFigures:
    """The jobs of one tool. The durations are of the `timed` ones, which succeeded and have both stamps.

    They are None where there are none, and `p90_seconds` also where there are few. `billed`: what was billed,
    by so many `bills`; `quoted`: the prices of those that were started and have `quotes`, but no bill.
    """

    key: str
    jobs: int
    succeeded: int = 0
    failed: int = 0
    timed: int = 0
    median_seconds: float | None = None
    p90_seconds: float | None = None
    billed: float = 0.0
    bills: int = 0
    quoted: float = 0.0
    quotes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the jobs of an order amount to.

    Attributes:
        jobs: how many there are.
        by_status: how many at each status, the most frequent first.
        days: each day from the first to the last, also those without a job.
        covered_days: how many these are when the last, which is not over, counts as far as it has gone.
        tools: by tool, the most used first.
        undated: how many have no time of creation that can be, and are on no day.
        bad_rows: how many of the platform's rows could not be read, and are left out.
    """

    jobs: int
    by_status: tuple[tuple[str, int], ...] = ()
    days: tuple[Day, ...] = ()
    covered_days: float = 0.0
    tools: tuple[ToolFigures, ...] = ()
    undated: int = 0
    bad_rows: int = 0

    @property
    def succeeded(self) -> int:
        """How many succeeded."""
        return sum(tool.succeeded for tool in self.tools)

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(tool.failed for tool in self.tools)

    @property
    def billed(self) -> float:
        """What was billed."""
        return sum(tool.billed for tool in self.tools)

    @property
    def bills(self) -> int:
        """By how many bills."""
        return sum(tool.bills for tool in self.tools)

    @property
    def quoted(self) -> float:
        """The prices of all that were started and have no bill."""
        return sum(tool.quoted for tool in self.tools)

    @property
    def quotes(self) -> int:
        """How many of those had a price."""
        return sum(tool.quotes for tool in self.tools)
