"""What people of the workspace do: write, type commands, press, submit, invite, open the Home tab."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.chat import new_message
from dojobbot.simulator.slack_api.content import read_content
from dojobbot.simulator.slack_api.events import Events
from dojobbot.simulator.slack_api.interactions import Interaction, Interactions
from dojobbot.simulator.slack_api.links import Links
from dojobbot.simulator.slack_api.people import Channel, Message, User
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.sights import Sights
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.stored_files import Files
from dojobbot.simulator.slack_api.views import Views


class Acts(Sights):
    """A workspace in which people act.

    Args:
        state: the workspace's memory.
        views: the open views.
        files: the files.
        links: the links that were written.
        interactions: takes what people do to the app there.
        events: tells the app what happens.
    """

    def __init__(
        self,
        state: State,
        views: Views,
        files: Files,
        links: Links,
        *,
        interactions: Interactions,
        events: Events,
    ) -> None:
        super().__init__(state, views, files, links)
        self._interactions = interactions
        self._events = events

    async def type_command(self, user_id: str, channel_id: str, typed: str) -> Interaction:
        """Type a slash command, such as `/jobs running`; returns when it is acknowledged or has failed.

        Raises:
            ValueError: the user cannot type it there.
        """
        user, channel = self._member(user_id, channel_id)
        if user.is_stranger:
            raise ValueError(f"{user.name} is of another workspace, where Slack does not offer this app.")
        return await self._interactions.command(user, channel, typed)

    async def press(
        self,
        user_id: str,
        channel_id: str,
        ts: str,
        control: str,
        *,
        option: str | None = None,
        block_id: str | None = None,
        confirm: bool | None = None,
    ) -> Interaction | None:
        """Press a button, or choose from a menu, of a message that the user sees.

        Args:
            user_id: who.
            channel_id: the channel of the message.
            ts: the message.
            control: the action id or the visible label; a menu's label is its placeholder.
            option: the value or text of the choice, for a menu.
            block_id: tells controls of the same name apart.
            confirm: the answer to the control's confirm dialog.

        Returns:
            How it went; None when the person said no in the confirm dialog.

        Raises:
            ConfirmNeeded: the control has a confirm dialog and `confirm` was not given.
            LookupError: there is no such message, control or choice; the text names those there are.
        """
        user, channel = self._member(user_id, channel_id)
        message = self._seen(user, channel, ts)
        return await self._interactions.press(
            user, channel, message, control, option=option, block_id=block_id, confirm=confirm
        )

    async def press_in_view(
        self,
        user_id: str,
        view_id: str,
        control: str,
        *,
        option: str | None = None,
        confirm: bool | None = None,
    ) -> Interaction | None:
        """Operate a control of an open modal or of the App Home; as `press`."""
        view = self._view(user_id, view_id)
        return await self._interactions.press_in_view(
            self.state.user(user_id), view, control, option=option, confirm=confirm
        )

    async def submit_modal(
        self, user_id: str, view_id: str, values: Mapping[str, Mapping[str, Any]]
    ) -> Interaction:
        """Submit a modal.

        Args:
            user_id: who.
            view_id: the modal.
            values: block id -> action id -> a text, the value or text of a choice, or a list of choices.

        Raises:
            LookupError: there is no such modal or input, or a required one is empty.
        """
        view = self._view(user_id, view_id)
        return await self._interactions.submit(self.state.user(user_id), view, values)

    async def close_modal(
        self, user_id: str, view_id: str, *, whole_stack: bool = False
    ) -> Interaction | None:
        """Close a modal, and those above it, with its button or with the cross that closes all of them.

        Returns:
            What the app was told, as it asked with `notify_on_close`; None when it did not ask.
        """
        view = self._view(user_id, view_id)
        return await self._interactions.close(self.state.user(user_id), view, whole_stack=whole_stack)

    async def use_shortcut(self, user_id: str, callback_id: str) -> Interaction:
        """Choose a global shortcut of the app; ValueError when the app has none of that name."""
        return await self._interactions.shortcut(self.state.user(user_id), callback_id)

    async def use_message_shortcut(
        self, user_id: str, channel_id: str, ts: str, callback_id: str
    ) -> Interaction:
        """Choose a shortcut from the menu of a message.

        Raises:
            LookupError: the user sees no such message.
            ValueError: the app has no message shortcut of that name.
        """
        user, channel = self._member(user_id, channel_id)
        message = self._seen(user, channel, ts)
        return await self._interactions.message_shortcut(user, channel, message, callback_id)

    async def open_home(self, user_id: str, tab: str = "home") -> None:
        """Open the app: its Home tab, or its `messages` tab."""
        channel = self.state.dm(user_id, world.BOT)
        event: Json = {"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": tab}
        home = self.home(user_id)
        if tab == "home" and home is not None:
            event["view"] = home.as_json()
        self._events.emit("app_home_opened", event)

    async def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message; `<@...>` mentions. Returns its ts."""
        user, channel = self._member(user_id, channel_id)
        if thread_ts is not None and self.state.find(channel_id, thread_ts) is None:
            raise LookupError(f"There is no message {thread_ts} in {channel.name} to reply to.")
        draft = new_message(channel.id, user.id, read_content({"text": text}))
        message = self.state.post(replace(draft, thread_ts=thread_ts))
        self._events.said(channel, self.state.as_json(message))
        self._tell_of_links(user_id, text, message)
        return message.ts

    async def draft(self, user_id: str, text: str) -> None:
        """Type something into the composer without sending it: the app hears of its links already."""
        self._tell_of_links(user_id, text, None)

    async def mention(self, user_id: str, channel_id: str, words: str = "") -> str:
        """Write a message that mentions the bot. Returns its ts."""
        return await self.say(user_id, channel_id, f"<@{world.BOT}> {words}".strip())

    async def invite(self, user_id: str, channel_id: str, guest_id: str = world.BOT) -> None:
        """Add a user, the bot unless said, to a channel."""
        _, channel = self._member(user_id, channel_id)
        joined = replace(channel, members=channel.members | {guest_id})
        self.state.set_channel(joined)
        if guest_id not in channel.members:
            self._events.joined(joined, guest_id, user_id)

    async def remove(self, channel_id: str, user_id: str = world.BOT) -> None:
        """Take a user, the bot unless said, out of a channel."""
        channel = self.state.channel(channel_id)
        self.state.set_channel(replace(channel, members=channel.members - {user_id}))
        if user_id == world.BOT:
            self._events.left(channel)

    async def archive(self, user_id: str, channel_id: str) -> None:
        """Archive a channel."""
        _, channel = self._member(user_id, channel_id)
        self.state.set_channel(replace(channel, is_archived=True))
        self._events.archived(channel, user_id)

    async def unarchive(self, user_id: str, channel_id: str) -> None:
        """Open an archived channel again; who was in it still is, the bot among them."""
        _, channel = self._member(user_id, channel_id)
        self.state.set_channel(replace(channel, is_archived=False))

    def _seen(self, user: User, channel: Channel, ts: str) -> Message:
        message = self.state.find(channel.id, ts, user.id)
        if message is None:
            raise LookupError(f"{user.name} sees no message {ts} in {channel.name}.")
        return message

    def _tell_of_links(self, user_id: str, text: str, message: Message | None) -> None:
        shared = self._links.note(user_id, text, message)
        if shared is not None:
            self._events.emit("link_shared", self._links.event(shared))
