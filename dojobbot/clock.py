"""One clock for all replicas: the machine's, set by the database's.

Leases, next-send-at and Slack's budgets are moments in the database. Whoever compares them with its own time
must mean the same by it, though its machine's clock may be off. Where there is only the machine's, and that
was ahead and is put right, what the store has of the wrong time is put right as well.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from dojobbot.errors import StoreError
from dojobbot.leases import Leases

__all__ = ["SharedClock", "corrected", "machine_time"]

MEASURE_EVERY_SECONDS = 20.0
WORTH_SAYING = timedelta(seconds=2)
log = logging.getLogger(__name__)


def corrected(offset: timedelta, *, before: datetime, theirs: datetime, after: datetime) -> timedelta:
    """Give how far another clock is ahead of ours.

    Args:
        offset: what was thought so far. It stays unless it must be wrong: the answer was on its way for some
            time, and a clock that follows every such delay would jump about.
        before: our clock when it was asked.
        theirs: what it answered.
        after: our clock when the answer came.
    """
    earliest, latest = theirs - after, theirs - before
    if earliest <= offset <= latest:
        return offset
    return earliest + (latest - earliest) / 2


def machine_time() -> datetime:
    """Give the time on the machine's clock."""
    return datetime.now(UTC)


class SharedClock:
    """The machine's clock, moved by what the database's is ahead of it. Implements ports.Clock.

    Args:
        machine: the machine's clock, which may be set.
        steady: seconds on one that can't be.
    """

    def __init__(
        self, machine: Callable[[], datetime] = machine_time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._machine = machine
        self._steady = steady
        self._offset = timedelta()
        self._said = timedelta()
        self._is_alone = False
        self._began, self._ran = machine(), steady()
        self._back = timedelta()
        self._on_set_back: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """See ports.Clock."""
        return self._machine() + self._offset

    def on_set_back(self, call: Callable[[], None]) -> None:
        """Call this, too, when the machine's clock was set back: for whoever waits for a moment on it."""
        self._on_set_back.append(call)

    async def measure(self, store: Leases) -> None:
        """Ask the database for its time. Raises StoreError."""
        before = self._machine()
        theirs = await store.database_time()
        self._is_alone = theirs is None
        if theirs is None:
            return
        self._offset = corrected(self._offset, before=before, theirs=theirs, after=self._machine())
        if abs(self._offset - self._said) > WORTH_SAYING:
            self._said = self._offset
            seconds = self._offset.total_seconds()
            log.warning("this machine's clock is %+.1f s off the database's, which counts", -seconds)

    async def keep(self, store: Leases) -> None:
        """Look at both clocks again and again, for ever."""
        while True:
            await asyncio.sleep(MEASURE_EVERY_SECONDS)
            try:
                await self.look(store)
            except StoreError as error:
                # Until it answers again, what was measured last is as good as anything.
                log.debug("the database does not tell its time: %s", error)

    async def look(self, store: Leases) -> None:
        """Measure, and see to it that a clock that was set back stops nothing. Raises StoreError."""
        at, count = self._machine(), self._steady()
        back = self._began + timedelta(seconds=count - self._ran) - at
        self._began, self._ran = at, count
        if back > WORTH_SAYING:
            log.warning("this machine's clock was set back by %.0f s", back.total_seconds())
            self._back += back
        await self.measure(store)
        if not self._back:
            return
        if self._is_alone:
            await store.set_back(self._back, self.now())
        self._back = timedelta()
        for call in self._on_set_back:
            call()
