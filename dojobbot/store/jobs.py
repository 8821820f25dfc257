"""Stored jobs: look them up, write them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    String,
    bindparam,
    column,
    func,
    select,
    text,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import KnownJob, Transition
from dojobbot.errors import StoreError
from dojobbot.orders import JobsOrder
from dojobbot.store import rows
from dojobbot.store.engine import Overtaken
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import IS_UNFINISHED, is_unfinished, jobs, transitions

NEWEST_FIRST = (jobs.c.created_at.desc().nulls_last(), jobs.c.id)
NAMED_AT_ONCE = 2_000
_READ_AT = type_coerce(jobs.c.read_at, BigInteger).label("read_at")
_LAST = tuple_(bindparam("read_at", type_=BigInteger), bindparam("id", type_=String))
THE_UNFINISHED = (
    select(_READ_AT, jobs.c.id)
    .where(IS_UNFINISHED, tuple_(jobs.c.read_at, jobs.c.id) > _LAST)
    .order_by(jobs.c.read_at, jobs.c.id)
    .limit(NAMED_AT_ONCE)
)
"""The first of them after a job; its parameters are when that was last read, as stored, and its id."""
NEVER_READ = -1
HIGHEST_CHARACTER = "\U0010ffff"


def not_stored(job_id: str) -> StoreError:
    """Say that something was wanted of a job that nobody has read yet."""
    return StoreError(f"The job {job_id} is not stored yet.", hint="Look at it with `/job <id>` first.")


async def find(connection: AsyncConnection, job_id: str) -> KnownJob | None:
    """Give a job as stored, or None."""
    row = (await connection.execute(select(jobs).where(jobs.c.id == job_id))).one_or_none()
    return None if row is None else rows.known_job(row)


async def find_all(
    connection: AsyncConnection, job_ids: Iterable[str], *, to_write: bool = False
) -> dict[str, KnownJob]:
    """Give those of the jobs that are stored, by id; `to_write`: nobody else may change them meanwhile."""
    query = select(jobs).where(jobs.c.id.in_(tuple(job_ids)))
    if to_write:
        # In one order for everybody, so that two who want the same rows do not wait for each other.
        query = query.order_by(jobs.c.id).with_for_update(key_share=True)
    return {row.id: rows.known_job(row) for row in await connection.execute(query)}


async def digests(connection: AsyncConnection, job_ids: Iterable[str]) -> dict[str, str]:
    """Give the digests of those of the jobs that are stored, by id; most are asked for in ticks."""
    wanted = set(job_ids)
    under_way = digests_under_way(wanted, connection.dialect.name)
    found = {row.id: row.digest for row in await connection.execute(under_way)}
    if rest := wanted.difference(found):
        others = select(jobs.c.id, jobs.c.digest).where(jobs.c.id.in_(rest))
        found |= {row.id: row.digest for row in await connection.execute(others)}
    return found


def digests_under_way(job_ids: Collection[str], dialect: str) -> Select[str, str]:
    """Give the query of the ids and digests of those that are under way.

    It is answered by an index that holds nothing else, so that a tick costs the same however long the history
    is. SQLite has to be told so: it would rather look among all jobs.
    """
    if dialect != "sqlite":
        return select(jobs.c.id, jobs.c.digest).where(jobs.c.id.in_(job_ids), IS_UNFINISHED)
    job_id, digest, status = (column(name, String) for name in ("id", "digest", "status"))
    indexed = text("jobs INDEXED BY ix_jobs_unfinished_digest")
    return select(job_id, digest).select_from(indexed).where(job_id.in_(job_ids), is_unfinished(status))


async def with_prefix(connection: AsyncConnection, prefix: str, limit: int) -> tuple[KnownJob, ...]:
    """Find jobs whose id starts with `prefix`, newest first, by an index on both databases."""
    if connection.dialect.name == "postgresql":
        # Its order is often that of a language, in which a range is something else.
        starts = jobs.c.id.startswith(prefix, autoescape=True)
    else:
        starts = (jobs.c.id >= prefix) & (jobs.c.id < prefix + HIGHEST_CHARACTER)
    query = select(jobs).where(starts).order_by(*NEWEST_FIRST).limit(limit)
    return tuple(rows.known_job(row) for row in await connection.execute(query))


async def meant(connection: AsyncConnection, wanted: JobsOrder, limit: int) -> tuple[KnownJob, ...]:
    """Find the jobs that an order means, newest first."""
    query = select(jobs).where(~jobs.c.hidden)
    if wanted.person is not None:
        query = query.where(await any_of(connection, jobs.c.created_by, wanted.person.created))
    if wanted.tag is not None:
        tag = wanted.tag.casefold()
        query = query.where(await any_of(connection, jobs.c.tag, lambda each: each.casefold() == tag))
    if wanted.session is not None:
        begins = func.lower(jobs.c.session).startswith(wanted.session.lower(), autoescape=True)
        # From the index alone, then by the index: most jobs need not be looked at.
        query = query.where(jobs.c.session.in_(select(jobs.c.session).where(begins)))
    if wanted.tool:
        query = query.where(func.lower(jobs.c.tool_key).contains(wanted.tool.lower(), autoescape=True))
    if wanted.statuses:
        query = query.where(jobs.c.status.in_(wanted.statuses))
    if wanted.created_after is not None:
        query = query.where(jobs.c.created_at > wanted.created_after)
    result = await connection.execute(query.order_by(*NEWEST_FIRST).limit(limit))
    return tuple(rows.known_job(row) for row in result)


async def any_of(
    connection: AsyncConnection, column: Column[Any], fits: Callable[[str], bool]
) -> ColumnElement[bool]:
    """Ask for the jobs with one of the values of an indexed column that fit.

    They are compared here, because the databases do not agree on which letters are the same in another case.
    """
    values = await connection.scalars(select(column).where(column.is_not(None)).distinct())
    return column.in_([each for each in values if fits(each)])


async def unfinished(connection: AsyncConnection) -> tuple[str, ...]:
    """Give the ids of the jobs at a status that is not terminal; see the port."""
    # There may be thousands: some at a time, so that whoever else runs gets a turn in between. Not by a
    # cursor on the server: one that breaks with its connection leaves a traceback in the log.
    found: list[str] = []
    last: Mapping[str, Any] = {"read_at": NEVER_READ, "id": ""}
    while True:
        part = (await connection.execute(THE_UNFINISHED, last)).all()
        found += [row.id for row in part]
        if len(part) < NAMED_AT_ONCE:
            return tuple(found)
        last = {"read_at": part[-1].read_at, "id": part[-1].id}


async def insert_all(connection: AsyncConnection, known: Sequence[KnownJob]) -> None:
    """Write jobs that were not stored.

    Raises Overtaken when somebody else has just stored one of them.
    """
    if not known:
        return
    in_order = sorted(known, key=lambda each: each.job.id)
    inserted = await connection.execute(
        insert_new(connection, jobs), [rows.job_values(each) for each in in_order]
    )
    if inserted.rowcount < len(known):
        raise Overtaken("A job was stored by somebody else at the same moment.")


async def update_all(connection: AsyncConnection, known: Sequence[KnownJob]) -> None:
    """Write what is new about stored jobs."""
    if known:
        await _update_each(connection, [rows.job_values(each) for each in known])


async def remember_moves(connection: AsyncConnection, transitions: Sequence[Transition]) -> None:
    """Write each job's last transition beside it."""
    if transitions:
        await _update_each(
            connection, [{"id": each.job_id, **rows.moved_values(each)} for each in transitions]
        )


async def keep_transitions(connection: AsyncConnection, seen: Sequence[Transition]) -> None:
    """Write down every transition, for whoever asks later what was seen."""
    if seen:
        await connection.execute(
            insert_new(connection, transitions), [rows.transition_values(each) for each in seen]
        )


async def _update_each(connection: AsyncConnection, values: list[rows.Values]) -> None:
    # The columns that are set are those that the parameters name.
    statement = update(jobs).where(jobs.c.id == bindparam("which"))
    await connection.execute(statement, [{"which": each.pop("id"), **each} for each in values])
