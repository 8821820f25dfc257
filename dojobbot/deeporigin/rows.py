"""Pages of rows, decoded into whatever struct somebody needs of them. Pure.

A page is decoded at once. Only when that fails its rows are looked at one by one, and a row that fails field
by field: a field of a wrong type costs that field, a row without what its struct requires costs that row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from dojobbot.errors import MalformedReply
from dojobbot.fields import count, text

UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)
"""What decoders raise: not JSON or not the wanted shape, not UTF-8, nested beyond reason."""

Stamp = Annotated[datetime, msgspec.Meta(tz=True)]


# gc=False: what is decoded holds no cycles, and thousands of rows would set off the collector at bad moments.
class Tool(msgspec.Struct, gc=False):
    """A tool's key and version."""

    key: str | None = None
    version: str | int | float | None = None


RowT = TypeVar("RowT", bound=msgspec.Struct)


class _Envelope(msgspec.Struct, Generic[RowT]):
    """A page whose rows are all in order."""

    data: list[RowT]
    count: int | None = None


class _RawEnvelope(msgspec.Struct):
    """A page whose rows are looked at one by one."""

    data: list[msgspec.Raw]
    count: Any = None


_RAW_PAGE = msgspec.json.Decoder(_RawEnvelope | list[msgspec.Raw])


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that could not be read. `name` is the same whenever the row is: its id, or a digest of it."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class OpenedPage(Generic[RowT]):
    """One page, its rows still to be read one by one unless all of them were `in_order`.

    `count`: how many rows match in all, where the platform says so.
    """

    rows: Sequence[RowT | msgspec.Raw | bytes]
    count: int | None
    in_order: bool = False


class RowReader(Generic[RowT]):
    """Reads rows into structs of `kind`, whose fields are named as the platform names them (`rename`)."""

    def __init__(self, kind: type[RowT]) -> None:
        self._kind = kind
        self._page = msgspec.json.Decoder(_Envelope[kind])  # type: ignore[valid-type]  # a type at run time
        self._row = msgspec.json.Decoder(kind)
        self._required = [
            (field.name, field.encode_name) for field in msgspec.structs.fields(kind) if field.required
        ]

    def open(self, body: bytes) -> OpenedPage[RowT]:
        """Take a page apart: an envelope `{data, count}` or a bare list, of flat or JSON:API rows.

        Raises:
            MalformedReply: it is no page at all.
        """
        try:
            envelope = self._page.decode(body)
        except UNREADABLE:
            return _open_row_by_row(body)
        return OpenedPage(envelope.data, count(envelope.count), in_order=True)

    def read(self, row: RowT | msgspec.Raw | bytes) -> RowT | BadRow:
        """Read one row of an opened page."""
        if not isinstance(row, msgspec.Raw | bytes):
            return row
        try:
            return self._row.decode(row)
        except UNREADABLE:
            pass  # not in order: read it field by field
        digest = hashlib.sha256(memoryview(row)).hexdigest()[:12]
        try:
            found = loose(bytes(row))
        except UNREADABLE as error:
            return BadRow(digest, f"unreadable: {type(error).__name__}")
        if not isinstance(found, dict):
            return BadRow(digest, "not an object")
        try:
            return self.lenient(found)
        except MalformedReply as error:
            name = text(found.get("executionId"), 64) or text(found.get("resourceId"), 64)
            return BadRow(name or digest, str(error))

    def strict(self, body: bytes) -> RowT:
        """Read one bare object that is in order; raises one of UNREADABLE for another."""
        return self._row.decode(body)

    def lenient(self, found: Mapping[str, Any]) -> RowT:
        """Take every field that has its type, and the others' defaults.

        Raises:
            MalformedReply: a required one is not there.
        """
        found = flat(found)
        taken = {
            field.name: value
            for field in msgspec.structs.fields(self._kind)
            for value in _of_type(found.get(field.encode_name), field.type)
        }
        for name, label in self._required:
            if name not in taken:
                raise MalformedReply(f"Deep Origin sent a job without a readable {label}.")
        return self._kind(**taken)


def flat(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give an execution object without the JSON:API wrapping that older platforms put around it."""
    attributes = found.get("attributes")
    if not isinstance(attributes, dict):
        return found
    return attributes if "executionId" in attributes else {**attributes, "executionId": found.get("id")}


def decode(body: bytes, wanted: str) -> Any:
    """Read JSON; raises MalformedReply, in which `wanted` says what it should have been."""
    try:
        return loose(body)
    except UNREADABLE as error:
        what = "a web page" if body.lstrip()[:1] == b"<" else "something unreadable"
        raise MalformedReply(f"Deep Origin sent {what} in place of {wanted}.") from error


def decode_object(body: bytes, wanted: str) -> dict[str, Any]:
    """Read a JSON object; raises MalformedReply, in which `wanted` says what it should have been."""
    found = decode(body, wanted)
    if not isinstance(found, dict):
        raise MalformedReply(f"Deep Origin sent something that is not {wanted}.")
    return found


def loose(body: bytes) -> Any:
    """Decode as strictly as JSON says, else as the standard library does.

    That one takes what JavaScript and Python write all the same: NaN, and a name cut in the middle of an
    emoji (half a surrogate pair), which becomes a question mark because no file could hold it.
    """
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        found = json.loads(body.decode("utf-8", "replace"))
        return json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))


def _open_row_by_row(body: bytes) -> OpenedPage[Any]:
    try:
        found = _RAW_PAGE.decode(body)
    except UNREADABLE:
        rows, total = _loose_rows(decode(body, "a list of jobs"))
        return OpenedPage(rows, count(total))
    return OpenedPage(found, None) if isinstance(found, list) else OpenedPage(found.data, count(found.count))


def _loose_rows(found: Any) -> tuple[list[bytes], Any]:
    """Take apart a page that was not quite JSON, so that only the rows at fault are read loosely."""
    rows, total = (found.get("data"), found.get("count")) if isinstance(found, dict) else (found, None)
    if not isinstance(rows, list):
        raise MalformedReply("Deep Origin sent something that is not a list of jobs.")
    return [json.dumps(row).encode() for row in rows], total


def _of_type(value: Any, wanted: Any) -> tuple[Any, ...]:
    """Give the value alone if it is present and can be read as that type, else nothing."""
    if value is None:
        return ()
    try:
        return (msgspec.convert(value, wanted),)
    except (msgspec.ValidationError, RecursionError):
        return ()
