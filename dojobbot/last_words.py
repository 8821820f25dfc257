"""What a job that has ended had to say last: read when people are told of it, if that is quick.

A status is often seen in a listing, which has neither the tree in which a failure says why nor the log. Both
are asked for when the message is drawn, once and for a moment. Whatever goes wrong, the message goes without.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from dojobbot.domain import FAILED, Delivery, Job, LogLine
from dojobbot.errors import DojobbotError, PlatformThrottled, PlatformUnavailable
from dojobbot.ports import Clock, Platform, Store

__all__ = ["LastWords", "Told"]

PATIENCE = 2.0
"""Seconds that a message may be held up."""
REST = timedelta(seconds=30)
"""After trouble nobody is asked for so long: many messages may wait behind each other."""
LOG_LINES = 6
MOST_OF_MANY = 8
"""So many requests at once are no burden to the platform."""
NO_LINES: tuple[LogLine, ...] = ()
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery whose snapshot knows all that is to be known, and the job's last log lines, newest first."""

    delivery: Delivery
    log: tuple[LogLine, ...] = ()


class LastWords:
    """Asks the platform; without one, nobody is asked."""

    def __init__(self, platform: Platform | None, store: Store, clock: Clock) -> None:
        self._platform = platform
        self._store = store
        self._clock = clock
        self._not_before: datetime | None = None

    async def of_many(self, deliveries: Sequence[Delivery]) -> tuple[Delivery, ...]:
        """Complete the first failures among deliveries that are told together, side by side."""
        failed = [each for each in deliveries if each.snapshot.status in FAILED][:MOST_OF_MANY]
        told = await asyncio.gather(*(self.of(each, with_log=False) for each in failed))
        completed = {each.delivery.id: each.delivery for each in told}
        return tuple(completed.get(each.id, each) for each in deliveries)

    async def of(self, delivery: Delivery, *, with_log: bool = True) -> Told:
        """Complete a delivery. Log lines are for the eyes of one person, so for direct messages alone."""
        job, platform = delivery.snapshot, self._platform
        wants_log = with_log and job.status in FAILED and delivery.destination.is_dm
        wants_reading = _is_incomplete(job)
        if platform is None or self._rests() or not (wants_reading or wants_log):
            return Told(delivery)
        reading = asyncio.create_task(self._read(platform, job) if wants_reading else _at_once(job))
        asking = platform.logs(job.id, limit=LOG_LINES) if wants_log else _at_once(NO_LINES)
        lines = asyncio.create_task(asking)
        try:
            await asyncio.wait({reading, lines}, timeout=PATIENCE)
        finally:
            reading.cancel()
            lines.cancel()
        snapshot = self._outcome(reading, otherwise=job)
        return Told(replace(delivery, snapshot=snapshot), self._outcome(lines, otherwise=NO_LINES))

    async def _read(self, platform: Platform, job: Job) -> Job:
        """Read the job again; as it was when it has moved on."""
        reading = await platform.get_job(job.id)
        await self._store.observe([reading], self._clock.now())
        now = reading.job
        if now.status != job.status:
            return job
        return replace(job, progress=now.progress or job.progress, reason=now.reason or job.reason)

    def _outcome(self, asked: asyncio.Task[T], *, otherwise: T) -> T:
        """Give what was asked for, if it came; whatever else happened is logged and no more than that."""
        if not asked.done():
            self._rest("no answer in time")
            return otherwise
        error = asked.exception()
        if error is None:
            return asked.result()
        if isinstance(error, PlatformUnavailable | PlatformThrottled):
            self._rest(str(error))
        else:
            log.warning("a message goes without what Deep Origin could add: %s", error, exc_info=_bug(error))
        return otherwise

    def _rests(self) -> bool:
        return self._not_before is not None and self._clock.now() < self._not_before

    def _rest(self, why: str) -> None:
        if not self._rests():
            log.warning("messages go without what Deep Origin could add: %s", why)
        self._not_before = self._clock.now() + REST


async def _at_once(value: T) -> T:
    return value


def _bug(error: BaseException) -> BaseException | None:
    return None if isinstance(error, DojobbotError) else error


def _is_incomplete(job: Job) -> bool:
    """Whether a read may tell more about how it ended than what was seen of it."""
    report = job.progress
    if job.status in FAILED:
        return report is None or not report.failure
    if job.status != "Succeeded" or report is None:
        return job.status == "Succeeded"
    is_whole = report.fraction == 1 and not report.branches and not report.step
    return not (report.result or is_whole)
