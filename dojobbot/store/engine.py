"""A database as the store uses it: transactions that run to their end, and what its errors become.

Which database it is, `sqlite.py` and `postgres.py` know.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dojobbot.errors import DojobbotError, StoreError
from dojobbot.limits import backoff
from dojobbot.store.rows import from_json, to_json

__all__ = ["WRITES", "Database", "Kind", "Overtaken", "engine_options"]

P = ParamSpec("P")
T = TypeVar("T")

WRITES = "dojobbot_writes"
MOST_TRIES = 6
FIRST_PAUSE_SECONDS = 0.01
KNOCK_SECONDS = 0.05
"""Between two tries while somebody else has locked the database."""
CUT_AFTER_SECONDS = 3.0
LOCKED = "The database failed: database is locked."
log = logging.getLogger(__name__)


class Overtaken(StoreError):
    """Somebody else changed what this transaction builds on; done anew from its start, it will see that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What one kind of database has of its own.

    `patience`: where the database lets in one writer at a time and makes the others poll, they queue here;
    for so many seconds anybody waits in all, for the turn and for a lock that somebody else holds. None
    where the database sees to all that. `locked`: whether an error of the driver's speaks of such a lock.
    `overtaken`: whether it says that the transaction lost to another, or stood still, and may be done anew.
    `hint`: what the operator does when the database fails.
    """

    patience: float | None
    locked: Callable[[BaseException], bool]
    overtaken: Callable[[BaseException], bool]
    hint: str


class Database:
    """An engine and its two kinds of transaction: `read`, and `write`, which commits whole or not at all.

    Both take a coroutine function and its arguments, put a connection before them, and raise StoreError when
    the database fails. A transaction that lost to another is done anew, so that the function may run more
    than once. One that has begun goes on to its end when its caller is cancelled: a connection left in the
    middle would keep its locks.
    """

    def __init__(self, engine: AsyncEngine, kind: Kind, *, cut: Callable[[], None] | None = None) -> None:
        """`cut` breaks all connections off for good, where what is at their other end may never answer."""
        self._engine = engine
        self._cut = cut
        self._writer = engine.execution_options(**{WRITES: True})
        self._kind = kind
        self._turn = asyncio.Lock()
        self._is_closing = False
        self._is_locked_for_good = False
        self._running: set[asyncio.Task[Any]] = set()

    async def read(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a transaction that only reads."""

        async def transaction() -> T:
            async with self._engine.begin() as connection:
                return await work(connection, *args, **kwargs)

        until = self._until()
        return await self._to_its_end(
            self._until_not_overtaken(lambda: self._until_let_in(transaction, until))
        )

    async def write(
        self, work: Callable[Concatenate[AsyncConnection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do `work` in a transaction that commits whole, or not at all when `work` raises."""

        async def transaction() -> T:
            async with self._writer.begin() as connection:
                return await work(connection, *args, **kwargs)

        async def in_turn() -> T:
            async with self._turn_before(until):
                return await self._until_let_in(transaction, until)

        until = self._until()
        return await self._to_its_end(self._until_not_overtaken(in_turn))

    async def close(self) -> None:
        """Let what is running end, then close every connection. Nobody waits for a lock any more.

        What a server has not answered after a while is broken off: it has taken that in whole, or not at all.
        """
        self._is_closing = True
        if self._cut is not None and self._running:
            _, hanging = await asyncio.wait(self._running, timeout=CUT_AFTER_SECONDS)
            if hanging:
                log.warning("the database does not answer; its connections are broken off")
                self._cut()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._engine.dispose()

    def _until(self) -> float | None:
        """Say when the patience of somebody who comes now ends, on the event loop's clock."""
        patience = self._kind.patience
        return None if patience is None else asyncio.get_running_loop().time() + patience

    @asynccontextmanager
    async def _turn_before(self, until: float | None) -> AsyncIterator[None]:
        """Have the turn to write, where there are turns. Raises StoreError when it does not come in time."""
        if until is None:
            yield
            return
        try:
            async with asyncio.timeout_at(until):
                await self._turn.acquire()
        except TimeoutError as error:
            raise StoreError(LOCKED, hint=self._kind.hint) from error
        try:
            yield
        finally:
            self._turn.release()

    async def _until_let_in(self, transaction: Callable[[], Awaitable[T]], until: float | None) -> T:
        """Do a transaction, and again for as long as somebody else's lock keeps it out and patience lasts."""
        while not self._is_locked_for_good:
            try:
                return await transaction()
            except DBAPIError as error:
                if until is None or error.orig is None or not self._kind.locked(error.orig):
                    raise
                # Who queues behind would find the same, each in turn.
                self._is_locked_for_good = self._is_closing
                if self._is_closing or asyncio.get_running_loop().time() >= until:
                    raise
            await asyncio.sleep(KNOCK_SECONDS)
        raise StoreError(LOCKED, hint=self._kind.hint)

    async def _to_its_end(self, transaction: Coroutine[None, None, T]) -> T:
        task = asyncio.create_task(transaction)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.add_done_callback(_take_note)
            raise
        with _errors_translated(self._kind.hint):
            return task.result()

    async def _until_not_overtaken(self, transaction: Callable[[], Awaitable[T]]) -> T:
        for attempt in range(MOST_TRIES - 1):
            try:
                return await transaction()
            except Overtaken:
                pass
            except DBAPIError as error:
                if error.orig is None or not self._kind.overtaken(error.orig):
                    raise
            # Drawn, so that two who stood in each other's way do not meet again.
            jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret
            await asyncio.sleep(backoff(attempt, jitter=jitter, base=FIRST_PAUSE_SECONDS, cap=1.0))
        return await transaction()


def engine_options() -> dict[str, Any]:
    """Give what every engine is made with."""
    return {
        "json_serializer": to_json,
        "json_deserializer": from_json,
        # Rows hold names and e-mail addresses: they stay out of error messages and logs.
        "hide_parameters": True,
    }


def _take_note(task: asyncio.Task[Any]) -> None:
    """See how a transaction ended whose caller is gone; only a bug is worth an operator's look."""
    error = None if task.cancelled() else task.exception()
    if isinstance(error, SQLAlchemyError | DojobbotError):
        # Its words may hold values.
        log.debug("a transaction failed that nobody waited for: %s", type(error).__name__)
    elif error is not None:
        log.error("a transaction failed unexpectedly, and nobody waited for it", exc_info=error)


@contextmanager
def _errors_translated(hint: str) -> Iterator[None]:
    """Turn SQLAlchemy's errors into StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, StatementError) else error
        raise StoreError(f"The database failed: {_said(cause)}.", hint=hint) from error


def _said(cause: BaseException | None) -> str:
    """Say in one line what the trouble is, with no statement or value.

    PostgreSQL puts values into the detail of an error, which is left out (psycopg's `diag`).
    """
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return " ".join(str(primary or cause).split()).rstrip(".")
