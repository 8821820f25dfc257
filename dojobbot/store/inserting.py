"""INSERT that leaves a row alone when it is there already: both dialects have it, each as its own."""

from __future__ import annotations

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

INSERTS: dict[str, type[sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.Insert,
    "postgresql": postgresql.Insert,
}


def insert_new(connection: AsyncConnection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Give an insert that does nothing where any unique rule of the table would be broken.

    Its result's `rowcount` says how many rows were new.
    """
    insert = INSERTS[connection.dialect.name](table).on_conflict_do_nothing()
    return insert.execution_options(preserve_rowcount=True)
