"""Places where nothing can be posted any more: what was wished there is paused, held, resumed or moved.

Each of these is part of one transaction with what found the place closed, or with what somebody pressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Delivery, Destination, Owed, Watch
from dojobbot.fates import Pause, Resumed, Stranded
from dojobbot.outbox import Claim
from dojobbot.store import jobs, posts, rows
from dojobbot.store.claims import holds
from dojobbot.store.deliveries import owe_also
from dojobbot.store.follows import IS_OPEN, IS_WATCHING, ensure_destination
from dojobbot.store.tables import deliveries, destinations, subscriptions, watches

IS_PAUSED = IS_OPEN & subscriptions.c.paused_at.is_not(None)
WHERE = (destinations.c.channel_id, destinations.c.thread_ts)


async def stranded(connection: AsyncConnection, place: Destination) -> tuple[Stranded, ...]:
    """Give what people follow in a place, person by person."""
    wished = (
        select(subscriptions, *WHERE)
        .join(destinations)
        .where(_within(place), IS_OPEN, subscriptions.c.paused_at.is_(None))
        .order_by(subscriptions.c.id)
    )
    mine = [rows.subscription(row) for row in await connection.execute(wished)]
    live = (
        select(watches, *WHERE).join(destinations).where(_within(place), IS_WATCHING).order_by(watches.c.id)
    )
    cards = [rows.watch(row) for row in await connection.execute(live)]
    job_ids = {each.job_id for each in mine} | {each.job_id for each in cards}
    known = await jobs.find_all(connection, job_ids)
    found = []
    for user_id in dict.fromkeys([*(each.user_id for each in mine), *(each.user_id for each in cards)]):
        told = tuple(each for each in mine if each.user_id == user_id)
        shown = tuple(each for each in cards if each.user_id == user_id)
        found.append(
            Stranded(
                user_id=user_id,
                subscriptions=told,
                watches=shown,
                told=tuple(known[job_id].job for job_id in dict.fromkeys(each.job_id for each in told)),
                watched=tuple(
                    known[job_id].job
                    for job_id in dict.fromkeys(each.job_id for each in shown if each.batch is None)
                ),
                batches=tuple(
                    (each.batch, known[each.job_id].job) for each in shown if each.batch is not None
                ),
            )
        )
    return tuple(found)


async def bury(
    connection: AsyncConnection,
    claim: Claim,
    post_id: str,
    reason: str,
    now: datetime,
    *,
    pauses: Sequence[Pause],
) -> None:
    """Record that a post can't arrive, and pause what was wished there."""
    await _pause(connection, claim, pauses, now)
    await posts.bury(connection, claim, post_id, reason, now)


async def redirect(
    connection: AsyncConnection,
    claim: Claim,
    post_id: str,
    reason: str,
    *,
    dms: Mapping[str, Destination],
    note: str,
    pauses: Sequence[Pause],
    now: datetime,
) -> int:
    """Record that a notice can't arrive, owe what it carried elsewhere, and pause what was wished there."""
    await _pause(connection, claim, pauses, now)
    return await posts.redirect(connection, claim, post_id, reason, dms=dms, note=note, now=now)


async def end_watch(
    connection: AsyncConnection,
    claim: Claim,
    watch: Watch,
    reason: str,
    now: datetime,
    *,
    pauses: Sequence[Pause],
) -> None:
    """End a watch whose card can't be edited, and pause what was wished there."""
    await _pause(connection, claim, pauses, now)
    await posts.end_watch(connection, claim, watch, reason, now)


async def _pause(connection: AsyncConnection, claim: Claim, pauses: Sequence[Pause], now: datetime) -> None:
    """Pause what is still open; only whom that concerns is told, so nobody is told twice."""
    if not pauses or not await holds(connection, claim):
        return
    for each in pauses:
        paused = await connection.execute(
            update(subscriptions)
            .where(
                subscriptions.c.id.in_([wish.id for wish in each.stranded.subscriptions]),
                IS_OPEN,
                subscriptions.c.paused_at.is_(None),
            )
            .values(paused_at=now, paused_because=each.because)
        )
        ended = await connection.execute(
            update(watches)
            .where(watches.c.id.in_([watch.id for watch in each.stranded.watches]), IS_WATCHING)
            .values(closed_at=now, closed_because=each.because)
        )
        if each.post is not None and paused.rowcount + ended.rowcount:
            await posts.add(connection, each.post)


