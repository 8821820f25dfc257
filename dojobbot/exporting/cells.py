"""Values as the cells of a file: neutralised for spreadsheets, nested ones as JSON, moments in UTC. Pure.

What a spreadsheet takes for a formula is from OWASP's page on CSV injection; what a sheet cannot hold, or
should not, from production 2 of XML 1.0 and the note below it; the limits from Microsoft's "Excel
specifications and limits".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime

from dojobbot.fields import to_json

__all__ = ["LONGEST_CELL", "csv_cell", "cut", "flat", "iso", "neutral", "printable"]

LONGEST_CELL = 32_767
"""Characters in a cell of a sheet, counted as Excel does, in UTF-16."""

_UNSEEN = (
    r"\s\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\ufeff\ufff9-\ufffb"
)
"""Blanks, control and format characters: a spreadsheet may drop them and run what follows."""
_TRIGGERS = r"=+\-@＝＋－＠"  # noqa: RUF001 - the wide forms, too
_BEGINS_FORMULA = re.compile(rf"[{_UNSEEN}\"]*+[{_TRIGGERS}]|[\t\r\n]")
_RUN = re.compile(rf"([{_UNSEEN}\";]++)([{_TRIGGERS}]?)")
"""What may lie before a formula, and how one begins; each run as a whole, so that long ones cost no more."""
_PARTS = re.compile(r"[;\t\r\n]")
"""What parts cells for a program that does not take the comma for it."""
_NOT_IN_SHEETS = re.compile("[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def iso(moment: datetime) -> str:
    """Write a moment in UTC, to the millisecond as the platform does: `2026-11-22T09:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def flat(value: object) -> str:
    """Write a value as text: nested ones, and what else is no text, as JSON; nothing as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return to_json(value)


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula.

    Also before what it would run inside the text if it parted cells at semicolons, tabs or line breaks.
    """
    begin = _BEGINS_FORMULA.match(text)
    head, rest = (f"'{begin[0]}", text[begin.end() :]) if begin else ("", text)
    return head + _inside(rest, lambda trigger: f"'{trigger}")


def _inside(text: str, escaped: Callable[[str], str]) -> str:
    """Write each formula differently that begins where another program begins a cell."""

    def rewritten(found: re.Match[str]) -> str:
        run, trigger = found.groups()
        return run + escaped(trigger) if trigger and _PARTS.search(run) else found[0]

    return _RUN.sub(rewritten, text) if _PARTS.search(text) else text


def csv_cell(value: object) -> str:
    """Write a value for CSV. Numbers stay numbers, the negative ones too: only text is neutralised.

    JSON keeps its value: there the first character of a formula is written as an escape.
    """
    if isinstance(value, dict | list):
        return _inside(flat(value), lambda trigger: f"\\u{ord(trigger):04x}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return flat(value)
    return neutral(flat(value))


def printable(text: str) -> str:
    """Leave out control characters, most of which no sheet can hold; every line break becomes a plain one."""
    return _NOT_IN_SHEETS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, longest: int = LONGEST_CELL) -> str:
    """Cut a text to what a cell holds, never inside a character that counts twice."""
    if len(text) * 2 <= longest:
        return text
    encoded = text.encode("utf-16-le", "surrogatepass")
    if len(encoded) <= longest * 2:
        return text
    return encoded[: longest * 2].decode("utf-16-le", "ignore")
