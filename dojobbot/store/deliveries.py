"""What destinations are owed because of transitions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED, GONE, Delivery, Destination, Job, Owed, Transition
from dojobbot.store import rows
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import deliveries, destinations

__all__ = ["IS_OWED", "MOST_AT_ONCE", "carried", "is_overtaken", "mentions", "owe", "owe_also", "owed_at"]

MOST_AT_ONCE = 500
"""So many fit in no message; what is left waits for the next claim."""
IS_OWED = deliveries.c.post_id.is_(None) & deliveries.c.held_at.is_(None)
"""It is to be sent, and in no post yet."""


async def owe(connection: AsyncConnection, values: Sequence[rows.Values]) -> None:
    """Write deliveries, each once for its transition and destination."""
    if values:
        await connection.execute(insert_new(connection, deliveries), values)


async def owe_also(
    connection: AsyncConnection,
    transition: Transition,
    owed: Owed,
    snapshot: Job,
    now: datetime,
    *,
    note: str = "",
) -> bool:
    """Owe a transition to somebody after it was seen, with a `note` on why it comes there.

    Where the destination is owed it already, the message will mention them too, and is urgent if either is;
    one that was held there is not held any longer. False when it has been sent there by now, so that nothing
    more is owed.
    """
    inserted = await connection.execute(
        insert_new(connection, deliveries), rows.delivery_values(transition, owed, snapshot, now, note)
    )
    if inserted.rowcount:
        return True
    query = select(deliveries.c.id, deliveries.c.mentions, deliveries.c.urgent).where(
        deliveries.c.job_id == transition.job_id,
        deliveries.c.seq == transition.seq,
        deliveries.c.destination_key == owed.destination.key,
        deliveries.c.post_id.is_(None),
    )
    queued = (await connection.execute(query.with_for_update(key_share=True))).one_or_none()
    if queued is None:
        return False
    everybody = tuple(dict.fromkeys((*queued.mentions, *owed.mentions)))
    await connection.execute(
        update(deliveries)
        .where(deliveries.c.id == queued.id)
        .values(mentions=everybody, held_at=None, urgent=queued.urgent or owed.urgent)
    )
    return True


async def is_overtaken(connection: AsyncConnection, transition: Transition, destination: Destination) -> bool:
    """Whether a destination is told already of what came after a transition, which would pass for news there.

    Never so of an end: whatever came after it, somebody waits to hear of it.
    """
    if transition.new in ENDED - {GONE}:
        return False
    later = exists().where(
        deliveries.c.job_id == transition.job_id,
        deliveries.c.seq > transition.seq,
        deliveries.c.destination_key == destination.key,
        deliveries.c.dead_because.is_(None),
        deliveries.c.held_at.is_(None),
    )
    return bool(await connection.scalar(select(later)))


async def owed_at(connection: AsyncConnection, destination: Destination) -> tuple[Delivery, ...]:
    """Give what is owed to a destination and not yet in a post, oldest first.

    Of more than can be told at once, what is urgent, with what else is owed about those jobs, and the oldest.
    """
    owed_there = (deliveries.c.destination_key == destination.key) & IS_OWED
    urgent_jobs = select(deliveries.c.job_id).where(owed_there, deliveries.c.urgent)
    query = (
        select(deliveries)
        .where(owed_there)
        .order_by(deliveries.c.job_id.in_(urgent_jobs).desc(), deliveries.c.id)
        .limit(MOST_AT_ONCE)
    )
    found = [rows.delivery(row, destination) for row in await connection.execute(query)]
    return tuple(sorted(found, key=lambda each: each.id))


async def carried(connection: AsyncConnection, post_id: str) -> tuple[Delivery, ...]:
    """Give what a post carries, oldest first."""
    query = (
        select(deliveries, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(deliveries.c.post_id == post_id)
        .order_by(deliveries.c.id)
    )
    return tuple(rows.delivery(row, rows.destination(row)) for row in await connection.execute(query))


async def mentions(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Give whom deliveries mention by now, by id; nobody can be added meanwhile."""
    query = select(deliveries.c.id, deliveries.c.mentions).where(deliveries.c.id.in_(ids))
    locked = query.order_by(deliveries.c.id).with_for_update(key_share=True)
    return {row.id: tuple(row.mentions) for row in await connection.execute(locked)}
