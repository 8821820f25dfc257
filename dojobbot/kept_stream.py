"""One event stream, kept open: opened anew when it ends, breaks, or is to follow other jobs.

The pauses are those of the official client 5.4.0 (`utils/constants.py`): a second, doubling to 30, forgotten
after the stream was open for 30.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from dojobbot.errors import PlatformError, PlatformThrottled, StreamRefused
from dojobbot.limits import backoff
from dojobbot.ports import Clock, EventStream

__all__ = ["KeptStream", "StreamState"]

STABLE = timedelta(seconds=30)
LONGEST_PAUSE = 30.0
REFUSED_PAUSE = 3_600.0
"""A refusal is final, as far as is known; but the bot may run for a year."""
NOT_YET = "It is being opened."
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamState:
    """How one stream is: open since a moment, or not open, and why."""

    project_id: str
    jobs: int
    open_since: datetime | None
    trouble: str


class KeptStream:
    """A stream about some jobs of one project.

    Args:
        stream: the platform's events.
        clock: the time.
        project_id: the project.
        on_change: hears of jobs that have changed, or may have while nobody listened.
        sleep: waits for that many seconds.
    """

    def __init__(
        self,
        stream: EventStream,
        clock: Clock,
        project_id: str,
        *,
        on_change: Callable[[Collection[str]], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stream = stream
        self._clock = clock
        self._project_id = project_id
        self._on_change = on_change
        self._sleep = sleep
        self.jobs: frozenset[str] = frozenset()
        self._other_jobs = asyncio.Event()
        self._listening: asyncio.Task[float] | None = None
        self._open_since: datetime | None = None
        self._trouble = NOT_YET
        self._failures = 0
        self._is_said = False

    @property
    def state(self) -> StreamState:
        """How it is now."""
        return StreamState(self._project_id, len(self.jobs), self._open_since, self._trouble)

    def follow(self, jobs: frozenset[str]) -> None:
        """Follow these jobs from now on; an open stream is opened anew, a pause is waited out."""
        if jobs == self.jobs:
            return
        self.jobs = jobs
        self._other_jobs.set()
        if self._listening is not None:
            self._listening.cancel()

    async def keep(self) -> None:
        """Keep it open, while there are jobs to follow, until cancelled."""
        while True:
            self._other_jobs.clear()
            if not self.jobs:
                await self._other_jobs.wait()
                continue
            self._trouble = self._trouble or NOT_YET
            self._listening = asyncio.create_task(self._listen())
            try:
                await asyncio.wait({self._listening})
            finally:
                # Does nothing to one that has ended; else it is us who are cancelled.
                self._listening.cancel()
                await asyncio.wait({self._listening})
                self._open_since = None
            ended, self._listening = self._listening, None
            if not ended.cancelled():
                await self._sleep(ended.result())

    async def _listen(self) -> float:
        """Listen until the stream ends; gives the seconds to wait before the next."""
        retry_after: float | None = None
        opened_at: datetime | None = None
        try:
            async with self._stream.open(self._project_id, self.jobs) as changes:
                opened_at = self._clock.now()
                self._note_open(opened_at)
                # Nothing is replayed: they may have changed since they were read.
                self._on_change(self.jobs)
                async for changed in changes:
                    self._on_change(changed)
            self._trouble = "Deep Origin ended it."
        except StreamRefused as error:
            self._note_refusal(error)
            return REFUSED_PAUSE
        except PlatformError as error:
            self._trouble = str(error)
            retry_after = error.retry_after if isinstance(error, PlatformThrottled) else None
        except Exception:
            # A bug must not end the listening for good; it comes with growing pauses like other trouble.
            self._trouble = "unexpected failure, see the log"
            log.exception("listening to the jobs of project %s failed unexpectedly", self._project_id)
        if opened_at is not None and self._clock.now() - opened_at >= STABLE:
            self._failures = 0
        if opened_at is None:
            self._say_that_it_cannot_be_opened()
        jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
        pause = backoff(self._failures, jitter=jitter, cap=LONGEST_PAUSE, retry_after=retry_after)
        self._failures += 1
        return pause

    def _note_open(self, now: datetime) -> None:
        self._open_since, self._trouble = now, ""
        if self._is_said:
            log.warning("the event stream of project %s is open again", self._project_id)
        self._is_said = False

    def _note_refusal(self, error: StreamRefused) -> None:
        self._trouble = f"Deep Origin gives no event stream: {error}"
        if not self._is_said:
            log.warning(
                "Deep Origin gives no event stream of project %s: %s Its jobs are polled, as ever.",
                self._project_id,
                error,
            )
        self._is_said = True

    def _say_that_it_cannot_be_opened(self) -> None:
        if not self._is_said:
            log.warning(
                "the event stream of project %s can't be opened: %s Its jobs are polled meanwhile.",
                self._project_id,
                self._trouble,
            )
        self._is_said = True
