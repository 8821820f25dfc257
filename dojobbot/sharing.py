"""Whether other organisations can read a channel: what was wished there before they came is not told to them.

Slack is asked about all channels at once, now and then: one by one there may be too many to ask about. Only
while that list can't be had is it asked about the one channel where something is to be sent. It is asked
beside the sending, which waits for an answer only where none is new enough, and briefly. What nobody can say
for sure is not sent for the time being.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from dojobbot.domain import Destination
from dojobbot.errors import SlackError, SlackThrottled, SlackUnavailable
from dojobbot.limits import backoff
from dojobbot.ports import Clock, Messenger

__all__ = ["SHARED", "Sharing"]

SHARED = "shared_with_others"
"""Our own word, beside Slack's, for why nothing is posted in a place."""
RENEWED_AFTER = timedelta(minutes=4)
"""An answer that is older is asked for anew, while it still counts: nobody waits for the next one then."""
KNOWN_FOR = timedelta(minutes=5)
"""What Slack said counts for so long."""
TRUSTED_FOR = timedelta(hours=1)
"""While Slack gives no newer answer, one is better than none for so long."""
PATIENCE = 1.0
"""So many seconds an answer is waited for, by all who need it together; it may still come after that."""
LONGEST_PAUSE = 60.0
Said = TypeVar("Said")
log = logging.getLogger(__name__)


class Sharing:
    """Knows which channels are shared, as of a few minutes ago."""

    def __init__(self, messenger: Messenger, clock: Clock) -> None:
        self._messenger = messenger
        self._clock = clock
        self._all = _Question(self._ask_about_all, clock)
        self._ones: dict[str, _Question[bool]] = {}
        self._is_in_trouble = False

    async def concerns(self, place: Destination) -> bool:
        """Whether others can read what is posted in a place.

        Raises SlackUnavailable while nobody can say: ask again in a few seconds.
        """
        if place.is_dm:
            return False
        shared = await self._all.answer()
        if shared is not None:
            return place.channel_id in shared
        one = self._about(place.channel_id)
        is_shared = await one.answer()
        if is_shared is None:
            # What is known about the one is newer than the list: it is forgotten whenever a list is had.
            is_shared = one.known(TRUSTED_FOR)
        if is_shared is not None:
            return is_shared
        shared = self._all.known(TRUSTED_FOR)
        if shared is None:
            raise _nobody_can_say(place, one.error or self._all.error)
        return place.channel_id in shared

    def _about(self, channel_id: str) -> _Question[bool]:
        async def ask() -> bool:
            found = await self._messenger.channel(channel_id)
            # In what the bot cannot see it cannot post either; Slack says then why.
            return found is not None and found.is_shared

        return self._ones.setdefault(channel_id, _Question(ask, self._clock))

    async def _ask_about_all(self) -> frozenset[str]:
        try:
            shared = await self._messenger.shared_channels()
        except SlackError as error:
            # That Slack is away altogether is said by those who wait for it.
            if error.code != "unreachable" and not self._is_in_trouble:
                log.warning("which channels are shared with others can't be listed: %s", error)
                self._is_in_trouble = True
            raise
        if self._is_in_trouble:
            log.warning("which channels are shared with others can be listed again")
        self._is_in_trouble = False
        self._ones.clear()
        return shared


class _Question(Generic[Said]):
    """One thing that Slack is asked again and again, never twice at once, and more rarely while it fails.

    `error`: why the last try failed; None when it did not.
    """

    def __init__(self, ask: Callable[[], Awaitable[Said]], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._said: tuple[Said, datetime] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._patient_until = 0.0
        self._failures = 0
        self._not_before: datetime | None = None
        self.error: SlackError | None = None

    def known(self, lasting: timedelta) -> Said | None:
        """Give the last answer, None when it was asked for longer ago than that."""
        if self._said is None or not timedelta(0) <= self._clock.now() - self._said[1] <= lasting:
            return None  # nor when a clock that was ahead is right again
        return self._said[0]

    async def answer(self) -> Said | None:
        """Give an answer that counts, asking for it when that is due; None when there is none in time."""
        if self.known(RENEWED_AFTER) is None:
            asking = self._asking or self._begin()
            if asking is not None and self.known(KNOWN_FOR) is None:
                left = self._patient_until - asyncio.get_running_loop().time()
                done, _ = await asyncio.wait({asking}, timeout=max(0.0, left))
                for each in done:
                    each.result()  # a bug is for the caller to report
        return self.known(KNOWN_FOR)

    def _begin(self) -> asyncio.Task[None] | None:
        """Ask in the background; None while Slack is to be left alone after a failure."""
        now = self._clock.now()
        if self._not_before is not None and now < self._not_before:
            return None
        self._patient_until = asyncio.get_running_loop().time() + PATIENCE
        self._asking = asyncio.create_task(self._try(now))
        return self._asking

    async def _try(self, began_at: datetime) -> None:
        try:
            said = await self._ask()
        except SlackError as error:
            self.error = error
            self._failures += 1
            asked_for = error.retry_after if isinstance(error, SlackThrottled) else None
            jitter = random.uniform(0.5, 1.0)  # noqa: S311 - no secret: replicas shall not return together
            pause = backoff(self._failures - 1, jitter=jitter, cap=LONGEST_PAUSE, retry_after=asked_for)
            self._not_before = self._clock.now() + timedelta(seconds=pause)
        else:
            self._said, self.error = (said, began_at), None
            self._failures, self._not_before = 0, None
        finally:
            self._asking = None


def _nobody_can_say(place: Destination, error: SlackError | None) -> SlackUnavailable:
    why = str(error or "Slack's answer has not come yet.")
    return SlackUnavailable(
        f"Whether other organisations can read {place.channel_id} is not known: {why}",
        code=error.code if error else "no_reply",
        hint=error.hint if error else None,
    )
