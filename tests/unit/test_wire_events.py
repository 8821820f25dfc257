"""The lines of the event stream, however they are cut, ended and mixed with what nobody knows yet."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin.events import MOST_BYTES, Events
from dojobbot.errors import MalformedReply

NAMES = st.frozensets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=8), max_size=4)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
NOISE = st.sampled_from(
    [
        ": heartbeat",
        "retry: 3000",
        "id: 7",
        "event: message",
        "data",
        'data: {"type":"hello"}\n',
        "nonsense",
        "",
    ]
)


def dirty(names: frozenset[str]) -> str:
    return "data: " + json.dumps({"type": "filters.dirty", "filters": sorted(names)})


@st.composite
def streams(draw: st.DrawFn) -> tuple[bytes, list[frozenset[str]]]:
    """A stream with line ends of one of three kinds, and the names that its events carry."""
    text, named = draw(st.sampled_from(["", "\ufeff"])), []
    end = draw(ENDS)
    for _ in range(draw(st.integers(0, 6))):
        for line in draw(st.lists(NOISE, max_size=3)):
            text += line.replace("\n", end) + end
        names = draw(NAMES)
        named.append(names)
        # An empty line before it, so that no data of the noise belongs to it.
        text += end + end + dirty(names) + end + end
    return text.encode(), named


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(at)]


@given(streams(), st.lists(st.integers(0, 10_000), max_size=12))
def test_events_are_read_however_their_bytes_are_cut(
    made: tuple[bytes, list[frozenset[str]]], places: list[int]
) -> None:
    """Also between a return and the line feed that belongs to it."""
    stream, named = made
    events = Events()
    heard = [events.feed(chunk) for chunk in cut(stream, places)]
    assert frozenset().union(*heard) == frozenset().union(*named)
    assert Events().feed(stream) == frozenset().union(*named)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_at_all_upset_it(first: bytes, second: bytes) -> None:
    """What makes no sense says nothing, and the next event is read."""
    events = Events()
    events.feed(first)
    events.feed(second)
    events.feed(b"\n\n")
    assert events.feed((dirty(frozenset({"a"})) + "\n\n").encode()) == {"a"}


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[]",
        "7",
        "{",
        '{"type":"filters.clean","filters":["a"]}',
        '{"type":"filters.dirty"}',
        '{"type":"filters.dirty","filters":"a"}',
        '{"type":"filters.dirty","filters":[7,null,{}]}',
    ],
)
def test_what_is_not_known_names_nothing(data: str) -> None:
    assert Events().feed(f"data: {data}\n\n".encode()) == frozenset()


def test_data_may_come_in_several_lines_and_without_a_space() -> None:
    """As the format has it."""
    event = b'data:{"type":"filters.dirty",\ndata: "filters":["a"]}\n\n'
    assert Events().feed(event) == {"a"}


@pytest.mark.parametrize("piece", [b"x" * 50_000, b"data: " + b"x" * 50_000 + b"\n"])
def test_an_event_without_an_end_is_not_kept_for_ever(piece: bytes) -> None:
    """Whatever sends it, memory stays what it was."""
    events = Events()
    for _ in range(MOST_BYTES // len(piece)):
        events.feed(piece)
    with pytest.raises(MalformedReply, match="without an end"):
        events.feed(piece * 2)
