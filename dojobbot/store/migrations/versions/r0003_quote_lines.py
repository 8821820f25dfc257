"""Jobs keep the lines of their quote."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column, null for what is there until the job is read again."""
    op.add_column("jobs", sa.Column("quote_lines", sa.JSON()))
