"""Live cards of many jobs: which jobs belong to them, and how they begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED, Batch, BatchKind, Destination, Job, Watch
from dojobbot.following import Gathered
from dojobbot.store import gate, rows
from dojobbot.store.follows import (
    IS_BATCH,
    IS_WATCHING,
    ensure_destination,
    mark_card_old,
    stop_this_watch,
)
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import batch_members, destinations, jobs, watches

__all__ = ["add", "holding", "is_open", "join", "members", "stop", "watched_singly"]

LATELY = timedelta(days=1)
COLUMNS = {BatchKind.TAG: jobs.c.tag, BatchKind.SESSION: jobs.c.session}


async def add(
    connection: AsyncConnection,
    user_id: str,
    batch: Batch,
    job_ids: Sequence[str],
    destination: Destination,
    *,
    note: str,
    last_note: str | None,
    now: datetime,
) -> Gathered:
    """Open the watch of a batch, or let the one that is open there show these jobs, too.

    Its jobs are those given, and all that are stored, not hidden ones, with its tag or session. What of these
    ended long ago is left out: a tag may be old, and is wanted for what is going on.
    """
    await ensure_destination(connection, destination, now)
    await gate.close(connection)
    wish = {
        "user_id": user_id,
        "job_id": job_ids[0],
        "destination_key": destination.key,
        "created_at": now,
        "wanted": 1,
        "waiting_since": now,
        "note": note,
        "batch_kind": batch.kind.value,
        "batch_key": batch.key,
    }
    watch_id, is_new = await _open(connection, wish)
    stopped_at = func.coalesce(jobs.c.completed_at, jobs.c.updated_at, jobs.c.read_at)
    is_lately = jobs.c.status.not_in(ENDED) | (stopped_at > now - LATELY)
    named = jobs.c.id.in_(job_ids)
    found = select(literal(watch_id), jobs.c.id).where(
        or_(named, _carries(batch) & is_lately), ~jobs.c.hidden
    )
    joined = await connection.execute(
        insert_new(connection, batch_members).from_select(["watch_id", "job_id"], found)
    )
    if joined.rowcount and not is_new:
        await mark_card_old(connection, watch_id, now)
    replaced = 0
    if last_note is not None:
        replaced = await _replace(connection, watch_id, job_ids, destination, note=last_note, now=now)
    return Gathered(is_new=is_new, joined=joined.rowcount, replaced=replaced)


async def _open(connection: AsyncConnection, wish: dict[str, object]) -> tuple[int, bool]:
    """Give the open watch of a batch in a place, and whether it was opened now."""
    these = {name: wish[name] for name in ("destination_key", "batch_kind", "batch_key")}
    there = select(watches.c.id).filter_by(**these).where(IS_WATCHING).with_for_update(key_share=True)
    while True:
        made = await connection.scalar(insert_new(connection, watches).values(wish).returning(watches.c.id))
        if made is not None:
            return made, True
        found = await connection.scalar(there)
        # None: it was over before it could be held, so there is room for a new one.
        if found is not None:
            return found, False


async def _replace(
    connection: AsyncConnection,
    watch_id: int,
    job_ids: Sequence[str],
    destination: Destination,
    *,
    note: str,
    now: datetime,
) -> int:
    """End the cards of their own that jobs have beside the one that shows them; returns how many."""
    shown = select(batch_members.c.job_id).where(batch_members.c.watch_id == watch_id)
    singles = (
        select(watches.c.id)
        .where(watches.c.destination_key == destination.key, IS_WATCHING, ~IS_BATCH)
        .where(watches.c.job_id.in_(job_ids), watches.c.job_id.in_(shown))
        .order_by(watches.c.id)
        .with_for_update(key_share=True)
    )
    found = (await connection.scalars(singles)).all()
    for each in found:
        await stop_this_watch(connection, each, note=note, now=now)
    return len(found)


def _carries(batch: Batch) -> ColumnElement[bool]:
    column = COLUMNS.get(batch.kind)
    return literal(False) if column is None else column == batch.key


async def join(connection: AsyncConnection, seen: Iterable[Job]) -> None:
    """Let jobs that were just stored belong to the open batches whose tag or session they carry."""
    for kind in COLUMNS:
        carried = {job.id: key for job in seen if not job.hidden and (key := _key(job, kind))}
        if not carried:
            continue
        query = select(watches.c.id, watches.c.batch_key).where(
            IS_WATCHING, watches.c.batch_kind == kind.value, watches.c.batch_key.in_(set(carried.values()))
        )
        open_ones = (await connection.execute(query)).all()
        pairs = [
            {"watch_id": each.id, "job_id": job_id}
            for each in open_ones
            for job_id, key in carried.items()
            if key == each.batch_key
        ]
        if pairs:
            await connection.execute(insert_new(connection, batch_members), pairs)


def _key(job: Job, kind: BatchKind) -> str | None:
    return job.tag if kind is BatchKind.TAG else job.session


async def members(connection: AsyncConnection, watch_id: int) -> tuple[Job, ...]:
    """Give the jobs of a batch, oldest first."""
    query = (
        select(jobs)
        .join(batch_members, batch_members.c.job_id == jobs.c.id)
        .where(batch_members.c.watch_id == watch_id)
        .order_by(jobs.c.created_at, jobs.c.id)
    )
    return tuple(rows.known_job(row).job for row in await connection.execute(query))


async def holding(connection: AsyncConnection, job_id: str, destination: Destination) -> Watch | None:
    """Give the oldest open watch at a destination of a batch that a job belongs to."""
    query = (
        select(watches, destinations.c.channel_id, destinations.c.thread_ts)
        .join(destinations)
        .join(batch_members, batch_members.c.watch_id == watches.c.id)
        .where(batch_members.c.job_id == job_id, destinations.c.key == destination.key, IS_WATCHING)
        .order_by(watches.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else rows.watch(row)


async def is_open(connection: AsyncConnection, batch: Batch, destination: Destination) -> bool:
    """Whether there is an open watch of a batch at a destination."""
    these = {"destination_key": destination.key, "batch_kind": batch.kind.value, "batch_key": batch.key}
    query = select(watches.c.id).filter_by(**these).where(IS_WATCHING)
    return await connection.scalar(query) is not None


async def watched_singly(connection: AsyncConnection, destination: Destination) -> tuple[Job, ...]:
    """Give the jobs that have an open watch of their own at a destination."""
    query = (
        select(jobs)
        .join(watches, watches.c.job_id == jobs.c.id)
        .where(watches.c.destination_key == destination.key, IS_WATCHING, ~IS_BATCH)
        .order_by(watches.c.id)
    )
    return tuple(rows.known_job(row).job for row in await connection.execute(query))


async def stop(
    connection: AsyncConnection, watch_id: int, destination: Destination, *, note: str, now: datetime
) -> bool:
    """Ask for the last edit of a batch's card, and its end. False when no such watch is open there."""
    this = (watches.c.id == watch_id) & (watches.c.destination_key == destination.key) & IS_BATCH
    query = select(watches.c.id).where(this, IS_WATCHING).with_for_update(key_share=True)
    found = await connection.scalar(query)
    if found is None:
        return False
    await stop_this_watch(connection, watch_id, note=note, now=now)
    return True
