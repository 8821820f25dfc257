"""What the platform sends, read into domain values: jobs, pages of jobs, users, health. Pure.

The fields are those recorded in September 2025 and those that the official client 5.4.0 reads. Any of them
may be null or absent, and the platform adds more without notice: a reply is read for what is needed, a field
of a wrong type costs that field, and a row without an id or a status costs that row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from dojobbot.deeporigin import details, progress
from dojobbot.deeporigin.fields import count, text
from dojobbot.deeporigin.requests import ID_PATTERN
from dojobbot.domain import Job, PlatformUser, normalise
from dojobbot.errors import MalformedReply, PlatformUnavailable

UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoders raise: not JSON or not the wanted shape, not UTF-8, nested beyond reason."""

Stamp = Annotated[datetime, msgspec.Meta(tz=True)]


class Tool(msgspec.Struct, gc=False):
    """A tool's key and version."""

    key: str | None = None
    version: str | int | float | None = None


# gc=False: what is decoded holds no cycles, and thousands of rows would set off the collector at bad moments.
class Inputs(msgspec.Struct, gc=False):
    """The one input that is looked at: how many ligands there are is what a docking text is measured by."""

    smiles_list: list[Any] | None = None


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
    visibility: str | None = None


class _Envelope(msgspec.Struct):
    """A page whose rows are all in order."""

    data: list[Row]
    count: int | None = None


class _RawEnvelope(msgspec.Struct):
    """A page whose rows are looked at one by one."""

    data: list[msgspec.Raw]
    count: Any = None


_PAGE = msgspec.json.Decoder(_Envelope)
_RAW_PAGE = msgspec.json.Decoder(_RawEnvelope | list[msgspec.Raw])
_ROW = msgspec.json.Decoder(Row)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. `name` is the same whenever the row is: its id, or a digest of it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page, its rows still to be read: a slice at a time, so that a long page holds nobody up.

    `count`: how many rows match in all, where the platform says so.
    """

    rows: Sequence[Row | msgspec.Raw | bytes]
    count: int | None

    def read(self, start: int, stop: int) -> list[Job | BadRow]:
        """Read the rows from `start` to before `stop`."""
        rows = (row if isinstance(row, Row) else _row_or_bad(row) for row in self.rows[start:stop])
        return [_to_job(row) if isinstance(row, Row) else row for row in rows]


def open_page(body: bytes) -> Page:
    """Take a page of a listing apart: an envelope `{data, count}` or a bare list, of flat or JSON:API rows.

    Raises:
        MalformedReply: it is no page at all.
    """
    try:
        envelope = _PAGE.decode(body)
    except UNREADABLE:
        return _open_row_by_row(body)
    return Page(envelope.data, count(envelope.count))


def decode_job(body: bytes) -> Job:
    """Read one execution object, bare or as the `data` of an envelope.

    Raises:
        MalformedReply: it is none.
    """
    try:
        return _to_job(_ROW.decode(body))
    except UNREADABLE:
        found = decode_object(body, "a job")
    inner = found.get("data")
    row = inner if isinstance(inner, dict) and "executionId" not in found else found
    return _to_job(_lenient_row(row))


def decode_users(body: bytes) -> tuple[PlatformUser, ...]:
    """Read the organisation's users: an envelope or a bare list. Somebody without an id is left out.

    Raises:
        MalformedReply: it is no list of users.
    """
    found = _decode(body, "a list of users")
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


def decode_object(body: bytes, wanted: str) -> dict[str, Any]:
    """Read a JSON object; raises MalformedReply, in which `wanted` says what it should have been."""
    found = _decode(body, wanted)
    if not isinstance(found, dict):
        raise MalformedReply(f"Deep Origin sent something that is not {wanted}.")
    return found


def _decode(body: bytes, wanted: str) -> Any:
    try:
        return _loose(body)
    except UNREADABLE as error:
        what = "a web page" if body.lstrip()[:1] == b"<" else "something unreadable"
        raise MalformedReply(f"Deep Origin sent {what} in place of {wanted}.") from error


def _loose(body: bytes) -> Any:
    """Decode as strictly as JSON says, else as the standard library does.

    That one takes what JavaScript and Python write all the same: a name cut in the middle of an emoji (half a
    surrogate pair) and NaN.
    """
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return json.loads(body.decode("utf-8", "replace"))


def _open_row_by_row(body: bytes) -> Page:
    try:
        found = _RAW_PAGE.decode(body)
    except UNREADABLE:
        rows, total = _loose_rows(_decode(body, "a list of jobs"))
        return Page(rows, count(total))
    return Page(found, None) if isinstance(found, list) else Page(found.data, count(found.count))


def _loose_rows(found: Any) -> tuple[list[bytes], Any]:
    """Take apart a page that was not quite JSON, so that only the rows at fault are read loosely."""
    rows, total = (found.get("data"), found.get("count")) if isinstance(found, dict) else (found, None)
    if not isinstance(rows, list):
        raise MalformedReply("Deep Origin sent something that is not a list of jobs.")
    return [json.dumps(row).encode() for row in rows], total


def _row_or_bad(raw: msgspec.Raw | bytes) -> Row | BadRow:
    try:
        return _ROW.decode(raw)
    except UNREADABLE:
        pass  # not in order: read it field by field
    digest = hashlib.sha256(memoryview(raw)).hexdigest()[:12]
    try:
        found = _loose(bytes(raw))
    except UNREADABLE as error:
        return BadRow(digest, f"unreadable: {type(error).__name__}")
    if not isinstance(found, dict):
        return BadRow(digest, "not an object")
    try:
        return _lenient_row(found)
    except MalformedReply as error:
        name = text(found.get("executionId"), 64) or text(found.get("resourceId"), 64)
        return BadRow(name or digest, str(error))


def _lenient_row(found: Mapping[str, Any]) -> Row:
    """Take every field that has its type, and the others' defaults.

    Raises:
        MalformedReply: there is no id or no status.
    """
    attributes = found.get("attributes")
    if isinstance(attributes, dict):
        found = attributes if "executionId" in attributes else {**attributes, "executionId": found.get("id")}
    taken = {
        field.name: value
        for field in msgspec.structs.fields(Row)
        for value in _of_type(found.get(field.encode_name), field.type)
    }
    for name, label in (("execution_id", "executionId"), ("status", "status")):
        if name not in taken:
            raise MalformedReply(f"Deep Origin sent a job without a readable {label}.")
    return Row(**taken)


def _of_type(value: Any, wanted: Any) -> tuple[Any, ...]:
    """Give the value alone if it is present and can be read as that type, else nothing."""
    if value is None:
        return ()
    try:
        return (msgspec.convert(value, wanted),)
    except (msgspec.ValidationError, RecursionError):
        return ()


def _to_job(row: Row) -> Job:
    tool = row.tool or Tool()
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
        reason=details.reason(row.status_reason, row.quotation_result),
        progress=progress.parse(row.progress_report, ligands=_ligands(row.user_inputs)),
        quote=details.quote(row.quotation_result),
        project_id=text(row.project_id),
        hidden=row.visibility == "hidden",
    )


def _ligands(inputs: Inputs | None) -> int | None:
    return len(inputs.smiles_list) if inputs is not None and inputs.smiles_list else None


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
