"""What the handlers need, in one place, and the reading of one job that most of them begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dojobbot.domain import Job, KnownJob, Reading
from dojobbot.errors import JobNotFound, PlatformError, PlatformUnavailable
from dojobbot.exports import Exports
from dojobbot.people import People
from dojobbot.ports import Clock, Messenger, Platform, Store
from dojobbot.slack.replies import Desk
from dojobbot.slack.views.late import lag_note

__all__ = ["QUICK", "THOROUGH", "Services", "in_time", "recalled"]

QUICK = 1.5
"""Seconds that a press waits for the platform before it is answered with what is stored."""
THOROUGH = 10.0
"""Seconds that somebody waits who typed, or who asked for something that needs a fresh look."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports, who people are, where they are served, and the bell of the outbox.

    `project_id`: the one project that listings are narrowed to, if any. `poll_seconds`: the pause between
    two looks at the platform.
    """

    platform: Platform
    store: Store
    messenger: Messenger
    people: People
    clock: Clock
    desk: Desk
    exports: Exports
    wake: Callable[[], None]
    project_id: str | None = None
    poll_seconds: float = 10.0

    def lists(self, job: Job) -> bool:
        """Whether a job belongs into lists: not hidden, and of our project where there is one."""
        return not job.hidden and self.project_id in {None, job.project_id}

    async def lag_note(self) -> str:
        """Say how long ago the platform was heard, when that is longer than usual; else nothing."""
        return lag_note(await self.store.last_look(), self.clock.now(), self.poll_seconds)

    async def is_first(self, body: dict[str, Any]) -> bool:
        """Whether a command, a press or an event has not come before: it may, whatever its retry count says.

        Slack sends again what was not acknowledged in time, so that a repetition may also be the first to
        arrive; its `trigger_id`, or of an event the `event_id`, is the same each time.
        """
        came = body["event_id"] if "event_id" in body else body["trigger_id"]
        return await self.store.first_press(came, self.clock.now())

    async def observe(self, readings: Sequence[Reading]) -> None:
        """Store readings; what they owe is sent soon. Cards that show only their progress wait for a tick."""
        if await self.store.observe(readings, self.clock.now()):
            self.wake()

    async def take_in(self, reading: Reading) -> KnownJob:
        """Store a reading and give the job as it is known then. Raises JobNotFound once it was forgotten."""
        await self.observe([reading])
        known = await self.store.job(reading.job.id)
        if known is None:
            raise JobNotFound(reading.job.id)
        return known

    async def read_job(self, job_id: str, *, seconds: float = THOROUGH) -> KnownJob:
        """Read a job from the platform. Raises PlatformError, also when that takes too long."""
        return await self.take_in(await in_time(self.platform.get_job(job_id), seconds=seconds))

    async def read_or_recall(self, job_id: str, *, seconds: float = QUICK) -> tuple[KnownJob, str]:
        """Read a job, or give it as stored with a sentence that says so.

        Raises PlatformError when the platform does not answer in time and the job was never seen.
        """
        try:
            return await self.read_job(job_id, seconds=seconds), ""
        except PlatformError as error:
            known = await self.store.job(job_id)
            if known is None:
                raise
            return known, recalled(error)


async def in_time(asking: Awaitable[T], *, seconds: float = THOROUGH) -> T:
    """Wait for the platform. Raises PlatformUnavailable when it takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await asking
    except TimeoutError as error:
        raise PlatformUnavailable("Deep Origin is too slow to answer.") from error


def recalled(error: PlatformError) -> str:
    """Say why what is shown is not what the platform says now."""
    if isinstance(error, JobNotFound):
        return "Deep Origin does not know this job any more; this is what I saw last."
    return "Deep Origin does not answer right now; this is what I saw last."
