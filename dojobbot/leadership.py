"""Who of the replicas watches: one holds a lease on it, renews it while it lives, and the others wait.

A holder that dies is succeeded when its lease is over. One that merely hung finds out by its next write,
which carries the lease's token and is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import timedelta

from dojobbot.errors import LeaseLost, StoreError
from dojobbot.leases import WATCHING, Lease, Leases
from dojobbot.ports import Clock

__all__ = ["Leadership"]

LASTING = timedelta(seconds=10)
RENEW_SECONDS = 3.0
TRY_SECONDS = 1.0
"""With `LASTING` it makes a dead holder's successor begin within some eleven seconds."""
log = logging.getLogger(__name__)


class Leadership:
    """Tries to hold the lease on watching.

    Args:
        store: where the replicas agree.
        clock: the database's.
        holder: what to call this replica; no other is called so.
        lasting: how long a lease holds when it is not renewed.
    """

    def __init__(self, store: Leases, clock: Clock, *, holder: str, lasting: timedelta = LASTING) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder
        self._lasting = lasting
        self._lease: Lease | None = None
        self._is_anothers = False
        self._leads = False
        self._stopped = asyncio.Event()
        self._on_taken: list[Callable[[], None]] = []

    @property
    def leads(self) -> bool:
        """Whether the lease is ours at this moment."""
        return self._lease is not None and self._clock.now() < self._lease.until

    @property
    def is_anothers(self) -> bool:
        """Whether another replica held the lease when we last heard of it."""
        return self._is_anothers

    def held(self) -> Lease:
        """Give the lease, to write under it. Raises LeaseLost when it is not ours."""
        if self._lease is None or not self.leads:
            raise LeaseLost("The lease on watching Deep Origin ran out, or is another replica's.")
        return self._lease

    def on_taken(self, call: Callable[[], None]) -> None:
        """Call this, too, whenever the lease has just become ours."""
        self._on_taken.append(call)

    async def reach(self) -> None:
        """Try once to take the lease, or renew it. While the database does not answer, it may run out."""
        try:
            self._lease = await self._store.take_lease(
                WATCHING, self._holder, self._clock.now(), lasting=self._lasting
            )
            self._is_anothers = self._lease is None
        except StoreError as error:
            # What hangs on the database says so in the log itself.
            log.debug("the lease on watching can't be renewed: %s", error)
        self._note()

    def step_back(self) -> None:
        """Take note that a write was refused: the lease is another's, or ran out."""
        self._lease = None
        self._note()

    async def run(self) -> None:
        """Keep trying until `stop`."""
        while not self._stopped.is_set():
            await self.reach()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEW_SECONDS if self.leads else TRY_SECONDS):
                    await self._stopped.wait()

    def stop(self) -> None:
        """Try no more; `run` returns."""
        self._stopped.set()

    async def give_back(self) -> None:
        """Let another replica take over at once, if the database can be reached."""
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            await self._store.give_lease_back(lease)
        except StoreError as error:
            log.debug("the lease on watching runs out by itself: %s", error)

    def _note(self) -> None:
        """Say when this replica begins to watch, and when it ends."""
        if self.leads == self._leads:
            return
        self._leads = not self._leads
        if self._leads:
            log.info("watching Deep Origin from here")
            for call in self._on_taken:
                call()
        else:
            log.warning("no longer watching Deep Origin from here: the lease on it ran out, or is another's")
