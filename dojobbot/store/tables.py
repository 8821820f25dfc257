"""The tables. A row that is over keeps its place with a closing time; only open ones are unique.

Change them together with a new file in `migrations/versions`: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    literal,
)

from dojobbot.domain import TERMINAL, require_aware

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """A moment as microseconds since 1970 in UTC: it sorts, round-trips exactly and is the same everywhere.

    Refuses a naive datetime with ValueError, which SQLAlchemy passes on as a StatementError.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give what is stored for a moment."""
        return None if value is None else (require_aware(value) - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give the moment that is stored."""
        return None if value is None else EPOCH + timedelta(microseconds=value)


DOCUMENT = JSON(none_as_null=True)
"""A frozen value as JSON text; the engine's serialiser takes dataclasses as they are."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _only_where(
    name: str, *columns: Column[object], where: ColumnElement[bool], unique: bool = False
) -> None:
    """Index some rows of a table alone; both SQLite and PostgreSQL can."""
    Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)


jobs = Table(
    "jobs",
    metadata,
    Column("id", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("raw_status", String, nullable=False),
    Column("resource_id", String),
    Column("name", Text),
    Column("tool_key", String),
    Column("tool_version", String),
    Column("created_by", String),
    Column("created_at", Moment),
    Column("started_at", Moment),
    Column("completed_at", Moment),
    Column("updated_at", Moment),
    Column("reason", Text),
    Column("progress", DOCUMENT),
    Column("quote_amount", Float),
    Column("quote_digest", String),
    Column("quote_lines", DOCUMENT),
    Column("project_id", String),
    Column("tag", String, index=True),
    Column("session", String, index=True),
    Column("hidden", Boolean, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("read_at", Moment, nullable=False),
    # Of all that was read about the job: a reading with the same digest says nothing new.
    Column("digest", String, nullable=False),
    # The last transition that was seen, if any: who subscribes just after it is owed it.
    Column("moved_seq", Integer),
    Column("moved_from", String),
    Column("moved_at", Moment),
    Index(None, "created_by", "created_at"),
)

# Every status change that was seen, told to somebody or not: it answers "why didn't I get this?".
transitions = Table(
    "transitions",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("old_status", String, nullable=False),
    Column("new_status", String, nullable=False),
    Column("seen_at", Moment, nullable=False),
)


def is_unfinished(status: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a status is not terminal.

    Written out, not bound: an index of some rows serves a query that says the same in the same words.
    """
    return status.not_in([literal(each, literal_execute=True) for each in sorted(TERMINAL)])


IS_UNFINISHED = is_unfinished(jobs.c.status)
# What a tick asks about jobs under way, apart from a long history. With the status, which tells nothing new:
# SQLite would look it up in the table.
_only_where("ix_jobs_unfinished", jobs.c.read_at, jobs.c.id, jobs.c.status, where=IS_UNFINISHED)
_only_where("ix_jobs_unfinished_digest", jobs.c.id, jobs.c.digest, jobs.c.status, where=IS_UNFINISHED)
# For what begins with some characters, whatever the order of the database's language.
Index("ix_jobs_id_start", jobs.c.id, postgresql_ops={"id": "text_pattern_ops"}).ddl_if(dialect="postgresql")

