"""One log line when something starts to go wrong, and one when it is well again."""

from __future__ import annotations

import logging

__all__ = ["Troubles"]


class Troubles:
    """What goes wrong at the moment, by subject, which reads as the beginning of a sentence."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._going_on: dict[str, str] = {}

    def begin(self, subject: str, what: object, *, unexpected: bool = False) -> None:
        """Say that a subject is in trouble, unless that was said already; with a traceback if unexpected."""
        if subject not in self._going_on:
            level = logging.ERROR if unexpected else logging.WARNING
            text = "%s is interrupted: %s What is owed waits."
            self._log.log(level, text, subject, what, exc_info=unexpected)
            self._going_on[subject] = "an unexpected failure, see the log" if unexpected else str(what)

    def end(self, subject: str) -> None:
        """Say that a subject is well, if it was not."""
        if subject in self._going_on:
            self._log.warning("%s works again", subject)
            del self._going_on[subject]

    def summary(self) -> str:
        """Give what goes wrong at the moment in one line; empty when all is well."""
        return "; ".join(f"{subject}: {what}" for subject, what in self._going_on.items())
