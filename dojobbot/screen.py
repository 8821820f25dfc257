"""Where a person watches: a notebook, a terminal, or nobody. Pictures that change in place; a progress bar.

In a terminal everything goes to standard error, so that output piped elsewhere stays clean; where that is no
terminal, nothing is shown.
"""

from __future__ import annotations

import html
import os
import sys
import time
import unicodedata
from dataclasses import dataclass
from itertools import product
from typing import Any, Protocol, TextIO

__all__ = ["Picture", "ProgressBar", "Screen", "find_screen", "paint"]

_WORTH_SHOWING = 0.5
_BETWEEN_FRAMES = 0.1
_CELLS = 30
_COLUMNS, _ROWS = 80, 24
"""What a terminal is taken for that does not say how large it is."""
_LEVELS = (0, 95, 135, 175, 215, 255)
_PALETTE = {16 + at: levels for at, levels in enumerate(product(_LEVELS, repeat=3))}
"""The colours that a terminal with 256 of them mixes from six levels of red, green and blue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One thing to show, for each kind of place.

    `text` is for a terminal, `line` says it in one line, `html` is for a notebook; `badge` is the part of the
    text that is drawn in `color` (`#rrggbb`).
    """

    text: str
    line: str
    html: str
    badge: str = ""
    color: str = ""


class Screen(Protocol):
    """A place where a picture replaces the one before."""

    def draw(self, picture: Picture) -> None:
        """Show it."""
        ...

    def erase(self) -> None:
        """Take the last picture away."""
        ...


def find_screen(*, background: bool) -> Screen | None:
    """Find where to draw, or None where nobody looks.

    Args:
        background: a thread draws while the person goes on working. At an interactive prompt it then adds
            lines in place of redrawing, for that would erase what is being typed.
    """
    shell = _notebook_shell()
    if shell is not None:
        return _Notebook()
    if sys.stderr is None or not sys.stderr.isatty():  # None: a Python without a console, on Windows
        return None
    return _Lines(sys.stderr) if background and hasattr(sys, "ps1") else _Terminal(sys.stderr)


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

    def erase(self) -> None:
        if self._handle is not None:
            self._handle.update(sys.modules["IPython"].display.HTML(""))


class _Terminal:
    """Lines of a terminal that are written over."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._height = 0

    def draw(self, picture: Picture) -> None:
        columns, rows = self._room()
        lines = [_fit(line, columns) for line in picture.text.splitlines()]
        if len(lines) > rows:
            # What has scrolled out of the terminal can't be written over any more.
            lines[rows - 1 :] = [f"... {len(lines) - rows + 1} more"]
        text = "\n".join(lines)
        if picture.badge:
            text = text.replace(picture.badge, paint(picture.badge, picture.color), 1)
        self._stream.write(self._up() + text + "\n")
        self._stream.flush()
        self._height = len(lines)

    def erase(self) -> None:
        self._stream.write(self._up())
        self._stream.flush()
        self._height = 0

    def _room(self) -> tuple[int, int]:
        """Give the columns and rows to draw in; the last ones are the cursor's."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):  # a window that acts as a terminal, and is none
            columns = rows = 0
        return max(20, (columns or _COLUMNS) - 1), max(2, (rows or _ROWS) - 1)

    def _up(self) -> str:
        return f"\x1b[{self._height}F\x1b[J" if self._height else ""


class _Lines:
    """A line for each change."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = ""

    def draw(self, picture: Picture) -> None:
        if picture.line != self._last:
            self._stream.write(f"\n{picture.line}\n")
            self._stream.flush()
            self._last = picture.line

    def erase(self) -> None:
        """A line that was written stays."""


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
        self._screen.draw(Picture(text=drawn, line=drawn, html=page))

    def close(self) -> None:
        """Take the bar away."""
        if self._screen is not None:
            self._screen.erase()


def _fit(line: str, columns: int) -> str:
    """Cut a line so that it takes one row of the terminal, whose wide characters take two columns."""
    width = 0
    for at, character in enumerate(line):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > columns:
            return line[: at - 1] + "…"
    return line
