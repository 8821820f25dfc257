"""The Events API: tells the app what happens in the workspace, and tells it again when it did not listen."""

import asyncio
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.delivery import Ack, Transport
from dojobbot.simulator.slack_api.payloads import event_callback
from dojobbot.simulator.slack_api.people import Channel
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.state import State

# Every event that the simulator can send; an app receives those that its manifest subscribes to.
ALL_EVENTS: frozenset[str] = frozenset(
    {
        "app_home_opened",
        "app_mention",
        "app_uninstalled",
        "channel_archive",
        "channel_left",
        "group_archive",
        "group_left",
        "link_shared",
        "member_joined_channel",
        "message.im",
        "tokens_revoked",
    }
)
RETRY_PAUSES = (0.0, 60.0, 300.0)


@dataclass(frozen=True)
class EventDelivery:
    """One attempt to tell the app of an event.

    Attributes:
        type: the event's type.
        attempt: 0, or the number of the repetition.
        error: None when the app acknowledged it, else why it may be repeated.
    """

    type: str
    attempt: int
    error: str | None


class Events:
    """Sends events to the app.

    Args:
        state: the workspace's memory.
        transport: returns the way to the app that is in force.
        subscribed: the names that the app's manifest lists under `bot_events`.
        retry_pauses: seconds before each repetition of an event that was not acknowledged.
    """

    def __init__(
        self,
        state: State,
        transport: Callable[[], Transport],
        *,
        subscribed: frozenset[str],
        retry_pauses: tuple[float, ...] = RETRY_PAUSES,
    ) -> None:
        self._state = state
        self._transport = transport
        self._subscribed = subscribed
        self._retry_pauses = retry_pauses
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self.deliveries: list[EventDelivery] = []

    def emit(self, name: str, event: Json) -> None:
        """Send an event in the background, if the app subscribed to it under this name."""
        if name not in self._subscribed:
            return
        task = asyncio.create_task(self._deliver(event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def said(self, channel: Channel, message: Json) -> None:
        """Somebody wrote a message: one to the bot, or one that mentions it."""
        event = message | {"channel": channel.id}
        if world.BOT not in channel.members:
            return
        if channel.kind == "im":
            self.emit("message.im", event | {"channel_type": "im"})
        elif f"<@{world.BOT}>" in message["text"]:
            self.emit("app_mention", event | {"type": "app_mention"})

    def joined(self, channel: Channel, user_id: str, inviter: str) -> None:
        """Somebody, perhaps the bot, joined a channel; the bot hears of those that it is in."""
        if world.BOT not in channel.members:
            return
        event = {"user": user_id, "channel": channel.id, "team": world.TEAM_ID, "inviter": inviter}
        event |= {"type": "member_joined_channel", "channel_type": "C" if channel.kind == "public" else "G"}
        self.emit("member_joined_channel", event)

    def left(self, channel: Channel) -> None:
        """The bot was removed from a channel."""
        name = "channel_left" if channel.kind == "public" else "group_left"
        self.emit(name, {"type": name, "channel": channel.id})

    def archived(self, channel: Channel, user_id: str) -> None:
        """A channel was archived; the bot hears of those that it is in."""
        name = "channel_archive" if channel.kind == "public" else "group_archive"
        if world.BOT in channel.members:
            self.emit(name, {"type": name, "channel": channel.id, "user": user_id})

    def uninstalled(self) -> None:
        """The app was removed; the two events about it may come in either order."""
        names = ["app_uninstalled", "tokens_revoked"]
        random.shuffle(names)
        for name in names:
            tokens: Json = {} if name == "app_uninstalled" else {"tokens": {"oauth": [], "bot": [world.BOT]}}
            self.emit(name, {"type": name, **tokens})

    async def stop(self) -> None:
        """Give up all events that are under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, event: Json) -> None:
        now = self._state.now()
        event = event | {"event_ts": event.get("ts") or self._state.mint_ts()}
        event_id = f"Ev{next(self._numbers):09d}"
        payload = event_callback(event, event_id=event_id, event_time=int(now.timestamp()))
        payload["is_ext_shared_channel"] = self._is_shared(event)
        ack = await self._attempt(payload, 0, "")
        for attempt, pause in enumerate(self._retry_pauses, 1):
            if ack.error is None or ack.no_retry:
                return
            await asyncio.sleep(pause)
            ack = await self._attempt(payload, attempt, ack.reason)

    async def _attempt(self, payload: Json, attempt: int, reason: str) -> Ack:
        ack = await self._transport().deliver("events_api", payload, attempt=attempt, reason=reason)
        self.deliveries.append(EventDelivery(payload["event"]["type"], attempt, ack.error))
        self._state.changes.tell(Change("event"))
        return ack

    def _is_shared(self, event: Json) -> bool:
        channel = self._state.channels.get(str(event.get("channel")))
        return channel is not None and channel.is_ext_shared
