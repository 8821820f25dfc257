"""What is owed is found by its place: the index of posts' deliveries leaves out those that are in no post."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index anew."""
    op.drop_index("ix_deliveries_post_id", "deliveries")
    in_post = sa.text("post_id IS NOT NULL")
    op.create_index(
        "ix_deliveries_post_id",
        "deliveries",
        ["post_id"],
        sqlite_where=in_post,
        postgresql_where=in_post,
    )
