"""Where a person watches: a notebook, a terminal, or nobody. Pictures that change in place; a progress bar.

In a terminal everything goes to standard error, so that output piped elsewhere stays clean; where that is no
terminal, nothing is shown. Nothing is written over there while others may write: it would be theirs.
"""

from __future__ import annotations

import html
import os
import sys
import threading
import time
import unicodedata
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol, TextIO

__all__ = ["Picture", "ProgressBar", "Screen", "find_screen", "paint"]

_WORTH_SHOWING = 0.5
_BETWEEN_FRAMES = 0.1
_CELLS = 30
_NARROWEST = 20
_COLUMNS, _ROWS = 80, 24
"""What a terminal is taken for that does not say how large it is."""
_LEVELS = (0, 95, 135, 175, 215, 255)
_PALETTE = {16 + at: levels for at, levels in enumerate(product(_LEVELS, repeat=3))}
"""The colours that a terminal with 256 of them mixes from six levels of red, green and blue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One thing to show, for each kind of place.

    `text` is for a terminal, `html` for a notebook; `badge` is the part of the text that is drawn in `color`
    (`#rrggbb`). `news` is for a terminal where pictures stay, below one another: it is written when `mark` is
    another than that of the picture before. `is_last`: nothing will be written over it.
    """

    text: str
    html: str
    badge: str = ""
    color: str = ""
    news: str = ""
    mark: Hashable = None
    is_last: bool = False


class Screen(Protocol):
    """A place where a picture replaces the one before."""

    def draw(self, picture: Picture) -> None:
        """Show it."""
        ...

    def come_forward(self, picture: Picture) -> None:
        """Show it, and write over it from now on: the person does nothing but wait for it.

        In a terminal one picture at a time is in front; others that want to be add their news above it.
        """
        ...

    def step_back(self) -> None:
        """Write over nothing any more: the person goes on working."""
        ...

    def erase(self) -> None:
        """Take the last picture away, where it may be written over."""
        ...


def find_screen(*, background: bool) -> Screen | None:
    """Find where to draw, or None where nobody looks.

    Args:
        background: a thread draws while the person goes on working. In a terminal it then adds news below
            what is there, for writing over it would erase what others wrote meanwhile.
    """
    shell = _notebook_shell()
    if shell is not None:
        return _Notebook()
    if sys.stderr is None or not sys.stderr.isatty():  # None: a Python without a console, on Windows
        return None
    return _Terminal(sys.stderr, forward=not background)


def paint(text: str, color: str) -> str:
    """Colour text (`#rrggbb`) for a terminal with the nearest of the 256 colours that nearly all know."""
    wanted = [int(color[at : at + 2], 16) for at in (1, 3, 5)]

    def distance(number: int) -> int:
        return sum((ours - theirs) ** 2 for ours, theirs in zip(wanted, _PALETTE[number], strict=True))

    return f"\x1b[38;5;{min(_PALETTE, key=distance)}m{text}\x1b[0m"


def _notebook_shell() -> Any:
    """Give IPython's shell where it runs in a notebook. Nobody is in one who has not imported IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


class _Notebook:
    """A cell's output that is updated."""

    def __init__(self) -> None:
        self._handle: Any = None

    def draw(self, picture: Picture) -> None:
        display = sys.modules["IPython"].display
        content = display.HTML(picture.html)
        if self._handle is None:
            self._handle = display.display(content, display_id=True)
        else:
            self._handle.update(content)

    def come_forward(self, picture: Picture) -> None:
        self.draw(picture)

    def step_back(self) -> None:
        """An output of its own disturbs nobody."""

    def erase(self) -> None:
        if self._handle is not None:
            self._handle.update(sys.modules["IPython"].display.HTML(""))


class _Pen:
    """What all screens of this Python write with, for their terminal is one: one card at a time is in front.

    That is the last thing there, and is written over; what others add comes above it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_front: weakref.ref[object] | None = None
        self._card, self._rows = "", 0

    def put(self, stream: TextIO, card: str, rows: int, *, by: object, before: str) -> bool:
        """Write a card over the one before it; not while another's is in front. `before`: where none is."""
        with self._lock:
            if self._owner() not in (None, by):
                return False
            self._write(stream, (self._over() or before) + card)
            self._in_front, self._card, self._rows = weakref.ref(by), card, rows
            return True

    def add(self, stream: TextIO, text: str, *, before: str) -> None:
        """Write what stays, above the card in front. `before`: what it follows where none is."""
        with self._lock:
            self._owner()
            self._write(stream, (self._over() or before) + text + self._card)

    def leave(self, stream: TextIO, *, by: object, erase: bool = False) -> None:
        """Write over somebody's card no more; what is there of it stays, or goes."""
        with self._lock:
            if self._owner() is by:
                if erase:
                    self._write(stream, self._over())
                self._forget()

    def _owner(self) -> object:
        """Give whose card is in front; one that is gone leaves its card where it is."""
        owner = None if self._in_front is None else self._in_front()
        if owner is None:
            self._forget()
        return owner

    def _forget(self) -> None:
        self._in_front, self._card, self._rows = None, "", 0

    def _over(self) -> str:
        return f"\x1b[{self._rows}F\x1b[J" if self._rows else ""

    def _write(self, stream: TextIO, text: str) -> None:
        stream.write(text)
        stream.flush()


