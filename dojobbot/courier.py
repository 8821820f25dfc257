"""Serves one claimed destination: posts, settles, redirects or edits what waits there, one thing at a time.

A post is committed before it is sent and carries its id in the message's metadata. When a reply is lost, or
the process died in between, the post is looked for in the channel's history before it is sent again.
"""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from dojobbot.closing import Closing
from dojobbot.decide import told_next
from dojobbot.domain import LOOKS_AFTER_SILENCE, Delivery, Destination, Post, PostKind, Watch
from dojobbot.errors import (
    DeliveryUnknown,
    DestinationClosed,
    SlackError,
    SlackThrottled,
    SlackUnavailable,
)
from dojobbot.fates import Pause
from dojobbot.last_words import LastWords
from dojobbot.limits import backoff
from dojobbot.outbox import Claim, page_ids
from dojobbot.people import People
from dojobbot.ports import Clock, Messenger, Store
from dojobbot.sharing import SHARED, Sharing
from dojobbot.slack.views.batch import BatchCard, batch_card, batch_fingerprint
from dojobbot.slack.views.blocks import Payload, in_words
from dojobbot.slack.views.card import Card, card, fingerprint
from dojobbot.slack.views.closed import instead
from dojobbot.slack.views.digest import digest
from dojobbot.slack.views.late import marked_late
from dojobbot.slack.views.notice import notice
from dojobbot.troubles import Troubles

__all__ = ["SLACK_DOWN_PAUSE", "Courier", "Tally"]

