"""Whether other organisations can read a channel: what was wished there before they came is not told to them.

Slack is asked about all channels at once, now and then: one by one there may be too many to ask about.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from dojobbot.domain import Destination
from dojobbot.errors import SlackError, SlackUnavailable
from dojobbot.ports import Clock, Messenger

__all__ = ["SHARED", "Sharing"]

SHARED = "shared_with_others"
"""Our own word, beside Slack's, for why nothing is posted in a place."""
KNOWN_FOR = timedelta(minutes=5)
log = logging.getLogger(__name__)


class Sharing:
    """Knows which channels are shared, as of a few minutes ago."""

    def __init__(self, messenger: Messenger, clock: Clock) -> None:
        self._messenger = messenger
        self._clock = clock
        self._shared: frozenset[str] = frozenset()
        self._asked_at: datetime | None = None
        self._asking = asyncio.Lock()
        self._is_in_trouble = False

    async def concerns(self, place: Destination) -> bool:
        """Whether others can read what is posted in a place. Raises SlackUnavailable when Slack is away."""
        if place.is_dm:
            return False
        async with self._asking:
            now = self._clock.now()
            if self._asked_at is None or now - self._asked_at > KNOWN_FOR:
                await self._ask()
                self._asked_at = now
        return place.channel_id in self._shared

    async def _ask(self) -> None:
        try:
            self._shared = await self._messenger.shared_channels()
        except SlackError as error:
            if isinstance(error, SlackUnavailable) and error.code == "unreachable":
                raise
            # Whoever wished something there was refused if it was shared then; what is known since stays.
            if not self._is_in_trouble:
                log.warning("which channels are shared with others can't be seen: %s", error)
            self._is_in_trouble = True
        else:
            self._is_in_trouble = False
