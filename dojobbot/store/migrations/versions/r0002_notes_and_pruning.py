"""Deliveries say why they come where nobody asked for them; pruned jobs find what hangs on them by index."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column, empty for what is there, and two indexes."""
    op.add_column("deliveries", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.create_index("ix_subscriptions_job_id", "subscriptions", ["job_id"])
    op.create_index("ix_watches_job_id", "watches", ["job_id"])
