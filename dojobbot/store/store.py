"""The Store port on SQLAlchemy: `open_store` opens a database, a method of SqlStore is one transaction.

What a method does is in the module that it calls; what it promises is in `ports.Store`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from dojobbot.domain import (
    Action,
    ActionKind,
    Batch,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Post,
    Reading,
    Subscription,
    Transition,
    Watch,
)
from dojobbot.fates import Fates, Pause, Resumed, Stranded
from dojobbot.following import Gathered, Overview, Subscribed
from dojobbot.leases import Lease
from dojobbot.orders import JobsOrder, OpenExport, Person
from dojobbot.outbox import Claim
from dojobbot.store import (
    batches,
    budgets,
    claims,
    clocks,
    deliveries,
    exports,
    fates,
    follows,
    jobs,
    leases,
    ledger,
    observing,
    overview,
    pausing,
    posts,
    pruning,
)
from dojobbot.store.engine import Database
from dojobbot.store.opening import opened

__all__ = ["SqlStore", "open_store"]


PATIENCE_SECONDS = 30.0


@asynccontextmanager
async def open_store(url: str, *, patience: float = PATIENCE_SECONDS) -> AsyncIterator[SqlStore]:
    """Open the database that a URL names, make or upgrade its schema, and close it at the end.

    A SQLite file is made with its folder when it is not there, and is ours alone until the end. A PostgreSQL
    server that is away is waited for up to `patience` seconds: it is often started together with the bot.

    Raises:
        AlreadyRunning: another dojobbot has the file open.
        StoreError: the URL, the database or its schema can't be used.
    """
    async with opened(url, patience) as database:
        yield SqlStore(database)


class SqlStore:
    """Implements `ports.Store`; made by `open_store`."""

    def __init__(self, database: Database) -> None:
        self._read = database.read
        self._write = database.write

    # --- jobs

    async def observe(
        self, readings: Sequence[Reading], now: datetime, *, under: Lease | None = None
    ) -> tuple[Transition, ...]:
        """Take in readings; see the port."""
        transitions: list[Transition] = []
        for chunk in observing.chunks(await self._read(observing.those_with_news, readings)):
            transitions += await self._write(observing.take_in, chunk, now, under)
        return tuple(transitions)

    async def job(self, job_id: str) -> KnownJob | None:
        """Give a job as stored, or None."""
        return await self._read(jobs.find, job_id)

    async def jobs_with_prefix(self, prefix: str, *, limit: int) -> tuple[KnownJob, ...]:
        """Find stored jobs whose id starts with `prefix` (lower case), newest first."""
        return await self._read(jobs.with_prefix, prefix, limit)

    async def jobs_of(self, wanted: JobsOrder, *, limit: int) -> tuple[KnownJob, ...]:
        """Find the stored jobs that are meant, newest first; see the port."""
        return await self._read(jobs.meant, wanted, limit)

    async def followed(self) -> frozenset[str]:
        """Give the ids of the jobs that must be read until they end."""
        return await self._read(follows.followed)

    async def watched(self) -> frozenset[str]:
        """Give the ids of the jobs that have an open watch."""
        return await self._read(follows.watched)

    async def newest_followed(self, *, limit: int) -> Mapping[str, str | None]:
        """Give the projects of the jobs that were followed last."""
        return await self._read(follows.newest_followed, limit)

    async def unfinished(self) -> tuple[str, ...]:
        """Give the ids of the stored jobs at a status that is not terminal; see the port."""
        return await self._read(jobs.unfinished)

    # --- subscriptions

    async def subscribe(
        self,
        user_id: str,
        job_id: str,
        destination: Destination,
        *,
        seen_seq: int,
        now: datetime,
        failures_only: bool = False,
    ) -> Subscribed:
        """Add a wish, or change it; see the port."""
        return await self._write(
            follows.subscribe,
            user_id,
            job_id,
            destination,
            seen_seq=seen_seq,
            now=now,
            failures_only=failures_only,
        )

    async def unsubscribe(self, user_id: str, job_id: str, now: datetime) -> int:
        """Close all the person's open subscriptions about the job; returns how many there were."""
        return await self._write(follows.unsubscribe, user_id, job_id, now)

    async def subscriptions(self, job_id: str) -> tuple[Subscription, ...]:
        """Give the open subscriptions about a job, oldest first."""
        return await self._read(follows.subscriptions_about, [job_id])

    # --- watches and shared cards

    async def add_watch(
        self, user_id: str, job_id: str, destination: Destination, now: datetime, *, note: str = ""
    ) -> bool:
        """Open a watch, whose card shows `note`; False when one of this job is open in this destination."""
        return await self._write(follows.add_watch, user_id, job_id, destination, now, note=note)

    async def stop_watch(self, job_id: str, destination: Destination, *, note: str, now: datetime) -> bool:
        """Ask for a watch's last edit, which will show `note`, and its end. False when there is none."""
        return await self._write(follows.stop_watch, job_id, destination, note=note, now=now)

    async def watches(self, job_id: str) -> tuple[Watch, ...]:
        """Give the open watches of a job (those not asked to stop), oldest first."""
        return await self._read(follows.watches_of, job_id)

    async def add_batch(
        self,
        user_id: str,
        batch: Batch,
        job_ids: Sequence[str],
        destination: Destination,
        now: datetime,
        *,
        note: str = "",
        last_note: str | None = None,
    ) -> Gathered:
        """Put jobs on one live card, a new one or the one that is open there; see the port."""
        return await self._write(
            batches.add, user_id, batch, job_ids, destination, note=note, last_note=last_note, now=now
        )

    async def stop_batch(self, watch_id: int, destination: Destination, *, note: str, now: datetime) -> bool:
        """Ask for the last edit of a batch's card, which will show `note`. False when there is none."""
        return await self._write(batches.stop, watch_id, destination, note=note, now=now)

    async def batch_members(self, watch_id: int) -> tuple[Job, ...]:
        """Give the jobs of a batch, oldest first."""
        return await self._read(batches.members, watch_id)

    async def batch_holding(self, job_id: str, destination: Destination) -> Watch | None:
        """Give the open watch at a destination of a batch that a job belongs to, or None."""
        return await self._read(batches.holding, job_id, destination)

    async def has_batch(self, batch: Batch, destination: Destination) -> bool:
        """Whether there is an open watch of a batch at a destination."""
        return await self._read(batches.is_open, batch, destination)

    async def watched_singly(self, destination: Destination) -> tuple[Job, ...]:
        """Give the jobs that have an open watch of their own at a destination."""
        return await self._read(batches.watched_singly, destination)

    async def overview(self, user_id: str, person: Person, *, project_id: str | None) -> Overview:
        """Give what is stored about a person; see the port."""
        return await self._read(overview.overview, user_id, person, project_id)

    async def add_post(self, post: Post) -> None:
        """Queue a post (a shared card) for its destination."""
        await self._write(posts.add, post)

    # --- exports

    async def begin_export(self, export: OpenExport, now: datetime, *, stale_before: datetime) -> bool:
        """Promise somebody a file; False when they wait for another one."""
        return await self._write(exports.begin, export, now, stale_before=stale_before)

    async def work_on_exports(self, export_ids: Collection[str], now: datetime) -> None:
        """Note that these exports are being made, or wait their turn."""
        await self._write(exports.work_on, export_ids, now)

    async def end_export(self, export_id: str, now: datetime, *, post: Post | None = None) -> bool:
        """Keep a promise, or queue the post that says why not; False if it is over."""
        return await self._write(exports.end, export_id, now, post=post)

    async def stale_exports(self, before: datetime) -> tuple[OpenExport, ...]:
        """Give the promises that nobody has worked on since a moment, oldest first."""
        return await self._read(exports.stale, before)

    # --- actions and audit

    async def begin_action(
        self, kind: ActionKind, job_id: str, user_id: str, now: datetime, *, expires: timedelta
    ) -> Action:
        """Open an action and its audit row, before the platform is asked."""
        return await self._write(ledger.begin_action, kind, job_id, user_id, now, expires=expires)

    async def close_action(self, action_id: int, outcome: str, now: datetime) -> None:
        """Close an action with its outcome, also in the audit. Does nothing when it is closed already."""
        await self._write(ledger.close_action, action_id, outcome, now)

    async def expire_actions(self, now: datetime, limits: Mapping[ActionKind, timedelta]) -> int:
        """Close what waits for an answer longer than the limit of its kind; returns how many there were."""
        return await self._write(ledger.expire_actions, now, limits)

    async def latest_action(self, job_id: str) -> Action | None:
        """Give the newest action of a job, open or closed."""
        return await self._read(ledger.latest_action, job_id)

    async def record_refusal(
        self, kind: ActionKind, job_id: str, user_id: str, reason: str, now: datetime
    ) -> None:
        """Write the audit row of an attempt that was not allowed."""
        await self._write(ledger.record_refusal, kind, job_id, user_id, reason=reason, now=now)

    # --- the outbox

    async def claim(self, now: datetime, *, lease: timedelta) -> Claim | None:
        """Take the destination whose work has waited longest and whose next-send-at has come, or None."""
        return await self._write(claims.claim, now, lease)

    async def extend(self, claim: Claim, until: datetime) -> None:
        """Let a claim hold until then. Does nothing when it was lost."""
        await self._write(claims.extend, claim, until)

    async def give_back(self, claim: Claim) -> None:
        """Give the call back that was taken from Slack's budgets for a claim: it was not made."""
        await self._write(budgets.give_back, claim.turn, claim.destination)

    async def refused(self, claim: Claim, *, until: datetime, now: datetime) -> None:
        """Let rest what Slack refused; see the port."""
        await self._write(budgets.refused, claim.turn, claim.destination, until=until, now=now)

    async def commit_post(self, claim: Claim, *posts_together: Post) -> bool:
        """Freeze posts and take their deliveries off the queue. False: do not send; see the port."""
        return await self._write(posts.commit, claim, posts_together)

    async def attempt(self, claim: Claim, post_id: str, now: datetime) -> bool:
        """Record that the post is about to be sent. False when the claim was lost: do not send."""
        return await self._write(posts.attempt, claim, post_id, now)

    async def recall(self, claim: Claim, post_id: str) -> Claim | None:
        """Owe again what a notice carries that never arrived; see the port."""
        return await self._write(posts.recall, claim, post_id)

    async def missing(self, claim: Claim, post_id: str, *, looks_left: int, unverified: bool = False) -> None:
        """Record how often a post is still to be looked for; with 0 it is not there, and to be sent again."""
        await self._write(posts.missing, claim, post_id, looks_left=looks_left, unverified=unverified)

    async def settle(self, claim: Claim, post_id: str, ts: str, *, shown: str = "", now: datetime) -> None:
        """Record that the post is in its channel as `ts`; for a watch's card also what it shows."""
        await self._write(posts.settle, claim, post_id, ts, shown=shown, now=now)

    async def bury(
        self, claim: Claim, post_id: str, reason: str, now: datetime, *, pauses: Sequence[Pause] = ()
    ) -> None:
        """Record that the post can never arrive, and why. Its deliveries are dead, its watch is over."""
        await self._write(pausing.bury, claim, post_id, reason, now, pauses=pauses)

    async def carried(self, post_id: str) -> tuple[Delivery, ...]:
        """Give the deliveries in a post, oldest first."""
        return await self._read(deliveries.carried, post_id)

    async def redirect(
        self,
        claim: Claim,
        post_id: str,
        reason: str,
        *,
        dms: Mapping[str, Destination],
        note: str,
        now: datetime,
        pauses: Sequence[Pause] = (),
    ) -> int:
        """Bury a notice and owe what it carried to direct messages instead; returns how many of them."""
        return await self._write(
            pausing.redirect, claim, post_id, reason, dms=dms, note=note, pauses=pauses, now=now
        )

    async def settle_edit(self, claim: Claim, watch: Watch, shown: str, now: datetime) -> None:
        """Record what a watch's card shows now. Ends the watch if it was closing, or its job has ended."""
        await self._write(posts.settle_edit, claim, watch, shown, now)

    async def put_off(self, claim: Claim, watch: Watch, until: datetime) -> None:
        """Let a card rest whose edit failed; nothing else waits for it."""
        await self._write(posts.put_off, claim, watch, until)

    async def end_watch(
        self, claim: Claim, watch: Watch, reason: str, now: datetime, *, pauses: Sequence[Pause] = ()
    ) -> None:
        """End a watch whose card cannot be edited any more."""
        await self._write(pausing.end_watch, claim, watch, reason, now, pauses=pauses)

    async def release(self, claim: Claim, *, next_send_at: datetime) -> None:
        """Give the destination back; nobody claims it before `next_send_at`."""
        await self._write(claims.release, claim, next_send_at)

    async def next_due(self, now: datetime) -> datetime | None:
        """Say when the next claim can succeed, `now` or later; None when nothing is owed. See the port."""
        return await self._read(claims.next_due, now)

    # --- places that closed

    async def stranded(self, place: Destination) -> tuple[Stranded, ...]:
        """Give what people follow in a place, person by person; see the port."""
        return await self._read(pausing.stranded, place)

    async def paused(self, user_id: str, place: Destination) -> Resumed:
        """Count what of a person's wishes rests in a place."""
        return await self._read(pausing.paused, user_id, place)

    async def resume(self, user_id: str, place: Destination) -> Resumed:
        """Let a person's wishes in a place go on, and send what was held there."""
        return await self._write(pausing.resume, user_id, place)

    async def move(
        self, user_id: str, place: Destination, to: Destination, *, note: str, now: datetime
    ) -> Resumed:
        """Let a person's wishes in a place go on elsewhere, and owe what was held for them there."""
        return await self._write(pausing.move, user_id, place, to, note=note, now=now)

    async def fates(self, job_id: str, *, limit: int) -> Fates:
        """Give the job's last transitions, newest first, and what became of the telling of each."""
        return await self._read(fates.fates, job_id, limit)

    # --- bookkeeping

    async def first_press(self, trigger_id: str, now: datetime) -> bool:
        """Remember a press, a command or an event; False when it was seen within a day."""
        return await self._write(ledger.first_press, trigger_id, now)

    async def last_good_tick(self) -> datetime | None:
        """Give when the watcher's last complete tick began, on the platform's clock."""
        return await self._read(ledger.last_good_tick)

    async def last_look(self) -> datetime | None:
        """Give when that tick began on the database's clock, whichever replica made it."""
        return await self._read(ledger.last_look)

    async def set_last_good_tick(
        self, moment: datetime, *, began_at: datetime | None = None, under: Lease | None = None
    ) -> None:
        """Remember when the last complete tick began, on the platform's clock and on the database's."""
        await self._write(ledger.set_last_good_tick, moment, began_at=began_at, under=under)

    # --- leases

    async def database_time(self) -> datetime | None:
        """Give the time on the database's own clock; None where it has none but the machine's."""
        return await self._read(leases.database_time)

    async def set_back(self, by: timedelta, now: datetime) -> None:
        """Put right what was stored while the clock was ahead `by` so much; see the port."""
        await self._write(clocks.set_back, by, now)

    async def take_lease(self, name: str, holder: str, now: datetime, *, lasting: timedelta) -> Lease | None:
        """Take a lease that is free or over, or renew one's own; None while somebody else holds it."""
        return await self._write(leases.take, name, holder, now, lasting=lasting)

    async def give_lease_back(self, lease: Lease) -> None:
        """Let somebody else have it at once. Does nothing when it is somebody else's by now."""
        await self._write(leases.give_back, lease)

    # --- the database itself

    async def bind(self, scope: dict[str, str]) -> None:
        """Tie the database to a platform, organisation and Slack team. Raises ScopeMismatch for another."""
        await self._write(ledger.bind, scope)

    async def ping(self) -> None:
        """Write next to nothing; raises StoreError when the database can't be written."""
        await self._write(ledger.ping)

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove what was over before a moment, a little at a time; see the port."""
        return await self._write(pruning.prune, before, limit)
