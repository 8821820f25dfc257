"""Subscriptions may be about failures only; what they owe is urgent."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two columns; what is there stays about everything, and not urgent."""
    for table, name in (("subscriptions", "failures_only"), ("deliveries", "urgent")):
        op.add_column(table, sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
