"""The outbox: claims a destination, and posts, settles or edits what is owed there, one thing at a time.

A post is committed before it is sent and carries its id in the message's metadata. When a reply is lost, or
the process died in between, the post is looked for in the channel's history before it is sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from dataclasses import dataclass
from datetime import timedelta

from dojobbot.domain import Post, PostKind, Watch
from dojobbot.errors import (
    DeliveryUnknown,
    DestinationClosed,
    DojobbotError,
    SlackError,
    SlackThrottled,
    SlackUnavailable,
    StoreError,
)
from dojobbot.people import People
from dojobbot.ports import Claim, Clock, Messenger, Store
from dojobbot.slack.views.card import Card, card, fingerprint
from dojobbot.slack.views.notice import notice

__all__ = ["Notifier", "Tally"]

WORKERS = 4
LEASE = timedelta(seconds=90)
POST_PAUSE = timedelta(seconds=1)
"""Slack takes about one message a second in a channel."""
EDIT_PAUSE = timedelta(seconds=2)
SECOND_LOOK = timedelta(seconds=1)
SILENCE = timedelta(seconds=35)
"""Longer than a request may take: a post not found this long after it was sent never arrived."""
SLACK_DOWN_PAUSE = timedelta(seconds=5)
IDLE_SECONDS = 30.0
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What was done since the start, for `/metrics`."""

    posts: int = 0
    edits: int = 0
    resent_unverified: int = 0
    dead: int = 0
    throttled: int = 0


