"""Brings a database's schema up to the code's. Each step is a file in `versions`.

A new step: write the next file there by hand (`down_revision` names the one before), change `tables.py`
to match, and run the store's tests: one compares the two.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from dojobbot.errors import StoreError

__all__ = ["upgrade"]


def upgrade(connection: Connection) -> None:
    """Upgrade to the newest schema within the connection's transaction.

    Raises StoreError when the schema is one that this code does not know, so written by a newer one.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    for revision in MigrationContext.configure(connection).get_current_heads():
        try:
            scripts.get_revision(revision)
        except CommandError as error:
            raise StoreError(
                f"The database was written by a newer dojobbot (its schema is {revision}).",
                hint="Install that version again, or set `DOJOBBOT_DATABASE_URL` to another database.",
            ) from error
    command.upgrade(config, "head")
