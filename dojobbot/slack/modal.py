"""A modal that is open in front of somebody, and whose turn it is to draw it.

A press in a modal has no response_url: its answer is the modal, drawn anew with `views.update` and the hash
of what was seen last (reference/methods/views.update). Who presses twice gets the answer to the later press.
"""

from __future__ import annotations

import logging
from collections import OrderedDict

from dojobbot.errors import SlackError, ViewChanged, ViewClosed
from dojobbot.ports import Messenger
from dojobbot.slack.replies import Payload
from dojobbot.slack.views.details import sentence

__all__ = ["Modal", "Turns"]

MOST_REMEMBERED = 1_000
UNDRAWABLE = frozenset({"view_too_large", "invalid_arguments", "invalid_blocks"})
TOO_MUCH = "Slack refuses to show this here, and I've logged it. Tell the person who runs dojobbot."
log = logging.getLogger(__name__)


class Turns:
    """The number of the latest press in each open modal."""

    def __init__(self) -> None:
        self._latest: OrderedDict[str, int] = OrderedDict()

    def take(self, view_id: str) -> int:
        """Begin a turn: what came before it draws no more."""
        turn = self._latest.pop(view_id, 0) + 1
        self._latest[view_id] = turn
        if len(self._latest) > MOST_REMEMBERED:
            self._latest.popitem(last=False)
        return turn

    def is_latest(self, view_id: str, turn: int) -> bool:
        """Whether nothing was pressed there since."""
        return self._latest.get(view_id, turn) == turn


class Modal:
    """One turn in one modal. Implements `replies.Sink`."""

    def __init__(self, messenger: Messenger, turns: Turns, view_id: str, seen_hash: str) -> None:
        self._messenger = messenger
        self._turns = turns
        self._view_id = view_id
        self._hash = seen_hash
        self._turn = turns.take(view_id)
        self._shows_it = False

    @property
    def shows_it(self) -> bool:
        """Whether what was sent last is there to be read: neither closed nor pressed on meanwhile."""
        return self._shows_it and self._turns.is_latest(self._view_id, self._turn)

    async def send(self, payload: Payload) -> None:
        """Show a view, or the text of a message, unless something else was pressed meanwhile."""
        view = payload if payload.get("type") == "modal" else sentence(str(payload["text"]))
        self._shows_it = False
        try:
            self._shows_it = await self._draw_or_say_why(view)
        except ViewClosed:
            log.debug("a modal was closed before it was drawn")
        except SlackError as error:
            log.warning("a modal could not be drawn: %s", error)

    async def _draw_or_say_why(self, view: Payload) -> bool:
        """Draw it; whether it is drawn."""
        try:
            await self._draw(view)
        except SlackError as error:
            if error.code not in UNDRAWABLE:
                raise
            log.error("Slack refuses a modal of ours: %s", error)
            await self._draw(sentence(TOO_MUCH))
            return False
        return True

    async def _draw(self, view: Payload) -> None:
        """Draw, also over what another process drew meanwhile: the latest press of the person is here."""
        if not self._turns.is_latest(self._view_id, self._turn):
            return
        try:
            self._hash = await self._messenger.update_view(self._view_id, view, seen_hash=self._hash)
        except ViewChanged:
            if self._turns.is_latest(self._view_id, self._turn):
                self._hash = await self._messenger.update_view(self._view_id, view, seen_hash=None)
