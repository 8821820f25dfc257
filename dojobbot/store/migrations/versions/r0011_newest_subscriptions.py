"""The newest open subscriptions are found by index: the event stream follows their jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an index of the open ones alone."""
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_subscriptions_open", "subscriptions", ["id"], sqlite_where=is_open, postgresql_where=is_open
    )
