"""Opens the database that a URL names: a SQLite file, or a PostgreSQL database."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from dojobbot.errors import StoreError
from dojobbot.store import postgres, sqlite
from dojobbot.store.engine import Database

__all__ = ["opened"]

URL_HINT = (
    "Set `DOJOBBOT_DATABASE_URL` to a file, such as `sqlite:////var/lib/dojobbot/dojobbot.db`, or to a "
    "PostgreSQL database, such as `postgresql://dojobbot:password@db.example/dojobbot`."
)


def opened(url: str, patience: float) -> AbstractAsyncContextManager[Database]:
    """Open the database, make or upgrade its schema, and close it at the end.

    `patience`: for how many seconds a server that is away, or still starting, is waited for.

    Raises:
        AlreadyRunning: it is a SQLite file that another dojobbot has open.
        StoreError: the URL, the database or its schema can't be used.
    """
    # Names from before drivers were part of them, as libpq and many services still give them.
    text = url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url
    try:
        parsed = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise StoreError("The database URL can't be understood.", hint=URL_HINT) from error
    match parsed.get_backend_name():
        case "sqlite":
            return sqlite.opened(parsed)
        case "postgresql":
            return postgres.opened(parsed, patience)
        case other:
            raise StoreError(f"No support for {other} databases.", hint=URL_HINT)
