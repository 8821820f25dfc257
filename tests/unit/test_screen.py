"""What a person sees of a terminal in which pictures are drawn: nothing of theirs is ever written over."""

from __future__ import annotations

import io
import os
import pty
import re
import termios
import unicodedata
from contextlib import redirect_stderr

from hypothesis import given
from hypothesis import strategies as st

from dojobbot.screen import Picture, ProgressBar, Screen, find_screen

WIDE = "ドッキング靶点"


class Terminal(io.StringIO):
    """A terminal of 80 columns, as one that does not say its size is taken for.

    `sized` is the descriptor of one that does say so.
    """

    def __init__(self, sized: int | None = None) -> None:
        super().__init__()
        self._sized = sized

    def fileno(self) -> int:
        return super().fileno() if self._sized is None else self._sized

    def isatty(self) -> bool:
        return True

    def rows(self) -> list[str]:
        """What is on it: each character in its place, with the few commands that are used obeyed."""
        shown, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[\d;]*[A-Za-z]|.|[\n\r]", self.getvalue()):
            if part.endswith("F") and len(part) > 1:
                row, column = row - int(part[2:-1]), 0
                assert row >= 0
            elif part == "\x1b[J":
                assert column == 0
                shown[row:] = [""]
            elif part == "\x1b[K":
                assert column == 0
                shown[row] = ""
            elif part == "\r":
                column = 0
            elif part == "\n":
                row, column = row + 1, 0
            elif len(part) == 1:
                width = 2 if unicodedata.east_asian_width(part) in "WF" else 1
                if column + width > 80:
                    row, column = row + 1, 0
                shown += [""] * (row + 1 - len(shown))
                shown[row], column = shown[row] + part, column + width
            shown += [""] * (row + 1 - len(shown))
        return [line.rstrip() for line in shown]


def a_screen(terminal: Terminal, *, background: bool) -> Screen:
    with redirect_stderr(terminal):
        found = find_screen(background=background)
    assert found is not None
    return found


def a_picture(name: str, mark: str = "") -> Picture:
    return Picture(text=f"card {name}\n  {name}", html="", news=f"news {name}", mark=mark or name)


def test_what_is_written_beside_the_pictures_stays() -> None:
    """In the background news are added; only while somebody waits a card is written over."""
    terminal = Terminal()
    screen = a_screen(terminal, background=True)
    screen.draw(a_picture("one"))
    print("mine 1", file=terminal)
    screen.draw(a_picture("two", mark="one"))
    screen.draw(a_picture("three"))
    print("mine 2, without an end", end="", file=terminal)
    for name in ("four", "five"):
        screen.come_forward(a_picture(name))
        screen.draw(a_picture(f"{name} more"))
        screen.step_back()
        print("mine", name, file=terminal)
    screen.draw(a_picture("six"))
    assert [row for row in terminal.rows() if row] == [
        *("news one", "mine 1", "news three", "mine 2, without an end"),
        *("card four more", "  four more", "mine four", "card five more", "  five more", "mine five"),
        "news six",
    ]


def test_one_screen_writes_nothing_over_that_another_wrote() -> None:
    """As when one job is waited for and another watched, or all jobs fetched meanwhile."""
    terminal = Terminal()
    first, second = a_screen(terminal, background=True), a_screen(terminal, background=True)
    first.come_forward(a_picture("one"))
    second.draw(a_picture("other"))
    first.draw(a_picture("two"))
    first.draw(a_picture("three"))
    with redirect_stderr(terminal):
        ProgressBar("jobs").close()
    first.draw(a_picture("four"))
    assert [row for row in terminal.rows() if row] == [
        *("news other", "card four", "  four"),
    ]


def test_what_is_drawn_begins_a_row_of_its_own_and_leaves_none_empty() -> None:
    """Beside rows that a script has not ended, such as its dots: they stay too."""
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (24, 80))
        terminal = Terminal(theirs)
        screen = a_screen(terminal, background=True)
        screen.draw(a_picture("one"))
        for dots in (0, 1, 2, 79, 80):
            print("." * dots, end="", file=terminal)
            screen.draw(a_picture(f"after {dots}"))
        print("mine", file=terminal)
        screen.come_forward(a_picture("two"))
        screen.step_back()
        print("mine, not ended", end="", file=terminal)
        a_screen(terminal, background=False).draw(a_picture("three"))
    finally:
        os.close(ours)
        os.close(theirs)
    assert terminal.rows() == [
        *("news one", "news after 0", ".", "news after 1", "..", "news after 2"),
        *("." * 79, "news after 79", "." * 80, "news after 80", "mine", "card two", "  two"),
        *("mine, not ended", "card three", "  three", ""),
    ]


def test_of_several_cards_that_are_waited_for_one_is_in_front_and_none_is_left_behind() -> None:
    """As when two threads wait for two jobs: pictures do not pile up while nothing happens."""
    terminal = Terminal()
    first, second = a_screen(terminal, background=True), a_screen(terminal, background=True)
    for screen in (first, second):
        screen.draw(a_picture("start"))
    first.come_forward(a_picture("one"))
    second.come_forward(a_picture("two"))
    for _ in range(3):
        first.draw(a_picture("one"))
        second.draw(a_picture("two"))
    second.draw(a_picture("three"))
    assert [row for row in terminal.rows() if row] == [*["news start"] * 2, "news three", "card one", "  one"]
    first.step_back()
    second.draw(a_picture("four"))
    second.draw(a_picture("five"))
    assert [row for row in terminal.rows() if row][3:] == ["card one", "  one", "card five", "  five"]


def test_the_last_picture_is_whole_however_tall_it_is() -> None:
    terminal = Terminal()
    screen = a_screen(terminal, background=False)
    screen.draw(a_picture("one"))
    screen.draw(Picture(text="\n".join(map(str, range(60))), html="", is_last=True))
    screen.draw(a_picture("two"))
    assert [row for row in terminal.rows() if row] == [*map(str, range(60)), "card two", "  two"]


words = st.text("ab靶é-", min_size=1, max_size=120)


@given(
    st.lists(st.tuples(st.integers(0, 99), st.lists(words, min_size=1, max_size=6)), min_size=1, max_size=3)
)
def test_long_lines_are_broken_and_nothing_of_them_is_lost_or_left(
    lines: list[tuple[int, list[str]]],
) -> None:
    """Whatever their indent and their characters; the rows are counted, so that they can be written over."""
    terminal = Terminal()
    text = "\n".join(" " * indent + " ".join(words) for indent, words in lines)
    print("mine", file=terminal)
    screen = a_screen(terminal, background=False)
    screen.draw(Picture(text=text, html=""))
    screen.draw(Picture(text=text, html=""))
    first, *rows = terminal.rows()
    assert first == "mine"
    if len(rows) < 23:
        assert "".join("".join(rows).split()) == "".join(text.split())
    screen.erase()
    assert [row for row in terminal.rows() if row] == ["mine"]


def test_a_line_is_broken_at_a_blank() -> None:
    terminal = Terminal()
    reason = " ".join(["the box is too small"] * 6)
    a_screen(terminal, background=False).draw(Picture(text=f"{WIDE * 6}\n  {reason}", html=""))
    rows = [row for row in terminal.rows() if row]
    assert " ".join(" ".join(rows[2:]).split()) == reason
    assert [len(row) - len(row.lstrip()) for row in rows] == [0, 2, 2, 4]
