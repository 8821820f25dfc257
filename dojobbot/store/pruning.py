"""Forgetting what has long been over: settled posts, closed wishes, ended jobs, and the places of all that.

What was held all that time, and nobody asked for, is over as well. The audit is spared.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import TERMINAL
from dojobbot.store.budgets import WHOLE_WORKSPACE
from dojobbot.store.tables import (
    actions,
    batch_members,
    budgets,
    deliveries,
    destinations,
    exports,
    jobs,
    posts,
    subscriptions,
    watches,
)

__all__ = ["prune"]

HANGING_ON_JOBS = (subscriptions, watches, batch_members, actions, deliveries)
HANGING_ON_DESTINATIONS = (subscriptions, watches, posts, deliveries)


async def prune(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Remove at most `limit` rows of each kind that were over before a moment; returns how many."""
    removed = await _prune_posts(connection, before, limit)
    removed += await _prune_some(connection, deliveries, deliveries.c.held_at < before, limit)
    for table in (watches, subscriptions, actions, exports):
        removed += await _prune_some(connection, table, table.c.closed_at < before, limit)
    # Whatever still hangs on a job is open, unsettled or young, and keeps it. Nothing new was read about one
    # that is at rest, so that `read_at` says when we last learned something of it.
    over = jobs.c.status.in_(TERMINAL) & (jobs.c.read_at < before)
    for table in HANGING_ON_JOBS:
        over &= ~exists().where(table.c.job_id == jobs.c.id)
    removed += await _prune_some(connection, jobs, over, limit)
    return removed + await _prune_places(connection, before, limit)


async def _prune_places(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Remove destinations that nothing is about any more, and the budgets of channels without any."""
    # What a replica held that died stays marked as leased.
    is_free = destinations.c.lease_until.is_(None) | (destinations.c.lease_until < before)
    idle = (destinations.c.next_send_at < before) & is_free
    for table in HANGING_ON_DESTINATIONS:
        idle &= ~exists().where(table.c.destination_key == destinations.c.key)
    removed = await _prune_some(connection, destinations, idle, limit)
    in_use = exists().where(destinations.c.channel_id == budgets.c.channel_id)
    rested = (budgets.c.channel_id != WHOLE_WORKSPACE) & (budgets.c.opens_at < before) & ~in_use
    return removed + await _prune_some(connection, budgets, rested, limit)


async def _prune_posts(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Remove settled posts, each with all that it carried."""
    query = select(posts.c.id).where(posts.c.settled_at < before).limit(limit)
    ids = (await connection.scalars(query.with_for_update(skip_locked=True))).all()
    carried = await connection.execute(delete(deliveries).where(deliveries.c.post_id.in_(ids)))
    await connection.execute(delete(posts).where(posts.c.id.in_(ids)))
    return carried.rowcount + len(ids)


async def _prune_some(
    connection: AsyncConnection, table: Table, over: ColumnElement[bool], limit: int
) -> int:
    """Remove some rows; what somebody else holds is left for later.

    The condition is asked again once the rows are locked: what was hung on a job just before keeps it, and
    who wants to hang something on it from then on finds it gone.
    """
    key = tuple_(*table.primary_key)
    query = select(*table.primary_key).where(over).limit(limit).with_for_update(of=table, skip_locked=True)
    found = [tuple(row) for row in await connection.execute(query)]
    removed = await connection.execute(delete(table).where(key.in_(found), over))
    return removed.rowcount
