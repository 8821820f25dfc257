"""The first tables: jobs, who follows them, the outbox, the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.BigInteger()  # microseconds since 1970, UTC


def upgrade() -> None:
    """Make the tables in an order that their foreign keys allow."""
    _jobs()
    _follows()
    _outbox()
    _ledger()


def _only_where(name: str, table: str, columns: list[str], *, where: str, unique: bool = False) -> None:
    op.create_index(
        name, table, columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )


def _jobs() -> None:
    """Jobs as last read, each with its last transition."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("raw_status", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String()),
        sa.Column("name", sa.Text()),
        sa.Column("tool_key", sa.String()),
        sa.Column("tool_version", sa.String()),
        sa.Column("created_by", sa.String()),
        sa.Column("created_at", MOMENT),
        sa.Column("started_at", MOMENT),
        sa.Column("completed_at", MOMENT),
        sa.Column("updated_at", MOMENT),
        sa.Column("reason", sa.Text()),
        sa.Column("progress", sa.JSON()),
        sa.Column("quote_amount", sa.Float()),
        sa.Column("quote_digest", sa.String()),
        sa.Column("project_id", sa.String()),
        sa.Column("hidden", sa.Boolean(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("moved_seq", sa.Integer()),
        sa.Column("moved_from", sa.String()),
        sa.Column("moved_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_created_by_created_at", "jobs", ["created_by", "created_at"])


def _follows() -> None:
    """Destinations, and who wants what there."""
    op.create_table(
        "destinations",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("channel_id", sa.String(), nullable=False),
        sa.Column("thread_ts", sa.String()),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("lease_until", MOMENT),
        sa.Column("next_send_at", MOMENT, nullable=False),
        sa.Column("last_ts", sa.String()),
        sa.PrimaryKeyConstraint("key", name="pk_destinations"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("destination_key", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["destination_key"], ["destinations.key"], name="fk_subscriptions_destination_key"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_subscriptions_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_subscriptions"),
    )
    _only_where(
        "uq_subscriptions_open",
        "subscriptions",
        ["job_id", "user_id", "destination_key"],
        where="closed_at IS NULL",
        unique=True,
    )
    op.create_table(
        "watches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("destination_key", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ts", sa.String()),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("waiting_since", MOMENT),
        sa.Column("stop_asked_at", MOMENT),
        sa.Column("closed_at", MOMENT),
        sa.Column("closed_because", sa.Text()),
        sa.ForeignKeyConstraint(["destination_key"], ["destinations.key"], name="fk_watches_destination_key"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_watches_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_watches"),
    )
    _only_where("ix_watches_unfinished", "watches", ["job_id"], where="closed_at IS NULL")
    _only_where(
        "ix_watches_waiting",
        "watches",
        ["destination_key", "waiting_since"],
        where="closed_at IS NULL AND waiting_since IS NOT NULL",
    )
    _only_where(
        "uq_watches_open",
        "watches",
        ["job_id", "destination_key"],
        where="closed_at IS NULL AND stop_asked_at IS NULL",
        unique=True,
    )


def _outbox() -> None:
    """Posts and what they carry."""
    op.create_table(
        "posts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("destination_key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("attempted_at", MOMENT),
        sa.Column("settled_at", MOMENT),
        sa.Column("ts", sa.String()),
        sa.Column("dead_because", sa.Text()),
        sa.Column("watch_id", sa.Integer()),
        sa.Column("shows_wanted", sa.Integer()),
        sa.ForeignKeyConstraint(["destination_key"], ["destinations.key"], name="fk_posts_destination_key"),
        sa.ForeignKeyConstraint(["watch_id"], ["watches.id"], name="fk_posts_watch_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
    )
    _only_where("ix_posts_open", "posts", ["destination_key", "created_at"], where="settled_at IS NULL")
    op.create_index("ix_posts_watch_id", "posts", ["watch_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("destination_key", sa.String(), nullable=False),
        sa.Column("old_status", sa.String(), nullable=False),
        sa.Column("new_status", sa.String(), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("mentions", sa.JSON(), nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("post_id", sa.String()),
        sa.Column("dead_because", sa.Text()),
        sa.ForeignKeyConstraint(
            ["destination_key"], ["destinations.key"], name="fk_deliveries_destination_key"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_deliveries_job_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name="fk_deliveries_post_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "job_id", "seq", "destination_key", name="uq_deliveries_job_id_seq_destination_key"
        ),
    )
    _only_where(
        "ix_deliveries_owed", "deliveries", ["destination_key", "created_at"], where="post_id IS NULL"
    )
    op.create_index("ix_deliveries_post_id", "deliveries", ["post_id"])


def _ledger() -> None:
    """Actions, their audit, and the small things to remember."""
    op.create_table(
        "actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_actions_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_actions"),
    )
    op.create_index("ix_actions_job_id", "actions", ["job_id"])
    _only_where("uq_actions_open", "actions", ["job_id"], where="closed_at IS NULL", unique=True)
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("action_id", sa.Integer()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("closed_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_action_id", "audit", ["action_id"])
    op.create_index("ix_audit_job_id", "audit", ["job_id"])
    op.create_table(
        "presses",
        sa.Column("trigger_id", sa.String(), nullable=False),
        sa.Column("pressed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("trigger_id", name="pk_presses"),
    )
    op.create_index("ix_presses_pressed_at", "presses", ["pressed_at"])
    op.create_table(
        "meta",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
