"""What the handlers need, in one place, and the reading of one job that most of them begin with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from dojobbot.domain import KnownJob, Reading
from dojobbot.errors import JobNotFound, PlatformError
from dojobbot.people import People
from dojobbot.ports import Clock, Messenger, Platform, Store

__all__ = ["Services"]

QUICK = 2.0
"""Seconds that a press waits for the platform before it is answered with what is stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The ports, who people are, and the bell of the outbox."""

    platform: Platform
    store: Store
    messenger: Messenger
    people: People
    clock: Clock
    wake: Callable[[], None]

    async def take_in(self, reading: Reading) -> KnownJob:
        """Store a reading and give the job as it is known then."""
        await self.store.observe([reading], self.clock.now())
        self.wake()
        known = await self.store.job(reading.job.id)
        if known is None:
            raise JobNotFound(reading.job.id)
        return known

    async def read_job(self, job_id: str) -> KnownJob:
        """Read a job from the platform, however long that takes. Raises PlatformError."""
        return await self.take_in(await self.platform.get_job(job_id))

    async def read_or_recall(self, job_id: str) -> tuple[KnownJob, str]:
        """Read a job quickly, or give it as stored with a sentence that says so.

        Raises PlatformError when the platform does not answer and the job was never seen.
        """
        try:
            async with asyncio.timeout(QUICK):
                return await self.read_job(job_id), ""
        except (PlatformError, TimeoutError) as error:
            known = await self.store.job(job_id)
            if known is None:
                if isinstance(error, PlatformError):
                    raise
                raise PlatformError(
                    "Deep Origin is slow to answer.", hint="Try again in a moment."
                ) from error
            if isinstance(error, JobNotFound):
                return known, "Deep Origin does not know this job any more; this is what I saw last."
            return known, "Deep Origin does not answer right now; this is what I saw last."
