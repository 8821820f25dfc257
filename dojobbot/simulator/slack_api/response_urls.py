"""Response URLs: the bot's way back to what somebody typed or pressed, for 30 minutes and five uses."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.chat import new_message
from dojobbot.simulator.slack_api.content import Content, read_content
from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.problems import Json, SlackError
from dojobbot.simulator.slack_api.state import State

LIFETIME = timedelta(minutes=30)
MOST_USES = 5


@dataclass(frozen=True)
class Origin:
    """What a response URL answers.

    Attributes:
        channel: where it happened.
        user: who typed or pressed.
        typed: the command as typed; None for a press.
        message_ts: the message that was pressed; None for a command.
    """

    channel: str
    user: str
    typed: str | None = None
    message_ts: str | None = None


@dataclass
class _Issued:
    origin: Origin
    at: datetime
    uses: int = 0
    typed_is_shown: bool = False


class ResponseUrls:
    """All response URLs that were handed out.

    Args:
        state: where the answers go.
        base: returns the address that the URLs start with.
        without_blocks: the types of block that are refused.
    """

    def __init__(
        self, state: State, base: Callable[[], str], without_blocks: frozenset[str] = frozenset()
    ) -> None:
        self._without_blocks = without_blocks
        self._state = state
        self._base = base
        self._issued: dict[str, _Issued] = {}

    def issue(self, origin: Origin) -> str:
        """A fresh response URL."""
        token = secrets.token_urlsafe(18)
        self._issued[token] = _Issued(origin, self._state.now())
        return f"{self._base()}/response/{token}"

    def answer(self, url: str, body: Json) -> None:
        """Do what the body of an acknowledgement says; it does not count as a use.

        Raises:
            SlackError: the body is no message that Slack would show.
        """
        self._apply(self._issued[url.rpartition("/")[2]], body)

    def use(self, token: str, body: Json) -> None:
        """Do what the body of a request to a response URL says.

        Raises:
            SlackError: `expired_url`, `used_url`, or what is wrong with the message.
        """
        issued = self._issued.get(token)
        if issued is None or self._state.now() - issued.at > LIFETIME:
            raise SlackError("expired_url")
        if issued.uses >= MOST_USES:
            raise SlackError("used_url")
        issued.uses += 1
        self._apply(issued, body)

    def _apply(self, issued: _Issued, body: Json) -> None:
        origin = issued.origin
        source = None
        if origin.message_ts is not None:
            source = self._state.find(origin.channel, origin.message_ts, origin.user)
        if _is_true(body.get("delete_original")):
            if source is None:
                raise SlackError("message_not_found" if origin.typed is None else "invalid_arguments")
            self._state.remove(source)
            return
        content = read_content(body, self._without_blocks)
        if content.is_empty:
            raise SlackError("no_text")
        # A command has no original: there Slack shows a further message, whatever replace_original says.
        if _is_true(body.get("replace_original")) and origin.typed is None:
            if source is None:
                raise SlackError("message_not_found")
            self._state.keep(self._replaced(source, content))
            return
        in_channel = body.get("response_type") == "in_channel"
        if in_channel and origin.typed is not None and not issued.typed_is_shown:
            issued.typed_is_shown = True
            self._state.post(Message("", origin.channel, origin.user, origin.typed))
        draft = new_message(origin.channel, world.BOT, content)
        thread_ts = body.get("thread_ts")
        self._state.post(
            replace(
                draft,
                only_for=None if in_channel else origin.user,
                thread_ts=None if thread_ts is None else str(thread_ts),
                metadata=content.metadata if in_channel else None,
            )
        )

    def _replaced(self, source: Message, content: Content) -> Message:
        """The source with entirely new content; it keeps its place, and stays private if it was."""
        draft = new_message(source.channel, source.user, content)
        return replace(source, text=draft.text, blocks=draft.blocks, attachments=draft.attachments)


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in {"true", "1"}
