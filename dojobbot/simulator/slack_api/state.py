"""What the simulated workspace remembers: users, channels and every message in them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.changes import Change, Changes
from dojobbot.simulator.slack_api.people import Channel, Message, User, UserGroup
from dojobbot.simulator.slack_api.problems import Json, SlackError


class State:
    """The memory of one workspace; each change to it is told to `changes`."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        users: Iterable[User],
        channels: Iterable[Channel],
        groups: Iterable[UserGroup],
    ) -> None:
        self.now = now
        self.changes = Changes()
        self.users = {user.id: user for user in users}
        self.channels = {channel.id: channel for channel in channels}
        self.groups = {group.id: group for group in groups}
        self._messages: dict[str, dict[str, Message]] = {}
        self._last_ts = 0

    def mint_ts(self) -> str:
        """A message id for now; later than every one before, as Slack's are."""
        self._last_ts = max(self._last_ts + 1, int(self.now().timestamp() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def user(self, user_id: str) -> User:
        """A user by id; `user_not_found` when there is none."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def channel(self, channel_id: str) -> Channel:
        """A channel by id; `channel_not_found` when there is none."""
        if channel_id not in self.channels:
            raise SlackError("channel_not_found")
        return self.channels[channel_id]

    def dm(self, one: str, *others: str) -> Channel:
        """The direct messages of two users, or of more, opened when there are none yet."""
        members = frozenset({one, *others})
        for channel in self.channels.values():
            if channel.kind in {"im", "mpim"} and channel.members == members:
                return channel
        number = len(self.channels)
        if len(members) > 2:
            channel = Channel(f"G0GROUP{number:03d}", f"mpdm-{number}", "mpim", members)
        else:
            channel = Channel(f"D0DIRECT{number:02d}", "directmessage", "im", members)
        self.set_channel(channel)
        return channel

    def set_channel(self, channel: Channel) -> None:
        """Add a channel, or put a changed one in the place of the old."""
        self.channels[channel.id] = channel
        self.changes.tell(Change("channel", channel.id))

    def keep(self, message: Message) -> None:
        """Add a message, or put a changed one in the place of the old."""
        messages = self._messages.setdefault(message.channel, {})
        kind = "message_changed" if message.ts in messages else "message"
        messages[message.ts] = message
        self.changes.tell(Change(kind, message.channel, message.ts, message.only_for))

    def remove(self, message: Message) -> None:
        """Delete a message."""
        del self._messages[message.channel][message.ts]
        self.changes.tell(Change("message_deleted", message.channel, message.ts, message.only_for))

    def find(self, channel_id: str, ts: str, viewer: str | None = None) -> Message | None:
        """A message; an ephemeral one is found only for the viewer who sees it."""
        message = self._messages.get(channel_id, {}).get(ts)
        hidden = message is not None and message.only_for not in {None, viewer}
        return None if hidden else message

    def messages(self, channel_id: str, viewer: str | None = None) -> list[Message]:
        """A channel's messages, oldest first, with the ephemeral ones of the viewer."""
        every = self._messages.get(channel_id, {}).values()
        return [message for message in every if message.only_for in {None, viewer}]

    def replies(self, parent: Message) -> list[Message]:
        """The replies in a message's thread, oldest first."""
        every = self._messages.get(parent.channel, {}).values()
        return [message for message in every if message.thread_ts == parent.ts and message.only_for is None]

    def post(self, message: Message) -> Message:
        """Keep a new message under a fresh ts, and return it."""
        posted = replace(message, ts=self.mint_ts())
        self.keep(posted)
        return posted

    def as_json(self, message: Message, *, all_metadata: bool = False) -> Json:
        """A message as the Web API and the payloads show it."""
        body: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
        user = self.users.get(message.user)
        body["team"] = user.team_id if user is not None else world.TEAM_ID
        if message.user == world.BOT:
            body |= {"bot_id": world.BOT_ID, "app_id": world.APP_ID}
        if message.blocks:
            body["blocks"] = list(message.blocks)
        if message.attachments:
            body["attachments"] = list(message.attachments)
        if message.files:
            body["files"] = list(message.files)
        if message.edited_ts is not None:
            body["edited"] = {"user": message.user, "ts": message.edited_ts}
        if message.metadata is not None:
            kept = ("event_type", "event_payload") if all_metadata else ("event_type",)
            body["metadata"] = {key: message.metadata[key] for key in kept}
        return body | self._thread_json(message)

    def _thread_json(self, message: Message) -> Json:
        """The keys that tell of the thread a message starts or belongs to."""
        if message.thread_ts is not None:
            body: Json = {"thread_ts": message.thread_ts}
            parent = self.find(message.channel, message.thread_ts)
            if parent is not None:
                body["parent_user_id"] = parent.user
            if message.broadcast:
                body["subtype"] = "thread_broadcast"
            return body
        replies = self.replies(message) if message.only_for is None else []
        if not replies:
            return {}
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": sorted({reply.user for reply in replies}),
            "latest_reply": replies[-1].ts,
        }
