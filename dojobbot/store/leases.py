"""Leases: a row for each name, which says who holds it, until when, and how often it went to another."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.errors import LeaseLost
from dojobbot.leases import Lease
from dojobbot.store.inserting import insert_new
from dojobbot.store.rows import AnyRow
from dojobbot.store.tables import EPOCH, leases

__all__ = ["cap", "database_time", "forget_all", "give_back", "require", "take"]

NOBODY = ""


async def database_time(connection: AsyncConnection) -> datetime | None:
    """Give the time on the server's clock; None for SQLite, which has the machine's."""
    if connection.dialect.name != "postgresql":
        return None
    moment: datetime | None = await connection.scalar(select(func.clock_timestamp()))
    return moment


async def take(
    connection: AsyncConnection, name: str, holder: str, now: datetime, *, lasting: timedelta
) -> Lease | None:
    """Take a lease that is free or over, or renew one's own."""
    this = select(leases).where(leases.c.name == name)
    seen = (await connection.execute(this)).one_or_none()
    if seen is not None and _is_anothers(seen, holder, now):
        return None  # as nearly always for who waits, and nothing was locked for that
    values = {"name": name, "holder": NOBODY, "token": 0, "until": EPOCH}
    await connection.execute(insert_new(connection, leases), values)
    row = (await connection.execute(this.with_for_update())).one()
    if _is_anothers(row, holder, now):
        return None
    token = row.token if row.holder == holder else row.token + 1
    lease = Lease(name=name, holder=holder, token=token, until=now + lasting)
    await connection.execute(
        update(leases).where(leases.c.name == name).values(holder=holder, token=token, until=lease.until)
    )
    return lease


def _is_anothers(row: AnyRow, holder: str, now: datetime) -> bool:
    return row.holder not in (NOBODY, holder) and row.until > now


async def give_back(connection: AsyncConnection, lease: Lease) -> None:
    """Let somebody else have a lease, unless they have it already."""
    await connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.token == lease.token)
        .values(holder=NOBODY, until=EPOCH)
    )


async def require(connection: AsyncConnection, lease: Lease | None) -> None:
    """Make sure that a lease has not gone to another, until the transaction is over; None needs no lease.

    Raises LeaseLost.
    """
    if lease is None:
        return
    # Shared: transactions under one lease do not wait for each other, and who takes it over waits for them.
    query = select(leases.c.token).where(leases.c.name == lease.name).with_for_update(read=True)
    if await connection.scalar(query) != lease.token:
        raise LeaseLost(f"The lease for {lease.name} has gone to another replica.")


async def cap(connection: AsyncConnection, latest: datetime) -> None:
    """Let no lease hold for longer."""
    await connection.execute(update(leases).where(leases.c.until > latest).values(until=latest))


async def forget_all(connection: AsyncConnection) -> None:
    """Forget every lease; for a database that no other process can have open."""
    await connection.execute(delete(leases))
