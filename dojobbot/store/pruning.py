"""Forgetting what has long been over: settled posts, closed wishes, ended jobs. The audit is spared.

What was held all that time, and nobody asked for, is over as well.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED
from dojobbot.store.tables import (
    actions,
    batch_members,
    deliveries,
    exports,
    jobs,
    posts,
    subscriptions,
    watches,
)

__all__ = ["prune"]

HANGING_ON_JOBS = (subscriptions, watches, batch_members, actions, deliveries)


async def prune(connection: AsyncConnection, before: datetime, limit: int) -> int:
    """Remove at most `limit` rows of each kind that were over before a moment; returns how many."""
    removed = await _prune_posts(connection, before, limit)
    removed += await _prune_some(connection, deliveries, deliveries.c.held_at < before, limit)
    for table in (watches, subscriptions, actions, exports):
        removed += await _prune_some(connection, table, table.c.closed_at < before, limit)
    # Whatever still hangs on a job is open, unsettled or young, and keeps it. Nothing new was read about one
    # that ended, so that `read_at` says when we last learned something of it.
    over = jobs.c.status.in_(ENDED) & (jobs.c.read_at < before)
    for table in HANGING_ON_JOBS:
        over &= ~exists().where(table.c.job_id == jobs.c.id)
    return removed + await _prune_some(connection, jobs, over, limit)


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
    query = select(table.c.id).where(over).limit(limit).with_for_update(of=table, skip_locked=True)
    ids = (await connection.scalars(query)).all()
    removed = await connection.execute(delete(table).where(table.c.id.in_(ids), over))
    return removed.rowcount
