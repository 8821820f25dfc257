"""The Store port on SQLAlchemy: `open_store` opens a database, each method of SqlStore is one transaction.

What a method does is in the module that it calls; what it promises is in `ports.Store`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import literal, select

from dojobbot.domain import (
    Action,
    ActionKind,
    Destination,
    JobFilter,
    KnownJob,
    Post,
    Reading,
    Subscription,
    Transition,
    Watch,
)
from dojobbot.errors import StoreError
from dojobbot.ports import Claim, Subscribed
from dojobbot.store import claims, follows, jobs, ledger, migrations, observing, posts
from dojobbot.store.engine import Database, connect, sqlite_file
from dojobbot.store.lock import FileLock

__all__ = ["SqlStore", "open_store"]


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[SqlStore]:
    """Open the database that a URL names, make or upgrade its schema, and close it at the end.

    A SQLite file is made with its folder when it is not there, and is ours alone until the end.

    Raises:
        AlreadyRunning: another dojobbot has the file open.
        StoreError: the URL, the file or its schema can't be used.
    """
    file = sqlite_file(url)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"The folder {file.parent} can't be made: {error.strerror}.",
            hint="Make it yourself, or name another one in `DOJOBBOT_DATABASE_URL`.",
        ) from error
    lock = FileLock(file)
    try:
        database = connect(file)
        try:
            async with database.writing() as connection:
                await connection.run_sync(migrations.upgrade)
                # Whoever held a lease is dead, or it would hold the lock.
                await claims.clear_leases(connection)
            yield SqlStore(database)
        finally:
            await database.close()
    finally:
        lock.release()


class SqlStore:
    """Implements `ports.Store`; made by `open_store`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = database.reading
        self._writing = database.writing

    # --- jobs

    async def observe(self, readings: Sequence[Reading], now: datetime) -> tuple[Transition, ...]:
        """Take in readings; see the port."""
        async with self._reading() as connection:
            news = await observing.those_with_news(connection, readings)
        if not news:
            return ()
        async with self._writing() as connection:
            return await observing.take_in(connection, news, now)

    async def job(self, job_id: str) -> KnownJob | None:
        """Give a job as stored, or None."""
        async with self._reading() as connection:
            return await jobs.find(connection, job_id)

    async def jobs_with_prefix(self, prefix: str, *, limit: int) -> tuple[KnownJob, ...]:
        """Find stored jobs whose id starts with `prefix` (lower case), newest first."""
        async with self._reading() as connection:
            return await jobs.with_prefix(connection, prefix, limit)

    async def jobs_created_by(
        self, creators: Sequence[str], wanted: JobFilter, *, limit: int
    ) -> tuple[KnownJob, ...]:
        """Find stored, not hidden jobs whose `created_by` is one of `creators`, newest first."""
        async with self._reading() as connection:
            return await jobs.created_by(connection, creators, wanted, limit)

    async def followed(self) -> frozenset[str]:
        """Give the ids of the jobs that must be read until they end."""
        async with self._reading() as connection:
            return await follows.followed(connection)

    async def watched(self) -> frozenset[str]:
        """Give the ids of the jobs that have an open watch."""
        async with self._reading() as connection:
            return await follows.watched(connection)

    # --- subscriptions

    async def subscribe(
        self, user_id: str, job_id: str, destination: Destination, *, seen_seq: int, now: datetime
    ) -> Subscribed:
        """Add a wish. `seen_seq` is the version of the job that the person saw when pressing."""
        async with self._writing() as connection:
            return await follows.subscribe(
                connection, user_id, job_id, destination, seen_seq=seen_seq, now=now
            )

    async def unsubscribe(self, user_id: str, job_id: str, now: datetime) -> int:
        """Close all the person's open subscriptions about the job; returns how many there were."""
        async with self._writing() as connection:
            return await follows.unsubscribe(connection, user_id, job_id, now)

    async def subscriptions(self, job_id: str) -> tuple[Subscription, ...]:
        """Give the open subscriptions about a job, oldest first."""
        async with self._reading() as connection:
            return tuple(await follows.subscriptions_about(connection, [job_id]))

    # --- watches and shared cards

    async def add_watch(self, user_id: str, job_id: str, destination: Destination, now: datetime) -> bool:
        """Open a watch; False when one of this job is open in this destination."""
        async with self._writing() as connection:
            return await follows.add_watch(connection, user_id, job_id, destination, now)

    async def stop_watch(self, job_id: str, destination: Destination, *, note: str, now: datetime) -> bool:
        """Ask for a watch's last edit, which will show `note`, and its end. False when there is none."""
        async with self._writing() as connection:
            return await follows.stop_watch(connection, job_id, destination, note=note, now=now)

    async def watches(self, job_id: str) -> tuple[Watch, ...]:
        """Give the open watches of a job (those not asked to stop), oldest first."""
        async with self._reading() as connection:
            return await follows.watches_of(connection, job_id)

    async def add_post(self, post: Post) -> None:
        """Queue a post (a shared card) for its destination."""
        async with self._writing() as connection:
            await posts.add(connection, post)

    # --- actions and audit

    async def begin_action(
        self, kind: ActionKind, job_id: str, user_id: str, now: datetime, *, expires: timedelta
    ) -> Action:
        """Open an action and its audit row, before the platform is asked."""
        async with self._writing() as connection:
            return await ledger.begin_action(connection, kind, job_id, user_id, now, expires=expires)

    async def close_action(self, action_id: int, outcome: str, now: datetime) -> None:
        """Close an action with its outcome, also in the audit. Does nothing when it is closed already."""
        async with self._writing() as connection:
            await ledger.close_action(connection, action_id, outcome, now)

    async def latest_action(self, job_id: str) -> Action | None:
        """Give the newest action of a job, open or closed."""
        async with self._reading() as connection:
            return await ledger.latest_action(connection, job_id)

    async def record_refusal(
        self, kind: ActionKind, job_id: str, user_id: str, reason: str, now: datetime
    ) -> None:
        """Write the audit row of an attempt that was not allowed."""
        async with self._writing() as connection:
            await ledger.record_refusal(connection, kind, job_id, user_id, reason=reason, now=now)

    # --- the outbox

    async def claim(self, now: datetime, *, lease: timedelta) -> Claim | None:
        """Take the destination whose work has waited longest and whose next-send-at has come, or None."""
        async with self._writing() as connection:
            return await claims.claim(connection, now, lease)

    async def commit_post(self, claim: Claim, post: Post) -> bool:
        """Freeze a post and take its deliveries off the queue. False when the claim was lost: do not send."""
        async with self._writing() as connection:
            return await posts.commit(connection, claim, post)

    async def attempt(self, claim: Claim, post_id: str, now: datetime) -> bool:
        """Record that the post is about to be sent. False when the claim was lost: do not send."""
        async with self._writing() as connection:
            return await posts.attempt(connection, claim, post_id, now)

    async def settle(self, claim: Claim, post_id: str, ts: str, *, shown: str = "", now: datetime) -> None:
        """Record that the post is in its channel as `ts`; for a watch's card also what it shows."""
        async with self._writing() as connection:
            await posts.settle(connection, claim, post_id, ts, shown=shown, now=now)

    async def bury(self, claim: Claim, post_id: str, reason: str, now: datetime) -> None:
        """Record that the post can never arrive, and why. Its deliveries are dead, its watch is over."""
        async with self._writing() as connection:
            await posts.bury(connection, claim, post_id, reason, now)

    async def settle_edit(self, claim: Claim, watch: Watch, shown: str, now: datetime) -> None:
        """Record what a watch's card shows now. Ends the watch if it was closing, or its job has ended."""
        async with self._writing() as connection:
            await posts.settle_edit(connection, claim, watch, shown, now)

    async def end_watch(self, claim: Claim, watch: Watch, reason: str, now: datetime) -> None:
        """End a watch whose card cannot be edited any more."""
        async with self._writing() as connection:
            await posts.end_watch(connection, claim, watch, reason, now)

    async def release(self, claim: Claim, *, next_send_at: datetime) -> None:
        """Give the destination back; nobody claims it before `next_send_at`."""
        async with self._writing() as connection:
            await claims.release(connection, claim, next_send_at)

    async def next_due(self, now: datetime) -> datetime | None:
        """Say when the next claim can succeed (`now` or later), or None when nothing is owed."""
        async with self._reading() as connection:
            return await claims.next_due(connection, now)

    # --- bookkeeping

    async def first_press(self, trigger_id: str, now: datetime) -> bool:
        """Remember a press; False when it was seen before (within a day)."""
        async with self._writing() as connection:
            return await ledger.first_press(connection, trigger_id, now)

    async def last_good_tick(self) -> datetime | None:
        """Give when the watcher's last complete tick began, on the platform's clock."""
        async with self._reading() as connection:
            return await ledger.last_good_tick(connection)

    async def set_last_good_tick(self, moment: datetime) -> None:
        """Remember when the last complete tick began."""
        async with self._writing() as connection:
            await ledger.set_last_good_tick(connection, moment)

    async def bind(self, scope: dict[str, str]) -> None:
        """Tie the database to a platform, organisation and Slack team. Raises ScopeMismatch for another."""
        async with self._writing() as connection:
            await ledger.bind(connection, scope)

    async def ping(self) -> None:
        """Make one cheap query; raises StoreError."""
        async with self._reading() as connection:
            await connection.execute(select(literal(1)))
