"""Reads between two ticks: of the jobs that the event stream says have changed.

Each is read by a get, at once as long as there are few. When many have changed, a tick that comes early reads
them with less: two listings, and gets of those that have left them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from dojobbot.limits import Budget
from dojobbot.ports import Clock

__all__ = ["EarlyReads"]

READS_IN_FLIGHT = 8
READS = Budget(timedelta(seconds=1) / 8, burst=40)
"""Jobs tell of every ligand that is docked: the platform is not asked more often than this for long."""
MANY = 40
TICK_PAUSE = timedelta(seconds=5)
MOST_REMEMBERED = 2_000
LONGEST_SLEEP_SECONDS = 5.0
"""Budgets ask for less; it would be longer when the clock is set back."""
log = logging.getLogger(__name__)


class EarlyReads:
    """What waits to be read, and when it is.

    Args:
        clock: the time.
        may_read: whether anything may be read now; `wake` is called when that may have changed.
        read: reads one job, and takes care of what goes wrong.
        tick: reads all.
        sleep: waits for that many seconds.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        may_read: Callable[[], bool],
        read: Callable[[str], Awaitable[None]],
        tick: Callable[[], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._may_read = may_read
        self._read = read
        self._tick = tick
        self._sleep = sleep
        self._opens_at: datetime | None = None
        self._waiting: set[str] = set()
        self._read_at: dict[str, datetime] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._ticked_at: datetime | None = None
        self._news = asyncio.Event()

    def wake(self, job_ids: Collection[str]) -> None:
        """Have jobs read soon; several wishes for one job are one."""
        self._waiting.update(job_ids)
        self._news.set()

    def clock_set_back(self) -> None:
        """Wait for no moment that was ahead."""
        self._opens_at = self._ticked_at = None

    def hand_over(self) -> frozenset[str]:
        """Give what waits to a tick, which reads all."""
        waiting = frozenset(self._waiting)
        self._waiting.clear()
        return waiting

    async def run(self) -> None:
        """Read what waits, until cancelled."""
        try:
            while True:
                self._news.clear()
                if not self._may_read():
                    await self._news.wait()
                elif self._is_flood():
                    self._ticked_at = self._clock.now()
                    await self._tick()
                elif (job_id := self._next()) is None:
                    await self._news.wait()
                elif self._opens_at is not None and self._opens_at > (now := self._clock.now()):
                    await self._sleep(min((self._opens_at - now).total_seconds(), LONGEST_SLEEP_SECONDS))
                else:
                    self._begin(job_id)
        finally:
            tasks = list(self._reading.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _is_flood(self) -> bool:
        if len(self._waiting) <= MANY:
            return False
        return self._ticked_at is None or self._clock.now() - self._ticked_at >= TICK_PAUSE

    def _next(self) -> str | None:
        """Choose one that is not being read: who talks all the time comes after who was silent for long."""
        if len(self._reading) >= READS_IN_FLIGHT:
            return None
        free = self._waiting.difference(self._reading)
        never = datetime.min.replace(tzinfo=self._clock.now().tzinfo)
        return min(free, key=lambda job_id: (self._read_at.get(job_id, never), job_id), default=None)

    def _begin(self, job_id: str) -> None:
        now = self._clock.now()
        self._opens_at = READS.after(self._opens_at, now)
        self._waiting.discard(job_id)
        self._read_at.pop(job_id, None)
        self._read_at[job_id] = now
        if len(self._read_at) > MOST_REMEMBERED:
            del self._read_at[next(iter(self._read_at))]
        task = self._reading[job_id] = asyncio.ensure_future(self._read(job_id))
        task.add_done_callback(lambda _: self._ended(job_id))

    def _ended(self, job_id: str) -> None:
        del self._reading[job_id]
        self._news.set()
