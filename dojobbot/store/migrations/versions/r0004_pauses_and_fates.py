"""Subscriptions pause, deliveries are held, posts count their attempts, and every transition is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table; each job's last transition is known already."""
    op.add_column("subscriptions", sa.Column("paused_at", sa.BigInteger()))
    op.add_column("subscriptions", sa.Column("paused_because", sa.Text()))
    op.add_column("posts", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("posts", sa.Column("unverified", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("deliveries", sa.Column("held_at", sa.BigInteger()))
    op.drop_index("ix_deliveries_owed", "deliveries")
    is_owed = sa.text("post_id IS NULL AND held_at IS NULL")
    op.create_index(
        "ix_deliveries_owed",
        "deliveries",
        ["destination_key", "created_at"],
        sqlite_where=is_owed,
        postgresql_where=is_owed,
    )
    is_held = sa.text("held_at IS NOT NULL")
    op.create_index(
        "ix_deliveries_held",
        "deliveries",
        ["destination_key", "held_at"],
        sqlite_where=is_held,
        postgresql_where=is_held,
    )
    op.create_table(
        "transitions",
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("old_status", sa.String(), nullable=False),
        sa.Column("new_status", sa.String(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "seq", name="pk_transitions"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_transitions_job_id", ondelete="CASCADE"),
    )
    op.execute(
        "INSERT INTO transitions (job_id, seq, old_status, new_status, seen_at) "
        "SELECT id, moved_seq, moved_from, status, moved_at FROM jobs WHERE moved_seq IS NOT NULL"
    )
