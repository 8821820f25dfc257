"""What is to be forgotten is found quickly: posts by when they were settled, all by its place."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index both."""
    op.create_index("ix_posts_settled_at", "posts", ["settled_at"])
    for table in ("subscriptions", "watches", "posts", "deliveries"):
        op.create_index(f"ix_{table}_destination_key", table, ["destination_key"])
