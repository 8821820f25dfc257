"""What became of a job's deliveries, read back from the rows."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.fates import Fate, Fates, Wish
from dojobbot.store import rows
from dojobbot.store.budgets import POST, WHOLE_WORKSPACE
from dojobbot.store.tables import EPOCH, budgets, deliveries, destinations, posts, subscriptions, transitions

__all__ = ["fates"]


async def fates(connection: AsyncConnection, job_id: str, limit: int) -> Fates:
    """Give a job's last transitions, and all that is known about telling of them."""
    newest = (
        select(transitions)
        .where(transitions.c.job_id == job_id)
        .order_by(transitions.c.seq.desc())
        .limit(limit)
    )
    seen = tuple(rows.transition(row) for row in await connection.execute(newest))
    # Slack lets posts rest everywhere, or those in one channel with its threads.
    everywhere, there = budgets.alias(), budgets.alias()
    told = (
        select(
            deliveries,
            destinations.c.channel_id,
            destinations.c.thread_ts,
            destinations.c.next_send_at,
            everywhere.c.opens_at.label("posts_open_at"),
            there.c.opens_at.label("channel_opens_at"),
            posts.c.created_at.label("committed_at"),
            posts.c.attempted_at,
            posts.c.attempts,
            posts.c.unverified,
            posts.c.settled_at,
            posts.c.ts,
        )
        .select_from(deliveries.join(destinations).outerjoin(posts, posts.c.id == deliveries.c.post_id))
        .outerjoin(everywhere, (everywhere.c.method == POST) & (everywhere.c.channel_id == WHOLE_WORKSPACE))
        .outerjoin(there, (there.c.method == POST) & (there.c.channel_id == destinations.c.channel_id))
        .where(deliveries.c.job_id == job_id, deliveries.c.seq >= min((each.seq for each in seen), default=0))
        .order_by(deliveries.c.seq.desc(), deliveries.c.id)
    )
    wished = (
        select(subscriptions, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .where(subscriptions.c.job_id == job_id)
        .order_by(subscriptions.c.id)
    )
    return Fates(
        transitions=seen,
        deliveries=tuple(_fate(row) for row in await connection.execute(told)),
        wishes=tuple(_wish(row) for row in await connection.execute(wished)),
    )


def _fate(row: rows.AnyRow) -> Fate:
    return Fate(
        transition=rows.transition(row),
        destination=rows.destination(row),
        mentions=tuple(row.mentions),
        owed_at=row.created_at,
        next_send_at=max(row.next_send_at, row.posts_open_at or EPOCH, row.channel_opens_at or EPOCH),
        note=row.note,
        held_at=row.held_at,
        dead_because=row.dead_because or "",
        committed_at=row.committed_at,
        attempted_at=row.attempted_at,
        attempts=row.attempts or 0,
        unverified=row.unverified or 0,
        settled_at=row.settled_at,
        ts=row.ts,
    )


def _wish(row: rows.AnyRow) -> Wish:
    return Wish(
        user_id=row.user_id,
        destination=rows.destination(row),
        created_at=row.created_at,
        closed_at=row.closed_at,
        paused_at=row.paused_at,
        paused_because=row.paused_because or "",
        failures_only=row.failures_only,
    )
