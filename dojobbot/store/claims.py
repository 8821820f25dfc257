"""Claiming a destination: one worker at a time sends to it, and a newer token shuts an older one out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Destination, Post, Watch
from dojobbot.outbox import Claim, Turn
from dojobbot.store import budgets, rows
from dojobbot.store.deliveries import owed_at
from dojobbot.store.tables import deliveries, destinations, posts, watches
from dojobbot.store.work import IS_OPEN, IS_WAITING, longest_waiting, soonest

__all__ = ["cap_rests", "claim", "clear_leases", "extend", "holds", "next_due", "release"]


async def claim(connection: AsyncConnection, now: datetime, lease: timedelta) -> Claim | None:
    """Take the destination whose work has waited longest, and a slot of Slack's budgets for that work.

    What is to be sent goes before edits. A look comes first: what waits behind it may not be sent before.
    """
    openings = await budgets.openings(connection, to_spend=True)
    moments = {"now": now, **openings}
    for turn in (Turn.LOOK, Turn.POST, Turn.EDIT):
        if budgets.is_shut(turn, openings, now):
            # However much waits for it; finding out what does would cost the same each time.
            continue
        query = longest_waiting(connection.dialect.name, turn)
        row = (await connection.execute(query, moments)).one_or_none()
        if row is not None:
            return await _take(connection, row, turn, now, lease)
    return None


async def _take(
    connection: AsyncConnection, row: rows.AnyRow, turn: Turn, now: datetime, lease: timedelta
) -> Claim:
    destination = rows.destination(row)
    await budgets.spend(connection, turn, destination, now)
    token = row.token + 1
    await connection.execute(
        update(destinations).where(destinations.c.key == row.key).values(token=token, lease_until=now + lease)
    )
    post = None if turn is Turn.EDIT else await _first_post(connection, destination)
    owed = await owed_at(connection, destination) if turn is Turn.POST and post is None else ()
    nothing_to_tell = post is None and not owed
    return Claim(
        destination=destination,
        turn=turn,
        token=token,
        post=post,
        deliveries=owed,
        watches=await _waiting_watches(connection, destination, now) if nothing_to_tell else (),
        last_ts=row.last_ts,
    )


async def holds(connection: AsyncConnection, claim: Claim) -> bool:
    """Whether the claim's token is still the newest and was not given back."""
    query = select(destinations.c.key).where(
        destinations.c.key == claim.destination.key,
        destinations.c.token == claim.token,
        destinations.c.lease_until.is_not(None),
    )
    return await connection.scalar(query.with_for_update(key_share=True)) is not None


async def extend(connection: AsyncConnection, claim: Claim, until: datetime) -> None:
    """Let a claim hold for longer, if it still does."""
    if await holds(connection, claim):
        await connection.execute(
            update(destinations).where(destinations.c.key == claim.destination.key).values(lease_until=until)
        )


async def release(connection: AsyncConnection, claim: Claim, next_send_at: datetime) -> None:
    """Give a destination back, if it is still held."""
    if await holds(connection, claim):
        await connection.execute(
            update(destinations)
            .where(destinations.c.key == claim.destination.key)
            .values(lease_until=None, next_send_at=next_send_at)
        )


async def next_due(connection: AsyncConnection, now: datetime) -> datetime | None:
    """Say when a destination with work can be claimed next, or at the earliest while the budgets are shut."""
    openings = await budgets.openings(connection)
    shut = frozenset(turn for turn in Turn if budgets.is_shut(turn, openings, now))
    found: datetime | None = await connection.scalar(soonest(connection.dialect.name, shut), openings)
    return None if found is None else max(now, found)


async def clear_leases(connection: AsyncConnection) -> None:
    """Free every destination; for a database that no other process can have open."""
    await connection.execute(
        update(destinations).where(destinations.c.lease_until.is_not(None)).values(lease_until=None)
    )


async def cap_rests(connection: AsyncConnection, latest: datetime) -> None:
    """Let no destination and no card rest, and no claim hold, for longer."""
    for moment in (destinations.c.next_send_at, destinations.c.lease_until, watches.c.next_edit_at):
        await connection.execute(update(moment.table).where(moment > latest).values({moment: latest}))


async def _first_post(connection: AsyncConnection, destination: Destination) -> Post | None:
    """Give the post whose outcome is unknown, else the one to be sent next. Those of a digest sort by id."""
    query = (
        select(posts)
        .where(posts.c.destination_key == destination.key, IS_OPEN)
        .order_by(posts.c.attempted_at.is_(None), posts.c.created_at, posts.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    carried = select(deliveries.c.id).where(deliveries.c.post_id == row.id).order_by(deliveries.c.id)
    return rows.post(row, destination, tuple((await connection.scalars(carried)).all()))


async def _waiting_watches(
    connection: AsyncConnection, destination: Destination, now: datetime
) -> tuple[Watch, ...]:
    """Give the cards to be posted, else those that may be edited by now; longest waiting first."""
    query = (
        select(watches, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(watches.c.destination_key == destination.key, IS_WAITING)
        .order_by(watches.c.waiting_since, watches.c.id)
    )
    new = tuple(rows.watch(row) for row in await connection.execute(query.where(watches.c.ts.is_(None))))
    if new:
        return new
    due = or_(watches.c.next_edit_at.is_(None), watches.c.next_edit_at <= now)
    return tuple(rows.watch(row) for row in await connection.execute(query.where(due)))
