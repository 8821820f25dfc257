"""Who follows which job: subscriptions and watches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import exists, func, literal, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.decide import covers
from dojobbot.domain import ENDED, Destination, Owed, Subscription, Transition, Watch
from dojobbot.following import Subscribed
from dojobbot.store import rows
from dojobbot.store.deliveries import owe_also
from dojobbot.store.inserting import insert_new
from dojobbot.store.jobs import not_stored
from dojobbot.store.tables import (
    Moment,
    actions,
    batch_members,
    destinations,
    jobs,
    posts,
    subscriptions,
    watches,
)

IS_OPEN = subscriptions.c.closed_at.is_(None)
IS_BATCH = watches.c.batch_kind.is_not(None)
IS_WATCHING = watches.c.closed_at.is_(None) & watches.c.stop_asked_at.is_(None)


async def followed(connection: AsyncConnection) -> frozenset[str]:
    """Give the jobs with an open subscription, watch or action, unless they have ended."""
    wishes = union(
        select(subscriptions.c.job_id).where(IS_OPEN),
        select(watches.c.job_id).where(IS_WATCHING),
        select(batch_members.c.job_id).join(watches).where(IS_WATCHING),
        select(actions.c.job_id).where(actions.c.closed_at.is_(None)),
    ).subquery()
    query = select(jobs.c.id).where(jobs.c.id.in_(select(wishes.c.job_id)), jobs.c.status.not_in(ENDED))
    return frozenset((await connection.scalars(query)).all())


async def watched(connection: AsyncConnection) -> frozenset[str]:
    """Give the jobs with an open watch of their own."""
    query = select(watches.c.job_id).where(IS_WATCHING, ~IS_BATCH).distinct()
    return frozenset((await connection.scalars(query)).all())


async def newest_followed(connection: AsyncConnection, limit: int) -> dict[str, str | None]:
    """Give the projects of jobs that have not ended, of the newest open wishes of each kind."""
    wishes = (
        select(subscriptions.c.job_id).where(IS_OPEN).order_by(subscriptions.c.id.desc()),
        select(watches.c.job_id).where(IS_WATCHING).order_by(watches.c.id.desc()),
        # Those of its jobs that ended stay in a batch, and would leave no room for the others.
        select(batch_members.c.job_id)
        .join(watches, watches.c.id == batch_members.c.watch_id)
        .join(jobs, jobs.c.id == batch_members.c.job_id)
        .where(IS_WATCHING, jobs.c.status.not_in(ENDED))
        .order_by(watches.c.id.desc(), batch_members.c.job_id),
        select(actions.c.job_id).where(actions.c.closed_at.is_(None)).order_by(actions.c.id.desc()),
    )
    newest: dict[str, None] = {}
    for wish in wishes:
        newest |= dict.fromkeys(await connection.scalars(wish.limit(limit)))
    under_way = select(jobs.c.id, jobs.c.project_id).where(jobs.c.id.in_(newest), jobs.c.status.not_in(ENDED))
    projects = {row.id: row.project_id for row in await connection.execute(under_way)}
    return {job_id: projects[job_id] for job_id in newest if job_id in projects}


async def ensure_destination(connection: AsyncConnection, destination: Destination, now: datetime) -> None:
    """Give a destination its row, from which it is claimed."""
    await connection.execute(
        insert_new(connection, destinations),
        {
            "key": destination.key,
            "channel_id": destination.channel_id,
            "thread_ts": destination.thread_ts,
            "next_send_at": now,
        },
    )


# --- subscriptions


async def subscriptions_about(
    connection: AsyncConnection, job_ids: Iterable[str], *, to_write: bool = False
) -> tuple[Subscription, ...]:
    """Give the open subscriptions about jobs, oldest first; `to_write`: nobody changes them meanwhile."""
    these = subscriptions.c.job_id.in_(tuple(job_ids)) & IS_OPEN
    if to_write:
        # Locked before they are read, not by the same query: of a row that is moved elsewhere at this moment
        # that one would find the old destination, and leave the row out.
        lock = select(subscriptions.c.id).where(these).order_by(subscriptions.c.id)
        await connection.execute(lock.with_for_update(key_share=True))
    query = (
        select(subscriptions, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(these)
        .order_by(subscriptions.c.id)
    )
    return tuple(rows.subscription(row) for row in await connection.execute(query))


async def subscribe(
    connection: AsyncConnection,
    user_id: str,
    job_id: str,
    destination: Destination,
    *,
    seen_seq: int,
    now: datetime,
    failures_only: bool,
) -> Subscribed:
    """Add a wish, or what it would have brought if the job got there since `seen_seq`."""
    # Nobody takes in a reading of the job between what is read here and what is written.
    query = select(jobs).where(jobs.c.id == job_id).with_for_update(key_share=True)
    job_row = (await connection.execute(query)).one_or_none()
    if job_row is None:
        raise not_stored(job_id)
    job = rows.known_job(job_row).job
    await ensure_destination(connection, destination, now)
    owed = False
    if covers(job.status, failures_only=failures_only) and (job_row.moved_seq or 0) > seen_seq:
        transition = Transition(
            job_id=job_id,
            seq=job_row.moved_seq,
            old=job_row.moved_from,
            new=job.status,
            seen_at=job_row.moved_at,
        )
        wish = Owed(destination, (user_id,), urgent=failures_only)
        owed = await owe_also(connection, transition, wish, job, now)
    if job.has_ended:
        return Subscribed.OWED if owed else Subscribed.ENDED
    result = await _wish(connection, user_id, job_id, destination, now=now, failures_only=failures_only)
    return Subscribed.OWED if owed else result


async def _wish(
    connection: AsyncConnection,
    user_id: str,
    job_id: str,
    destination: Destination,
    *,
    now: datetime,
    failures_only: bool,
) -> Subscribed:
    """Open a subscription, or make the one that is open what is wished now."""
    mine = {"user_id": user_id, "job_id": job_id, "destination_key": destination.key}
    inserted = await connection.execute(
        insert_new(connection, subscriptions), mine | {"created_at": now, "failures_only": failures_only}
    )
    if inserted.rowcount:
        return Subscribed.NEW
    changed = await connection.execute(
        update(subscriptions)
        .filter_by(**mine)
        .where(IS_OPEN, subscriptions.c.failures_only != failures_only)
        .values(failures_only=failures_only)
    )
    return Subscribed.CHANGED if changed.rowcount else Subscribed.ALREADY


async def unsubscribe(connection: AsyncConnection, user_id: str, job_id: str, now: datetime) -> int:
    """Close a person's open subscriptions about a job."""
    mine = (subscriptions.c.user_id == user_id) & (subscriptions.c.job_id == job_id)
    closed = await connection.execute(update(subscriptions).where(mine, IS_OPEN).values(closed_at=now))
    return closed.rowcount


