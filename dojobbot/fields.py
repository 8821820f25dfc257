"""Reading single values that others wrote: each function gives a sane value or None. Pure; raises nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping

TEXT_LIMIT = 500
LARGEST_COUNT = 10**12
_BILLED_AMOUNTS = ("amount", "totalAmount", "total", "priceTotal", "cost")
"""Where a transaction may say its sum: none was ever recorded, so whichever of these is a number counts."""
_TOO_DEEP = "nested too deeply to be written"


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Give a string that can be stored and sent anywhere: cut to `limit`, and None when nothing is left.

    NUL is dropped because PostgreSQL has no place for it, and half surrogate pairs (a JSON escape may hold
    one) become question marks because UTF-8 has none.
    """
    if not isinstance(value, str):
        return None
    clean = value[: limit + 1].replace("\x00", "").strip()
    if len(clean) > limit:
        clean = clean[: limit - 1] + "…"
    if not clean.isascii():
        clean = clean.encode("utf-8", "replace").decode("utf-8")
    return clean or None


def to_json(value: object, *, indent: int | None = None) -> str:
    """Write a value as JSON, on one line unless indented; null for a number that JSON has no word for.

    What is nested deeper than the encoder goes is named instead: one such value costs no file.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    try:
        return _encoded(encoder, value)
    except RecursionError:
        return encoder.encode(_TOO_DEEP)


def _encoded(encoder: json.JSONEncoder, value: object) -> str:
    try:
        return encoder.encode(value)
    except ValueError:
        return encoder.encode(_finite(value))


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_head(value: object, limit: int, *, indent: int | None = 2) -> tuple[str, bool]:
    """Write the first `limit` characters of a value as JSON, and say whether that is all of it.

    The cost follows the limit and the longest string, not the size of the value.
    """
    parts: list[str] = []
    left = limit
    for part in json.JSONEncoder(indent=indent, ensure_ascii=False).iterencode(value):
        parts.append(part)
        left -= len(part)
        if left < 0:
            return "".join(parts)[:limit], False
    return "".join(parts), True


def number(value: object) -> float | None:
    """Give a finite number, also where it came as a string."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def billed(transaction: object) -> float | None:
    """Give what a transaction, or all of several, say was billed, in US dollars.

    None where one of them does not say: the sum of the others would be too small.
    """
    amounts = [_amount(row) for row in transactions(transaction)]
    known = [each for each in amounts if each is not None]
    return math.fsum(known) if known and len(known) == len(amounts) else None


def transactions(found: object) -> list[Mapping[str, object]]:
    """Give a bill's transactions, whether it is one or a list of them."""
    rows = found if isinstance(found, list) else [found]
    return [row for row in rows if isinstance(row, Mapping)]


def _amount(transaction: Mapping[str, object]) -> float | None:
    amounts = (number(transaction.get(key)) for key in _BILLED_AMOUNTS)
    return next((each for each in amounts if each is not None), None)


def count(value: object) -> int | None:
    """Give a whole number of things, 0 or more."""
    found = number(value)
    return None if found is None or not 0 <= found <= LARGEST_COUNT else int(found)


def percent(value: object) -> float | None:
    """Give a share of 0..1 for a number of 0..100; what lies outside is clamped."""
    found = number(value)
    return None if found is None else min(max(found / 100, 0.0), 1.0)


def sentences(parts: Iterable[str | None]) -> str | None:
    """Join the different parts that say something into one line of sentences."""
    said = list(dict.fromkeys(part.rstrip(".") for part in parts if part))
    return ". ".join(said) or None
