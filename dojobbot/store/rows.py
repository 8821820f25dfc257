"""Domain values to rows and back, pure."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row

from dojobbot.domain import (
    Action,
    ActionKind,
    Batch,
    BatchKind,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Owed,
    Post,
    PostKind,
    Progress,
    Quote,
    QuoteLine,
    Subscription,
    Transition,
    Watch,
)

Values = dict[str, object]
AnyRow = Row[*tuple[Any, ...]]


def to_json(value: object) -> str:
    """Write a value, dataclasses included, as JSON text."""
    return msgspec.json.encode(value).decode()


def from_json(text: str) -> object:
    """Read JSON text into plain lists and dicts."""
    return msgspec.json.decode(text)


def job_digest(job: Job) -> str:
    """Give the same for equal jobs, and something else when anything about them differs."""
    return hashlib.blake2b(msgspec.json.encode(job), digest_size=16).hexdigest()


def job_values(known: KnownJob) -> Values:
    """Give the columns of `jobs` for a job, apart from those of its last transition."""
    job = known.job
    return {
        "id": job.id,
        "status": job.status,
        "raw_status": job.raw_status,
        "resource_id": job.resource_id,
        "name": job.name,
        "tool_key": job.tool_key,
        "tool_version": job.tool_version,
        "created_by": job.created_by,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "updated_at": job.updated_at,
        "reason": job.reason,
        "progress": job.progress,
        "quote_amount": None if job.quote is None else job.quote.amount,
        "quote_digest": None if job.quote is None else job.quote.digest,
        "quote_lines": None if job.quote is None else job.quote.lines,
        "project_id": job.project_id,
        "tag": job.tag,
        "session": job.session,
        "hidden": job.hidden,
        "seq": known.seq,
        "read_at": known.read_at,
        "digest": job_digest(job),
    }


def known_job(row: AnyRow) -> KnownJob:
    """Read a row of `jobs`."""
    job = Job(
        id=row.id,
        status=row.status,
        raw_status=row.raw_status,
        resource_id=row.resource_id,
        name=row.name,
        tool_key=row.tool_key,
        tool_version=row.tool_version,
        created_by=row.created_by,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
        updated_at=row.updated_at,
        reason=row.reason,
        progress=None if row.progress is None else msgspec.convert(row.progress, Progress),
        quote=None if row.quote_digest is None else _quote(row),
        project_id=row.project_id,
        tag=row.tag,
        session=row.session,
        hidden=row.hidden,
    )
    return KnownJob(job=job, seq=row.seq, read_at=row.read_at)


def _quote(row: AnyRow) -> Quote:
    # Null in rows that are older than the column, until the job is read again.
    lines = msgspec.convert(row.quote_lines or (), tuple[QuoteLine, ...])
    return Quote(row.quote_amount, row.quote_digest, lines)


def moved_values(transition: Transition) -> Values:
    """Give the columns of `jobs` that remember its last transition."""
    return {
        "moved_seq": transition.seq,
        "moved_from": transition.old,
        "moved_at": transition.seen_at,
    }


def transition_values(transition: Transition) -> Values:
    """Give the columns of `transitions`."""
    return {
        "job_id": transition.job_id,
        "seq": transition.seq,
        "old_status": transition.old,
        "new_status": transition.new,
        "seen_at": transition.seen_at,
    }


def transition(row: AnyRow) -> Transition:
    """Read the transition in a row of `transitions` or of `deliveries`."""
    return Transition(
        job_id=row.job_id, seq=row.seq, old=row.old_status, new=row.new_status, seen_at=row.seen_at
    )


def delivery_values(
    transition: Transition, owed: Owed, snapshot: Job, now: datetime, note: str = ""
) -> Values:
    """Give the columns of `deliveries` for what a destination is owed."""
    return {
        **transition_values(transition),
        "destination_key": owed.destination.key,
        "mentions": owed.mentions,
        "snapshot": snapshot,
        "created_at": now,
        "note": note,
        "held_at": now if owed.held else None,
        "urgent": owed.urgent,
    }


def delivery(row: AnyRow, destination: Destination) -> Delivery:
    """Read a row of `deliveries`."""
    return Delivery(
        id=row.id,
        transition=transition(row),
        destination=destination,
        mentions=tuple(row.mentions),
        snapshot=msgspec.convert(row.snapshot, Job),
        note=row.note,
        urgent=row.urgent,
    )


def destination(row: AnyRow) -> Destination:
    """Read the destination in a row of `destinations`, or in one joined with it."""
    return Destination(row.channel_id, row.thread_ts)


def subscription(row: AnyRow) -> Subscription:
    """Read a row of `subscriptions` joined with its destination."""
    return Subscription(
        id=row.id,
        user_id=row.user_id,
        job_id=row.job_id,
        destination=destination(row),
        created_at=row.created_at,
        paused_at=row.paused_at,
        paused_because=row.paused_because or "",
        failures_only=row.failures_only,
    )


def watch(row: AnyRow) -> Watch:
    """Read a row of `watches` joined with its destination."""
    return Watch(
        id=row.id,
        job_id=row.job_id,
        destination=destination(row),
        user_id=row.user_id,
        created_at=row.created_at,
        ts=row.ts,
        shown=row.shown,
        wanted=row.wanted,
        note=row.note,
        closing=row.stop_asked_at is not None,
        batch=None if row.batch_kind is None else Batch(BatchKind(row.batch_kind), row.batch_key),
    )


def post_values(post: Post) -> Values:
    """Give the columns of `posts` for one that waits to be sent."""
    return {
        "id": post.id,
        "destination_key": post.destination.key,
        "kind": post.kind.value,
        "payload": post.payload,
        "created_at": post.created_at,
        "attempted_at": post.attempted_at,
        "watch_id": post.watch_id,
    }


def post(row: AnyRow, destination: Destination, deliveries: tuple[int, ...]) -> Post:
    """Read a row of `posts`."""
    return Post(
        id=row.id,
        destination=destination,
        kind=PostKind(row.kind),
        payload=row.payload,
        created_at=row.created_at,
        attempted_at=row.attempted_at,
        looks_left=row.looks_left,
        deliveries=deliveries,
        watch_id=row.watch_id,
    )


def action(row: AnyRow) -> Action:
    """Read a row of `actions`."""
    return Action(
        id=row.id,
        job_id=row.job_id,
        kind=ActionKind(row.kind),
        user_id=row.user_id,
        asked_at=row.asked_at,
        closed_at=row.closed_at,
        outcome=row.outcome,
    )
