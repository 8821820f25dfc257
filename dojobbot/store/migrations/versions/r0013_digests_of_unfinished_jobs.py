"""What a tick asks about jobs under way is found in indexes alone, apart from the history."""

import sqlalchemy as sa
from alembic import op

from dojobbot.store.migrations.versions.r0008_unfinished_jobs import TERMINAL

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index them, and make the index that there is anew."""
    op.drop_index("ix_jobs_unfinished", "jobs")
    unfinished = sa.text(f"status NOT IN ({TERMINAL})")
    for name, columns in (
        ("ix_jobs_unfinished", ["read_at", "id", "status"]),
        ("ix_jobs_unfinished_digest", ["id", "digest", "status"]),
    ):
        op.create_index(name, "jobs", columns, sqlite_where=unfinished, postgresql_where=unfinished)