destinations = Table(
    "destinations",
    metadata,
    Column("key", String, primary_key=True),
    Column("channel_id", String, nullable=False),
    Column("thread_ts", String),
    # A claim: who holds the newest token may write until the lease is given back or taken over.
    Column("token", Integer, nullable=False, default=0),
    Column("lease_until", Moment),
    Column("next_send_at", Moment, nullable=False),
    Column("last_ts", String),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("destination_key", ForeignKey("destinations.key"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("failures_only", Boolean, nullable=False, default=False),
    Column("closed_at", Moment),
    # Nothing can be posted there any more, in Slack's word for why; what it brings is held meanwhile.
    Column("paused_at", Moment),
    Column("paused_because", Text),
)
_only_where(
    "uq_subscriptions_open",
    subscriptions.c.job_id,
    subscriptions.c.user_id,
    subscriptions.c.destination_key,
    where=subscriptions.c.closed_at.is_(None),
    unique=True,
)
_only_where("ix_subscriptions_open", subscriptions.c.id, where=subscriptions.c.closed_at.is_(None))

watches = Table(
    "watches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("destination_key", ForeignKey("destinations.key"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("ts", String),
    Column("shown", String, nullable=False, default=""),
    Column("note", Text, nullable=False, default=""),
    # How often the card should have changed, and since when it shows something old (NULL: it does not).
    Column("wanted", Integer, nullable=False),
    Column("waiting_since", Moment),
    Column("next_edit_at", Moment),
    Column("stop_asked_at", Moment),
    Column("closed_at", Moment),
    Column("closed_because", Text),
    # Of a batch: `job_id` is one that belongs to it, and all of them are in `batch_members`.
    Column("batch_kind", String),
    Column("batch_key", Text),
)
_is_watching = watches.c.closed_at.is_(None) & watches.c.stop_asked_at.is_(None)
_only_where(
    "uq_watches_open",
    watches.c.job_id,
    watches.c.destination_key,
    where=_is_watching & watches.c.batch_kind.is_(None),
    unique=True,
)
_only_where(
    "uq_watches_open_batch",
    watches.c.destination_key,
    watches.c.batch_kind,
    watches.c.batch_key,
    where=_is_watching & watches.c.batch_kind.is_not(None),
    unique=True,
)
_only_where("ix_watches_unfinished", watches.c.job_id, where=watches.c.closed_at.is_(None))
_only_where(
    "ix_watches_waiting",
    watches.c.destination_key,
    watches.c.waiting_since,
    where=watches.c.closed_at.is_(None) & watches.c.waiting_since.is_not(None),
)

batch_members = Table(
    "batch_members",
    metadata,
    Column("watch_id", ForeignKey("watches.id", ondelete="CASCADE"), primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, index=True),
)

posts = Table(
    "posts",
    metadata,
    Column("id", String, primary_key=True),
    Column("destination_key", ForeignKey("destinations.key"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("payload", DOCUMENT, nullable=False),
    Column("created_at", Moment, nullable=False),
    # NULL: it is not in its channel. Else it may be, and is looked for so many times before it is sent again.
    Column("attempted_at", Moment),
    Column("attempts", Integer, nullable=False, default=0),
    # How many of them may have doubled it, because its channel's history could not be read.
    Column("unverified", Integer, nullable=False, default=0),
    Column("looks_left", Integer, nullable=False, default=0),
    Column("settled_at", Moment),
    Column("ts", String),
    Column("dead_because", Text),
    Column("watch_id", ForeignKey("watches.id", ondelete="SET NULL"), index=True),
    # For a watch's card: up to which of its watch's wanted changes it shows.
    Column("shows_wanted", Integer),
)
Index(None, posts.c.settled_at)
_only_where("ix_posts_open", posts.c.destination_key, posts.c.created_at, where=posts.c.settled_at.is_(None))

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("destination_key", ForeignKey("destinations.key"), nullable=False, index=True),
    Column("old_status", String, nullable=False),
    Column("new_status", String, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("mentions", DOCUMENT, nullable=False),
    Column("snapshot", DOCUMENT, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("post_id", ForeignKey("posts.id")),
    Column("dead_because", Text),
    # Why it comes there, when it could not be said where somebody asked for it.
    Column("note", Text, nullable=False, default=""),
    # Since when it is not sent, because everybody's subscription there is paused.
    Column("held_at", Moment),
    # Whether it goes before what else waits there, and by itself.
    Column("urgent", Boolean, nullable=False, default=False),
    UniqueConstraint("job_id", "seq", "destination_key"),
)
# Without those in no post: SQLite would look for what is owed among all of them, not place by place.
_only_where("ix_deliveries_post_id", deliveries.c.post_id, where=deliveries.c.post_id.is_not(None))
_only_where(
    "ix_deliveries_owed",
    deliveries.c.destination_key,
    deliveries.c.created_at,
    where=deliveries.c.post_id.is_(None) & deliveries.c.held_at.is_(None),
)
_only_where(
    "ix_deliveries_held",
    deliveries.c.destination_key,
    deliveries.c.held_at,
    where=deliveries.c.held_at.is_not(None),
)

# How often Slack may be called: a row for each method, and for posts one more for each channel (else '').
budgets = Table(
    "budgets",
    metadata,
    Column("method", String, primary_key=True),
    Column("channel_id", String, primary_key=True),
    Column("opens_at", Moment, nullable=False),
    # Until when Slack itself asked for a rest, the longest that it did.
    Column("refused_until", Moment),
)

actions = Table(
    "actions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("outcome", Text, nullable=False, default=""),
)
_only_where("uq_actions_open", actions.c.job_id, where=actions.c.closed_at.is_(None), unique=True)

# One row for every attempt, allowed or not. No foreign keys: it outlives the job and the action.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("asked_at", Moment, nullable=False),
    Column("user_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("job_id", String, nullable=False, index=True),
    Column("allowed", Boolean, nullable=False),
    Column("action_id", Integer, index=True),
    Column("outcome", Text, nullable=False, default=""),
    Column("closed_at", Moment),
)

# A file that somebody was promised. `worked_on_at` grows old when the process that makes it has died.
exports = Table(
    "exports",
    metadata,
    Column("id", String, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("channel_id", String, nullable=False),
    Column("typed", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("worked_on_at", Moment, nullable=False),
    Column("closed_at", Moment),
)
_only_where("uq_exports_open", exports.c.user_id, where=exports.c.closed_at.is_(None), unique=True)

presses = Table(
    "presses",
    metadata,
    Column("trigger_id", String, primary_key=True),
    Column("pressed_at", Moment, nullable=False, index=True),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("token", Integer, nullable=False),
    Column("until", Moment, nullable=False),
)

meta = Table(
    "meta", metadata, Column("name", String, primary_key=True), Column("value", Text, nullable=False)
)
