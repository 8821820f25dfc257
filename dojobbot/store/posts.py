"""What becomes of posts and live cards. Every write here needs a claim that still holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, insert, literal, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ENDED, LOOKS_AFTER_SILENCE, Destination, Owed, Post, PostKind, Watch
from dojobbot.errors import StoreError
from dojobbot.limits import CARD_EVERY
from dojobbot.outbox import Claim, page_ids
from dojobbot.store import rows
from dojobbot.store.claims import holds
from dojobbot.store.deliveries import (
    IS_OWED,
    MOST_AT_ONCE,
    carried,
    is_overtaken,
    mentions,
    owe_also,
    owed_at,
)
from dojobbot.store.follows import ensure_destination
from dojobbot.store.tables import Moment, batch_members, deliveries, destinations, jobs, posts, watches

MAY_BE_RECALLED = (
    posts.c.settled_at.is_(None) & (posts.c.kind == PostKind.NOTICE.value) & (posts.c.unverified == 0)
)
"""A notice that is not there, unless it was attempted: what it carries may be drawn anew."""


async def add(connection: AsyncConnection, post: Post) -> None:
    """Queue a post that carries no deliveries."""
    await ensure_destination(connection, post.destination, post.created_at)
    await connection.execute(insert(posts).values(rows.post_values(post)))


async def commit(connection: AsyncConnection, claim: Claim, together: Sequence[Post]) -> bool:
    """Freeze posts and put their deliveries in them.

    False, and nothing is written, without the claim, when somebody joined a delivery since it was claimed
    (no post would mention them), or when a card's watch was closed while the card was drawn. Raises
    StoreError when one of the deliveries is not owed here.
    """
    if not await holds(connection, claim):
        return False
    carried_ids = {each for post in together for each in post.deliveries}
    as_claimed = {each.id: each.mentions for each in claim.deliveries if each.id in carried_ids}
    if await mentions(connection, tuple(as_claimed)) != as_claimed:
        return False
    if not await _are_open(connection, {post.watch_id for post in together if post.watch_id is not None}):
        return False
    for post in together:
        await _freeze(connection, claim, post)
    return True


async def _are_open(connection: AsyncConnection, watch_ids: Collection[int]) -> bool:
    """Whether none of these watches was closed; none can be closed meanwhile."""
    if not watch_ids:
        return True
    query = select(watches.c.id).where(watches.c.id.in_(watch_ids), watches.c.closed_at.is_(None))
    locked = query.order_by(watches.c.id).with_for_update(key_share=True)
    return set((await connection.scalars(locked)).all()) == set(watch_ids)


async def _freeze(connection: AsyncConnection, claim: Claim, post: Post) -> None:
    shows = next((watch.wanted for watch in claim.watches if watch.id == post.watch_id), None)
    await connection.execute(insert(posts).values(**rows.post_values(post), shows_wanted=shows))
    taken = await connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id.in_(post.deliveries),
            deliveries.c.destination_key == claim.destination.key,
            IS_OWED,
        )
        .values(post_id=post.id)
    )
    if taken.rowcount != len(post.deliveries):
        raise StoreError(f"A delivery of post {post.id} is not owed to {claim.destination.key}.")


async def attempt(connection: AsyncConnection, claim: Claim, post_id: str, now: datetime) -> bool:
    """Record that a post is about to be sent; False, and nothing is written, without the claim."""
    if not await holds(connection, claim):
        return False
    return await _update_open(
        connection,
        claim,
        post_id,
        attempted_at=now,
        attempts=posts.c.attempts + 1,
        looks_left=LOOKS_AFTER_SILENCE,
    )


async def missing(
    connection: AsyncConnection, claim: Claim, post_id: str, *, looks_left: int, unverified: bool
) -> None:
    """Record how often a post is still to be looked for; with 0 it counts as never attempted."""
    if not await holds(connection, claim):
        return
    values: dict[str, object] = {"looks_left": looks_left, "unverified": posts.c.unverified + int(unverified)}
    if not looks_left:
        values["attempted_at"] = None
    await _update_open(connection, claim, post_id, **values)


async def recall(connection: AsyncConnection, claim: Claim, post_id: str) -> Claim | None:
    """Undo the commit of a notice that never arrived, and of those behind it; gives the claim as it is then.

    None, and nothing is written, without the claim, or for a post that is no notice, is settled, may have
    arrived where that cannot be looked up, or follows a page of its digest that arrived: that page says how
    many follow, and has mentioned everybody.
    """
    if not await holds(connection, claim):
        return None
    here = posts.c.destination_key == claim.destination.key
    this = select(posts.c.id).where(posts.c.id == post_id, here, MAY_BE_RECALLED)
    if await connection.scalar(this.with_for_update(key_share=True)) is None:
        return None
    if await _has_begun(connection, claim.destination, post_id):
        return None
    behind = select(posts.c.id).where(here, MAY_BE_RECALLED, posts.c.attempted_at.is_(None))
    await _owe_again(connection, {post_id, *(await connection.scalars(behind)).all()})
    return replace(claim, post=None, deliveries=await owed_at(connection, claim.destination))


async def _recall_pages(connection: AsyncConnection, destination: Destination, post_id: str) -> None:
    """Owe again what the pages behind a buried one carry: alone they call nobody, and count too many.

    Not behind a page that arrived, which says how many follow; and none of which nobody knows what became.
    """
    if await _has_begun(connection, destination, post_id):
        return
    pages = _pages(destination, post_id)
    behind = select(posts.c.id).where(pages, MAY_BE_RECALLED, posts.c.attempted_at.is_(None))
    await _owe_again(connection, (await connection.scalars(behind)).all())


async def _owe_again(connection: AsyncConnection, ids: Collection[str]) -> None:
    """Undo the commit of posts, so that what they carry is drawn anew."""
    await connection.execute(update(deliveries).where(deliveries.c.post_id.in_(ids)).values(post_id=None))
    await connection.execute(delete(posts).where(posts.c.id.in_(ids)))


async def _has_begun(connection: AsyncConnection, destination: Destination, post_id: str) -> bool:
    """Whether a page of the same digest arrived."""
    arrived = exists().where(_pages(destination, post_id), posts.c.ts.is_not(None))
    return bool(await connection.scalar(select(arrived)))


def _pages(destination: Destination, post_id: str) -> ColumnElement[bool]:
    """Whether a post is a page of the same digest as another one; none is when that is no page itself."""
    first, separator, _ = post_id.partition("-")
    ids = page_ids(first, MOST_AT_ONCE) if separator else ()
    return posts.c.id.in_(ids) & (posts.c.destination_key == destination.key)


async def settle(
    connection: AsyncConnection, claim: Claim, post_id: str, ts: str, *, shown: str, now: datetime
) -> None:
    """Record that a post arrived as `ts`; a watch's card is live from there on."""
    if not await holds(connection, claim):
        return
    if not await _update_open(connection, claim, post_id, settled_at=now, ts=ts):
        return
    await connection.execute(
        update(destinations).where(destinations.c.key == claim.destination.key).values(last_ts=ts)
    )
    query = select(posts.c.watch_id, posts.c.shows_wanted).where(posts.c.id == post_id)
    watch_id, shows_wanted = (await connection.execute(query)).one()
    if watch_id is not None:
        await connection.execute(update(watches).where(watches.c.id == watch_id).values(ts=ts))
        await _now_shows(connection, watch_id, shown, shows_wanted, now)


