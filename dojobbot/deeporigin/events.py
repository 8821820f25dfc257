"""The lines of the platform's event stream -> the names of the filters that became dirty. Pure.

The stream is `text/event-stream` (html.spec.whatwg.org/multipage/server-sent-events.html). Of what comes,
the official client 5.4.0 (`platform/sse.py`) reads the data `{"type": "filters.dirty", "filters": [names]}`,
where the names are those that the client gave, and nothing else. Comments are heartbeats.
"""

from __future__ import annotations

import msgspec

from dojobbot.deeporigin.wire import UNREADABLE
from dojobbot.errors import MalformedReply

__all__ = ["Events"]

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_BYTES = 1_000_000
"""Of one event: a hundred names are a few hundred bytes, and nothing may grow for ever."""


class Events:
    """What has come of one stream and is not a whole event yet; it is fed bytes as they come."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0
        self._is_first_line = True
        self._ended_in_return = False

    def feed(self, chunk: bytes) -> frozenset[str]:
        """Take in some bytes, and give the filters that the events which they complete name.

        Raises:
            MalformedReply: an event has no end.
        """
        dirty: set[str] = set()
        *lines, self._rest = (self._rest + self._with_plain_ends(chunk)).split(b"\n")
        for line in lines:
            dirty |= self._read(line)
        if self._size + len(self._rest) > MOST_BYTES:
            raise MalformedReply("Deep Origin's event stream sends an event without an end.")
        return frozenset(dirty)

    def _with_plain_ends(self, chunk: bytes) -> bytes:
        """End each line with a line feed alone: a return, or both, may stand for it, and come apart."""
        if self._ended_in_return and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._ended_in_return = False
        self._ended_in_return = chunk.endswith(b"\r") or self._ended_in_return
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _read(self, line: bytes) -> frozenset[str]:
        """Take in a line; an empty one ends an event."""
        if self._is_first_line:
            line, self._is_first_line = line.removeprefix(BYTE_ORDER_MARK), False
        if not line:
            data, self._data, self._size = b"\n".join(self._data), [], 0
            return _dirty(data)
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(line)
        return frozenset()


def _dirty(data: bytes) -> frozenset[str]:
    """Read the data of an event; empty for any but the one kind that is known."""
    try:
        event = msgspec.json.decode(data)
    except UNREADABLE:
        return frozenset()
    if not isinstance(event, dict) or event.get("type") != "filters.dirty":
        return frozenset()
    names = event.get("filters")
    return (
        frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()
    )
