"""Holds apart what row locks cannot: a batch that is made, and the jobs that are stored meanwhile.

Neither would find the other's rows, which are not there yet. On SQLite only one transaction writes at a time.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

__all__ = ["close", "go_through"]

BATCHES = 0x646F6A62
"""An advisory lock; any number that other programs do not use."""


async def go_through(connection: AsyncConnection) -> None:
    """Wait for whoever closed the gate; nobody closes it before this transaction is over."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock_shared(BATCHES)))


async def close(connection: AsyncConnection) -> None:
    """Let nobody through until this transaction is over, and wait for those who are."""
    if connection.dialect.name == "postgresql":
        await connection.execute(select(func.pg_advisory_xact_lock(BATCHES)))
