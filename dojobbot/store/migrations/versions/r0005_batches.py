"""Jobs know their tag and session; a watch may be of many jobs, which `batch_members` names."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WATCHING = "closed_at IS NULL AND stop_asked_at IS NULL"


def upgrade() -> None:
    """Add columns that are empty for what is there, a table, and rules for what is open."""
    for name in ("tag", "session"):
        op.add_column("jobs", sa.Column(name, sa.String()))
        op.create_index(f"ix_jobs_{name}", "jobs", [name])
    op.add_column("watches", sa.Column("batch_kind", sa.String()))
    op.add_column("watches", sa.Column("batch_key", sa.Text()))
    op.drop_index("uq_watches_open", "watches")
    _only_one("uq_watches_open", ["job_id", "destination_key"], f"{WATCHING} AND batch_kind IS NULL")
    _only_one(
        "uq_watches_open_batch",
        ["destination_key", "batch_kind", "batch_key"],
        f"{WATCHING} AND batch_kind IS NOT NULL",
    )
    op.create_table(
        "batch_members",
        sa.Column("watch_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["watch_id"], ["watches.id"], name="fk_batch_members_watch_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_batch_members_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("watch_id", "job_id", name="pk_batch_members"),
    )
    op.create_index("ix_batch_members_job_id", "batch_members", ["job_id"])


def _only_one(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "watches", columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
