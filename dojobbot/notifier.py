"""The outbox at work: a few workers claim destinations, and the courier serves them, until they are stopped.

Nothing that goes wrong ends a worker, and none waits for another: a call that hangs holds up one destination.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

from dojobbot.courier import SLACK_DOWN_PAUSE, Courier, Tally
from dojobbot.errors import DojobbotError, StoreError
from dojobbot.last_words import LastWords
from dojobbot.limits import backoff
from dojobbot.outbox import Claim, Turn
from dojobbot.people import People
from dojobbot.ports import Clock, Messenger, Platform, Store
from dojobbot.slack.views.card import ANSWERED_WITHIN
from dojobbot.troubles import Troubles

__all__ = ["Notifier", "Tally"]

WORKERS = 8
"""So many calls may be slow, or hang, before the others wait for one of them."""
LEASE = timedelta(seconds=20)
"""What a replica that died was about to send waits so long for another one."""
RENEWED_IN_A_LEASE = 4
IDLE_SECONDS = 30.0
SHORTEST_WAIT = 0.01
LONGEST_PAUSE = 300.0
NOT_DECIDED = datetime.max.replace(tzinfo=UTC)
KEEP = timedelta(days=90)
PRUNE_EVERY = timedelta(hours=1)
PRUNED_AT_ONCE = 100
"""So many rows of a kind in one transaction: presses get in between."""
THE_OUTBOX = "the outbox"
TIDYING = "tidying up"
log = logging.getLogger(__name__)


class Notifier:
    """Drains the outbox. `wake()` says that something may be owed.

    `keep`: how long ended jobs and settled deliveries stay in the store. `platform`: asked for the last words
    of jobs that ended; None asks nobody. `lease`: how long a claim holds without being renewed.
    """

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        people: People,
        clock: Clock,
        *,
        keep: timedelta = KEEP,
        platform: Platform | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keep = keep
        self._lease = lease
        self._troubles = Troubles(log)
        last_words = LastWords(platform, store, clock)
        self._courier = Courier(store, messenger, people, clock, self._troubles, last_words=last_words)
        self._bell = asyncio.Event()
        self._stopped = asyncio.Event()
        self._lookout = asyncio.Lock()
        self._looks_until = NOT_DECIDED
        self._failures: Counter[str] = Counter()
        self._pruned_at: datetime | None = None
        self.tally = self._courier.tally

    def trouble(self) -> str:
        """Say what keeps messages from going out, or nothing."""
        return self._troubles.summary()

    def wake(self) -> None:
        """Look at the outbox soon."""
        self._bell.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is on its way has arrived."""
        self._stopped.set()
        self._bell.set()

    async def run(self) -> None:
        """Drain whenever there is something to drain, and keep the store tidy, until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._work())
            tasks.create_task(self._keep_tidy())

    async def drain(self) -> None:
        """Do everything that can be done now, as far as the store allows."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(WORKERS):
                tasks.create_task(self._work_until_idle())

    async def tidy(self) -> bool:
        """Close what nobody answered in time; once an hour, remove what has long been over.

        True when it is done. Raises StoreError when the database fails.
        """
        now = self._clock.now()
        if await self._store.expire_actions(now, ANSWERED_WITHIN):
            self.wake()
        if self._pruned_at is not None and now - self._pruned_at < PRUNE_EVERY:
            return True
        while await self._store.prune(now - self._keep, limit=PRUNED_AT_ONCE):
            if self._stopped.is_set():
                return False
        self._pruned_at = now
        return True

    # --- workers

    async def _work(self) -> None:
        while not self._stopped.is_set():
            done = await self._try(THE_OUTBOX, self._serve_next())
            if done is False:
                done = await self._try(THE_OUTBOX, self._look_out())
            if done is None:
                await self._rest(SLACK_DOWN_PAUSE.total_seconds())

    async def _work_until_idle(self) -> None:
        while not self._stopped.is_set() and await self._try(THE_OUTBOX, self._serve_next()):
            pass

    async def _try(self, subject: str, work: Awaitable[bool]) -> bool | None:
        """Give what comes of some work, None when it failed: that is logged, and ends no worker."""
        try:
            return await work
        except DojobbotError as error:
            self._troubles.begin(subject, error)
        except Exception as error:  # noqa: BLE001 - a bug must not end the deliveries: it is logged whole
            self._troubles.begin(subject, repr(error), unexpected=True)
        return None

    async def _serve_next(self) -> bool:
        """Serve the destination that waits longest. False when none can be served now."""
        claim = await self._store.claim(self._clock.now(), lease=self._lease)
        if claim is not None:
            pause = SLACK_DOWN_PAUSE
            holding = asyncio.create_task(self._hold(claim))
            try:
                pause = await self._serve(claim)
            finally:
                holding.cancel()
                await self._store.release(claim, next_send_at=self._clock.now() + pause)
        self._troubles.end(THE_OUTBOX)
        return claim is not None

    async def _hold(self, claim: Claim) -> None:
        """Renew a claim for as long as it is served; that may take long, when Slack hangs."""
        while True:
            await asyncio.sleep((self._lease / RENEWED_IN_A_LEASE).total_seconds())
            try:
                await self._store.extend(claim, self._clock.now() + self._lease)
            except StoreError as error:
                # It may run out now. Then somebody else has it, and nothing more is written under this one.
                log.debug("the claim on %s can't be renewed: %s", claim.destination.key, error)

    async def _serve(self, claim: Claim) -> timedelta:
        """Serve a destination; one with which something is wrong rests longer and longer."""
        subject = f"delivering to {claim.destination.key}"
        try:
            pause = await self._courier.serve(claim)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - as above, and it must not hold up other destinations
            self._troubles.begin(subject, repr(error), unexpected=True)
            self._failures[subject] += 1
            attempt, base = self._failures[subject] - 1, SLACK_DOWN_PAUSE.total_seconds()
            return timedelta(seconds=backoff(attempt, jitter=1.0, base=base, cap=LONGEST_PAUSE))
        if claim.turn is not Turn.LOOK:  # which says nothing of what comes after it
            self._failures.pop(subject, None)
            self._troubles.end(subject)
        return pause

    async def _look_out(self) -> bool:
        """Wait until there may be something to do: one idle worker does, and the next takes its place.

        Who comes while another one looks out has just served a destination; what is left there may be due
        before what the other one knows of.
        """
        if self._lookout.locked() and await self._next_look() < self._looks_until:
            self._bell.set()
        async with self._lookout:
            if not self._stopped.is_set():
                self._bell.clear()
                self._looks_until = NOT_DECIDED
                self._looks_until = await self._next_look()
                left = (self._looks_until - self._clock.now()).total_seconds()
                await _wait(self._bell, max(SHORTEST_WAIT, left))
        return True

    async def _next_look(self) -> datetime:
        """Say when to look at the outbox next, if no bell rings before."""
        now = self._clock.now()
        due = await self._store.next_due(now)
        latest = now + timedelta(seconds=IDLE_SECONDS)
        return latest if due is None else min(due, latest)

    # --- keeping tidy

    async def _keep_tidy(self) -> None:
        while not self._stopped.is_set():
            if await self._try(TIDYING, self.tidy()):
                self._troubles.end(TIDYING)
            await self._rest(IDLE_SECONDS)

    async def _rest(self, seconds: float) -> None:
        """Wait, unless it is stopped."""
        await _wait(self._stopped, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
