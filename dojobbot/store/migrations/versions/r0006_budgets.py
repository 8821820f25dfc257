"""Slack's budgets are shared through the database, cards are paced one by one, posts count their looks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Add the table and two columns. What was attempted before is looked for as after a silence."""
    op.create_table(
        "budgets",
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("opens_at", MOMENT, nullable=False),
        sa.Column("refused_until", MOMENT),
        sa.PrimaryKeyConstraint("method", "channel_id", name="pk_budgets"),
    )
    op.add_column("watches", sa.Column("next_edit_at", MOMENT))
    op.add_column("posts", sa.Column("looks_left", sa.Integer(), nullable=False, server_default="2"))
