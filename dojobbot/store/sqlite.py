"""SQLite: which file a URL means, how it is set up, and that it is one process's alone."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from dojobbot.errors import StoreError
from dojobbot.store import claims, clocks, leases, migrations
from dojobbot.store.engine import WRITES, Database, Kind, engine_options
from dojobbot.store.lock import FileLock

__all__ = ["connect", "opened", "sqlite_file"]

BUSY_SECONDS = 15.0
"""How long to wait for a lock that somebody else, such as a backup, holds on the file, and for the turn to
write; `?timeout=` in the URL sets another time."""
DRIVER_WAITS_SECONDS = 0.2
"""At once, in a thread that nothing can call back; `engine` begins anew until patience ends."""
SQLITE = Kind(
    patience=BUSY_SECONDS,
    locked=lambda error: getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY,
    overtaken=lambda _error: False,
    hint="Look at the database file, its rights and the free space on its disk, then try again.",
)


def sqlite_file(url: URL) -> Path:
    """Give the file that a SQLite URL means.

    Raises StoreError for one in memory: what is owed must outlive the process.
    """
    if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
        raise StoreError(
            "The database URL does not name a file.",
            hint="Set `DOJOBBOT_DATABASE_URL` to one, such as `sqlite:////var/lib/dojobbot/dojobbot.db`.",
        )
    return Path(str(url.database))


def _busy_seconds(url: URL) -> float:
    """Read the URL's `timeout`. Raises StoreError when it is no number of seconds."""
    try:
        return float(str(url.query.get("timeout", BUSY_SECONDS)))
    except ValueError as error:
        raise StoreError(
            "The database URL's timeout is no number of seconds.",
            hint="Leave it out of `DOJOBBOT_DATABASE_URL`, or write it as in `…/dojobbot.db?timeout=15`.",
        ) from error


@asynccontextmanager
async def opened(url: URL) -> AsyncIterator[Database]:
    """Open a file, ours alone until the end; it is made with its folder when it is not there.

    Raises:
        AlreadyRunning: another dojobbot has it open.
        StoreError: the file or its schema can't be used.
    """
    file = sqlite_file(url)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(
            f"The folder {file.parent} can't be made: {error.strerror}.",
            hint="Make it yourself, or name another one in `DOJOBBOT_DATABASE_URL`.",
        ) from error
    lock = FileLock(file)
    try:
        database = connect(file, _busy_seconds(url))
        try:
            await database.write(_prepare)
            yield database
        finally:
            await database.close()
    finally:
        lock.release()


async def _prepare(connection: AsyncConnection) -> None:
    await connection.run_sync(migrations.upgrade)
    # Whoever held a lease is dead, or it would hold the lock.
    await claims.clear_leases(connection)
    await leases.forget_all(connection)
    # A clock that was ahead for a while must not keep everything waiting until it would have been right.
    await clocks.start(connection, datetime.now(UTC))


def connect(file: Path, busy_seconds: float = BUSY_SECONDS) -> Database:
    """Make the database of a file; nothing is opened before it is used."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(file)),
        connect_args={"timeout": min(busy_seconds, DRIVER_WAITS_SECONDS)},
        **engine_options(),
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine, replace(SQLITE, patience=busy_seconds))


def _set_up(connection: Any, _record: object) -> None:
    """Prepare a new connection.

    SQLAlchemy begins the transactions itself, as its SQLite documentation recommends: the driver would begin
    one only before the first write, after reads that may be out of date by then.
    `synchronous=FULL`: with WAL, NORMAL would survive a killed process as well, but a power cut could take
    back the last commits, among them the post that was about to be sent; it would be sent again, and nobody
    would know its id to look for.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin; a transaction that writes takes the write lock first, so that what it reads stays true."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
