"""The log of a job: pages of `user_logs` rows, read into lines, newest first. Pure.

The fields `log_level`, `tool_key`, `date` or `created_at`, and `message` are those that the official client
5.4.0 reads (`drug_discovery/execution.py`). Its search names no order, and none is relied upon.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dojobbot.deeporigin import requests
from dojobbot.deeporigin.exchange import Exchange, Steps
from dojobbot.deeporigin.rows import decode
from dojobbot.domain import LogLine
from dojobbot.errors import MalformedReply
from dojobbot.fields import count, text

__all__ = ["PAGE_SIZE", "LogPage", "newest", "newest_first", "open_log_page"]

PAGE_SIZE = 1_000
MOST_PAGES = 5
"""A log of more than this is read at its beginning and at its end, in one of which the newest lines stand."""
MESSAGE_LIMIT = 4_000
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogPage:
    """One page. `rows`: how many it had, readable or not; `total`: of how many in all, where that is said."""

    lines: tuple[LogLine, ...]
    rows: int
    total: int | None

    def is_last(self, end: int) -> bool:
        """Whether nothing follows it; `end` is how many rows there are up to its own last one."""
        if self.total is None:
            return self.rows < PAGE_SIZE
        return not self.rows or end >= self.total


def newest(exchange: Exchange, org_key: str, job_id: str, *, limit: int) -> Steps[tuple[LogLine, ...]]:
    """Make the steps of reading a job's newest lines.

    Raises:
        JobNotFound: it cannot be an id.
        MalformedReply: an answer is no page of a log.
        ValueError: the limit is less than 1.
    """
    if limit < 1:
        raise ValueError(f"limit {limit}: ask for at least one line")
    lines: list[LogLine] = []
    offset = 0
    for number in range(MOST_PAGES):
        request = requests.logs(org_key, job_id, limit=PAGE_SIZE, offset=offset)
        answer = yield from exchange.read(request)
        page = open_log_page(answer.reply.body, job_id)
        lines += page.lines
        offset += page.rows
        if page.is_last(offset):
            break
        if number == 0 and page.total is not None:
            offset = max(offset, page.total - (MOST_PAGES - 1) * page.rows)
    return newest_first(lines)[:limit]


def open_log_page(body: bytes, job_id: str) -> LogPage:
    """Read a page: an envelope `{data, meta}` or a bare list. A row that says nothing is left out.

    So is a row of another job, in case the platform does not know the filter.

    Raises:
        MalformedReply: it is no page of a log.
    """
    found = decode(body, "a log")
    rows, meta = (found.get("data"), found.get("meta")) if isinstance(found, dict) else (found, None)
    if not isinstance(rows, list):
        raise MalformedReply("Deep Origin sent something that is not a log.")
    total = count(meta.get("total_count")) if isinstance(meta, dict) else None
    lines = (_line(row, job_id) for row in rows if isinstance(row, dict))
    return LogPage(tuple(line for line in lines if line is not None), len(rows), total)


def newest_first(lines: list[LogLine]) -> tuple[LogLine, ...]:
    """Sort lines by their time, newest first; those of one moment, and those without, as they came.

    Where they came oldest first, lines of one moment are turned round, too.
    """
    dated = [line.at for line in lines if line.at is not None]
    came = list(reversed(lines)) if dated and dated[0] <= dated[-1] else lines
    return tuple(sorted(came, key=lambda line: line.at or _EARLIEST, reverse=True))


def _line(row: Mapping[str, Any], job_id: str) -> LogLine | None:
    message = _message(row.get("message"))
    if message is None or row.get("execution_id") not in (None, job_id):
        return None
    return LogLine(
        message=message,
        at=_moment(row.get("date")) or _moment(row.get("created_at")),
        level=(text(row.get("log_level"), 20) or "").lower(),
        tool_key=text(row.get("tool_key")),
    )


def _message(value: object) -> str | None:
    """Give a message as text; one that is structured as JSON."""
    if isinstance(value, dict | list):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return None
    return text(value, MESSAGE_LIMIT)


def _moment(value: object) -> datetime | None:
    """Read an ISO stamp; one without a zone is taken for UTC."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