class Notifier:
    """Drains the outbox. `wake()` says that something may be owed."""

    def __init__(self, store: Store, messenger: Messenger, people: People, clock: Clock) -> None:
        self._store = store
        self._messenger = messenger
        self._people = people
        self._clock = clock
        self._wake = asyncio.Event()
        # What this process knows of posts that went wrong; a restart forgets it and looks more patiently.
        self._answered: set[str] = set()
        self._unsent: set[str] = set()
        self._trouble = ""
        self._stopping = False
        self.tally = Tally()

    def wake(self) -> None:
        """Look at the outbox soon."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns when what is on its way has arrived."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Drain whenever there is something to drain, until `stop`."""
        while not self._stopping:
            self._wake.clear()
            await self._drain_calmly()
            if self._stopping:
                return
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), await self._seconds_to_wait())

    async def drain(self) -> None:
        """Do everything that can be done now."""
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))

    async def _drain_calmly(self) -> None:
        """Drain, and outlive whatever goes wrong: what is owed stays in the store."""
        try:
            await self.drain()
        except DojobbotError as error:
            self._note_trouble(str(error))
        except Exception:
            log.exception("delivering failed unexpectedly; it is tried again")
            await asyncio.sleep(SLACK_DOWN_PAUSE.total_seconds())

    async def _seconds_to_wait(self) -> float:
        try:
            due = await self._store.next_due(self._clock.now())
        except StoreError as error:
            self._note_trouble(str(error))
            return IDLE_SECONDS
        if due is None:
            return IDLE_SECONDS
        return min(IDLE_SECONDS, max(0.01, (due - self._clock.now()).total_seconds()))

    async def _work(self) -> None:
        while not self._stopping:
            claim = await self._store.claim(self._clock.now(), lease=LEASE)
            if claim is None:
                return
            pause = SLACK_DOWN_PAUSE
            try:
                pause = await self._serve(claim)
            except SlackThrottled as error:
                self.tally.throttled += 1
                pause = timedelta(seconds=error.retry_after)
            except SlackUnavailable as error:
                self._note_trouble(str(error))
            finally:
                await self._store.release(claim, next_send_at=self._clock.now() + pause)

    async def _serve(self, claim: Claim) -> timedelta:
        """Do one thing for a destination; returns how long it should rest afterwards."""
        if claim.post is not None:
            return await self._finish(claim, claim.post)
        if claim.deliveries:
            delivery = claim.deliveries[0]
            owner = await self._people.owner_name(delivery.snapshot)
            payload = notice(delivery, owner=owner, now=self._clock.now())
            post = self._new_post(claim, PostKind.NOTICE, payload, deliveries=(delivery.id,))
            return await self._commit_and_send(claim, post)
        for watch in claim.watches:
            return await self._show(claim, watch)
        return timedelta(0)

    # --- posts

    def _new_post(
        self,
        claim: Claim,
        kind: PostKind,
        payload: dict[str, object],
        *,
        deliveries: tuple[int, ...] = (),
        watch_id: int | None = None,
    ) -> Post:
        return Post(
            id=uuid.uuid4().hex,
            destination=claim.destination,
            kind=kind,
            payload=payload,
            created_at=self._clock.now(),
            deliveries=deliveries,
            watch_id=watch_id,
        )

    async def _commit_and_send(self, claim: Claim, post: Post, shown: str = "") -> timedelta:
        if not await self._store.commit_post(claim, post):
            return timedelta(0)
        return await self._send(claim, post, shown)

    async def _finish(self, claim: Claim, post: Post) -> timedelta:
        """Send a post that waits, or find out what became of one whose outcome nobody knows."""
        now = self._clock.now()
        if post.attempted_at is None or post.id in self._unsent:
            return await self._send(claim, post)
        try:
            ts = await self._messenger.find(claim.destination, post.id, claim.last_ts)
        except DestinationClosed:
            # History cannot be read here: at least once is what can be promised, and it is counted.
            self.tally.resent_unverified += 1
            return await self._send(claim, post)
        except DeliveryUnknown as error:
            self._note_trouble(str(error))
            return SECOND_LOOK
        if ts is not None:
            await self._settled(claim, post, ts)
            return POST_PAUSE
        silent_until = post.attempted_at + SILENCE
        if post.id not in self._answered and now < silent_until:
            return silent_until - now
        return await self._send(claim, post)

    async def _send(self, claim: Claim, post: Post, shown: str = "") -> timedelta:
        if not await self._store.attempt(claim, post.id, self._clock.now()):
            return timedelta(0)
        self._unsent.discard(post.id)
        try:
            ts = await self._deliver(post)
        except DeliveryUnknown as error:
            self._note_trouble(str(error))
            if error.code == "no_reply":
                return SILENCE
            self._answered.add(post.id)
            return SECOND_LOOK
        except (SlackThrottled, SlackUnavailable):
            self._unsent.add(post.id)
            raise
        except SlackError as error:
            self.tally.dead += 1
            log.error("a post to %s can't arrive: %s", claim.destination.key, error)
            await self._store.bury(claim, post.id, error.code, self._clock.now())
            self._note_recovery()
            return POST_PAUSE
        await self._settled(claim, post, ts, shown)
        return POST_PAUSE

    async def _deliver(self, post: Post) -> str:
        """Send a post; when Slack cannot draw it, its headline alone still says what happened."""
        try:
            return await self._messenger.post(post.destination, post.payload, post.id)
        except (SlackThrottled, SlackUnavailable, DeliveryUnknown, DestinationClosed):
            raise
        except SlackError as error:
            log.error("Slack does not draw a %s (%s): its text is sent alone", post.kind, error.code)
            return await self._messenger.post(post.destination, {"text": post.payload["text"]}, post.id)

    async def _settled(self, claim: Claim, post: Post, ts: str, shown: str = "") -> None:
        self._answered.discard(post.id)
        self.tally.posts += 1
        await self._store.settle(claim, post.id, ts, shown=shown, now=self._clock.now())
        self._note_recovery()

    # --- live cards

    async def _show(self, claim: Claim, watch: Watch) -> timedelta:
        """Post a watch's card, or bring it up to date."""
        view = await self._card_of(watch)
        now = self._clock.now()
        if view is None:
            await self._store.end_watch(claim, watch, "the job is not in the store", now)
            return timedelta(0)
        shows = fingerprint(view)
        if watch.ts is None:
            post = self._new_post(claim, PostKind.CARD, card(view), watch_id=watch.id)
            return await self._commit_and_send(claim, post, shows)
        if shows == watch.shown:
            await self._store.settle_edit(claim, watch, shows, now)
            return timedelta(0)
        try:
            await self._messenger.edit(claim.destination.channel_id, watch.ts, card(view))
        except DeliveryUnknown as error:
            self._note_trouble(str(error))
            return EDIT_PAUSE
        except (SlackThrottled, SlackUnavailable):
            raise
        except SlackError as error:
            log.warning("the card of job %s in %s is over: %s", watch.job_id, claim.destination.key, error)
            await self._store.end_watch(claim, watch, error.code, now)
            return timedelta(0)
        self.tally.edits += 1
        await self._store.settle_edit(claim, watch, shows, now)
        self._note_recovery()
        return EDIT_PAUSE

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

    # --- one log line when trouble starts, one when it ends

    def _note_trouble(self, what: str) -> None:
        if not self._trouble:
            log.warning("delivering is interrupted: %s What is owed waits.", what)
        self._trouble = what

    def _note_recovery(self) -> None:
        if self._trouble:
            log.warning("delivering works again")
        self._trouble = ""