async def paused(connection: AsyncConnection, user_id: str, place: Destination) -> Resumed:
    """Count what of a person's wishes rests in a place."""
    query = select(subscriptions.c.id).where(*_paused_for(user_id, place))
    wishes = (await connection.scalars(query)).all()
    return Resumed(len(wishes), len(await _held_for(connection, user_id, place, to_write=False)))


async def resume(connection: AsyncConnection, user_id: str, place: Destination) -> Resumed:
    """Let a person's wishes in a place go on, and send what was held there."""
    resumed = await connection.execute(
        update(subscriptions).where(*_paused_for(user_id, place)).values(paused_at=None, paused_because=None)
    )
    held = await _held_for(connection, user_id, place)
    await connection.execute(
        update(deliveries).where(deliveries.c.id.in_([each.id for each in held])).values(held_at=None)
    )
    return Resumed(resumed.rowcount, len(held))


async def move(
    connection: AsyncConnection,
    user_id: str,
    place: Destination,
    to: Destination,
    *,
    note: str,
    now: datetime,
) -> Resumed:
    """Let a person's wishes go on elsewhere, and owe what was held for them there."""
    await ensure_destination(connection, to, now)
    mine = select(subscriptions).where(*_paused_for(user_id, place)).order_by(subscriptions.c.id)
    wishes = (await connection.execute(mine.with_for_update(key_share=True))).all()
    for job_id in dict.fromkeys(each.job_id for each in wishes):
        await _unite(connection, user_id, [each for each in wishes if each.job_id == job_id], to, now)
    held = await _held_for(connection, user_id, place)
    for each in held:
        wish = Owed(to, (user_id,), urgent=each.urgent)
        await owe_also(connection, each.transition, wish, each.snapshot, now, note=each.note or note)
        await _take_from(connection, each, user_id)
    return Resumed(len(wishes), len(held))


async def _unite(
    connection: AsyncConnection,
    user_id: str,
    wishes: Sequence[rows.AnyRow],
    to: Destination,
    now: datetime,
) -> None:
    """Make one wish in the new place of those about one job, the widest of them."""
    there = select(subscriptions).where(
        IS_OPEN,
        subscriptions.c.user_id == user_id,
        subscriptions.c.job_id == wishes[0].job_id,
        subscriptions.c.destination_key == to.key,
    )
    found = (await connection.execute(there.with_for_update(key_share=True))).all()
    kept, *spare = list(found) + list(wishes)
    await connection.execute(
        update(subscriptions).where(subscriptions.c.id.in_([each.id for each in spare])).values(closed_at=now)
    )
    await connection.execute(
        update(subscriptions)
        .where(subscriptions.c.id == kept.id)
        .values(
            destination_key=to.key,
            paused_at=None,
            paused_because=None,
            failures_only=all(each.failures_only for each in (kept, *spare)),
        )
    )


async def _take_from(connection: AsyncConnection, held: Delivery, user_id: str) -> None:
    """Leave a held delivery to the others whom it mentions; without others it is over."""
    others = tuple(user for user in held.mentions if user != user_id)
    this = deliveries.c.id == held.id
    if others:
        await connection.execute(update(deliveries).where(this).values(mentions=others))
    else:
        await connection.execute(delete(deliveries).where(this))


async def _held_for(
    connection: AsyncConnection, user_id: str, place: Destination, *, to_write: bool = True
) -> tuple[Delivery, ...]:
    query = (
        select(deliveries, *WHERE)
        .join(destinations)
        .where(_within(place), deliveries.c.held_at.is_not(None))
        .order_by(deliveries.c.id)
    )
    if to_write:
        query = query.with_for_update(of=deliveries, key_share=True)
    found = (rows.delivery(row, rows.destination(row)) for row in await connection.execute(query))
    return tuple(each for each in found if user_id in each.mentions)


def _paused_for(user_id: str, place: Destination) -> tuple[ColumnElement[bool], ...]:
    keys = select(destinations.c.key).where(_within(place))
    return (IS_PAUSED, subscriptions.c.user_id == user_id, subscriptions.c.destination_key.in_(keys))


def _within(place: Destination) -> ColumnElement[bool]:
    """Whether a destination is the place, or a thread of it."""
    there = destinations.c.channel_id == place.channel_id
    return there if place.thread_ts is None else there & (destinations.c.thread_ts == place.thread_ts)
