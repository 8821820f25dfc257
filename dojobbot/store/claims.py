"""Claiming a destination: one worker at a time sends to it, and a newer token shuts an older one out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CompoundSelect, Subquery, case, func, or_, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Destination, Post, Watch
from dojobbot.ports import Claim
from dojobbot.store import rows
from dojobbot.store.deliveries import IS_OWED, owed_at
from dojobbot.store.tables import deliveries, destinations, posts, watches

__all__ = ["claim", "clear_leases", "holds", "next_due", "release"]

IS_WAITING = watches.c.closed_at.is_(None) & watches.c.waiting_since.is_not(None)


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta) -> Claim | None:
    """Take the free destination whose work has waited longest, with all that is to be done there."""
    work = _work_since()
    free = or_(destinations.c.lease_until.is_(None), destinations.c.lease_until <= now)
    query = (
        select(destinations)
        .join(work, work.c.destination_key == destinations.c.key)
        .where(destinations.c.next_send_at <= now, free)
        .order_by(work.c.since, destinations.c.key)
        .limit(1)
        .with_for_update(of=destinations, skip_locked=True)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    token = row.token + 1
    await connection.execute(
        update(destinations).where(destinations.c.key == row.key).values(token=token, lease_until=now + lease)
    )
    destination = rows.destination(row)
    return Claim(
        destination=destination,
        token=token,
        post=await _open_post(connection, destination),
        deliveries=await owed_at(connection, destination),
        watches=await _waiting_watches(connection, destination),
        last_ts=row.last_ts,
    )


async def holds(connection: AsyncConnection, claim: Claim) -> bool:
    """Whether the claim's token is still the newest and was not given back."""
    query = select(destinations.c.key).where(
        destinations.c.key == claim.destination.key,
        destinations.c.token == claim.token,
        destinations.c.lease_until.is_not(None),
    )
    return await connection.scalar(query.with_for_update()) is not None


async def release(connection: AsyncConnection, claim: Claim, next_send_at: datetime) -> None:
    """Give a destination back, if it is still held."""
    if await holds(connection, claim):
        await connection.execute(
            update(destinations)
            .where(destinations.c.key == claim.destination.key)
            .values(lease_until=None, next_send_at=next_send_at)
        )


async def next_due(connection: AsyncConnection, now: datetime) -> datetime | None:
    """Say when a destination with work can be claimed next."""
    work = _work_since()
    leased = destinations.c.lease_until > destinations.c.next_send_at
    free_at = case((leased, destinations.c.lease_until), else_=destinations.c.next_send_at)
    soonest = select(func.min(free_at)).join(work, work.c.destination_key == destinations.c.key)
    due = await connection.scalar(soonest)
    return None if due is None else max(now, due)


async def clear_leases(connection: AsyncConnection) -> None:
    """Free every destination; for a database that no other process can have open."""
    await connection.execute(
        update(destinations).where(destinations.c.lease_until.is_not(None)).values(lease_until=None)
    )


def _work_since() -> Subquery:
    """Each destination with something to do, and since when the oldest of it waits."""
    every: CompoundSelect[str, datetime] = union_all(
        select(posts.c.destination_key, posts.c.created_at.label("since")).where(
            posts.c.settled_at.is_(None)
        ),
        select(deliveries.c.destination_key, deliveries.c.created_at).where(IS_OWED),
        select(watches.c.destination_key, watches.c.waiting_since).where(IS_WAITING),
    )
    items = every.subquery()
    return (
        select(items.c.destination_key, func.min(items.c.since).label("since"))
        .group_by(items.c.destination_key)
        .subquery()
    )


async def _open_post(connection: AsyncConnection, destination: Destination) -> Post | None:
    query = (
        select(posts)
        .where(posts.c.destination_key == destination.key, posts.c.settled_at.is_(None))
        .order_by(posts.c.created_at, posts.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    carried = select(deliveries.c.id).where(deliveries.c.post_id == row.id).order_by(deliveries.c.id)
    return rows.post(row, destination, tuple((await connection.scalars(carried)).all()))


async def _waiting_watches(connection: AsyncConnection, destination: Destination) -> tuple[Watch, ...]:
    """Give the cards that may show something old; one that is in a post already comes after it."""
    in_post = select(posts.c.watch_id).where(
        posts.c.destination_key == destination.key,
        posts.c.settled_at.is_(None),
        posts.c.watch_id.is_not(None),
    )
    query = (
        select(watches, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(watches.c.destination_key == destination.key, IS_WAITING, watches.c.id.not_in(in_post))
        .order_by(watches.c.waiting_since, watches.c.id)
    )
    return tuple(rows.watch(row) for row in await connection.execute(query))
