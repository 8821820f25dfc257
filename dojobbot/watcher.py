"""Polls the platform and hands what it reads to the store. The only importer of apscheduler.

A tick costs two listings (what is active, what is new) and one get for each followed job that is in neither.
`tick()` is a plain coroutine; APScheduler only calls it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from dojobbot.domain import ACTIVE_STATUSES, GONE, JobFilter, Listing, Reading
from dojobbot.errors import (
    DojobbotError,
    JobNotFound,
    PlatformError,
    PlatformThrottled,
    PlatformUnavailable,
    TokenRejected,
)
from dojobbot.ports import Clock, Platform, Store

__all__ = ["Health", "Watcher"]

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(minutes=10)
"""A job may be listed some time after it was created; new jobs are asked for again this far back."""
MISSES_UNTIL_GONE = 3
GETS_IN_FLIGHT = 8
EVERYTHING = 1_000_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """How the watcher is: when its last complete tick ended, and what went wrong since, if anything."""

    last_good_at: datetime | None = None
    trouble: str = ""


class Watcher:
    """Reads what must be read, tick by tick."""

    def __init__(
        self, platform: Platform, store: Store, clock: Clock, *, on_change: Callable[[], None]
    ) -> None:
        self._platform = platform
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._misses: dict[str, int] = {}
        self._unreadable: set[str] = set()
        self._scheduler: AsyncIOScheduler | None = None
        self._ticking: asyncio.Future[None] | None = None
        self.health = Health()

    def start(self, seconds: float) -> None:
        """Tick now, and then every `seconds`; a tick that takes longer delays the next one."""
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_job(
            self.tick,
            "interval",
            seconds=seconds,
            next_run_time=self._clock.now(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    async def stop(self) -> None:
        """Stop ticking; a tick that is under way is given up."""
        if self._scheduler is None:
            return
        self._scheduler.pause()
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait({self._ticking})
        self._scheduler.shutdown(wait=False)

    async def tick(self) -> None:
        """Read what is active, new or followed, and let the store decide. Failures change nothing."""
        self._ticking = asyncio.ensure_future(self._tick())
        # Cancelled by `stop`, the tick still ends quietly for the scheduler, which would log a failure.
        await asyncio.wait({self._ticking})

    async def _tick(self) -> None:
        try:
            began_at = await self._read_all()
        except DojobbotError as error:
            self._note_trouble(error)
            return
        except Exception:
            # A bug here must not end the polling: it is logged whole, and the next tick tries again.
            log.exception("a tick failed unexpectedly")
            self.health = replace(self.health, trouble="unexpected failure, see the log")
            return
        if self.health.trouble:
            log.warning("watching works again")
        self.health = Health(last_good_at=began_at)

    async def _read_all(self) -> datetime:
        began_at = self._clock.now()
        last_good = await self._store.last_good_tick()
        since = (last_good - OVERLAP) if last_good else (began_at - FIRST_LOOK_BACK)
        active, created = await asyncio.gather(
            self._platform.list_jobs(JobFilter(statuses=frozenset(ACTIVE_STATUSES)), limit=EVERYTHING),
            self._platform.list_jobs(JobFilter(created_after=since), limit=EVERYTHING),
        )
        listed = {reading.job.id: reading for reading in (*active.readings, *created.readings)}
        await self._observe(listed.values())
        followed, watched = await asyncio.gather(self._store.followed(), self._store.watched())
        running = {job_id for job_id, reading in listed.items() if reading.job.status == "Running"}
        await self._read_each((followed - listed.keys()) | (watched & running))
        # The platform's clock rules the window of new jobs; ours stands in where it sends no Date.
        await self._store.set_last_good_tick(_server_time(active, created) or began_at)
        return began_at

    async def _read_each(self, job_ids: Iterable[str]) -> None:
        gate = asyncio.Semaphore(GETS_IN_FLIGHT)

        async def read(job_id: str) -> Reading | PlatformError | None:
            async with gate:
                try:
                    return await self._get(job_id)
                except (PlatformUnavailable, PlatformThrottled, TokenRejected) as error:
                    return error
                except PlatformError as error:
                    # This one job cannot be read; the others must not wait for it.
                    if job_id not in self._unreadable:
                        self._unreadable.add(job_id)
                        log.warning("job %s can't be read: %s", job_id, error)
                    return None

        results = await asyncio.gather(*(read(job_id) for job_id in sorted(job_ids)))
        await self._observe(result for result in results if isinstance(result, Reading))
        failures = [result for result in results if isinstance(result, PlatformError)]
        if failures:
            raise failures[0]

    async def _get(self, job_id: str) -> Reading | None:
        """Read one job. One that the platform does not know three times in a row is Gone."""
        try:
            reading = await self._platform.get_job(job_id)
        except JobNotFound:
            misses = self._misses[job_id] = self._misses.get(job_id, 0) + 1
            known = await self._store.job(job_id)
            if misses < MISSES_UNTIL_GONE or known is None:
                return None
            del self._misses[job_id]
            gone = replace(known.job, status=GONE, raw_status=GONE)
            return Reading(job=gone, began_at=self._clock.now(), detailed=True)
        self._misses.pop(job_id, None)
        self._unreadable.discard(job_id)
        return reading

    async def _observe(self, readings: Iterable[Reading]) -> None:
        transitions = await self._store.observe(tuple(readings), self._clock.now())
        for each in transitions:
            log.info("job %s went from %s to %s", each.job_id, each.old, each.new)
        self._on_change()

    def _note_trouble(self, error: DojobbotError) -> None:
        if not self.health.trouble:
            level = logging.ERROR if isinstance(error, TokenRejected) else logging.WARNING
            log.log(level, "watching is interrupted: %s %s", error, error.hint)
        self.health = replace(self.health, trouble=str(error))


def _server_time(*listings: Listing) -> datetime | None:
    times = [listing.server_time for listing in listings if listing.server_time is not None]
    return min(times) if times else None
