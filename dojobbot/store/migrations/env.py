"""Run by Alembic: the steps go through the connection that `migrations.upgrade` hands over."""

from alembic import context

from dojobbot.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
