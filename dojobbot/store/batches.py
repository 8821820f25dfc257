"""Live cards of many jobs: which jobs belong to them, and how they begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED, Batch, BatchKind, Destination, Job, Watch
from dojobbot.store import gate, rows
from dojobbot.store.follows import IS_BATCH, IS_WATCHING, ensure_destination, stop_this_watch
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import batch_members, destinations, jobs, watches

__all__ = ["add", "holding", "join", "members", "stop", "watched_singly"]

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
    now: datetime,
) -> bool:
    """Open the watch of a batch; False when one of it is open there.

    Its jobs are those given, and all that are stored, not hidden ones, with its tag or session. What of these
    ended long ago is left out: a tag may be old, and is wanted for what is going on.
    """
    await ensure_destination(connection, destination, now)
    await gate.close(connection)
    inserted = await connection.execute(
        insert_new(connection, watches)
        .values(
            user_id=user_id,
            job_id=job_ids[0],
            destination_key=destination.key,
            created_at=now,
            wanted=1,
            waiting_since=now,
            note=note,
            batch_kind=batch.kind.value,
            batch_key=batch.key,
        )
        .returning(watches.c.id)
    )
    watch_id = inserted.scalar_one_or_none()
    if watch_id is None:
        return False
    stopped_at = func.coalesce(jobs.c.completed_at, jobs.c.updated_at, jobs.c.read_at)
    is_lately = jobs.c.status.not_in(ENDED) | (stopped_at > now - LATELY)
    found = select(jobs.c.id).where(or_(jobs.c.id.in_(job_ids), _carries(batch) & is_lately), ~jobs.c.hidden)
    await connection.execute(
        insert(batch_members).from_select(["watch_id", "job_id"], _paired(watch_id, found))
    )
    return True


def _carries(batch: Batch) -> ColumnElement[bool]:
    column = COLUMNS.get(batch.kind)
    return literal(False) if column is None else column == batch.key


def _paired(watch_id: int, found: Select[tuple[str]]) -> Select[tuple[int, str]]:
    ids = found.subquery()
    return select(literal(watch_id), ids.c.id)


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
