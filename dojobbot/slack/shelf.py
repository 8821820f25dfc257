"""What the Details modal shows of a job: read from the platform, else what was seen last, which it says.

What was read stays in memory for a while, so that switching tabs is quick and an outage leaves something to
look at. It is not stored: inputs, outputs and logs are in no database of ours.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from dojobbot.domain import KnownJob, LogLine, Snapshot
from dojobbot.errors import JobNotFound, PlatformError
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services, in_time, recalled
from dojobbot.slack.views import answers, ids
from dojobbot.slack.views.details import Details, details

__all__ = ["Seen", "Shelf"]

FRESH = timedelta(seconds=20)
"""How long a tab shows what another one read."""
KEPT = timedelta(minutes=15)
MOST_JOBS = 16
MOST_LOG_LINES = 1_000
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is to show. `note`: a sentence on why it is not the newest, or not all of it."""

    known: KnownJob
    snapshot: Snapshot | None
    lines: tuple[LogLine, ...] | None
    note: str = ""


class Shelf:
    """Reads jobs for the modal, and remembers the last few."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._snapshots: _Recent[Snapshot] = _Recent()
        self._logs: _Recent[tuple[LogLine, ...]] = _Recent()

    async def look(self, job_id: str, tab: str, *, fresh: bool) -> Seen:
        """Read what a tab shows, unless it was read just now and nothing `fresh` is wanted.

        Raises PlatformError when the platform does not answer in time and the job was never seen, JobNotFound
        when it was forgotten while it was read.
        """
        snapshot_note, log_note = await asyncio.gather(
            self._read_snapshot(job_id, fresh=fresh),
            self._read_log(job_id, fresh=fresh) if tab == ids.LOG else _nothing_wrong(),
        )
        seen = await self.recall(job_id)
        if isinstance(snapshot_note, PlatformError):
            if seen is None:
                raise snapshot_note
            return replace(seen, note=recalled(snapshot_note))
        if seen is None:
            raise JobNotFound(job_id)
        return replace(seen, note="" if log_note is None else f":warning: {answers.words_of(log_note)}")

    async def recall(self, job_id: str) -> Seen | None:
        """Give what is known without asking anybody; None for a job that was never seen."""
        known = await self._services.store.job(job_id)
        if known is None:
            return None
        now = self._services.clock.now()
        return Seen(
            known=known,
            snapshot=self._snapshots.get(job_id, now, KEPT),
            lines=self._logs.get(job_id, now, KEPT),
        )

    async def drawn(self, seen: Seen, tab: str, *, note: str = "") -> Payload:
        """Draw a tab of the modal."""
        services, lines = self._services, seen.lines
        return details(
            Details(
                known=seen.known,
                owner=await services.people.owner_name(seen.known.job),
                now=services.clock.now(),
                tab=tab,
                snapshot=seen.snapshot,
                lines=lines,
                log_complete=lines is None or len(lines) < MOST_LOG_LINES,
                action=await services.store.latest_action(seen.known.job.id),
                note=" ".join(filter(None, [note, seen.note])),
            )
        )

    async def _read_snapshot(self, job_id: str, *, fresh: bool) -> PlatformError | None:
        """Read the job, unless it was read just now; gives what went wrong."""
        if not fresh and self._snapshots.get(job_id, self._services.clock.now(), FRESH) is not None:
            return None
        try:
            snapshot = await in_time(self._services.platform.snapshot(job_id))
        except PlatformError as error:
            return error
        await self._services.take_in(snapshot.reading)
        self._snapshots.put(job_id, self._services.clock.now(), snapshot)
        return None

    async def _read_log(self, job_id: str, *, fresh: bool) -> PlatformError | None:
        """Read the log, unless it was read just now; gives what went wrong."""
        if not fresh and self._logs.get(job_id, self._services.clock.now(), FRESH) is not None:
            return None
        try:
            lines = await in_time(self._services.platform.logs(job_id, limit=MOST_LOG_LINES))
        except PlatformError as error:
            return error
        self._logs.put(job_id, self._services.clock.now(), lines)
        return None


class _Recent(Generic[Value]):
    """What was read of the last few jobs, and when."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[datetime, Value]] = OrderedDict()

    def get(self, job_id: str, now: datetime, age: timedelta) -> Value | None:
        """Give what was read less than `age` ago."""
        read_at, value = self._held.get(job_id, (None, None))
        return value if read_at is not None and now - read_at < age else None

    def put(self, job_id: str, now: datetime, value: Value) -> None:
        """Remember it, in the place of what was read longest ago."""
        self._held.pop(job_id, None)
        self._held[job_id] = (now, value)
        if len(self._held) > MOST_JOBS:
            self._held.popitem(last=False)


async def _nothing_wrong() -> None:
    """Stand for a reading that is not needed."""
