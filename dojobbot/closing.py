"""What to do when nothing can be posted in a place any more: whom that concerns, and what they are told.

Used by the courier, which hands the result to the store, so that it is written down with the failure.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from dataclasses import replace

from dojobbot.domain import Destination, Post, PostKind, Watch
from dojobbot.errors import DeliveryUnknown, SlackError, SlackThrottled, SlackUnavailable
from dojobbot.fates import Pause, Stranded
from dojobbot.ports import Clock, Messenger, Store
from dojobbot.slack.views.closed import closed

__all__ = ["Closing"]

ONE_CARD = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
"""Refusals of an edit that say nothing of the place: posts may still arrive there."""
ONE_THREAD = frozenset({"thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"})
"""Refusals that say nothing of the channel around a thread."""
log = logging.getLogger(__name__)


class Closing:
    """Finds whom a closed place concerns, and opens their direct messages."""

    def __init__(self, store: Store, messenger: Messenger, clock: Clock) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._dms: dict[str, Destination] = {}

    async def dms_of(self, user_ids: Iterable[str]) -> dict[str, Destination]:
        """Open direct messages with people; who can't be reached there either is left out."""
        found: dict[str, Destination] = {}
        for user_id in user_ids:
            try:
                if user_id not in self._dms:
                    self._dms[user_id] = Destination(await self._messenger.open_dm(user_id))
                found[user_id] = self._dms[user_id]
            except (SlackThrottled, SlackUnavailable, DeliveryUnknown):
                raise
            except SlackError as error:
                log.warning("%s can't be told directly either: %s", user_id, error)
        return found

    async def of_place(self, destination: Destination, code: str) -> tuple[Pause, ...]:
        """Say what must pause now that Slack refuses, with `code`, what is posted or edited there.

        Raises SlackError when direct messages cannot be opened at the moment.
        """
        place = destination if code in ONE_THREAD else Destination(destination.channel_id)
        return await self._pauses(place, code, await self._store.stranded(place))

    async def of_card(self, watch: Watch, code: str) -> tuple[Pause, ...]:
        """Say what must end now that a live card cannot be edited: all in its place, or that card alone."""
        if code not in ONE_CARD:
            return await self.of_place(watch.destination, code)
        known = await self._store.job(watch.job_id)
        alone = Stranded(user_id=watch.user_id, watches=(watch,))
        if known is not None and watch.batch is not None:
            alone = replace(alone, batches=((watch.batch, known.job),))
        elif known is not None:
            alone = replace(alone, watched=(known.job,))
        return await self._pauses(watch.destination, code, (alone,))

    async def _pauses(
        self, place: Destination, code: str, stranded: tuple[Stranded, ...]
    ) -> tuple[Pause, ...]:
        # Where their direct messages are closed, there is nowhere else to tell them.
        is_open = not place.is_dm or place.thread_ts is not None
        dms = await self.dms_of(each.user_id for each in stranded) if is_open else {}
        return tuple(
            Pause(stranded=each, because=code, post=self._word(each, place, code, dms.get(each.user_id)))
            for each in stranded
        )

    def _word(self, stranded: Stranded, place: Destination, code: str, dm: Destination | None) -> Post | None:
        """Write to somebody whose direct messages are open."""
        if dm is None:
            return None
        return Post(
            id=uuid.uuid4().hex,
            destination=dm,
            kind=PostKind.CLOSED,
            payload=closed(stranded, place, code),
            created_at=self._clock.now(),
        )
