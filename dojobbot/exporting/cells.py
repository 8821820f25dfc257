"""Values as the cells of a file: neutralised for spreadsheets, nested ones as JSON, moments in UTC. Pure.

What a spreadsheet takes for a formula is from OWASP's page on CSV injection; what a sheet cannot hold from
production 2 of XML 1.0; the limits from Microsoft's "Excel specifications and limits".
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

__all__ = ["LONGEST_CELL", "csv_cell", "cut", "flat", "iso", "neutral", "printable"]

LONGEST_CELL = 32_767
"""Characters in a cell of a sheet, counted as Excel does, in UTF-16."""

_BEGINS_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")  # noqa: RUF001 - the wide forms, too
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula."""
    return f"'{text}" if _BEGINS_FORMULA.match(text) else text


def csv_cell(value: object) -> str:
    """Write a value for CSV. Numbers stay numbers, the negative ones too: only text is neutralised."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return neutral(flat(value))


def printable(text: str) -> str:
    """Leave out the control characters that no sheet can hold; every line break becomes a plain one."""
    return _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def cut(text: str, longest: int = LONGEST_CELL) -> str:
    """Cut a text to what a cell holds, never inside a character that counts twice."""
    if len(text) * 2 <= longest:
        return text
    encoded = text.encode("utf-16-le", "surrogatepass")
    if len(encoded) <= longest * 2:
        return text
    return encoded[: longest * 2].decode("utf-16-le", "ignore")
