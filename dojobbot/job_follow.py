"""Following a job in a daemon thread until it comes to rest: read, show, pause, through network trouble."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from dojobbot.deeporigin.blocking import BlockingClient
from dojobbot.domain import LogLine, Snapshot
from dojobbot.errors import DojobbotError, JobNotFound, PlatformError, TokenRejected
from dojobbot.job_card import live_picture, picture
from dojobbot.limits import backoff
from dojobbot.screen import Picture, Screen

__all__ = ["Follower"]

_LONGEST_PAUSE = 60.0
_MISSES_THAT_COUNT = 3
"""The platform has been seen to answer 404 for a moment about a job that it knows."""
_LEAVE_SECONDS = 0.5

log = logging.getLogger(__name__)


class Follower:
    """Reads a job again and again, from its making on.

    Args:
        client: reads it.
        take: takes a reading in; gives the one that counts, which is a newer one if there is one.
        snapshot: the last reading.
        lines: gives the lines of the job's log for the whole card, None while nobody has read them.
        screen: where it is drawn; None for nowhere, and then trouble is logged.
        interval: the seconds between two reads while all is well.

    `over` is set when it has ended; `error` then says what no waiting would have mended, if that was why.
    """

    def __init__(
        self,
        client: BlockingClient,
        snapshot: Snapshot,
        take: Callable[[Snapshot], Snapshot],
        *,
        lines: Callable[[], Sequence[LogLine] | None],
        screen: Screen | None,
        interval: float,
    ) -> None:
        self.over = threading.Event()
        self.error: DojobbotError | None = None
        self._client = client
        self._latest = snapshot
        self._take = take
        self._lines = lines
        self._screen = screen
        self._interval = interval
        self._trouble = ""
        self._stop = threading.Event()
        self._drawing = threading.Lock()
        self._show("")  # by the caller, so that a notebook puts the card under the caller's cell
        atexit.register(self._leave)
        threading.Thread(target=self._run, name=f"dojobbot-{snapshot.job.short_id}", daemon=True).start()

    def stop(self) -> None:
        """End it and leave the whole card."""
        with self._drawing:
            self._stop.set()
            if self._screen is not None and not self._rests():
                old = f"{self._trouble} What is shown may be old." if self._trouble else ""
                self._screen.draw(self._whole(f"No longer watched. {old}".rstrip()))

    def wait(self, seconds: float | None) -> bool:
        """Block until it is over, or so many seconds have passed; gives whether it is over.

        Meanwhile the card in a terminal is written over in place.
        """
        with self._drawing:
            is_seen = seconds != 0 and not self._rests() and not self._stop.is_set()
            if self._screen is not None and is_seen:
                self._screen.come_forward(self._picture())
        try:
            return self.over.wait(seconds)
        finally:
            with self._drawing:
                if self._screen is not None:
                    self._screen.step_back()

    def _leave(self) -> None:
        """Be quiet before Python takes standard error away."""
        self._stop.set()
        self.over.wait(_LEAVE_SECONDS)

    def _run(self) -> None:
        try:
            self._follow()
        except PlatformError as error:
            self._end_with(error)
        except Exception as error:  # noqa: BLE001 - in a thread nobody would see it: whoever waits gets it
            broken = DojobbotError(
                f"Following the job broke: {type(error).__name__}: {error}",
                hint="Read it anew with Job.from_id(); if it stays, report what the error says.",
            )
            broken.__cause__ = error
            self._end_with(broken)
        finally:
            self.over.set()
            atexit.unregister(self._leave)

    def _end_with(self, error: DojobbotError) -> None:
        self.error = error
        try:
            self._show(str(error))
        except Exception:  # noqa: BLE001 - what it is drawn on may be what broke: whoever waits gets the error
            log.warning("%s", error)

    def _follow(self) -> None:
        """Read until the status is terminal or somebody stops it.

        Raises:
            TokenRejected, JobNotFound: what no waiting will mend (a job unknown three times in a row). All
                other trouble is shown and survived.
        """
        failures = misses = 0
        while not self._stop.is_set():
            pause = self._interval
            try:
                # Without retries in the call: the person is to see at once that there is trouble.
                self._latest = self._take(self._client.get(self._latest.job.id, retries=0))
            except TokenRejected:
                raise
            except PlatformError as error:
                misses = misses + 1 if isinstance(error, JobNotFound) else 0
                if misses == _MISSES_THAT_COUNT:
                    raise
                self._show(str(error))
                pause = max(pause, backoff(failures, jitter=1.0, cap=_LONGEST_PAUSE))
                failures += 1
            else:
                failures = misses = 0
                self._show("")
                if self._latest.job.is_terminal:
                    return
            self._stop.wait(pause)

    def _show(self, trouble: str) -> None:
        with self._drawing:
            if self._stop.is_set():
                return
            is_new = bool(trouble and not self._trouble)
            self._trouble = trouble
            if self._screen is not None:
                self._screen.draw(self._picture())
            elif is_new:
                log.warning("%s", self._note())

    def _note(self) -> str:
        if not self._trouble:
            return ""
        if self.error is not None:
            return f"No longer watched. {self._trouble}"
        return f"{self._trouble} Trying again; what is shown may be old."

    def _rests(self) -> bool:
        return self._latest.job.is_terminal or self.error is not None

    def _picture(self) -> Picture:
        return self._whole(self._note()) if self._rests() else self._live(self._note())

    def _whole(self, note: str) -> Picture:
        drawn = picture(self._latest, self._client.now(), note=note, log=self._lines())
        return replace(drawn, is_last=True)

    def _live(self, note: str) -> Picture:
        return live_picture(self._latest, self._client.now(), note=note)
