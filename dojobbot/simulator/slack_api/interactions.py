"""What people do to the app: they type commands, press controls, submit modals; and what Slack shows then."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dojobbot.simulator.slack_api import payloads, world
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.controls import (
    agreed,
    controls,
    message_controls,
    pick,
    typed_values,
)
from dojobbot.simulator.slack_api.delivery import Ack, Kind, Transport
from dojobbot.simulator.slack_api.people import Channel, Message, User
from dojobbot.simulator.slack_api.problems import Json, SlackError
from dojobbot.simulator.slack_api.response_urls import Origin, ResponseUrls
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.views import View, Views, check_view

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Interaction:
    """One thing that a person did to the app, and how it went.

    Attributes:
        kind: `slash_commands`, `block_actions` or `view_submission`.
        user: who did it.
        what: the command as typed, the action id, or the modal's callback id.
        error: what Slack tells the person when it failed: `operation_timeout`, `dispatch_failed`,
            `unknown_command`, or what is wrong with the app's answer; None when all went well.
        ack_seconds: how long the app took to acknowledge; None when it did not in time.
        answer: the body of the acknowledgement.
        payload: what was sent.
    """

    kind: str
    user: str
    what: str
    error: str | None
    ack_seconds: float | None
    answer: Json | None
    payload: Json


class Interactions:
    """Delivers what people do, and shows them what comes of it.

    Args:
        state: the workspace's memory.
        views: the open views, and the triggers.
        urls: hands out response URLs.
        transport: returns the way to the app that is in force.
        commands: the app's slash commands.
        should_escape: whether the app asked for ids in the place of typed names.
    """

    def __init__(
        self,
        state: State,
        views: Views,
        urls: ResponseUrls,
        transport: Callable[[], Transport],
        *,
        commands: frozenset[str],
        should_escape: bool,
    ) -> None:
        self._state = state
        self._views = views
        self._urls = urls
        self._transport = transport
        self._commands = commands
        self._should_escape = should_escape
        self.done: list[Interaction] = []

    async def command(self, user: User, channel: Channel, typed: str) -> Interaction:
        """Type a slash command."""
        name, _, words = typed.strip().partition(" ")
        if name not in self._commands:
            self.tell(channel.id, user.id, f"{name} is not a valid command.")
            return self._note(
                Interaction("slash_commands", user.id, typed, "unknown_command", None, None, {})
            )
        if self._should_escape:
            words = self._escaped(words)
        url = self._urls.issue(Origin(channel.id, user.id, typed=typed))
        trigger = self._views.issue_trigger(user.id)
        payload = payloads.slash_command(
            user, channel, name, words.strip(), trigger_id=trigger, response_url=url
        )
        ack = await self._transport().deliver("slash_commands", payload)
        error = ack.error
        if error is None and ack.body:
            try:
                self._urls.answer(url, ack.body)
            except SlackError as problem:
                error = problem.code
                log.warning("the answer to %s is not one that Slack shows: %s", name, problem)
        if error is not None:
            self.tell(channel.id, user.id, f'{name} failed with the error "{error}"')
        return self._note(
            Interaction("slash_commands", user.id, typed, error, ack.seconds, ack.body, payload)
        )

    async def press(
        self,
        user: User,
        channel: Channel,
        message: Message,
        wanted: str,
        *,
        option: str | None,
        block_id: str | None,
        confirm: bool | None,
    ) -> Interaction | None:
        """Operate a control of a message; None when the person said no in its confirm dialog."""
        control = pick(message_controls(message), wanted, block_id)
        action = control.action(option, self._state.mint_ts())
        if not agreed(control, confirm):
            return None
        payload = payloads.message_action(
            user,
            channel,
            self._state.as_json(message, all_metadata=True),
            action,
            attachment=control.attachment,
            ephemeral=message.only_for is not None,
            trigger_id=self._views.issue_trigger(user.id),
            response_url=self._urls.issue(Origin(channel.id, user.id, message_ts=message.ts)),
        )
        ack = await self._send("interactive", payload)
        if ack.error is not None:
            self.tell(channel.id, user.id, f'{control.label} failed with the error "{ack.error}"')
        what = str(action["action_id"])
        return self._note(
            Interaction("block_actions", user.id, what, ack.error, ack.seconds, ack.body, payload)
        )

    async def press_in_view(
        self, user: User, view: View, wanted: str, *, option: str | None, confirm: bool | None
    ) -> Interaction | None:
        """Operate a control of a modal or App Home; None when the person said no in its confirm dialog."""
        control = pick(controls(view.content["blocks"]), wanted, None)
        action = control.action(option, self._state.mint_ts())
        if not agreed(control, confirm):
            return None
        trigger = self._views.issue_trigger(user.id)
        payload = payloads.view_action(user, view.as_json(), action, trigger_id=trigger)
        ack = await self._send("interactive", payload)
        what = str(action["action_id"])
        return self._note(
            Interaction("block_actions", user.id, what, ack.error, ack.seconds, ack.body, payload)
        )

    async def submit(self, user: User, view: View, given: Mapping[str, Mapping[str, Any]]) -> Interaction:
        """Submit a modal, and do with it what the app answers."""
        values = typed_values(view.content["blocks"], given)
        trigger = self._views.issue_trigger(user.id)
        payload = payloads.view_submission(user, view.as_json(values), trigger_id=trigger)
        ack = await self._send("interactive", payload)
        error = ack.error
        if error is None:
            try:
                self._after_submit(view, ack.body or {})
            except SlackError as problem:
                error = problem.code
                log.warning("the answer to a submitted modal is not one that Slack takes: %s", problem)
        what = str(view.content.get("callback_id", ""))
        return self._note(
            Interaction("view_submission", user.id, what, error, ack.seconds, ack.body, payload)
        )

    def tell(self, channel: str, user: str, text: str) -> None:
        """Let Slackbot say something that only one person sees."""
        self._state.post(Message("", channel, world.SLACKBOT, text, only_for=user))

    def _after_submit(self, view: View, answer: Json) -> None:
        match answer.get("response_action"):
            case None:
                self._views.pop(view.user)
            case "clear":
                self._views.clear(view.user)
            case "update":
                self._views.update(view.id, check_view(answer.get("view"), "modal"), None)
            case "push":
                self._views.push(view.user, check_view(answer.get("view"), "modal"))
            case "errors":
                self._views.complain(view, answer.get("errors") or {})
            case _:
                raise SlackError("invalid_response_action")

    async def _send(self, kind: Kind, payload: Json) -> Ack:
        return await self._transport().deliver(kind, payload)

    def _note(self, interaction: Interaction) -> Interaction:
        self.done.append(interaction)
        self._state.changes.tell(Change("interaction", user=interaction.user))
        return interaction

    def _escaped(self, words: str) -> str:
        """Typed names of users and channels as Slack's markup with ids; private channels lose their name."""
        users = {user.name: user.id for user in self._state.users.values()}
        channels = {channel.name: channel for channel in self._state.channels.values()}

        def link(match: re.Match[str]) -> str:
            name = match[2]
            if match[1] == "@":
                return f"<@{users[name]}>" if name in users else match[0]
            if name not in channels or channels[name].kind in {"im", "mpim"}:
                return match[0]
            shown = name if channels[name].kind == "public" else ""
            return f"<#{channels[name].id}|{shown}>"

        return re.sub(r"(?<![\w<])([@#])([\w-]+)", link, words)
