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
from dojobbot.simulator.slack_api.delivery import Transport
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
        kind: `slash_commands`, or the type of the payload, such as `block_actions` or `view_submission`.
        user: who did it.
        what: the command as typed, the action id, or the callback id of the modal or shortcut.
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
        shortcuts: the app's shortcuts: callback id -> `global` or `message`.
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
        shortcuts: Mapping[str, str],
        should_escape: bool,
    ) -> None:
        self._state = state
        self._views = views
        self._urls = urls
        self._transport = transport
        self._commands = commands
        self._shortcuts = shortcuts
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
        done = await self._interact(user, str(action["action_id"]), payload)
        if done.error is not None:
            self.tell(channel.id, user.id, f'{control.label} failed with the error "{done.error}"')
        return done

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
        return await self._interact(user, str(action["action_id"]), payload)

    async def shortcut(self, user: User, callback_id: str) -> Interaction:
        """Use a global shortcut; ValueError when the app has none of that name."""
        self._need_shortcut(callback_id, "global")
        trigger = self._views.issue_trigger(user.id)
        payload = payloads.shortcut(user, callback_id, trigger_id=trigger, at=self._state.mint_ts())
        return await self._interact(user, callback_id, payload)

    async def message_shortcut(
        self, user: User, channel: Channel, message: Message, callback_id: str
    ) -> Interaction:
        """Use a shortcut of a message; ValueError when the app has none of that name."""
        self._need_shortcut(callback_id, "message")
        payload = payloads.message_shortcut(
            user,
            channel,
            self._state.as_json(message, all_metadata=True),
            callback_id,
            trigger_id=self._views.issue_trigger(user.id),
            response_url=self._urls.issue(Origin(channel.id, user.id, message_ts=message.ts)),
            at=self._state.mint_ts(),
        )
        return await self._interact(user, callback_id, payload)

    async def close(self, user: User, view: View, *, whole_stack: bool) -> Interaction | None:
        """Close a modal and those above it, or all; the app hears of it where it asked to."""
        stack = self._views.modals(user.id)
        if whole_stack:
            self._views.clear(user.id)
        else:
            self._views.cut(user.id, [each.id for each in stack].index(view.id))
        if not view.content.get("notify_on_close"):
            return None
        payload = payloads.view_closed(user, view.as_json(), is_cleared=whole_stack)
        return await self._interact(user, str(view.content.get("callback_id", "")), payload)

    async def submit(self, user: User, view: View, given: Mapping[str, Mapping[str, Any]]) -> Interaction:
        """Submit a modal, and do with it what the app answers."""
        values = typed_values(view.content["blocks"], given)
        trigger = self._views.issue_trigger(user.id)
        payload = payloads.view_submission(user, view.as_json(values), trigger_id=trigger)
        payload["response_urls"] = self._response_urls(user, view, values)
        ack = await self._transport().deliver("interactive", payload)
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
                self._views.cut(view.user, len(self._views.modals(view.user)) - 1)
            case "clear":
                self._views.clear(view.user)
            case "update":
                self._views.update(view.id, check_view(answer.get("view"), "modal"), None)
            case "push":
                self._views.push(view.user, check_view(answer.get("view"), "modal"))
            case "errors":
                self._views.complain(view, answer.get("errors"))
            case _:
                raise SlackError("invalid_response_action")

    def _response_urls(self, user: User, view: View, values: Json) -> list[Json]:
        """A response URL for each chosen channel of an input that was marked `response_url_enabled`."""
        urls = []
        for block in view.content["blocks"]:
            element = block.get("element", {})
            if not element.get("response_url_enabled"):
                continue
            value = values[block["block_id"]][element["action_id"]]
            channel = value.get("selected_conversation") or value.get("selected_channel")
            if channel is not None:
                url = self._urls.issue(Origin(channel, user.id, typed=""))
                ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
                urls.append(ids | {"channel_id": channel, "response_url": url})
        return urls

    def _need_shortcut(self, callback_id: str, kind: str) -> None:
        if self._shortcuts.get(callback_id) != kind:
            raise ValueError(
                f"The app has no {kind} shortcut {callback_id!r}; it has {dict(self._shortcuts)}."
            )

    async def _interact(self, user: User, what: str, payload: Json) -> Interaction:
        ack = await self._transport().deliver("interactive", payload)
        return self._note(
            Interaction(str(payload["type"]), user.id, what, ack.error, ack.seconds, ack.body, payload)
        )

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
