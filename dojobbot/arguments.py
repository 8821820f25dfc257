"""What callers of the Python API give, checked before any call: each error names the argument. Pure."""

from __future__ import annotations

import math
import threading
from numbers import Integral, Real

__all__ = ["at_least_one", "interval", "patience", "wrong"]

_SHORTEST_INTERVAL = 0.05
_BETWEEN_READINGS = f"a finite number of seconds between two readings, at least {_SHORTEST_INTERVAL}"
_UNTIL_IT_GIVES_UP = "a number of seconds, or None for as long as it takes"


def wrong(name: str, value: object, takes: str) -> TypeError:
    """Make the error about an argument of another type than it `takes`."""
    return TypeError(_said(name, value, takes))


def at_least_one(name: str, value: object, takes: str) -> int:
    """Give a whole number from 1 on. Raises TypeError or ValueError."""
    # True would be one: nobody means that.
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise wrong(name, value, takes)
    if value < 1:
        raise ValueError(_said(name, value, takes))
    return int(value)


def interval(value: object) -> float:
    """Give the seconds between two readings. Raises TypeError or ValueError."""
    found = _seconds("interval", value, _BETWEEN_READINGS)
    if not _SHORTEST_INTERVAL <= found < math.inf:
        raise ValueError(_said("interval", value, _BETWEEN_READINGS))
    return min(found, threading.TIMEOUT_MAX)


def patience(timeout: object) -> float | None:
    """Give the seconds after which to give up, None for never: also where Python can't wait that long.

    Less than nothing is a moment that has passed. Raises TypeError, or ValueError for NaN.
    """
    if timeout is None:
        return None
    found = _seconds("timeout", timeout, _UNTIL_IT_GIVES_UP)
    return None if found > threading.TIMEOUT_MAX else found


def _seconds(name: str, value: object, takes: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise wrong(name, value, takes)
    try:
        found = float(value)
    except OverflowError:  # a whole number of hundreds of digits
        found = math.inf if abs(value) == value else -math.inf
    if math.isnan(found):
        raise ValueError(_said(name, value, takes))
    return found


def _said(name: str, value: object, takes: str) -> str:
    return f"{name}={value!r:.60}: it takes {takes}"
