"""What a tick compares is found without looking at a long history: the digests of jobs under way."""

import sqlalchemy as sa
from alembic import op

from dojobbot.store.migrations.versions.r0008_unfinished_jobs import TERMINAL

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them."""
    unfinished = sa.text(f"status NOT IN ({TERMINAL})")
    op.create_index(
        "ix_jobs_unfinished_digest",
        "jobs",
        ["id", "digest"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
