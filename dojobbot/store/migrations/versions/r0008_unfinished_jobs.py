"""Unfinished jobs are found without going through the history; ids by their start, on PostgreSQL as well."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TERMINAL = "'Cancelled', 'Failed', 'FailedQuotation', 'Gone', 'InsufficientFunds', 'Quoted', 'Succeeded'"


def upgrade() -> None:
    """Add an index of some rows, and one that only PostgreSQL needs."""
    unfinished = sa.text(f"status NOT IN ({TERMINAL})")
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["read_at", "id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_jobs_id_start", "jobs", ["id"], postgresql_ops={"id": "text_pattern_ops"})
