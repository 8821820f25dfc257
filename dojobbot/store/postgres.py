"""PostgreSQL: how it is reached and waited for, and how replicas that start together upgrade it once.

Transactions are READ COMMITTED: what a transaction builds on it locks first (`FOR NO KEY UPDATE`), and reads
afterwards. Whoever loses a deadlock, or finds that another was first with a row, is done anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import URL, event, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection as Connection
from sqlalchemy.ext.asyncio import create_async_engine

from dojobbot.errors import StoreError
from dojobbot.store import migrations
from dojobbot.store.engine import Database, Kind, engine_options

if TYPE_CHECKING:  # ten megabytes that a bot on SQLite does without
    from psycopg import AsyncConnection

__all__ = ["connect", "opened"]

DRIVER = "postgresql+psycopg"
PAUSE_SECONDS = 0.5
UPGRADING = 0x646F6A6F
"""The advisory lock of whoever upgrades the schema; any number that other programs do not use."""
LIMITS = {
    "statement_timeout": "20s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
}
"""A replica that hangs, or loses its network in the middle, holds up the others no longer than this."""
REACHING: dict[str, Any] = {
    "connect_timeout": 5,
    "application_name": "dojobbot",
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
POOL = {
    "pool_size": 5,
    "max_overflow": 10,
    "pool_timeout": 10.0,
    # A server that was restarted is noticed before a transaction begins.
    "pool_pre_ping": True,
    "pool_recycle": 1800,
    "pool_use_lifo": True,
}
BEGIN_ANEW = frozenset({"40001", "40P01", "23503", "23505", "25P03"})
"""serialization_failure, deadlock_detected, foreign_key_violation (a row that another just removed),
unique_violation (a row that another put where none was found), and idle_in_transaction_session_timeout: this
process stood still in the middle, and the server has taken everything back."""
NO_ENTRY = re.compile(r"FATAL:\s+(?!.*(starting up|shutting down|recovery|too many|remaining connection))")
"""A refusal that waiting does not change, such as a wrong password."""
POSTGRES = Kind(
    patience=None,
    locked=lambda _error: False,
    overtaken=lambda error: getattr(error, "sqlstate", None) in BEGIN_ANEW,
    hint="Look at the PostgreSQL server and at `DOJOBBOT_DATABASE_URL`, then try again.",
)
log = logging.getLogger(__name__)


@asynccontextmanager
async def opened(url: URL, patience: float) -> AsyncIterator[Database]:
    """Open a database that other replicas may have open as well.

    A server that is away, or still starting, is waited for up to `patience` seconds: it is often started
    together with the bot.

    Raises:
        StoreError: the server stays away or lets us not in, or the schema can't be used.
    """
    database = connect(url)
    try:
        await _reached(database, patience)
        await database.write(_prepare)
        yield database
    finally:
        await database.close()


def connect(url: URL) -> Database:
    """Make the database of a URL; nothing is opened before it is used."""
    mine = {name: value for name, value in REACHING.items() if name not in url.query}
    limits = " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
    engine = create_async_engine(
        url.set(drivername=DRIVER).difference_update_query(["options"]),
        # The operator's own options come last, and win.
        connect_args={**mine, "options": " ".join([limits, *url.normalized_query.get("options", ())])},
        **POOL,
        **engine_options(),
    )
    links = _Links()
    event.listen(engine.sync_engine, "do_connect", links.opening)
    event.listen(engine.sync_engine, "connect", links.opened)
    return Database(engine, POSTGRES, cut=links.cut)


class _Links:
    """The connections to a server, to be broken off when it does not answer.

    A cancelled statement is no way out: the driver waits until the server says that it is cancelled.
    """

    def __init__(self) -> None:
        self._open: WeakSet[AsyncConnection[Any]] = WeakSet()
        self._is_cut = False

    def opening(self, *_: object) -> None:
        """Refuse a connection for which somebody has queued behind those that were broken off."""
        if self._is_cut:
            raise StoreError("The database does not answer.", hint=POSTGRES.hint)

    def opened(self, link: Any, _record: object) -> None:
        """Take note of a new connection."""
        self._open.add(link.driver_connection)

    def cut(self) -> None:
        """Break all off, for good. Whoever waits for an answer is told at once that there will be none."""
        self._is_cut = True
        for link in list(self._open):
            if not link.closed:
                with socket.socket(fileno=os.dup(link.fileno())) as end, contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


async def _reached(database: Database, patience: float) -> None:
    """Wait until the server lets us in; who is refused for good is told at once."""
    clock = asyncio.get_running_loop()
    until = clock.time() + patience
    waiting = False
    while True:
        try:
            await database.read(_ask_nothing)
        except StoreError as error:
            if clock.time() >= until or not _may_pass(error):
                raise
            if not waiting:
                log.warning("waiting up to %.0f s for the database: %s", patience, error)
            waiting = True
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


def _may_pass(error: StoreError) -> bool:
    """Whether a failure to connect may go by itself. libpq gives it no code, only words."""
    cause = error.__cause__
    if not isinstance(cause, DBAPIError) or getattr(cause.orig, "sqlstate", None) is not None:
        return False
    return NO_ENTRY.search(str(cause.orig)) is None


async def _ask_nothing(connection: Connection) -> None:
    await connection.execute(select(1))


async def _prepare(connection: Connection) -> None:
    """Upgrade the schema, one replica at a time; however long it takes."""
    for name in ("statement_timeout", "lock_timeout"):
        await connection.exec_driver_sql(f"SET LOCAL {name} = 0")
    await connection.execute(select(func.pg_advisory_xact_lock(UPGRADING)))
    await connection.run_sync(migrations.upgrade)
