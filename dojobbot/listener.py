"""Listens to the platform's event stream, which tells at once that a followed job has changed.

Polling stays the truth: events bring no state and are not replayed, and there may be none. What is heard
wakes the watcher; what is missed, the next tick reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping

from dojobbot.errors import StoreError
from dojobbot.kept_stream import KeptStream, StreamState
from dojobbot.leadership import Leadership
from dojobbot.ports import Clock, EventStream, Store

__all__ = ["JOBS_PER_STREAM", "MOST_STREAMS", "STREAMS_PER_PROJECT", "Listener", "allot"]

JOBS_PER_STREAM = 100
"""Each takes some 60 characters of the address, and servers refuse lines of more than 8,000."""
STREAMS_PER_PROJECT = 2
"""The platform caps them per user and project, and the user of our token may have notebooks that wait."""
MOST_STREAMS = 10
LOOK_SECONDS = 5.0
"""Between two looks at what is followed, and at who watches: another replica may have been asked."""
DEBOUNCE_SECONDS = 0.5
"""A stream is opened anew to follow another job; jobs that come together make it once."""

Key = tuple[str, int]
"""A project, and the number of the stream among those about it."""
log = logging.getLogger(__name__)


def allot(held: Mapping[Key, frozenset[str]], wanted: Mapping[str, str]) -> dict[Key, frozenset[str]]:
    """Say which jobs each stream follows, so that few are opened anew. Pure.

    Args:
        held: the jobs of the streams there are. A stream keeps those not wanted any more until it is opened
            anew for others: they cost nothing.
        wanted: the project of each job, those that matter most first. What does not fit is left to polling.
    """
    allotted: dict[Key, frozenset[str]] = {}
    for project in dict.fromkeys(wanted.values()):
        jobs = [job_id for job_id, of in wanted.items() if of == project]
        allotted |= _allot_one(project, held, jobs[: JOBS_PER_STREAM * STREAMS_PER_PROJECT])
    return dict(list(allotted.items())[:MOST_STREAMS])


def _allot_one(
    project: str, held: Mapping[Key, frozenset[str]], wanted: list[str]
) -> dict[Key, frozenset[str]]:
    before = {
        (project, number): held.get((project, number), frozenset()) for number in range(STREAMS_PER_PROJECT)
    }
    new = [job_id for job_id in wanted if not any(job_id in jobs for jobs in before.values())]
    allotted = {}
    for key, jobs in before.items():
        kept = jobs.intersection(wanted)
        room = JOBS_PER_STREAM - len(kept)
        added, new = new[:room], new[room:]
        if kept or added:
            allotted[key] = kept.union(added) if added else jobs
    return allotted


class Listener:
    """Keeps streams about the followed jobs of each project, and says which jobs have changed.

    Args:
        stream: the platform's events.
        store: knows what is followed.
        clock: the time.
        leadership: whether this replica watches; else it does not listen either.
        on_change: hears of jobs that have changed, or may have while nobody listened.
        sleep: waits for that many seconds before a stream is tried again.
    """

    def __init__(
        self,
        stream: EventStream,
        store: Store,
        clock: Clock,
        *,
        leadership: Leadership,
        on_change: Callable[[Collection[str]], None],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._stream = stream
        self._store = store
        self._clock = clock
        self._leadership = leadership
        self._on_change = on_change
        self._sleep = sleep
        self._poked = asyncio.Event()
        self._streams: dict[Key, KeptStream] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        leadership.on_taken(self.poke)

    @property
    def states(self) -> tuple[StreamState, ...]:
        """How the streams are: none when nobody listens, or nothing is followed."""
        return tuple(each.state for each in self._streams.values() if each.jobs)

    def start(self) -> None:
        """Listen from now on; does nothing when it does already."""
        if not self._tasks:
            self._begin(self._look_after())

    async def stop(self) -> None:
        """Listen no more; it can be started again."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._streams.clear()

    def poke(self) -> None:
        """Look soon at what is followed: it may be something else by now."""
        self._poked.set()

    async def look(self) -> None:
        """Follow what is followed now, or nothing while another replica watches."""
        most = JOBS_PER_STREAM * MOST_STREAMS
        newest = await self._store.newest_followed(limit=most) if self._leadership.leads else {}
        projects = {job_id: project or self._stream.project_id for job_id, project in newest.items()}
        wanted = {job_id: project for job_id, project in projects.items() if project}
        held = {key: each.jobs for key, each in self._streams.items()}
        allotted = allot(held, wanted)
        for key in allotted.keys() - self._streams.keys():
            self._streams[key] = KeptStream(
                self._stream, self._clock, key[0], on_change=self._on_change, sleep=self._sleep
            )
            self._begin(self._streams[key].keep())
        # One that nothing needs now stays, without a connection: it knows whether it was refused.
        for key, each in self._streams.items():
            each.follow(allotted.get(key, frozenset()))

    async def _look_after(self) -> None:
        while True:
            self._poked.clear()
            try:
                await self.look()
            except StoreError as error:
                # The watcher says what is wrong with the database. The streams stay as they are.
                log.debug("what is followed can't be seen: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), LOOK_SECONDS)
            await asyncio.sleep(DEBOUNCE_SECONDS)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self._tasks.add(task)


def _report(task: asyncio.Task[None]) -> None:
    """Log a bug that ended a part of the listening: jobs are polled all the same."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("listening ended unexpectedly", exc_info=error)
