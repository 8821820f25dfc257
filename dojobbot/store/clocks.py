"""What is put right when the clock was ahead: moments that lie in the future now, and would be waited for."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.store import budgets, claims, leases
from dojobbot.store.tables import posts

__all__ = ["set_back", "start"]

REST = timedelta(minutes=1)
"""Longer than any lease, and than all rests but the few that Slack asks for; then it asks again."""
LONGEST_REST = timedelta(hours=1)
"""Nothing that Slack asks for, or that we choose ourselves, is longer."""


async def set_back(connection: AsyncConnection, by: timedelta, now: datetime) -> None:
    """Put right what was stored while the clock was ahead by so much."""
    await _cap(connection, now + REST)
    query = posts.select().where(posts.c.settled_at.is_(None), posts.c.attempted_at > now)
    for row in (await connection.execute(query)).all():
        # It is looked for around that time.
        await connection.execute(
            update(posts).where(posts.c.id == row.id).values(attempted_at=row.attempted_at - by)
        )


async def start(connection: AsyncConnection, now: datetime) -> None:
    """Put right what a process left that is gone; by how much its clock was ahead, nobody knows."""
    await _cap(connection, now + LONGEST_REST)
    await connection.execute(update(posts).where(posts.c.attempted_at > now).values(attempted_at=now))


async def _cap(connection: AsyncConnection, latest: datetime) -> None:
    await claims.cap_rests(connection, latest)
    await budgets.cap_rests(connection, latest)
    await leases.cap(connection, latest)