_PEN = _Pen()


class _Terminal:
    """Rows of a terminal: written over in the foreground, news below one another otherwise."""

    def __init__(self, stream: TextIO, *, forward: bool) -> None:
        self._stream = stream
        self._forward = forward
        self._mark: Hashable = None

    def draw(self, picture: Picture) -> None:
        if not (self._forward and self._put(picture)) and picture.mark != self._mark:
            # At a prompt the cursor stands in what is being typed, and blanks would hide the rest of it.
            before = "\n" if hasattr(sys, "ps1") else self._new_row()
            columns, _ = self._room()
            news = "\n".join(_wrapped(picture.news, columns))
            _PEN.add(self._stream, f"{_painted(news, picture)}\n", before=before)
        self._mark = picture.mark

    def come_forward(self, picture: Picture) -> None:
        self._forward = True
        self._put(picture)
        self._mark = picture.mark

    def step_back(self) -> None:
        self._forward = False
        _PEN.leave(self._stream, by=self)

    def erase(self) -> None:
        _PEN.leave(self._stream, by=self, erase=True)

    def _put(self, picture: Picture) -> bool:
        rows = self._rows(picture)
        card = _painted("\n".join(rows), picture) + "\n"
        is_there = _PEN.put(self._stream, card, len(rows), by=self, before=self._new_row())
        if picture.is_last:  # which may be taller than the terminal
            _PEN.leave(self._stream, by=self)
        return is_there

    def _rows(self, picture: Picture) -> list[str]:
        columns, most = self._room()
        rows = _wrapped(picture.text, columns)
        if len(rows) > most and not picture.is_last:
            # What has scrolled out of the terminal can't be written over any more.
            rows[most - 1 :] = [f"... {len(rows) - most + 1} more"]
        return rows

    def _new_row(self) -> str:
        """Leave a row that others have not ended, which stays; do nothing where they have.

        As many blanks as a row has cells end in the next row, unless they begin where a row does.
        """
        columns, _ = self._size()
        return f"{' ' * columns}\r\x1b[K" if columns else "\n"

    def _room(self) -> tuple[int, int]:
        """Give the columns and rows to draw in; the last ones are the cursor's."""
        columns, rows = self._size()
        return max(_NARROWEST, (columns or _COLUMNS) - 1), max(2, (rows or _ROWS) - 1)

    def _size(self) -> tuple[int, int]:
        """Give its columns and rows; 0 where it does not say."""
        try:
            return os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):  # a window that acts as a terminal, and is none
            return 0, 0


class ProgressBar:
    """Tells how far a long call is, once it has taken half a second; nothing where nobody looks.

    Args:
        label: what is counted.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._screen = find_screen(background=False)
        self._next_at = time.monotonic() + _WORTH_SHOWING

    def show(self, done: int, total: int | None) -> None:
        """Show that `done` of `total` are through; None where nobody knows how many there are."""
        now = time.monotonic()
        if self._screen is None or now < self._next_at:
            return
        self._next_at = now + _BETWEEN_FRAMES
        words = f"{self._label}: {done:,}" + (f" of {total:,}" if total else "")
        share = min(done / total, 1.0) if total else 0.0
        full = int(share * _CELLS)
        drawn = f"[{'#' * full}{'-' * (_CELLS - full)}] {words}" if total else words
        page = f'<progress max="1" value="{share:.3f}"></progress> {html.escape(words)}'
        self._screen.draw(Picture(text=drawn, html=page))

    def close(self) -> None:
        """Take the bar away."""
        if self._screen is not None:
            self._screen.erase()


def _painted(text: str, picture: Picture) -> str:
    if not picture.badge:
        return text
    return text.replace(picture.badge, paint(picture.badge, picture.color), 1)


def _wrapped(text: str, columns: int) -> list[str]:
    """Break lines into rows of the terminal."""
    return [row for line in text.splitlines() for row in _broken(line, columns)]


def _broken(line: str, columns: int) -> list[str]:
    """Break a line, at blanks where there are any; all rows but the first are indented."""
    indent = " " * (min(_indent(line), _NARROWEST // 2) + 2)
    rows = []
    while (end := _fitting(line, columns)) < len(line):
        blank = line.rfind(" ", _indent(line), end + 1)
        at = blank if blank > 0 else end
        rows.append(line[:at].rstrip())
        line = indent + line[at:].lstrip()
    return [*rows, line]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fitting(line: str, columns: int) -> int:
    """Count the characters that fit into so many columns; wide ones take two."""
    width = 0
    for at, character in enumerate(line):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > columns:
            return at
    return len(line)
