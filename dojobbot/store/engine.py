"""Opens a database: which file a URL means, how SQLite is set up, and what its errors become."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dojobbot.errors import StoreError
from dojobbot.store.rows import from_json, to_json

__all__ = ["Database", "connect", "sqlite_file"]

P = ParamSpec("P")
T = TypeVar("T")

BUSY_SECONDS = 15.0
"""How long to wait for a lock that somebody else, such as a backup, holds on the file."""
WRITES = "dojobbot_writes"
URL_HINT = "Set `DOJOBBOT_DATABASE_URL` to a file, such as `sqlite:////var/lib/dojobbot/dojobbot.db`."


def sqlite_file(url: str) -> Path:
    """Give the file that a plain `sqlite:///` URL (or one that names a driver) means.

    Raises StoreError for anything else, in memory included: what is owed must outlive the process.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise StoreError("The database URL can't be understood.", hint=URL_HINT) from error
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"No support for {parsed.get_backend_name()} databases.", hint=URL_HINT)
    if parsed.database in (None, "", ":memory:") or str(parsed.database).startswith("file:"):
        raise StoreError("The database URL does not name a file.", hint=URL_HINT)
    return Path(str(parsed.database))


class Database:
    """An engine and its two kinds of transaction: `read` sees a snapshot and blocks nobody, `write` is alone.

    Both take a coroutine function and its arguments, put a connection before them, and raise StoreError when
    the database fails. A transaction that has begun goes on to its end when its caller is cancelled: the
    driver works in a thread, and a connection left in the middle would keep its locks.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(**{WRITES: True})
        # SQLite lets one transaction write at a time, and who waits for it polls; here they queue instead.
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()

    async def read(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a transaction that only reads."""

        async def transaction() -> T:
            async with self._engine.begin() as connection:
                return await work(connection, *args, **kwargs)

        return await self._to_its_end(transaction())

    async def write(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a transaction that commits whole, or not at all when `work` raises."""

        async def transaction() -> T:
            async with self._turn, self._writer.begin() as connection:
                return await work(connection, *args, **kwargs)

        return await self._to_its_end(transaction())

    async def close(self) -> None:
        """Let what is running end, then close every connection."""
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()

    async def _to_its_end(self, transaction: Coroutine[None, None, T]) -> T:
        task = asyncio.create_task(transaction)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        with _errors_translated():
            return await asyncio.shield(task)


def connect(file: Path) -> Database:
    """Make the database of a SQLite file; nothing is opened before it is used."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(file)),
        connect_args={"timeout": BUSY_SECONDS},
        json_serializer=to_json,
        json_deserializer=from_json,
        # Rows hold names and e-mail addresses: they stay out of error messages and logs.
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _set_up)
    event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine)


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


@contextmanager
def _errors_translated() -> Iterator[None]:
    """Turn SQLAlchemy's errors into StoreError. Its text names the trouble, and no statement or value."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, StatementError) else error
        raise StoreError(
            f"The database failed: {cause}.",
            hint="Look at the database file, its rights and the free space on its disk, then try again.",
        ) from error