AT_ONCE = timedelta(0)
"""Of a served destination: what it needs of Slack's budgets says when it is served next."""
EDIT_PAUSE = timedelta(seconds=2)
AFTER_AN_ERROR = timedelta(seconds=1)
SILENCE = timedelta(seconds=35)
"""Longer than a request may take: a post that is not there this long after it was sent should never come.
One that did arrive is found by the look before, a second after the reply was lost."""
ONCE_MORE = timedelta(seconds=5)
"""So long after a look that found nothing it is looked for once more, before it is sent again."""
FROZEN = timedelta(seconds=10)
"""Who stood still for so long between writing down an attempt and making it does not make it."""
SLACK_DOWN_PAUSE = timedelta(seconds=5)
FAILED_LATELY = timedelta(minutes=3)
"""Longer than the longest pause between two tries."""
REDRAWN_AFTER = timedelta(minutes=1)
"""A notice that could not be sent for so long is drawn anew: it may be late, or one of many, by now."""
DELIVERING = "delivering"
Sent = TypeVar("Sent")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What was done since the start, for `/metrics`.

    `dead`: posts that could not arrive where they belong; `redirected`: direct messages owed in their place;
    `paused`: subscriptions paused for it; `untold`: people whom nothing of ours reaches.
    """

    posts: int = 0
    edits: int = 0
    resent_unverified: int = 0
    dead: int = 0
    redirected: int = 0
    paused: int = 0
    untold: int = 0
    throttled: int = 0


class Courier:
    """Knows how to bring each kind of thing where it belongs."""

    def __init__(
        self,
        store: Store,
        messenger: Messenger,
        people: People,
        clock: Clock,
        troubles: Troubles,
        *,
        last_words: LastWords,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._people = people
        self._clock = clock
        self._troubles = troubles
        self._last_words = last_words
        self._failures: Counter[str] = Counter()
        self._failing: dict[str, datetime] = {}
        self._closing = Closing(store, messenger, clock)
        self._sharing = Sharing(messenger, clock)
        self.tally = Tally()

    async def serve(self, claim: Claim) -> timedelta:
        """Do one thing for a destination; returns how long it should rest afterwards.

        Slack's moods are part of the work. Raises StoreError when the database fails.
        """
        try:
            if claim.post is not None:
                return await self._finish(claim, claim.post)
            if claim.deliveries:
                return await self._tell(claim)
            if claim.watches:
                return await self._show(claim, claim.watches[0])
        except SlackThrottled as error:
            # Not by the claim's own call (that rests by itself) but by a question on the way.
            self.tally.throttled += 1
            return timedelta(seconds=error.retry_after)
        except (SlackUnavailable, DeliveryUnknown) as error:
            self._fails(claim.destination, error)
            return SLACK_DOWN_PAUSE
        return await self._not_called(claim)

    async def _refused(self, claim: Claim, error: SlackThrottled) -> timedelta:
        """Let rest what Slack is asked too often; the destination itself need not."""
        self.tally.throttled += 1
        now = self._clock.now()
        await self._store.refused(claim, until=now + timedelta(seconds=error.retry_after), now=now)
        return AT_ONCE

    async def _not_called(self, claim: Claim, pause: timedelta = AT_ONCE) -> timedelta:
        """Give back the call that the claim would have made."""
        await self._store.give_back(claim)
        return pause

    # --- posts

    async def _tell(self, claim: Claim) -> timedelta:
        together = told_next(claim.deliveries)
        if len(together) == 1:
            return await self._commit_and_send(claim, [await self._alone(claim, together[0])])
        pages = digest(await self._last_words.of_many(together), self._clock.now())
        posts = [
            self._notice(claim, page.payload, page.deliveries, post_id)
            for page, post_id in zip(pages, page_ids(uuid.uuid4().hex, len(pages)), strict=True)
        ]
        return await self._commit_and_send(claim, posts)

    async def _alone(self, claim: Claim, delivery: Delivery) -> Post:
        told = await self._last_words.of(delivery)
        owner = await self._people.owner_name(delivery.snapshot)
        payload = notice(told.delivery, owner, self._clock.now(), delivery.note, told.log)
        return self._notice(claim, payload, (delivery.id,))

    def _notice(
        self, claim: Claim, payload: Payload, deliveries: tuple[int, ...], post_id: str | None = None
    ) -> Post:
        return Post(
            id=post_id or uuid.uuid4().hex,
            destination=claim.destination,
            kind=PostKind.NOTICE,
            payload=payload,
            created_at=self._clock.now(),
            deliveries=deliveries,
        )

    async def _commit_and_send(self, claim: Claim, posts: Sequence[Post], shown: str = "") -> timedelta:
        if not await self._store.commit_post(claim, *posts):
            return await self._not_called(claim)
        return await self._send(claim, posts[0], shown)

    async def _finish(self, claim: Claim, post: Post) -> timedelta:
        """Send a post that waits, or look what became of one whose outcome nobody knows."""
        if post.attempted_at is None:
            return await self._again(claim, post)
        try:
            ts = await self._messenger.find(
                claim.destination, post.id, since_ts=claim.last_ts, attempted_at=post.attempted_at
            )
        except DestinationClosed:
            # History cannot be read here: at least once is what can be promised, and it is counted.
            self.tally.resent_unverified += 1
            await self._store.missing(claim, post.id, looks_left=0, unverified=True)
            return AT_ONCE
        except SlackThrottled as error:
            return await self._refused(claim, error)
        except DeliveryUnknown as error:
            self._fails(claim.destination, error)
            return self._growing(claim.destination.key, AFTER_AN_ERROR)
        if ts is not None:
            await self._settled(claim, post, ts)
            return AT_ONCE
        return await self._not_found(claim, post, post.attempted_at + SILENCE - self._clock.now())

    async def _not_found(self, claim: Claim, post: Post, silence: timedelta) -> timedelta:
        """Say when to look again, if at all; `silence`: for how long the request may still be under way."""
        if post.looks_left == LOOKS_AFTER_SILENCE and silence > timedelta(0):
            return silence
        is_last = post.looks_left <= 1
        await self._store.missing(claim, post.id, looks_left=0 if is_last else 1)
        return AT_ONCE if is_last else ONCE_MORE

    async def _again(self, claim: Claim, post: Post) -> timedelta:
        """Send a post that is not there; a notice that waited long is drawn anew, or says that it is late."""
        now = self._clock.now()
        if now - post.created_at > REDRAWN_AFTER and post.kind is PostKind.NOTICE:
            anew = await self._store.recall(claim, post.id)
            if anew is not None:
                return await self._tell(anew)
            # What is stored stays as it is: whoever looks for this post looks for its id.
            carried = await self._store.carried(post.id)
            post = replace(post, payload=marked_late(post.payload, carried, post.created_at, now))
        return await self._send(claim, post)

    async def _send(self, claim: Claim, post: Post, shown: str = "") -> timedelta:
        if await self._others_read(claim):
            await self._give_up(claim, post, _is_shared(claim.destination))
            return await self._not_called(claim)
        began_at = self._clock.now()
        if not await self._store.attempt(claim, post.id, began_at):
            return await self._not_called(claim)
        if self._clock.now() - began_at > FROZEN:
            # Another replica may have looked for it by now, and sent it: so it is looked for first.
            return await self._not_called(claim)
        return await self._call(claim, post, shown)

    async def _others_read(self, claim: Claim) -> bool:
        """Whether others can read what comes there; while nobody can say, no call is made, and it waits."""
        try:
            return await self._sharing.concerns(claim.destination)
        except SlackUnavailable:
            await self._store.give_back(claim)
            raise

    async def _call(self, claim: Claim, post: Post, shown: str) -> timedelta:
        """Make the call that was written down, and write down what came of it."""
        try:
            ts = await _drawn_or_said(
                post.kind,
                post.payload,
                # A headline counts the jobs of a digest; each of them must be named.
                in_words(post.payload) if len(post.deliveries) > 1 else str(post.payload["text"]),
                lambda what: self._messenger.post(post.destination, what, post.id),
            )
        except DeliveryUnknown as error:
            self._fails(claim.destination, error)
            if error.code != "no_reply":
                await self._store.missing(claim, post.id, looks_left=LOOKS_AFTER_SILENCE - 1)
            return self._growing(claim.destination.key, AFTER_AN_ERROR)
        except SlackThrottled as error:
            await self._store.missing(claim, post.id, looks_left=0)
            return await self._refused(claim, error)
        except SlackUnavailable:
            await self._store.missing(claim, post.id, looks_left=0)
            raise
        except SlackError as error:
            await self._store.missing(claim, post.id, looks_left=0)
            return await self._give_up(claim, post, error)
        await self._settled(claim, post, ts, shown)
        return AT_ONCE

    async def _settled(self, claim: Claim, post: Post, ts: str, shown: str = "") -> None:
        await self._store.settle(claim, post.id, ts, shown=shown, now=self._clock.now())
        self._works(claim.destination)
        self.tally.posts += 1

    async def _give_up(self, claim: Claim, post: Post, error: SlackError) -> timedelta:
        """Bury a post that can't arrive. Whom a notice would have told elsewhere is told directly.

        In a place that is closed, what was wished there pauses with it.
        """
        redirected = 0
        is_closed, where = isinstance(error, DestinationClosed), claim.destination
        pauses = await self._closing.of_place(where, error.code) if is_closed else ()
        reached_directly = not where.is_dm or where.thread_ts is not None
        if post.kind is PostKind.NOTICE and reached_directly:
            told = await self._store.carried(post.id)
            redirected = await self._store.redirect(
                claim,
                post.id,
                error.code,
                dms=await self._closing.dms_of(
                    dict.fromkeys(user for each in told for user in each.mentions)
                ),
                note=instead(where, error.code),
                now=self._clock.now(),
                pauses=pauses,
            )
        else:
            await self._store.bury(claim, post.id, error.code, self._clock.now(), pauses=pauses)
        self._count(pauses)
        self._works(where)
        self.tally.dead += 1
        self.tally.redirected += redirected
        directly = f" Told directly instead: {redirected}." if redirected else ""
        log.error("a post to %s can't arrive: %s%s", where.key, error, directly)
        return AT_ONCE

    def _count(self, pauses: tuple[Pause, ...]) -> None:
        self.tally.paused += sum(len(each.stranded.subscriptions) for each in pauses)
        self.tally.untold += sum(each.post is None for each in pauses)

    def _fails(self, where: Destination, error: SlackError) -> None:
        self._failing[where.key] = self._clock.now()
        self._troubles.begin(DELIVERING, error)

    def _works(self, where: Destination) -> None:
        """Note that Slack answers in a place; the trouble is over when no place has failed lately."""
        self._failures.pop(where.key, None)
        self._failing.pop(where.key, None)
        lately = self._clock.now() - FAILED_LATELY
        self._failing = {key: at for key, at in self._failing.items() if at > lately}
        if not self._failing:
            self._troubles.end(DELIVERING)

    def _growing(self, what: str, first: timedelta) -> timedelta:
        """Give a pause that grows while the same thing keeps failing."""
        self._failures[what] += 1
        # Drawn from no range: the few workers of one process, each at its own destination, are no herd.
        return timedelta(seconds=backoff(self._failures[what] - 1, jitter=1.0, base=first.total_seconds()))

    # --- live cards

    async def _show(self, claim: Claim, watch: Watch) -> timedelta:
        """Post a watch's card, or bring it up to date."""
        drawn = await self._drawn(watch)
        if drawn is None:
            await self._store.end_watch(claim, watch, "the job is not in the store", self._clock.now())
            return await self._not_called(claim)
        payload, shows = drawn
        if watch.ts is None:
            post = Post(
                id=uuid.uuid4().hex,
                destination=claim.destination,
                kind=PostKind.CARD,
                payload=payload,
                created_at=self._clock.now(),
                watch_id=watch.id,
            )
            return await self._commit_and_send(claim, [post], shows)
        if shows == watch.shown:
            await self._store.settle_edit(claim, watch, shows, self._clock.now())
            return await self._not_called(claim)
        return await self._edit(claim, watch, watch.ts, payload, shows)

    async def _drawn(self, watch: Watch) -> tuple[Payload, str] | None:
        """Draw a watch's card; gives it with the digest of what it shows, None when there is nothing to."""
        if watch.batch is not None:
            jobs = await self._store.batch_members(watch.id)
            if not jobs:
                return None
            many = BatchCard(watch=watch, batch=watch.batch, jobs=jobs, now=self._clock.now())
            return batch_card(many), batch_fingerprint(many)
        one = await self._card_of(watch)
        return None if one is None else (card(one), fingerprint(one))

    async def _edit(self, claim: Claim, watch: Watch, ts: str, payload: Payload, shows: str) -> timedelta:
        what, where = f"watch {watch.id}", claim.destination
        if await self._others_read(claim):
            await self._end_card(claim, watch, _is_shared(where))
            return await self._not_called(claim)
        try:
            await _drawn_or_said(
                PostKind.CARD,
                payload,
                str(payload["text"]),
                lambda drawn: self._messenger.edit(where.channel_id, ts, drawn),
            )
        except DeliveryUnknown as error:
            self._fails(where, error)
            later = self._clock.now() + self._growing(what, EDIT_PAUSE)
            await self._store.put_off(claim, watch, later)
            return AT_ONCE
        except SlackThrottled as error:
            return await self._refused(claim, error)
        except SlackUnavailable:
            raise
        except DestinationClosed as error:
            await self._end_card(claim, watch, error)
            return AT_ONCE
        except SlackError as error:
            # Its next change is another payload; this one would be refused again and again.
            log.error("the card of job %s in %s stays as it is: %s", watch.job_id, where.key, error)
        else:
            self.tally.edits += 1
        await self._store.settle_edit(claim, watch, shows, self._clock.now())
        self._failures.pop(what, None)
        self._works(where)
        return AT_ONCE

    async def _end_card(self, claim: Claim, watch: Watch, error: DestinationClosed) -> None:
        """End a watch whose card cannot be edited any more, and what else was wished there."""
        log.warning("the card of job %s in %s is over: %s", watch.job_id, claim.destination.key, error)
        pauses = await self._closing.of_card(watch, error.code)
        await self._store.end_watch(claim, watch, error.code, self._clock.now(), pauses=pauses)
        self._count(pauses)

    async def _card_of(self, watch: Watch) -> Card | None:
        known = await self._store.job(watch.job_id)
        if known is None:
            return None
        return Card(
            known=known,
            owner=await self._people.owner_name(known.job),
            now=self._clock.now(),
            private=False,
            watching=not watch.closing,
            action=await self._store.latest_action(watch.job_id),
            note=watch.note,
        )


def _is_shared(place: Destination) -> DestinationClosed:
    return DestinationClosed(f"{place.key} is shared with another organisation.", code=SHARED)


async def _drawn_or_said(
    kind: PostKind, payload: Payload, in_text: str, send: Callable[[Payload], Awaitable[Sent]]
) -> Sent:
    """Send a payload; when Slack cannot draw it, text alone still says what happened."""
    try:
        return await send(payload)
    except (SlackThrottled, SlackUnavailable, DeliveryUnknown, DestinationClosed):
        raise
    except SlackError as error:
        log.error("Slack does not draw a %s (%s): its text is sent alone", kind, error.code)
        return await send({"text": in_text, "attachments": []})