async def bury(connection: AsyncConnection, claim: Claim, post_id: str, reason: str, now: datetime) -> None:
    """Record that a post can't arrive: its deliveries are dead and its watch is over."""
    if not await _bury(connection, claim, post_id, reason, now):
        return
    watch_id = await connection.scalar(select(posts.c.watch_id).where(posts.c.id == post_id))
    if watch_id is not None:
        await _end_watch(connection, watch_id, reason, now)


async def redirect(
    connection: AsyncConnection,
    claim: Claim,
    post_id: str,
    reason: str,
    *,
    dms: Mapping[str, Destination],
    note: str,
    now: datetime,
) -> int:
    """Record that a notice can't arrive, and owe what it carried to the people it mentions, one by one."""
    if not await _bury(connection, claim, post_id, reason, now):
        return 0
    owed = 0
    for delivery in await carried(connection, post_id):
        for user_id in delivery.mentions:
            dm = dms.get(user_id)
            if dm is None or await is_overtaken(connection, delivery.transition, dm):
                continue
            await ensure_destination(connection, dm, now)
            wish = Owed(dm, (user_id,), urgent=delivery.urgent)
            owed += await owe_also(connection, delivery.transition, wish, delivery.snapshot, now, note=note)
    return owed


async def settle_edit(
    connection: AsyncConnection, claim: Claim, watch: Watch, shown: str, now: datetime
) -> None:
    """Record what a card shows; changes newer than those that `watch` knew of still wait."""
    if await holds(connection, claim):
        await _now_shows(connection, watch.id, shown, watch.wanted, now)


