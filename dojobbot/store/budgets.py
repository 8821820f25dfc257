"""How often Slack may be called, shared by all who send: one row a method, and for posts one a channel.

A claim takes its slot in the transaction that claims, so that no two senders take the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Destination
from dojobbot.limits import CHANNEL_POSTS, POSTS, TIER_3, Budget
from dojobbot.outbox import Turn
from dojobbot.store.inserting import insert_new
from dojobbot.store.tables import EPOCH, budgets

__all__ = [
    "POST",
    "UPDATE",
    "cap_rests",
    "give_back",
    "is_shut",
    "method",
    "methods",
    "openings",
    "refused",
    "spend",
]

POST = "chat.postMessage"
UPDATE = "chat.update"
HISTORY = "conversations.history"
REPLIES = "conversations.replies"
METHODS = {POST: POSTS, UPDATE: TIER_3, HISTORY: TIER_3, REPLIES: TIER_3}
WHOLE_WORKSPACE = ""


def method(turn: Turn, *, in_thread: bool) -> str:
    """Name the method that a turn calls."""
    if turn is Turn.LOOK:
        return REPLIES if in_thread else HISTORY
    return POST if turn is Turn.POST else UPDATE


def methods(turn: Turn) -> frozenset[str]:
    """Name the methods that a turn may call, in one place or another."""
    return frozenset(method(turn, in_thread=each) for each in (False, True))


def is_shut(turn: Turn, openings: Mapping[str, datetime], now: datetime) -> bool:
    """Whether the budgets allow a turn nowhere at present."""
    return all(openings[name] > now for name in methods(turn))


async def openings(connection: AsyncConnection, *, to_spend: bool = False) -> dict[str, datetime]:
    """Give for each method from when on it may be called.

    `to_spend` holds the rows until the end of the transaction: who claims meanwhile waits.
    """
    query = select(budgets.c.method, budgets.c.opens_at).where(budgets.c.channel_id == WHOLE_WORKSPACE)
    if to_spend:
        query = query.order_by(budgets.c.method).with_for_update()
    found = {row.method: row.opens_at for row in await connection.execute(query)}
    if to_spend and len(found) < len(METHODS):
        for name in sorted(METHODS):
            await _ensure(connection, name, WHOLE_WORKSPACE)
        return await openings(connection, to_spend=True)
    return {name: found.get(name, EPOCH) for name in METHODS}


async def spend(connection: AsyncConnection, turn: Turn, destination: Destination, now: datetime) -> None:
    """Take a slot for what a turn does at a destination. The methods' rows are held."""
    for name, channel_id, budget in _budgets(turn, destination):
        await _ensure(connection, name, channel_id)
        opens_at, _ = await _moments(connection, name, channel_id)
        await _set(connection, name, channel_id, budget.after(opens_at, now))


async def give_back(connection: AsyncConnection, turn: Turn, destination: Destination) -> None:
    """Give back a slot that was not used."""
    await openings(connection, to_spend=True)
    for name, channel_id, budget in _budgets(turn, destination):
        opens_at, refused_until = await _moments(connection, name, channel_id)
        # The slot was taken before Slack asked for a rest, which is no shorter for it.
        await _set(connection, name, channel_id, max(opens_at - budget.every, refused_until))


async def refused(
    connection: AsyncConnection, turn: Turn, destination: Destination, *, until: datetime, now: datetime
) -> None:
    """Let rest what Slack refused.

    A refused post is usually about its channel; when another channel's is refused while the first one rests,
    it is about the workspace.
    """
    await openings(connection, to_spend=True)
    name = method(turn, in_thread=destination.thread_ts is not None)
    if turn is not Turn.POST:
        await _rest(connection, name, WHOLE_WORKSPACE, until)
        return
    others = select(func.count()).where(
        budgets.c.method == name,
        budgets.c.channel_id.not_in((WHOLE_WORKSPACE, destination.channel_id)),
        budgets.c.refused_until > now,
    )
    await _ensure(connection, name, destination.channel_id)
    await _rest(connection, name, destination.channel_id, until)
    if await connection.scalar(others):
        await _rest(connection, name, WHOLE_WORKSPACE, until)


async def cap_rests(connection: AsyncConnection, latest: datetime) -> None:
    """Let no method and no channel rest for longer."""
    for moment in (budgets.c.opens_at, budgets.c.refused_until):
        await connection.execute(update(budgets).where(moment > latest).values({moment: latest}))


def _budgets(turn: Turn, destination: Destination) -> list[tuple[str, str, Budget]]:
    """Give what a turn at a destination counts against."""
    name = method(turn, in_thread=destination.thread_ts is not None)
    counted = [(name, WHOLE_WORKSPACE, METHODS[name])]
    if turn is Turn.POST:
        counted.append((name, destination.channel_id, CHANNEL_POSTS))
    return counted


async def _ensure(connection: AsyncConnection, name: str, channel_id: str) -> None:
    values = {"method": name, "channel_id": channel_id, "opens_at": EPOCH}
    await connection.execute(insert_new(connection, budgets), values)


async def _moments(connection: AsyncConnection, name: str, channel_id: str) -> tuple[datetime, datetime]:
    """Give from when on a call may be made, and until when Slack asked for a rest; long ago where neither."""
    this = (budgets.c.method == name) & (budgets.c.channel_id == channel_id)
    query = select(budgets.c.opens_at, budgets.c.refused_until).where(this)
    row = (await connection.execute(query)).one_or_none()
    return (EPOCH, EPOCH) if row is None else (row.opens_at, row.refused_until or EPOCH)


async def _set(connection: AsyncConnection, name: str, channel_id: str, opens_at: datetime) -> None:
    this = (budgets.c.method == name) & (budgets.c.channel_id == channel_id)
    await connection.execute(update(budgets).where(this).values(opens_at=opens_at))


async def _rest(connection: AsyncConnection, name: str, channel_id: str, until: datetime) -> None:
    this = (budgets.c.method == name) & (budgets.c.channel_id == channel_id)
    opens_at, refused_until = await _moments(connection, name, channel_id)
    await connection.execute(
        update(budgets)
        .where(this)
        .values(opens_at=max(opens_at, until), refused_until=max(refused_until, until))
    )
