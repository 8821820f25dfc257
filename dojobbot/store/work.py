"""Which destinations have something to do, of which kind, and from when on each of them may be served.

A destination has one kind of work at a time: a post whose outcome is unknown is looked for before anything
else is sent there, and live cards are edited when there is nothing to send.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Exists,
    Select,
    Subquery,
    Table,
    bindparam,
    case,
    exists,
    func,
    literal,
    select,
    union_all,
)

from dojobbot.outbox import Turn
from dojobbot.store.budgets import METHODS, POST, method, methods
from dojobbot.store.deliveries import IS_OWED
from dojobbot.store.tables import EPOCH, Moment, budgets, deliveries, destinations, posts, watches

__all__ = ["IS_OPEN", "IS_UNKNOWN", "IS_WAITING", "longest_waiting", "soonest"]

IS_OPEN = posts.c.settled_at.is_(None)
IS_UNKNOWN = IS_OPEN & posts.c.attempted_at.is_not(None)
IS_WAITING = watches.c.closed_at.is_(None) & watches.c.waiting_since.is_not(None)
_IS_NEW = IS_WAITING & watches.c.ts.is_(None)
_NOW = bindparam("now", type_=Moment)
_OPENING = {name: bindparam(name, type_=Moment) for name in METHODS}
"""Parameters of the statements: from when on each method may be called."""


@cache
def longest_waiting(dialect: str, turn: Turn) -> Select[Any]:
    """Give the query of the destination to be served next by a turn, locked, or of no row.

    It gives the columns of `destinations` and `since`, when the oldest of that work came up. Its parameters
    are `now` and what `budgets.openings` gives. Made once: it is asked often, and long in the making.
    """
    query, ready_at = _servable(dialect, turn)
    return (
        query.where(ready_at <= _NOW)
        # Of what waits equally long, the destination that was served last waits.
        .order_by("since", destinations.c.next_send_at, destinations.c.key)
        .limit(1)
        .with_for_update(of=destinations, skip_locked=True, key_share=True)
    )


@cache
def soonest(dialect: str, shut: frozenset[Turn]) -> Select[Any]:
    """Give the query of the moment from which on some destination may be served, NULL when none has work.

    Of the turns that the budgets allow nobody at present it only finds whether there is such work at all, and
    says when the budgets open: which destination comes first then is costly to find, and asked often.
    Its parameters are what `budgets.openings` gives.
    """
    moments = []
    for turn in Turn:
        if turn in shut:
            opening = case((_any(turn), _first_opening(dialect, turn)))
            moments.append(select(opening.label("ready_at")))
        else:
            query, ready_at = _servable(dialect, turn)
            moments.append(query.with_only_columns(func.min(ready_at, type_=Moment).label("ready_at")))
    ready = union_all(*moments).subquery()
    return select(func.min(ready.c.ready_at, type_=Moment))


def _servable(dialect: str, turn: Turn) -> tuple[Select[Any], ColumnElement[datetime]]:
    """Give the query of the destinations with work of a kind, and from when on each of them may be served.

    The second heeds the destination's lease and rest, the cards' pace, and Slack's budgets.
    """
    work = {Turn.LOOK: _looks, Turn.POST: _sends, Turn.EDIT: _edits}[turn]()
    query = select(destinations, work.c.since).join_from(
        work, destinations, destinations.c.key == work.c.destination_key
    )
    moments = [
        destinations.c.next_send_at,
        func.coalesce(destinations.c.lease_until, _moment(EPOCH)),
        _opening(turn),
    ]
    if turn is Turn.POST:
        of_channel = (budgets.c.method == POST) & (budgets.c.channel_id == destinations.c.channel_id)
        query = query.outerjoin(budgets, of_channel).where(~_there(posts, IS_UNKNOWN))
        moments.append(func.coalesce(budgets.c.opens_at, _moment(EPOCH)))
    if turn is Turn.EDIT:
        query = query.where(~_there(posts, IS_OPEN), ~_there(deliveries, IS_OWED), ~_there(watches, _IS_NEW))
        moments.append(work.c.due)
    latest = func.max if dialect == "sqlite" else func.greatest
    return query, latest(*moments, type_=Moment)


def _any(turn: Turn) -> ColumnElement[bool]:
    """Whether there is work of a kind anywhere, servable or not."""
    match turn:
        case Turn.LOOK:
            return exists().where(IS_UNKNOWN)
        case Turn.POST:
            return exists().where(IS_OPEN) | exists().where(IS_OWED) | exists().where(_IS_NEW)
        case Turn.EDIT:
            return exists().where(IS_WAITING, watches.c.ts.is_not(None))


def _first_opening(dialect: str, turn: Turn) -> ColumnElement[datetime]:
    """Say when a turn's method may be called, or the first of them."""
    moments = [_OPENING[name] for name in sorted(methods(turn))]
    earliest = func.min if dialect == "sqlite" else func.least
    return moments[0] if len(moments) == 1 else earliest(*moments, type_=Moment)


def _there(table: Table, condition: ColumnElement[bool]) -> Exists:
    """Whether a destination has such rows."""
    return exists().where(table.c.destination_key == destinations.c.key, condition)


def _moment(value: datetime) -> ColumnElement[datetime]:
    return literal(value, Moment)


def _opening(turn: Turn) -> ColumnElement[datetime]:
    """Say when the method that serves a destination may be called."""
    alone, in_thread = (_OPENING[method(turn, in_thread=each)] for each in (False, True))
    if turn is not Turn.LOOK:
        return alone
    return case((destinations.c.thread_ts.is_(None), alone), else_=in_thread)


def _looks() -> Subquery:
    """Posts whose outcome is unknown."""
    return (
        select(posts.c.destination_key, func.min(posts.c.created_at, type_=Moment).label("since"))
        .where(IS_UNKNOWN)
        .group_by(posts.c.destination_key)
        .subquery()
    )


def _sends() -> Subquery:
    """Posts to be sent, what is owed, and live cards to be posted."""
    owing = _owing()
    oldest = (
        select(func.min(deliveries.c.created_at, type_=Moment))
        .where(IS_OWED, deliveries.c.destination_key == owing.c.key)
        .scalar_subquery()
    )
    items = union_all(
        select(posts.c.destination_key, posts.c.created_at.label("since")).where(IS_OPEN),
        select(owing.c.key, oldest).where(owing.c.key.is_not(None)),
        select(watches.c.destination_key, watches.c.waiting_since).where(_IS_NEW),
    ).subquery()
    return (
        select(items.c.destination_key, func.min(items.c.since, type_=Moment).label("since"))
        .group_by(items.c.destination_key)
        .subquery()
    )


def _owing() -> CTE:
    """Each destination that is owed something: from one to the next, however much each is owed."""
    owing = select(func.min(deliveries.c.destination_key).label("key")).where(IS_OWED).cte(recursive=True)
    following = (
        select(func.min(deliveries.c.destination_key))
        .where(IS_OWED, deliveries.c.destination_key > owing.c.key)
        .scalar_subquery()
    )
    return owing.union_all(select(following).where(owing.c.key.is_not(None)))


def _edits() -> Subquery:
    """Live cards that may show something old."""
    due = func.coalesce(watches.c.next_edit_at, _moment(EPOCH))
    return (
        select(
            watches.c.destination_key,
            func.min(watches.c.waiting_since, type_=Moment).label("since"),
            func.min(due, type_=Moment).label("due"),
        )
        .where(IS_WAITING, watches.c.ts.is_not(None))
        .group_by(watches.c.destination_key)
        .subquery()
    )
