"""A Slack workspace for one app, on 127.0.0.1: Web API, Socket Mode or signed HTTP, and people who use it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from aiohttp import web

from dojobbot.simulator.faults import Faults
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.chat import new_message
from dojobbot.simulator.slack_api.content import read_content
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.delivery import Kind, Transport
from dojobbot.simulator.slack_api.events import RETRY_PAUSES, EventDelivery, Events
from dojobbot.simulator.slack_api.http_delivery import HttpDelivery
from dojobbot.simulator.slack_api.interactions import Interaction, Interactions
from dojobbot.simulator.slack_api.people import Channel, Message, User, UserGroup
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.rates import Rates
from dojobbot.simulator.slack_api.response_urls import ResponseUrls, response_route
from dojobbot.simulator.slack_api.sockets import Reason, Sockets
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.views import View, Views
from dojobbot.simulator.slack_api.web_api import RequestRecord, WebApi

T = TypeVar("T")

# Made up; real ones never get here.
BOT_TOKEN = "xoxb-simulated-bot"
APP_TOKEN = "xapp-simulated-app"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedWorkspace:
    """A Slack workspace with one app in it.

    The bot reaches it over HTTP at `api_url`; tests and the demo's page act for its people through the
    methods here, which belong to the event loop that `start` ran in. The users, channels and ids of the
    default world are the constants of `dojobbot.simulator.slack_api.world`.

    Args:
        now: the clock of message ids, triggers and response URLs; an aware datetime.
        faults: misbehaviour; its operations are the Web API's methods and `response_url`.
        users: who is there.
        channels: the channels there are at first.
        groups: the user groups.
        bot_token: the bot's token.
        app_token: the app-level token, for Socket Mode.
        signing_secret: the app's signing secret, for HTTP delivery.
        request_url: where the app takes requests; None means Socket Mode. May be set later.
        scopes: what the bot's token may do.
        commands: the app's slash commands.
        events: the events that the app subscribes to, out of `ALL_EVENTS`.
        should_escape: whether typed names become ids in the text of commands.
        rate_limits: False switches 429s off.
        post_burst: how many messages a channel takes at once before one a second is the rule.
        ack_seconds: how long the app has to acknowledge.
        ping_seconds: pause between Slack's own pings on a socket.
        retry_pauses: seconds before each repetition of an event that was not acknowledged.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = _utc_now,
        faults: Faults | None = None,
        users: Iterable[User] = world.USERS,
        channels: Iterable[Channel] = world.CHANNELS,
        groups: Iterable[UserGroup] = world.GROUPS,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        signing_secret: str | None = None,
        request_url: str | None = None,
        scopes: Iterable[str] = world.SCOPES,
        commands: Iterable[str] = ("/jobs", "/job"),
        events: Iterable[str] = (),
        should_escape: bool = False,
        rate_limits: bool = True,
        post_burst: int = 5,
        ack_seconds: float = 3.0,
        ping_seconds: float = 10.0,
        retry_pauses: tuple[float, ...] = RETRY_PAUSES,
    ) -> None:
        self.faults = Faults() if faults is None else faults
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.request_url = request_url
        self.ack_times: list[float] = []
        self.ack_seconds = ack_seconds
        self._address = ""
        self._runner: web.AppRunner | None = None
        self.state = State(now=now, users=users, channels=channels, groups=groups)
        self._views = Views(now, self.state.changes)
        self.rates = Rates(lambda: asyncio.get_running_loop().time(), enabled=rate_limits, burst=post_burst)
        self._sockets = Sockets(
            self.state.changes, self._note_ack, ack_seconds=ack_seconds, ping_seconds=ping_seconds
        )
        self._api = WebApi(
            Context(self.state, self._views, self.rates, frozenset(scopes)),
            self.faults,
            bot_token=bot_token,
            app_token=app_token,
            open_socket=self._socket_url,
        )
        self._urls = ResponseUrls(self.state, lambda: f"http://{self._address}")
        self._interactions = Interactions(
            self.state,
            self._views,
            self._urls,
            self._transport,
            commands=frozenset(commands),
            should_escape=should_escape,
        )
        self._events = Events(
            self.state, self._transport, subscribed=frozenset(events), retry_pauses=retry_pauses
        )

    # --- running it

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve on an address; port 0 takes a free one."""
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/socket", self._sockets.handle)
        app.router.add_routes([response_route(self._urls, self._api, self.faults)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self._address = f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Give up what is under way and close everything."""
        await self._events.stop()
        await self._sockets.stop()
        self.faults.release()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api_url(self) -> str:
        """The base URL of the Web API, with a slash at its end."""
        return f"http://{self._address}/api/"

    @property
    def requests(self) -> list[RequestRecord]:
        """The bot's newest requests, oldest first."""
        return list(self._api.requests)

    @property
    def unknown_methods(self) -> list[str]:
        """Methods that the bot called and the simulator lacks."""
        return list(self._api.unknown_methods)

    @property
    def interactions(self) -> list[Interaction]:
        """All that people did to the app, oldest first."""
        return list(self._interactions.done)

    @property
    def event_deliveries(self) -> list[EventDelivery]:
        """All attempts to tell the app of an event, oldest first."""
        return list(self._events.deliveries)

    @property
    def socket_count(self) -> int:
        """How many Socket Mode connections of the app are in use."""
        return self._sockets.count

    async def disconnect(self, reason: Reason) -> None:
        """Announce the end of all sockets as Slack does, and close them after the grace that Slack gives."""
        await self._sockets.disconnect(reason)

    def drop_sockets(self) -> None:
        """Cut all sockets without a word."""
        self._sockets.drop()

    # --- what people do

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
        message = self.state.find(channel_id, ts, user_id)
        if message is None:
            raise LookupError(f"{user.name} sees no message {ts} in {channel.name}.")
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

    async def open_home(self, user_id: str) -> None:
        """Open the app's Home tab."""
        channel = self.state.dm(user_id, world.BOT)
        event = {"type": "app_home_opened", "user": user_id, "channel": channel.id, "tab": "home"}
        self._events.emit("app_home_opened", event)

    async def say(self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None) -> str:
        """Write a message; `<@...>` mentions. Returns its ts."""
        user, channel = self._member(user_id, channel_id)
        if thread_ts is not None and self.state.find(channel_id, thread_ts) is None:
            raise LookupError(f"There is no message {thread_ts} in {channel.name} to reply to.")
        draft = new_message(channel.id, user.id, read_content({"text": text}))
        message = self.state.post(replace(draft, thread_ts=thread_ts))
        self._events.said(channel, self.state.as_json(message))
        return message.ts

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

    # --- what people see

    @property
    def users(self) -> list[User]:
        """Everybody in the workspace, bots included."""
        return list(self.state.users.values())

    def channels(self, as_user: str) -> list[Channel]:
        """The channels and direct messages that a user is in."""
        return [each for each in self.state.channels.values() if as_user in each.members]

    def messages(self, channel_id: str, as_user: str) -> list[Json]:
        """A channel as a user sees it: every message there, replies included, oldest first.

        Each is the message object of the Web API plus `channel` and `is_ephemeral` (only this user sees it).
        """
        self._member(as_user, channel_id)
        return [self._shown(each) for each in self.state.messages(channel_id, as_user)]

    def dm(self, user_id: str) -> str:
        """The id of a user's direct messages with the bot."""
        return self.state.dm(user_id, world.BOT).id

    def dms(self, user_id: str) -> list[Json]:
        """A user's direct messages with the bot, as `messages` gives them."""
        return self.messages(self.dm(user_id), user_id)

    def modals(self, user_id: str) -> tuple[View, ...]:
        """The modals in front of a user, the topmost last."""
        return self._views.modals(user_id)

    def home(self, user_id: str) -> View | None:
        """The App Home that the bot published for a user."""
        return self._views.home(user_id)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109 - for a test
        """Wait until a predicate is truthy, asking it after every change; returns what it said.

        Raises:
            TimeoutError: it was still falsy after `timeout` seconds.
        """
        return await self.state.changes.wait_for(predicate, timeout)

    def subscribe(self) -> "asyncio.Queue[Change]":
        """A queue that receives every change from now on; give it back to `unsubscribe`."""
        return self.state.changes.subscribe()

    def unsubscribe(self, queue: "asyncio.Queue[Change]") -> None:
        """Stop filling a queue."""
        self.state.changes.unsubscribe(queue)

    # --- inside

    def _shown(self, message: Message) -> Json:
        ephemeral = message.only_for is not None
        body = self.state.as_json(message, all_metadata=True)
        return body | {"channel": message.channel, "is_ephemeral": ephemeral}

    def _member(self, user_id: str, channel_id: str) -> tuple[User, Channel]:
        """A user and a channel that they are in; ValueError when they cannot be there."""
        user, channel = self.state.user(user_id), self.state.channel(channel_id)
        if user.deleted:
            raise ValueError(f"{user.name} is deactivated and cannot use Slack.")
        if user_id not in channel.members:
            raise ValueError(f"{user.name} is not a member of {channel.name}.")
        return user, channel

    def _view(self, user_id: str, view_id: str) -> View:
        for view in (*self.modals(user_id), self.home(user_id)):
            if view is not None and view.id == view_id:
                return view
        raise LookupError(f"{user_id} has no view {view_id} open.")

    def _socket_url(self) -> str:
        return f"ws://{self._address}/socket?ticket={self._sockets.ticket()}"

    def _note_ack(self, kind: Kind, seconds: float) -> None:
        if kind != "events_api":
            self.ack_times.append(seconds)

    def _transport(self) -> Transport:
        if self.request_url is None:
            return self._sockets
        if self.signing_secret is None:
            raise ValueError("HTTP delivery needs a signing_secret.")
        return HttpDelivery(
            self.request_url, self.signing_secret, self._note_ack, ack_seconds=self.ack_seconds
        )
