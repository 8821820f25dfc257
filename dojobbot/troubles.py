"""One log line when something starts to go wrong, for each cause, and one when it is well again."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

__all__ = ["Troubles"]


@dataclass(slots=True)
class _Trouble:
    """What is wrong now, and the causes that were said since it began."""

    now: str = ""
    said: set[object] = field(default_factory=set)


class Troubles:
    """What goes wrong at the moment, by subject, which reads as the beginning of a sentence."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._going_on: dict[str, _Trouble] = {}

    def begin(self, subject: str, what: object, *, unexpected: bool = False) -> None:
        """Say that a subject is in trouble, unless this cause was said; with a traceback if unexpected.

        What came last counts: what began it may have been mended, and something else is in the way.
        """
        trouble = self._going_on.setdefault(subject, _Trouble())
        trouble.now = "an unexpected failure, see the log" if unexpected else str(what)
        cause = str(what) if isinstance(what, str) else (type(what), getattr(what, "code", None))
        if cause not in trouble.said:
            trouble.said.add(cause)
            level = logging.ERROR if unexpected else logging.WARNING
            text = "%s is interrupted: %s What is owed waits."
            self._log.log(level, text, subject, what, exc_info=unexpected)

    def end(self, subject: str) -> None:
        """Say that a subject is well, if it was not."""
        if self._going_on.pop(subject, None) is not None:
            self._log.warning("%s works again", subject)

    def summary(self) -> str:
        """Give what goes wrong at the moment in one line; empty when all is well."""
        return "; ".join(f"{subject}: {trouble.now}" for subject, trouble in self._going_on.items())
