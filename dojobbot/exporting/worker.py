"""What runs in the process of its own: `python -m dojobbot.exporting.worker`. The bot starts it, nobody else.

It reads one task from its standard input, as JSON: the account with its token, which thereby is on no command
line, and the order. It says on standard output how far it is, a line of JSON each, and last what it made or
why it could not. It ends when its standard input does: then the bot that started it is gone.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dojobbot.deeporigin import details
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.columns import Extras
from dojobbot.errors import DojobbotError, ExportFailed, PlatformError
from dojobbot.exporting.figures import Counted, figures
from dojobbot.exporting.messages import Done, Failure, Progress, Said, read_task, write
from dojobbot.exporting.writers import Written, write_csv, write_json, write_xlsx
from dojobbot.fields import billed
from dojobbot.frames import FrameQuery, fetch_some, records
from dojobbot.orders import Exported, Figures, FiguresOrder, FileKind, FileOrder, JobsOrder
from dojobbot.query_words import zone

SAY_EVERY_SECONDS = 0.5
LOOKED_AT = ("visibility", "tag", "session", "project_id")
FIGURES = [
    *("status", "tool_key", "created_at", "started_at", "completed_at"),
    *("quotation_result", "billing_transaction", "billing"),
]
"""The columns of which figures are made."""
MOMENTS = frozenset({"created_at", "completed_at", "started_at"})
NICENESS = 10
"""The bot answers presses meanwhile: it goes first."""


def main() -> int:
    """Do one task; returns the exit code."""
    sys.excepthook = lambda _kind, error, _trace: sys.stderr.write(where_it_broke(error))
    _step_back()
    task = read_task(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_bot, args=(task.path,), daemon=True).start()
    account = Account(task.base_url, task.org_key, task.token, task.project_id)
    said = Done()
    try:
        if task.file is not None and task.path is not None:
            said.file = make_file(account, task.file, task.path)
        if task.figures is not None:
            said.figures = make_figures(account, task.figures)
    except DojobbotError as error:
        _say(Failure(str(error), error.hint))
    except MemoryError:
        _say(Failure("That is more than fits into memory.", ExportFailed.hint))
    except Exception as error:  # noqa: BLE001
        # Whoever waits must hear of it; what broke is in the bot's log, which has our standard error.
        sys.stderr.write(where_it_broke(error))
        _say(Failure())
    else:
        _say(said)
    return 0


def where_it_broke(error: BaseException) -> str:
    """Give the kinds of an error and of what caused it, and the lines of code they went through.

    Not their words: these may quote what is in a job, which belongs in nobody's log.
    """
    before = error.__cause__ or error.__context__
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{where_it_broke(before) if before else ''}{lines}{type(error).__qualname__}\n"


def make_file(account: Account, order: FileOrder, path: Path) -> Exported:
    """Make the file of an order."""
    extras = Extras(
        metadata="metadata" in order.extras,
        inputs="inputs" in order.extras,
        outputs="outputs" in order.extras,
        looked_at=LOOKED_AT,
    )
    query = _query(order.jobs, extras, account.project_id, resolve_user_names=True)
    has_names = True
    try:
        frame, bad_names = fetch_some(account, query, report=_Teller())
    except PlatformError:
        # Names, which are asked for first, are decoration; without the jobs this raises again.
        has_names = False
        query = replace(query, resolve_user_names=False)
        frame, bad_names = fetch_some(account, query, report=_Teller())
    columns = tuple(str(name) for name in frame.columns)
    written = _write(path, columns, records(frame), order)
    return Exported(
        path=path,
        rows=written.rows,
        columns=columns,
        size=path.stat().st_size,
        bad_rows=len(bad_names),
        cut_cells=written.cut_cells,
        left_out=written.left_out,
        has_names=has_names,
    )


def _write(
    path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]], order: FileOrder
) -> Written:
    if order.kind is FileKind.JSON:
        return write_json(path, columns, rows)
    if order.kind is FileKind.CSV:
        return write_csv(path, columns, rows)
    about = (
        f"Deep Origin jobs: {order.scope or 'all'}",
        f"Made by dojobbot at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. All times are UTC.",
        "Metadata, inputs and outputs are JSON. Control characters are left out.",
    )
    return write_xlsx(path, columns, rows, moments=MOMENTS, about=about)


def make_figures(account: Account, order: FiguresOrder) -> Figures:
    """Add up the jobs of an order."""
    query = _query(order.jobs, Extras(prices=True, looked_at=LOOKED_AT), account.project_id)
    frame, bad_names = fetch_some(account, query, report=_Teller())
    days = zone(order.tz)
    since = order.jobs.created_after
    return figures(
        counted(records(frame[FIGURES])),
        zone=days,
        first=None if since is None else since.astimezone(days).date(),
        now=order.now,
        bad_rows=len(bad_names),
    )


def counted(rows: Iterable[tuple[Any, ...]]) -> Iterator[Counted]:
    """Read what figures need from the columns FIGURES of a dataframe."""
    for status, tool, created_at, started_at, completed_at, quotation, transaction, billing in rows:
        quote, bill = details.quote(quotation), billed(transaction or billing)
        yield Counted(
            status=status or "Unknown",
            tool=tool or "",
            created_at=created_at,
            started_at=started_at,
            completed_at=completed_at,
            price=None if quote is None else quote.amount,
            bill=bill if bill is not None and abs(bill) <= details.HIGHEST_PRICE else None,
        )


def _query(
    jobs: JobsOrder, extras: Extras, project_id: str | None, *, resolve_user_names: bool = False
) -> FrameQuery:
    """Say which rows are wanted: what the platform filters by, and what is asked of each row here."""
    tool = jobs.tool.casefold()

    def keeps(row: Any) -> bool:
        # As in lists, nobody relies on the platform to have narrowed to the project.
        if row.visibility == "hidden" or project_id not in {None, row.project_id}:
            return False
        if jobs.person is not None and not jobs.person.created(row.created_by):
            return False
        if jobs.tag is not None and str(row.tag or "").casefold() != jobs.tag.casefold():
            return False
        if jobs.session is not None and not str(row.session or "").casefold().startswith(jobs.session):
            return False
        return tool in ((row.tool and row.tool.key) or "").casefold()

    return FrameQuery(
        statuses=jobs.statuses or None,
        created_after=jobs.created_after,
        limit=jobs.limit,
        extras=extras,
        resolve_user_names=resolve_user_names,
        keeps=keeps,
    )


class _Teller:
    """Says how far it is, not more often than anybody could look."""

    def __init__(self) -> None:
        self._last = 0.0

    def __call__(self, seen: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last >= SAY_EVERY_SECONDS:
            self._last = now
            _say(Progress(seen, total))


def _say(message: Said) -> None:
    sys.stdout.buffer.write(write(message))
    sys.stdout.buffer.flush()


def _step_back() -> None:
    """Let the bot go first: for the processor, and when memory is short."""
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")


def _end_with_the_bot(path: Path | None) -> None:
    sys.stdin.buffer.read()
    if path is not None:
        # Nobody else would: these are an organisation's jobs, and they lie in a temporary folder.
        shutil.rmtree(path.parent, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
