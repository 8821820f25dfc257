"""Misbehaviour on demand: which calls and deliveries of a simulated server go wrong, and how."""

import asyncio
import itertools
import random
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal[
    "status",
    "slow",
    "hang",
    "cut",
    "html",
    "lost_reply",
    "expired_token",
    "drop",
    "deaf",
    "duplicate",
    "late",
]
LINK_KINDS = frozenset({"drop", "deaf", "duplicate", "late"})
"""What can happen to something that the server sends of its own accord, over a socket or a stream."""
CALL_KINDS = frozenset(get_args(Kind)) - LINK_KINDS
"""What can happen to a call that a client makes."""


@dataclass(frozen=True)
class Fault:
    """One kind of trouble for the operations whose name matches.

    Attributes:
        match: an `fnmatch` pattern over operation names, such as `GET /tools/*/executions`,
            `chat.postMessage`, `deliver interactive` or `stream filters.dirty`; `*` also matches slashes.
        kind: for calls, `status` answers an error, `html` a page where JSON is due and `expired_token` that
            the token has expired, `hang` never answers: all four without doing the work. `slow` waits
            `seconds`, then works as usual. `cut` does the work and sends half of the answer, `lost_reply`
            does the work and sends nothing. For what the server sends, `drop` cuts the connection in the
            place of sending, `deaf` sends nothing on it from then on, while it stays open, `duplicate`
            sends twice, and `late` sends after `seconds`.
        status: the HTTP status of `status` and `html`.
        retry_after: the `Retry-After` header of `status` and `html`, in seconds.
        seconds: how long `slow` and `late` wait.
        times: how many operations it strikes; None means until it is withdrawn.
        share: the share of matching operations that it strikes, drawn from the seeded generator.
    """

    match: str
    kind: Kind
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0
    times: int | None = None
    share: float = 1.0


@dataclass
class Armed:
    """A fault in force.

    Attributes:
        number: names it to `Faults.remove`.
        fault: what it does.
        left: how many operations it will still strike; None means any number.
        struck: how many it has struck.
    """

    number: int
    fault: Fault
    left: int | None
    struck: int = 0


class Faults:
    """The faults in force on one simulated server; the first that matches an operation strikes it.

    Args:
        seed: the same seed and the same operations give the same strikes.
    """

    def __init__(self, seed: int = 0) -> None:
        self._armed: list[Armed] = []
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._stopping = asyncio.Event()
        self.struck = 0

    @property
    def armed(self) -> tuple[Armed, ...]:
        """The faults in force, in the order in which they are tried; those that are used up are not."""
        return tuple(armed for armed in self._armed if armed.left != 0)

    @property
    def stopping(self) -> asyncio.Event:
        """Set when the server stops: whoever waits on its behalf then gives up."""
        return self._stopping

    def add(self, fault: Fault) -> int:
        """Put a fault in force, after those already there; returns the number to remove it by."""
        armed = Armed(next(self._numbers), fault, fault.times)
        self._armed.append(armed)
        return armed.number

    def remove(self, number: int) -> None:
        """Withdraw one fault; nothing happens when it is gone already."""
        self._armed = [armed for armed in self._armed if armed.number != number]

    def clear(self) -> None:
        """Withdraw every fault; calls that already hang keep hanging."""
        self._armed.clear()

    def pick(self, operation: str, kinds: Collection[str] = CALL_KINDS) -> Fault | None:
        """The fault that strikes this operation, counted as a hit, or None; `struck` counts all hits so far.

        Args:
            operation: its name.
            kinds: what can happen to such an operation; other faults pass it by.
        """
        for armed in self._armed:
            fault = armed.fault
            if armed.left == 0 or fault.kind not in kinds or not fnmatchcase(operation, fault.match):
                continue
            if fault.share < 1 and self._random.random() >= fault.share:
                continue
            if armed.left is not None:
                armed.left -= 1
            armed.struck += 1
            self.struck += 1
            return fault
        return None

    def release(self) -> None:
        """Cut the connection of every call that hangs or is slow; a server calls it when it stops."""
        self._stopping.set()
        self._stopping = asyncio.Event()
