"""A Slack workspace for one app, on 127.0.0.1: Web API, Socket Mode or signed HTTP, and people who use it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from aiohttp import web

from dojobbot.simulator.faults import Faults
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.acts import Acts
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.delivery import Kind, Transport
from dojobbot.simulator.slack_api.events import RETRY_PAUSES, EventDelivery, Events
from dojobbot.simulator.slack_api.faulty_delivery import FaultyDelivery
from dojobbot.simulator.slack_api.http_delivery import HttpDelivery
from dojobbot.simulator.slack_api.interactions import Interaction, Interactions
from dojobbot.simulator.slack_api.links import Links
from dojobbot.simulator.slack_api.people import Channel, User, UserGroup
from dojobbot.simulator.slack_api.rates import Rates
from dojobbot.simulator.slack_api.response_urls import ResponseUrls
from dojobbot.simulator.slack_api.routes import response_route, upload_route
from dojobbot.simulator.slack_api.schedule import Schedule
from dojobbot.simulator.slack_api.sockets import LIFETIME_SECONDS, Reason, Sockets
from dojobbot.simulator.slack_api.state import State
from dojobbot.simulator.slack_api.stored_files import Files
from dojobbot.simulator.slack_api.views import Views
from dojobbot.simulator.slack_api.web_api import RequestRecord, WebApi

T = TypeVar("T")

# Made up; real ones never get here.
BOT_TOKEN = "xoxb-simulated-bot"
APP_TOKEN = "xapp-simulated-app"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class SimulatedWorkspace(Acts):
    """A Slack workspace with one app in it.

    The bot reaches it over HTTP at `api_url`; tests and the demo's page act for its people through the
    methods here and in `Acts` and `Sights`, which belong to the event loop that `start` ran in. The users,
    channels and ids of the default world are the constants of `dojobbot.simulator.slack_api.world`.

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
        connection_seconds: how long a socket lasts until Slack asks the app to open another.
        shortcuts: the app's shortcuts: callback id -> `global` or `message`.
        unfurl_domains: the domains whose links the app hears of, five at most.
        without_blocks: types of block that are refused, as where Slack does not have them yet.
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
        events: Iterable[str] = world.EVENTS,
        should_escape: bool = False,
        rate_limits: bool = True,
        post_burst: int = 5,
        ack_seconds: float = 3.0,
        ping_seconds: float = 10.0,
        retry_pauses: tuple[float, ...] = RETRY_PAUSES,
        connection_seconds: float = LIFETIME_SECONDS,
        shortcuts: Mapping[str, str] | None = None,
        unfurl_domains: Iterable[str] = (),
        without_blocks: Iterable[str] = (),
    ) -> None:
        lacking = frozenset(without_blocks)
        self.faults = Faults() if faults is None else faults
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.request_url = request_url
        self.ack_times: list[float] = []
        self.ack_seconds = ack_seconds
        self._address = ""
        self._runner: web.AppRunner | None = None
        state = State(now=now, users=users, channels=channels, groups=groups)
        views, files, links = Views(now, state.changes), Files(self._base_url), Links(tuple(unfurl_domains))
        self.rates = Rates(lambda: asyncio.get_running_loop().time(), enabled=rate_limits, burst=post_burst)
        self._schedule = Schedule(state)
        self._sockets = Sockets(
            state.changes,
            self._note_ack,
            ack_seconds=ack_seconds,
            ping_seconds=ping_seconds,
            lifetime_seconds=connection_seconds,
        )
        self._faulty = FaultyDelivery(self.faults, self._sockets, ack_seconds=ack_seconds)
        self._api = WebApi(
            Context(state, views, self.rates, files, self._schedule, links, frozenset(scopes), lacking),
            self.faults,
            bot_token=bot_token,
            app_token=app_token,
            open_socket=self._socket_url,
        )
        self._urls = ResponseUrls(state, self._base_url, lacking)
        interactions = Interactions(
            state,
            views,
            self._urls,
            self._transport,
            commands=frozenset(commands),
            shortcuts=dict(shortcuts or {}),
            should_escape=should_escape,
        )
        subscribed = frozenset(events)
        told = Events(state, self._transport, subscribed=subscribed, retry_pauses=retry_pauses)
        super().__init__(state, views, files, links, interactions=interactions, events=told)

    # --- running it

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Serve on an address; port 0 takes a free one."""
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/socket", self._sockets.handle)
        app.router.add_routes(
            [
                response_route(self._urls, self._api, self.faults),
                upload_route(self._files, self._api, self.faults),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        bound = self._runner.addresses[0]
        self._address = f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        """Give up what is under way and close everything."""
        await self._events.stop()
        await self._faulty.stop()
        await self._schedule.stop()
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

    @property
    def unacknowledged(self) -> int:
        """How many envelopes went over sockets that the app has not acknowledged, in time or late."""
        return self._sockets.unacknowledged

    async def disconnect(self, reason: Reason) -> None:
        """Announce the end of all sockets as Slack does, and close them after the grace that Slack gives."""
        await self._sockets.disconnect(reason)

    def drop_sockets(self) -> None:
        """Cut all sockets without a word."""
        self._sockets.drop()

    # --- what Slack does to the app by itself

    async def verify_request_url(self) -> bool:
        """Ask the app's request URL to echo a challenge; whether it did, in time."""
        return await self._http().verify()

    async def check_ssl(self) -> bool:
        """Send the `ssl_check` that publicly distributed apps get; whether it was answered with a 200."""
        return await self._http().check_ssl()

    async def uninstall(self) -> None:
        """Remove the app from the workspace: its tokens end, and it hears of both in no promised order."""
        self._events.uninstalled()
        self._api.revoked = "account_inactive"

    # --- following along

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 40.0) -> T:  # noqa: ASYNC109 - for a test
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

    def _base_url(self) -> str:
        return f"http://{self._address}"

    def _socket_url(self) -> str:
        return f"ws://{self._address}/socket?ticket={self._sockets.ticket()}"

    def _note_ack(self, kind: Kind, seconds: float) -> None:
        if kind != "events_api":
            self.ack_times.append(seconds)
        self.state.changes.tell(Change("ack"))

    def _transport(self) -> Transport:
        return self._faulty.over(self._sockets if self.request_url is None else self._http())

    def _http(self) -> HttpDelivery:
        if self.request_url is None or self.signing_secret is None:
            raise ValueError("HTTP delivery needs a request_url and a signing_secret.")
        return HttpDelivery(
            self.request_url, self.signing_secret, self._note_ack, ack_seconds=self.ack_seconds
        )
