"""Who asked for what and what came of it; and the small things to remember: presses, ticks, whose this is."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Action, ActionKind, require_aware
from dojobbot.errors import ActionInFlight, ScopeMismatch
from dojobbot.leases import Lease
from dojobbot.store import jobs, leases, rows
from dojobbot.store.follows import mark_cards_old
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import actions, audit, meta, presses

PRESS_MEMORY = timedelta(days=1)
LAST_GOOD_TICK = "last_good_tick"
LAST_LOOK = "last_look"
LAST_PING = "last_ping"
SCOPE = "scope:"
UNANSWERED = "unanswered"
IS_OPEN = actions.c.closed_at.is_(None)


# --- actions and audit


async def begin_action(
    connection: AsyncConnection,
    kind: ActionKind,
    job_id: str,
    user_id: str,
    now: datetime,
    *,
    expires: timedelta,
) -> Action:
    """Open an action with its audit row; raises ActionInFlight while another of the job is young."""
    if not await jobs.find_all(connection, [job_id], to_write=True):
        raise jobs.not_stored(job_id)
    for other in await open_actions(connection, [job_id]):
        if now - other.asked_at < expires:
            raise ActionInFlight(f"Somebody asked to {other.kind} this job a moment ago.")
        await close_action(connection, other.id, UNANSWERED, now)
    asked = {"job_id": job_id, "kind": kind.value, "user_id": user_id, "asked_at": now}
    row = (await connection.execute(insert(actions).values(**asked).returning(actions))).one()
    await connection.execute(insert(audit).values(**asked, allowed=True, action_id=row.id))
    await mark_cards_old(connection, [job_id], now)
    return rows.action(row)


async def open_actions(connection: AsyncConnection, job_ids: Iterable[str]) -> tuple[Action, ...]:
    """Give the actions of jobs that wait for an answer, oldest first."""
    query = select(actions).where(actions.c.job_id.in_(tuple(job_ids)), IS_OPEN).order_by(actions.c.id)
    return tuple(rows.action(row) for row in await connection.execute(query))


async def jobs_acted_on(connection: AsyncConnection) -> frozenset[str]:
    """Give the ids of the jobs with an action that waits for an answer."""
    return frozenset((await connection.scalars(select(actions.c.job_id).where(IS_OPEN))).all())


async def close_action(connection: AsyncConnection, action_id: int, outcome: str, now: datetime) -> None:
    """Close an action and its audit row with an outcome, unless it is closed."""
    closed = await connection.execute(
        update(actions)
        .where(actions.c.id == action_id, IS_OPEN)
        .values(closed_at=now, outcome=outcome)
        .returning(actions.c.job_id)
    )
    job_id = closed.scalar_one_or_none()
    if job_id is None:
        return
    await connection.execute(
        update(audit).where(audit.c.action_id == action_id).values(closed_at=now, outcome=outcome)
    )
    await mark_cards_old(connection, [job_id], now)


async def expire_actions(
    connection: AsyncConnection, now: datetime, limits: Mapping[ActionKind, timedelta]
) -> int:
    """Close what waits for an answer longer than the limit of its kind; returns how many there were."""
    query = select(actions.c.id, actions.c.kind, actions.c.asked_at).where(IS_OPEN).order_by(actions.c.id)
    rows_of_open = (await connection.execute(query.with_for_update(key_share=True))).all()
    expired = [row.id for row in rows_of_open if now - row.asked_at >= limits[ActionKind(row.kind)]]
    for action_id in expired:
        await close_action(connection, action_id, UNANSWERED, now)
    return len(expired)


async def latest_action(connection: AsyncConnection, job_id: str) -> Action | None:
    """Give the newest action of a job."""
    query = select(actions).where(actions.c.job_id == job_id).order_by(actions.c.id.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else rows.action(row)


async def record_refusal(
    connection: AsyncConnection, kind: ActionKind, job_id: str, user_id: str, *, reason: str, now: datetime
) -> None:
    """Write the audit row of an attempt that was not allowed."""
    await connection.execute(
        insert(audit).values(
            job_id=job_id,
            kind=kind.value,
            user_id=user_id,
            asked_at=now,
            allowed=False,
            outcome=reason,
            closed_at=now,
        )
    )


# --- presses


async def first_press(connection: AsyncConnection, trigger_id: str, now: datetime) -> bool:
    """Remember a press for a day; False when it is remembered already."""
    await connection.execute(delete(presses).where(presses.c.pressed_at < now - PRESS_MEMORY))
    inserted = await connection.execute(
        insert_new(connection, presses), {"trigger_id": trigger_id, "pressed_at": now}
    )
    return inserted.rowcount == 1


# --- meta


async def ping(connection: AsyncConnection) -> None:
    """Write next to nothing, and something else each time: the same again might not reach the file."""
    await _set(connection, LAST_PING, uuid.uuid4().hex)


async def last_good_tick(connection: AsyncConnection) -> datetime | None:
    """Give when the last complete tick began."""
    text = await connection.scalar(select(meta.c.value).where(meta.c.name == LAST_GOOD_TICK))
    return None if text is None else datetime.fromisoformat(text)


async def last_look(connection: AsyncConnection) -> datetime | None:
    """Give when the last complete tick began, on the database's clock."""
    text = await connection.scalar(select(meta.c.value).where(meta.c.name == LAST_LOOK))
    return None if text is None else datetime.fromisoformat(text)


async def set_last_good_tick(
    connection: AsyncConnection, moment: datetime, *, began_at: datetime | None, under: Lease | None
) -> None:
    """Remember when the last complete tick began, on the platform's clock and on the database's."""
    await leases.require(connection, under)
    await _set(connection, LAST_GOOD_TICK, require_aware(moment).isoformat())
    await _set(connection, LAST_LOOK, require_aware(began_at or moment).isoformat())


async def _set(connection: AsyncConnection, name: str, value: str) -> None:
    await connection.execute(insert_new(connection, meta), {"name": name, "value": value})
    await connection.execute(update(meta).where(meta.c.name == name).values(value=value))


async def bind(connection: AsyncConnection, scope: Mapping[str, str]) -> None:
    """Compare each value of the scope with what was bound before; what was not is bound now.

    Raises ScopeMismatch.
    """
    for name, value in scope.items():
        await connection.execute(insert_new(connection, meta), {"name": SCOPE + name, "value": value})
        bound = await connection.scalar(select(meta.c.value).where(meta.c.name == SCOPE + name))
        if bound != value:
            raise ScopeMismatch(f"This database belongs to {name} {bound}, and the settings say {value}.")
