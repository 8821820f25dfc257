"""What the platform sends, read into domain values: jobs, pages of jobs, users, health. Pure.

The fields are those recorded in September 2025 and those that the official client 5.4.0 reads. Any of them
may be null or absent, and the platform adds more without notice: a reply is read for what is needed, a field
of a wrong type costs that field, and a row without an id or a status costs that row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from dojobbot.deeporigin import details, progress, restrictions
from dojobbot.deeporigin.requests import ID_PATTERN
from dojobbot.deeporigin.rows import (
    UNREADABLE,
    BadRow,
    RowReader,
    Stamp,
    Tool,
    decode,
    decode_object,
    flat,
)
from dojobbot.directory import PlatformUser
from dojobbot.domain import Job, normalise
from dojobbot.errors import MalformedReply, PlatformUnavailable
from dojobbot.fields import text

__all__ = [
    "UNREADABLE",
    "BadRow",
    "Inputs",
    "Page",
    "Row",
    "check_health",
    "decode_execution",
    "decode_job",
    "decode_users",
    "open_page",
]


# gc=False: as in `rows`.
class Inputs(msgspec.Struct, gc=False):
    """The inputs that are looked at: how many ligands there are, by which a docking text is measured.

    And the options of a free-energy run's steps, which say how much time its steps simulate.
    """

    smiles_list: list[Any] | None = None
    emeq: Any = None
    md: Any = None
    solvation: Any = None
    binding: Any = None


class Row(msgspec.Struct, rename="camel", gc=False):
    """An execution object, as far as it is needed."""

    execution_id: Annotated[str, msgspec.Meta(pattern=ID_PATTERN)]
    status: Annotated[str, msgspec.Meta(min_length=1)]
    resource_id: str | None = None
    name: str | None = None
    tool: Tool | None = None
    created_by: str | None = None
    created_at: Stamp | None = None
    started_at: Stamp | None = None
    completed_at: Stamp | None = None
    updated_at: Stamp | None = None
    status_reason: Any = None
    progress_report: Any = None
    quotation_result: Any = None
    user_inputs: Inputs | None = None
    project_id: str | None = None
    tag: str | None = None
    session: str | None = None
    visibility: str | None = None


_ROWS = RowReader(Row)


@dataclass(frozen=True, slots=True)
class Page:
    """One page, its rows still to be read: a slice at a time, so that a long page holds nobody up.

    `count`: how many rows match in all, where the platform says so.
    """

    rows: Sequence[Row | msgspec.Raw | bytes]
    count: int | None

    def read(self, start: int, stop: int) -> list[Job | BadRow]:
        """Read the rows from `start` to before `stop`."""
        rows = (_ROWS.read(row) for row in self.rows[start:stop])
        return [_to_job(row) if isinstance(row, Row) else row for row in rows]


def open_page(body: bytes) -> Page:
    """Take a page of a listing apart: an envelope `{data, count}` or a bare list, of flat or JSON:API rows.

    Raises:
        MalformedReply: it is no page at all.
    """
    opened = _ROWS.open(body)
    return Page(opened.rows, opened.count)


def decode_job(body: bytes) -> Job:
    """Read one execution object, bare or as the `data` of an envelope.

    Raises:
        MalformedReply: it is none.
    """
    try:
        return _to_job(_ROWS.strict(body))
    except UNREADABLE:
        return _to_job(_ROWS.lenient(decode_execution(body)))


def decode_execution(body: bytes) -> Mapping[str, Any]:
    """Read one execution object with all that it holds, without what it may be wrapped in.

    Raises:
        MalformedReply: it is no object.
    """
    found = decode_object(body, "a job")
    inner = found.get("data")
    return flat(inner if isinstance(inner, dict) and "executionId" not in found else found)


def decode_users(body: bytes) -> tuple[PlatformUser, ...]:
    """Read the organisation's users: an envelope or a bare list. Somebody without an id is left out.

    Raises:
        MalformedReply: it is no list of users.
    """
    found = decode(body, "a list of users")
    rows = found.get("data") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise MalformedReply("Deep Origin sent something that is not a list of users.")
    users = (_to_user(row) for row in rows if isinstance(row, dict))
    return tuple(user for user in users if user is not None)


def check_health(body: bytes) -> None:
    """Read the health report.

    Raises:
        PlatformUnavailable: the platform says that it is unwell.
        MalformedReply: it is no health report.
    """
    status = text(decode_object(body, "a health report").get("status"), 40)
    if status is None:
        raise MalformedReply("Deep Origin sent something that is not a health report.")
    if status.lower() != "ok":
        raise PlatformUnavailable(f"Deep Origin says that it is unwell: {status}.")


def _to_job(row: Row) -> Job:
    tool, inputs = row.tool or Tool(), row.user_inputs or Inputs()
    raw_status = text(row.status, 64) or "Unknown"
    return Job(
        id=row.execution_id,
        status=normalise(raw_status),
        raw_status=raw_status,
        resource_id=text(row.resource_id),
        name=text(row.name),
        tool_key=text(tool.key),
        tool_version=None if tool.version is None else text(str(tool.version)),
        created_by=text(row.created_by),
        created_at=_utc(row.created_at),
        started_at=_utc(row.started_at),
        completed_at=_utc(row.completed_at),
        updated_at=_utc(row.updated_at),
        reason=restrictions.why(raw_status, row.status_reason)
        or details.reason(row.status_reason, row.quotation_result),
        progress=progress.parse(
            row.progress_report, ligands=len(inputs.smiles_list or ()) or None, inputs=_steps(inputs)
        ),
        quote=details.quote(row.quotation_result),
        project_id=text(row.project_id),
        tag=text(row.tag),
        session=text(row.session),
        hidden=row.visibility == "hidden",
    )


def _steps(inputs: Inputs) -> Mapping[str, object]:
    return {
        "emeq": inputs.emeq, "md": inputs.md, "solvation": inputs.solvation, "binding": inputs.binding
    }  # fmt: skip


def _utc(moment: datetime | None) -> datetime | None:
    """Bring a stamp to UTC; one at the very edge of the calendar has no place there."""
    if moment is None or moment.tzinfo is UTC:
        return moment
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        return None


def _to_user(found: Mapping[str, Any]) -> PlatformUser | None:
    attributes = found.get("attributes")
    row = {**found, **attributes} if isinstance(attributes, dict) else found
    user_id = text(row.get("id"))
    if user_id is None:
        return None
    names = (text(row.get("firstName")), text(row.get("lastName")))
    name = " ".join(part for part in names if part) or text(row.get("name"))
    return PlatformUser(id=user_id, auth_id=text(row.get("authId")), email=text(row.get("email")), name=name)
