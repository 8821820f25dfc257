"""Files that people were promised: nobody waits for two, and nobody waits in vain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Destination, Post
from dojobbot.orders import OpenExport
from dojobbot.store import posts
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import exports

IS_OPEN = exports.c.closed_at.is_(None)


async def begin(
    connection: AsyncConnection, export: OpenExport, now: datetime, *, stale_before: datetime
) -> bool:
    """Promise somebody a file, in place of one that nobody works on any more; False with another one open."""
    await connection.execute(
        update(exports)
        .where(exports.c.user_id == export.user_id, IS_OPEN, exports.c.worked_on_at < stale_before)
        .values(closed_at=now)
    )
    inserted = await connection.execute(
        insert_new(connection, exports),
        {
            "id": export.id,
            "user_id": export.user_id,
            "channel_id": export.destination.channel_id,
            "typed": export.typed,
            "asked_at": export.asked_at,
            "worked_on_at": now,
        },
    )
    return inserted.rowcount == 1


async def work_on(connection: AsyncConnection, export_ids: Collection[str], now: datetime) -> None:
    """Note that somebody works on these."""
    await connection.execute(
        update(exports).where(exports.c.id.in_(tuple(export_ids)), IS_OPEN).values(worked_on_at=now)
    )


async def end(connection: AsyncConnection, export_id: str, now: datetime, *, post: Post | None) -> bool:
    """Close a promise and queue what is to be said about it; if it was closed, do nothing and give False."""
    closed = await connection.execute(
        update(exports).where(exports.c.id == export_id, IS_OPEN).values(closed_at=now)
    )
    if closed.rowcount == 0:
        return False
    if post is not None:
        await posts.add(connection, post)
    return True


async def stale(connection: AsyncConnection, before: datetime) -> tuple[OpenExport, ...]:
    """Give the open ones that nobody has worked on since a moment, oldest first."""
    query = select(exports).where(IS_OPEN, exports.c.worked_on_at < before).order_by(exports.c.asked_at)
    return tuple(
        OpenExport(
            id=row.id,
            user_id=row.user_id,
            destination=Destination(row.channel_id),
            typed=row.typed,
            asked_at=row.asked_at,
        )
        for row in await connection.execute(query)
    )