async def put_off(connection: AsyncConnection, claim: Claim, watch: Watch, until: datetime) -> None:
    """Let a card rest."""
    if await holds(connection, claim):
        await connection.execute(update(watches).where(watches.c.id == watch.id).values(next_edit_at=until))


async def end_watch(
    connection: AsyncConnection, claim: Claim, watch: Watch, reason: str, now: datetime
) -> None:
    """End a watch whose card can't be edited any more."""
    if await holds(connection, claim):
        await _end_watch(connection, watch.id, reason, now)


async def _update_open(connection: AsyncConnection, claim: Claim, post_id: str, **values: object) -> bool:
    """Write to a post of the claimed destination unless it is settled already."""
    changed = await connection.execute(
        update(posts)
        .where(
            posts.c.id == post_id,
            posts.c.destination_key == claim.destination.key,
            posts.c.settled_at.is_(None),
        )
        .values(**values)
    )
    return changed.rowcount == 1


async def _bury(connection: AsyncConnection, claim: Claim, post_id: str, reason: str, now: datetime) -> bool:
    """Let a post be over, with what it carries, and recall the pages behind it; False without the claim."""
    if not await holds(connection, claim):
        return False
    if not await _update_open(connection, claim, post_id, settled_at=now, dead_because=reason):
        return False
    await connection.execute(
        update(deliveries).where(deliveries.c.post_id == post_id).values(dead_because=reason)
    )
    await _recall_pages(connection, claim.destination, post_id)
    return True


async def _now_shows(
    connection: AsyncConnection, watch_id: int, shown: str, shows_wanted: int, now: datetime
) -> None:
    """Take a card's newest content down, and end its watch if nothing can change it any more."""
    is_latest = watches.c.wanted == shows_wanted
    await connection.execute(
        update(watches)
        .where(watches.c.id == watch_id, watches.c.closed_at.is_(None))
        .values(
            shown=shown,
            waiting_since=case((is_latest, null()), else_=literal(now, Moment)),
            next_edit_at=now + CARD_EVERY,
        )
    )
    query = (
        select(watches.c.stop_asked_at, jobs.c.status)
        .join(jobs)
        .where(watches.c.id == watch_id, watches.c.waiting_since.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return
    if row.stop_asked_at is not None:
        await _end_watch(connection, watch_id, "stopped", now)
    elif row.status in ENDED and not await _batch_goes_on(connection, watch_id):
        await _end_watch(connection, watch_id, "all that it shows has ended", now)


async def _batch_goes_on(connection: AsyncConnection, watch_id: int) -> bool:
    """Whether a watch is one of a batch in which some job has not ended."""
    under_way = (
        exists()
        .where(batch_members.c.watch_id == watch_id)
        .where(batch_members.c.job_id == jobs.c.id, jobs.c.status.not_in(ENDED))
    )
    return bool(await connection.scalar(select(under_way)))


async def _end_watch(connection: AsyncConnection, watch_id: int, reason: str, now: datetime) -> None:
    await connection.execute(
        update(watches)
        .where(watches.c.id == watch_id, watches.c.closed_at.is_(None))
        .values(closed_at=now, closed_because=reason)
    )
