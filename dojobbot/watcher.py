"""Polls the platform and hands what it reads to the store. The only importer of apscheduler.

Of several replicas only one watches, under a lease (`leadership`); the ticks of the others do nothing.
A tick costs two listings (what is active, what is new) and one get for each job in neither that is followed,
or stored as if it were still under way. `tick()` is a plain coroutine; APScheduler only calls it.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from dojobbot.clock import machine_time
from dojobbot.domain import ACTIVE_STATUSES, GONE, JobFilter, Reading
from dojobbot.early import EarlyReads
from dojobbot.errors import (
    DojobbotError,
    JobNotFound,
    LeaseLost,
    PlatformError,
    PlatformThrottled,
    TokenRejected,
)
from dojobbot.leadership import Leadership
from dojobbot.ports import Clock, Platform, Store

__all__ = ["Health", "Watcher"]

FIRST_LOOK_BACK = timedelta(hours=24)
OVERLAP = timedelta(minutes=10)
"""A job may be listed some time after it was created; new jobs are asked for again this far back."""
MISSES_UNTIL_GONE = 3
GETS_IN_FLIGHT = 8
PATIENT_PAUSE = timedelta(seconds=60)
"""Between two gets of a job that is not urgent: one that nobody follows, or a Quoted one, which the listings
show as soon as its quote is approved."""
STRAYS_AT_ONCE = 50
GETS_AT_ONCE = 200
"""In one tick, which stays short however many jobs end together; the others come first in the next."""
GETS_CATCHING_UP = 2_000
"""In the first tick after a while: what ended meanwhile is told in the order in which it ended, and that is
known when all of it is read. At half a second a get these take two minutes."""
LONGEST_REST = timedelta(hours=1)
"""However long the platform asks to be left alone, it is asked again then."""
TICKS = "ticks"
CATCHING_UP, MISSED_TICKS = timedelta(minutes=1), 3
"""After so long without a look, much may have ended; it is taken in in the order in which it ended."""

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """How the watcher is: when its last complete tick began, and what went wrong since, if anything.

    `unreadable`: how many jobs could not be read one by one while the listings worked. Of a replica that does
    not lead, nothing is known.
    """

    last_good_at: datetime | None = None
    trouble: str = ""
    unreadable: int = 0


class Watcher:
    """Reads what must be read, tick by tick, while this replica leads."""

    def __init__(
        self,
        platform: Platform,
        store: Store,
        clock: Clock,
        *,
        on_change: Callable[[], None],
        leadership: Leadership,
    ) -> None:
        self._platform = platform
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._leadership = leadership
        self._misses: dict[str, int] = {}
        self._unreadable: set[str] = set()
        self._asked_at: dict[str, datetime] = {}
        self._not_before: datetime | None = None
        self._said: set[type[Exception]] = set()
        self._scheduler: AsyncIOScheduler | None = None
        self._turn = asyncio.Lock()
        self._ticking: asyncio.Future[None] | None = None
        self._early = EarlyReads(clock, may_read=self._may_read_early, read=self._read_early, tick=self.tick)
        self._reading_early: asyncio.Task[None] | None = None
        self._is_catching_up = False
        self._is_stopping = False
        self._pause = timedelta()
        self.health = Health()

    def start(self, seconds: float) -> None:
        """Tick now, and then every `seconds`; a tick that takes longer delays the next one."""
        # It warns whenever a tick is still under way as the next is due, which is ordinary in an outage.
        self._pause = timedelta(seconds=seconds)
        quiet = log.getChild("scheduler")
        quiet.setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone="UTC", logger=quiet)
        self._scheduler.add_job(
            self.tick,
            "interval",
            seconds=seconds,
            id=TICKS,
            next_run_time=machine_time(),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()
        self._leadership.on_taken(self.tick_now)
        self._reading_early = asyncio.create_task(self._early.run(), name="early reads")

    def tick_now(self) -> None:
        """Tick at once, and then go on as before.

        Who takes over does not wait for the next tick of its own: the last one was another replica's.
        """
        if self._scheduler is not None:
            self._scheduler.modify_job(TICKS, next_run_time=machine_time())

    def clock_set_back(self) -> None:
        """Wait for no moment that was ahead; the scheduler would, too, until the machine's clock shows it."""
        self._not_before = None
        self._asked_at.clear()
        self._early.clock_set_back()
        self.tick_now()

    def wake(self, job_ids: Collection[str]) -> None:
        """Read jobs soon, without waiting for the next tick: the platform says that they have changed."""
        self._early.wake(job_ids)

    async def stop(self) -> None:
        """Stop ticking; a tick that is under way is given up."""
        if self._scheduler is None:
            return
        scheduler, self._scheduler = self._scheduler, None
        self._is_stopping = True
        scheduler.pause()
        if self._reading_early is not None:
            self._reading_early.cancel()
            await asyncio.wait({self._reading_early})
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.wait({self._ticking})
        scheduler.shutdown(wait=False)

    async def tick(self) -> None:
        """Read what is active, new or followed, and let the store decide. Failures change nothing."""
        async with self._turn:
            if self._is_stopping:
                return
            # What has changed need not be patient.
            for job_id in self._early.hand_over():
                self._asked_at.pop(job_id, None)
            self._ticking = asyncio.ensure_future(self._tick())
            # Cancelled by `stop`, the tick still ends quietly for the scheduler, which would log a failure.
            await asyncio.wait({self._ticking})
            self._is_catching_up = False
            # Cards of jobs that only made progress may be old now.
            self._on_change()
            # What changed meanwhile may have had to wait for the tick.
            self._early.wake(())

    def _is_resting(self) -> bool:
        """Whether the platform has asked to be left alone."""
        return self._not_before is not None and self._clock.now() < self._not_before

    async def _tick(self) -> None:
        if not self._leadership.leads:
            self._misses.clear()
            # A lone bot that lost touch with its database for a while goes on where it was.
            if self._leadership.is_anothers:
                self._forget()
            return
        if self._is_resting():
            return
        self._not_before = None
        try:
            await self._read_all()
        except LeaseLost:
            self._leadership.step_back()
            return
        except Exception as error:  # noqa: BLE001 - a bug must not end the polling: it is logged whole
            self._note_trouble(error)
            return
        if self._is_resting():
            # An early read was told so while the tick went on.
            return
        if self.health.trouble:
            log.warning("watching works again")
        self._said.clear()
        self.health = replace(self.health, trouble="")

    def _forget(self) -> None:
        """Keep nothing for the next time that this replica leads: another one reads the platform now."""
        if self.health.trouble:
            log.warning("watching is another replica's now")
        self._misses.clear()
        self._unreadable.clear()
        self._asked_at.clear()
        self._said.clear()
        self.health = Health()

    async def _read_all(self) -> None:
        began_at = self._clock.now()
        last_good, last_look = await self._store.last_good_tick(), await self._store.last_look()
        since = (last_good - OVERLAP) if last_good else (began_at - FIRST_LOOK_BACK)
        late: list[Reading] | None = None
        if last_look is not None and began_at - last_look > max(CATCHING_UP, MISSED_TICKS * self._pause):
            late = []
        self._is_catching_up = late is not None
        listed: dict[str, str] = {}

        async def take(page: Sequence[Reading]) -> None:
            listed.update((reading.job.id, sys.intern(reading.job.status)) for reading in page)
            if late is None:
                await self._observe(page)
                return
            late.extend(reading for reading in page if reading.job.is_terminal)
            await self._observe(reading for reading in page if not reading.job.is_terminal)

        clocks = await _together(
            self._platform.scan_jobs(JobFilter(statuses=frozenset(ACTIVE_STATUSES)), take),
            self._platform.scan_jobs(JobFilter(created_after=since), take),
        )
        # The platform's clock rules the window of new jobs; ours stands in where it sends no Date.
        looked_at = min((clock for clock in clocks if clock is not None), default=began_at)
        if late is None:
            # What comes after is about single jobs: it changes nothing about which new ones were seen.
            await self._note_good(began_at, looked_at)
        most = GETS_AT_ONCE if late is None else GETS_CATCHING_UP
        await self._read_each(await self._to_get(listed, most), late)
        if late is not None:
            await self._note_good(began_at, looked_at)

    async def _note_good(self, began_at: datetime, looked_at: datetime) -> None:
        await self._store.set_last_good_tick(looked_at, began_at=began_at, under=self._leadership.held())
        self.health = replace(self.health, last_good_at=began_at)

    async def _to_get(self, listed: Mapping[str, str], most: int) -> list[str]:
        """Choose the jobs to read one by one, and forget what was remembered of others.

        Args:
            listed: the jobs in a listing -> their statuses.
            most: how many may be read in this tick.
        """
        followed, watched, unfinished = await asyncio.gather(
            self._store.followed(), self._store.watched(), self._store.unfinished()
        )
        # Followed jobs have not ended, so those that are not unfinished either are Quoted.
        quoted = followed.difference(unfinished, listed)
        urgent = followed.difference(quoted, listed) | {
            job_id for job_id in watched if listed.get(job_id) == "Running"
        }
        left = (job_id for job_id in unfinished if job_id not in followed and job_id not in listed)
        strays = list(dict.fromkeys(left))
        self._remember_only(urgent | quoted | set(strays), listed)
        patient = [*self._patiently(sorted(quoted)), *self._patiently(strays)[:STRAYS_AT_ONCE]]
        chosen = self._longest_waiting([*sorted(urgent), *patient])[:most]
        self._asked_at |= dict.fromkeys(chosen, self._clock.now())
        return chosen

    def _patiently(self, job_ids: Iterable[str]) -> list[str]:
        """Leave out those that were asked for a moment ago."""
        a_moment_ago = self._clock.now() - PATIENT_PAUSE
        return self._longest_waiting(
            job_id for job_id in job_ids if self._asked_at.get(job_id, a_moment_ago) <= a_moment_ago
        )

    def _longest_waiting(self, job_ids: Iterable[str]) -> list[str]:
        """Begin with those that were never asked for, then those that were long ago."""
        long_ago = datetime.min.replace(tzinfo=UTC)
        return sorted(job_ids, key=lambda job_id: self._asked_at.get(job_id, long_ago))

    def _remember_only(self, wanted: Collection[str], listed: Collection[str]) -> None:
        # What is listed is there, whatever a get says of it.
        self._misses = {
            job_id: count
            for job_id, count in self._misses.items()
            if job_id in wanted and job_id not in listed
        }
        self._unreadable.intersection_update(wanted)
        self._asked_at = {job_id: at for job_id, at in self._asked_at.items() if job_id in wanted}

    async def _read_each(self, job_ids: Iterable[str], late: list[Reading] | None) -> None:
        """Read jobs one by one, and take them in as they arrive: together those that came meanwhile.

        After an outage they wait in `late`, with what the listings left there, and all of it is taken in at
        the end, in the order in which it happened.

        The listings have just worked: the platform lives and takes our token. What fails here is that job's
        own trouble; it is said once, tried again, and neither fails the tick nor holds up the others.

        Raises PlatformThrottled: then the rest is left for later.
        """
        gate, taking_in = asyncio.Semaphore(GETS_IN_FLIGHT), asyncio.Lock()
        failed: dict[str, PlatformError] = {}
        arrived: list[Reading] = []

        async def read(job_id: str) -> None:
            async with gate:
                try:
                    reading = await self._get(job_id)
                except PlatformThrottled:
                    raise
                except PlatformError as error:
                    failed[job_id] = error
                    return
            if reading is None:
                return
            if late is not None:
                late.append(reading)
                return
            arrived.append(reading)
            async with taking_in:
                together = arrived.copy()
                arrived.clear()
                if together:
                    await self._observe(together)

        try:
            await _together(*(read(job_id) for job_id in job_ids))
        except PlatformThrottled:
            # What was read is told, though not all is known that ended before it: that may take long now.
            await self._observe(sorted(late or (), key=_happened_at))
            raise
        finally:
            self._note_unreadable(failed)
        if late:
            await self._observe(sorted(late, key=_happened_at))

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
        if job_id in self._unreadable:
            self._unreadable.discard(job_id)
            log.warning("job %s can be read again", job_id)
        return reading

    def _may_read_early(self) -> bool:
        """Whether jobs may be read between two ticks: not in an outage, nor out of turn after one."""
        has_looked = self.health.last_good_at is not None and not self._is_catching_up
        return self._leadership.leads and has_looked and not self.health.trouble

    async def _read_early(self, job_id: str) -> None:
        """Read a job between two ticks. What goes wrong is left to the next one, which reads it again."""
        try:
            await self._observe((await self._platform.get_job(job_id),))
            self._on_change()
        except LeaseLost:
            self._leadership.step_back()
        except PlatformThrottled as error:
            self._note_trouble(error)
        except DojobbotError as error:
            log.debug("job %s was not read early: %s", job_id, error)
        except Exception as error:  # noqa: BLE001 - a bug must not end the reading: it is logged whole
            self._note_trouble(error)

    async def _observe(self, readings: Iterable[Reading]) -> None:
        transitions = await self._store.observe(
            tuple(readings), self._clock.now(), under=self._leadership.held()
        )
        for each in transitions:
            log.info("job %s went from %s to %s", each.job_id, each.old, each.new)
        if transitions:
            self._on_change()

    def _note_unreadable(self, failed: dict[str, PlatformError]) -> None:
        news = [job_id for job_id in failed if job_id not in self._unreadable]
        self._unreadable.update(news)
        self.health = replace(self.health, unreadable=len(self._unreadable))
        for job_id in news:
            log.warning("job %s can't be read, though the listings work: %s", job_id, _why(failed[job_id]))

    def _note_trouble(self, error: Exception) -> None:
        """Remember what is wrong; each kind of trouble has one line in the log until all is well again."""
        is_news = type(error) not in self._said
        self._said.add(type(error))
        if isinstance(error, DojobbotError):
            trouble = str(error) + self._rest(error)
            level = logging.ERROR if isinstance(error, TokenRejected) else logging.WARNING
            if is_news:
                log.log(level, "watching is interrupted: %s %s", trouble, error.hint)
        else:
            trouble = "unexpected failure, see the log"
            if is_news:
                log.error("a tick failed unexpectedly", exc_info=error)
        self.health = replace(self.health, trouble=trouble)

    def _rest(self, error: DojobbotError) -> str:
        """Leave the platform alone for as long as it asks, and say until when; empty if it does not ask."""
        if not isinstance(error, PlatformThrottled) or not error.retry_after:
            return ""
        rest = LONGEST_REST
        if error.retry_after < rest.total_seconds():
            rest = timedelta(seconds=error.retry_after)
        self._not_before = self._clock.now() + rest
        return f" It is left alone until {self._not_before:%H:%M:%S} UTC."


async def _together(*works: Coroutine[None, None, T]) -> list[T]:
    """Do all at once; the first failure ends the others and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]


def _happened_at(reading: Reading) -> datetime:
    job = reading.job
    return job.completed_at or job.updated_at or reading.began_at


def _why(error: PlatformError) -> str:
    # The same token has just been good for the listings, so it is not the token that is refused.
    return "Deep Origin refuses to show it." if isinstance(error, TokenRejected) else str(error)
