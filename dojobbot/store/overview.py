"""What is stored about one person: their jobs, and what they follow."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED, Job, Subscription, Watch
from dojobbot.following import LAST_ENDED, Overview
from dojobbot.orders import Person
from dojobbot.store import rows
from dojobbot.store.follows import IS_OPEN, IS_WATCHING
from dojobbot.store.jobs import NEWEST_FIRST, any_of, find_all
from dojobbot.store.tables import destinations, jobs, subscriptions, watches

__all__ = ["overview"]

OF_EACH_STATUS = 10
AMONG_NEWEST = 200
"""Of so many of the newest jobs that have ended, the last ones: a long history is not read."""
MOST_FOLLOWED = 50
WHERE = (destinations.c.channel_id, destinations.c.thread_ts)
IN_ALL = func.count().over().label("in_all")


async def overview(
    connection: AsyncConnection, user_id: str, person: Person, project_id: str | None
) -> Overview:
    """Give what is stored about a person; see the port."""
    theirs = await any_of(connection, jobs.c.created_by, person.created) & ~jobs.c.hidden
    if project_id is not None:
        theirs &= jobs.c.project_id == project_id
    under_way, counts = await _under_way(connection, theirs)
    told, told_in_all = await _told(connection, user_id)
    watched, watched_in_all = await _watched(connection, user_id)
    known = await find_all(connection, {each.job_id for each in told} | {each.job_id for each in watched})
    return Overview(
        under_way=under_way,
        counts=counts,
        ended=await _ended(connection, theirs),
        told=tuple((each, known[each.job_id].job) for each in told),
        told_in_all=told_in_all,
        watched=tuple((each, known[each.job_id].job) for each in watched),
        watched_in_all=watched_in_all,
    )


async def _under_way(
    connection: AsyncConnection, theirs: ColumnElement[bool]
) -> tuple[tuple[Job, ...], dict[str, int]]:
    """Give the newest of each status, so that many of one do not hide the few of another."""
    ranked = (
        select(
            jobs.c.id,
            func.row_number().over(partition_by=jobs.c.status, order_by=NEWEST_FIRST).label("place"),
            func.count().over(partition_by=jobs.c.status).label("of_status"),
        )
        .where(theirs, jobs.c.status.not_in(ENDED))
        .subquery()
    )
    query = (
        select(jobs, ranked.c.of_status)
        .join(ranked, ranked.c.id == jobs.c.id)
        .where(ranked.c.place <= OF_EACH_STATUS)
        .order_by(*NEWEST_FIRST)
    )
    found = (await connection.execute(query)).all()
    return tuple(rows.known_job(row).job for row in found), {row.status: row.of_status for row in found}


async def _ended(connection: AsyncConnection, theirs: ColumnElement[bool]) -> tuple[Job, ...]:
    newest = (
        select(jobs)
        .where(theirs, jobs.c.status.in_(ENDED))
        .order_by(*NEWEST_FIRST)
        .limit(AMONG_NEWEST)
        .subquery()
    )
    at = func.coalesce(newest.c.completed_at, newest.c.updated_at, newest.c.created_at)
    query = select(newest).order_by(at.desc().nulls_last(), newest.c.id).limit(LAST_ENDED)
    return tuple(rows.known_job(row).job for row in await connection.execute(query))


async def _told(connection: AsyncConnection, user_id: str) -> tuple[list[Subscription], int]:
    query = (
        select(subscriptions, *WHERE, IN_ALL)
        .join(destinations)
        .where(subscriptions.c.user_id == user_id, IS_OPEN)
        .order_by(subscriptions.c.id.desc())
        .limit(MOST_FOLLOWED)
    )
    found = (await connection.execute(query)).all()
    return [rows.subscription(row) for row in found], found[0].in_all if found else 0


async def _watched(connection: AsyncConnection, user_id: str) -> tuple[list[Watch], int]:
    query = (
        select(watches, *WHERE, IN_ALL)
        .join(destinations)
        .where(watches.c.user_id == user_id, IS_WATCHING)
        .order_by(watches.c.id.desc())
        .limit(MOST_FOLLOWED)
    )
    found = (await connection.execute(query)).all()
    return [rows.watch(row) for row in found], found[0].in_all if found else 0