async def finish_subscriptions(connection: AsyncConnection, ids: Sequence[int], now: datetime) -> None:
    """Close subscriptions that are done."""
    if ids:
        await connection.execute(
            update(subscriptions).where(subscriptions.c.id.in_(ids), IS_OPEN).values(closed_at=now)
        )


# --- watches


async def add_watch(
    connection: AsyncConnection,
    user_id: str,
    job_id: str,
    destination: Destination,
    now: datetime,
    *,
    note: str,
) -> bool:
    """Open a watch, whose card waits to be posted from now on; False when one is open there."""
    # A reading that is taken in at this moment would not find the watch to mark its card as old.
    query = select(jobs.c.id).where(jobs.c.id == job_id).with_for_update(key_share=True)
    if await connection.scalar(query) is None:
        raise not_stored(job_id)
    await ensure_destination(connection, destination, now)
    inserted = await connection.execute(
        insert_new(connection, watches),
        {
            "user_id": user_id,
            "job_id": job_id,
            "destination_key": destination.key,
            "created_at": now,
            "wanted": 1,
            "waiting_since": now,
            "note": note,
        },
    )
    return inserted.rowcount == 1


async def stop_watch(
    connection: AsyncConnection, job_id: str, destination: Destination, *, note: str, now: datetime
) -> bool:
    """Ask for the last edit of a watch; one whose card was never sent has nothing to edit, and ends."""
    there = (watches.c.job_id == job_id) & (watches.c.destination_key == destination.key) & ~IS_BATCH
    query = select(watches.c.id).where(there, IS_WATCHING).with_for_update(key_share=True)
    watch_id = await connection.scalar(query)
    if watch_id is None:
        return False
    await stop_this_watch(connection, watch_id, note=note, now=now)
    return True


async def stop_this_watch(connection: AsyncConnection, watch_id: int, *, note: str, now: datetime) -> None:
    """Ask for the last edit of an open watch, or end it when nothing was sent."""
    this = watches.c.id == watch_id
    await connection.execute(
        update(watches).where(this).values(stop_asked_at=now, note=note, **_one_more_change(now))
    )
    never_sent = watches.c.ts.is_(None) & ~exists().where(posts.c.watch_id == watch_id)
    await connection.execute(
        update(watches)
        .where(this, never_sent)
        .values(closed_at=now, closed_because="stopped before it was posted")
    )


async def watches_of(connection: AsyncConnection, job_id: str) -> tuple[Watch, ...]:
    """Give the open watches of a job, oldest first."""
    query = (
        select(watches, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(watches.c.job_id == job_id, IS_WATCHING, ~IS_BATCH)
        .order_by(watches.c.id)
    )
    return tuple(rows.watch(row) for row in await connection.execute(query))


async def mark_cards_old(connection: AsyncConnection, job_ids: Sequence[str], now: datetime) -> None:
    """Record that the live cards of jobs may show something old from now on."""
    if job_ids:
        in_batch = select(batch_members.c.watch_id).where(batch_members.c.job_id.in_(job_ids))
        shows_one = watches.c.job_id.in_(job_ids) | watches.c.id.in_(in_batch)
        await connection.execute(
            update(watches).where(shows_one, watches.c.closed_at.is_(None)).values(_one_more_change(now))
        )


async def mark_card_old(connection: AsyncConnection, watch_id: int, now: datetime) -> None:
    """Record that one live card shows something old from now on."""
    await connection.execute(update(watches).where(watches.c.id == watch_id).values(_one_more_change(now)))


def _one_more_change(now: datetime) -> dict[str, object]:
    return {
        "wanted": watches.c.wanted + 1,
        "waiting_since": func.coalesce(watches.c.waiting_since, literal(now, Moment)),
    }
