"""Slack reaches us over a socket that we open: Socket Mode.

A socket is renewed every hour, when Slack asks for it, and when nothing comes back over it. Where there is
time, the next one is open before the last one is closed, so that nobody's press falls between them.
Facts: docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.limits import backoff
from dojobbot.slack.connection import Connection, Handle, envelope
from dojobbot.slack.insist import LONGEST_COMPLAINT_PAUSE, TOKEN_WRONG, NotYet, Trouble, insist

__all__ = ["RENEWAL_SECONDS", "SocketLink"]

HANDSHAKE_SECONDS = 10.0
HEARTBEAT_SECONDS = 10.0
"""Between pings of ours; a socket on which nothing comes back for half as long is dead."""
RENEWAL_SECONDS = 3_600.0
"""A socket that answers pings and delivers nothing has been seen (bolt-python #1529). Nobody can tell it from
one that has nothing to deliver, so none gets older than this."""
CLOSE_SECONDS = 0.5
SHORT_LIFE = 10.0
"""Slack may ask for another socket at any moment; one after the other that lives less long is a storm."""
SWITCHED_OFF = (
    "Slack says that Socket Mode is switched off for this app (link_disabled). Switch it on at "
    "api.slack.com/apps > your app > Socket Mode."
)
TOO_MANY = (
    "Slack takes no more than ten sockets of one app (too_many_websockets). End other programs that use this "
    "SLACK_APP_TOKEN, or give them an app of their own"
)
log = logging.getLogger(__name__)


class SocketLink:
    """Keeps a socket open, hands Bolt what comes over it, and says how it is.

    In the place of the SDK's client, because that one, after a lost handshake, repeats for ever the same
    address, which is good for one try, and logs it with the secret in it.

    Args:
        app_token: opens sockets.
        client: calls the Web API.
        sleep: waits until a socket is too old.
        heartbeat: the seconds between pings.
    """

    def __init__(
        self,
        app_token: str,
        client: AsyncWebClient,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._app_token = app_token
        self._client = client
        self._sleep = sleep
        self._heartbeat = heartbeat
        self._http: aiohttp.ClientSession | None = None
        self._trouble = Trouble("the socket to Slack is not open", reason="Slack was not reached yet")
        self._renewing = Trouble("the socket to Slack, which is open, can't be renewed")
        self._current: Connection | None = None
        self._retiring: dict[asyncio.Task[None], Connection] = {}
        self._keeping: asyncio.Task[None] | None = None

    def trouble(self) -> str:
        """Say what is wrong with the link, or nothing while a socket is open."""
        if self._current is not None and self._current.is_open:
            return ""
        return self._trouble.reason or self._renewing.reason or "it was cut"

    def routes(self) -> list[web.RouteDef]:
        """Give the routes that Slack calls: none."""
        return []

    async def open(self, app: AsyncApp) -> tuple[asyncio.Task[None], ...]:
        """Open a socket, trying for as long as Slack is not there, and hand the app what comes.

        Returns:
            The task that opens the next socket when it is time, until `close`.

        Raises:
            SettingsError: when Slack says that the token is wrong. Later on, that is trouble as any other.
        """
        self._http = aiohttp.ClientSession()
        connect = partial(self._connect, self._http, partial(_dispatch, app))
        self._current = await insist(connect, self._trouble, _refused)
        self._keeping = asyncio.create_task(self._keep(self._current, connect), name="socket to Slack")
        return (self._keeping,)

    async def close(self) -> None:
        """Listen no more, let what was heard be acknowledged, and close the sockets: within a second."""
        tasks = [*self._retiring, *([self._keeping] if self._keeping else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        connections = [*self._retiring.values(), *([self._current] if self._current else [])]
        await asyncio.gather(*(connection.close() for connection in connections))
        if self._http is not None:
            await self._http.close()

    async def _connect(self, http: aiohttp.ClientSession, handle: Handle) -> Connection:
        """Open a socket at an address of its own; Slack's hello says that it works."""
        reply = await self._client.apps_connections_open(app_token=self._app_token)
        async with asyncio.timeout(HANDSHAKE_SECONDS), contextlib.AsyncExitStack() as stack:
            connecting = http.ws_connect(
                str(reply.get("url")),
                heartbeat=self._heartbeat,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                proxy=self._client.proxy,
                ssl=self._client.ssl or True,
            )
            try:
                socket = await stack.enter_async_context(connecting)
            except aiohttp.WSServerHandshakeError as error:
                raise NotYet(f"HTTP {error.status} in the place of a socket") from None
            hello = envelope(await socket.receive())
            if hello.get("type") != "hello":
                raise _not_greeted(str(hello.get("reason", "no hello")))
            stack.pop_all()
        return Connection(socket, handle, instead=self._acknowledge)

    async def _acknowledge(self, acknowledgement: dict[str, Any]) -> None:
        """Acknowledge over the newest socket what came over another."""
        if self._current is None:
            raise ConnectionError("no socket is open")
        await self._current.acknowledge(acknowledgement)

    async def _keep(self, here: Connection, connect: Callable[[], Awaitable[Connection]]) -> None:
        """Open the next socket when this one is too old, is to end or has ended, and so on."""
        loop = asyncio.get_running_loop()
        short_lives = 0
        while True:
            opened_at = loop.time()
            await self._until_due(here)
            self._note_end(here)
            is_too_old = here.is_open and not here.farewell
            short_lives = 0 if is_too_old or loop.time() - opened_at > SHORT_LIFE else short_lives + 1
            await asyncio.sleep(_pause(short_lives))
            there = await self._next(here, connect)
            self._current, last, here = there, here, there
            self._retire(last)

    def _note_end(self, connection: Connection) -> None:
        """Say that a socket has ended without Slack's asking for another, or that Slack wants no other."""
        if connection.farewell == "link_disabled":
            self._trouble.begin(SWITCHED_OFF, complaint=True)
        elif not connection.is_open and not connection.farewell:
            self._trouble.begin("it was cut")

    async def _next(self, here: Connection, connect: Callable[[], Awaitable[Connection]]) -> Connection:
        """Open the next socket, however long it takes; it is another trouble once this one has ended."""
        if here.is_open and here.farewell != "link_disabled":
            renewing = asyncio.create_task(insist(connect, self._renewing, _refused, for_ever=True))
            try:
                await asyncio.wait({renewing, here.reading}, return_when=asyncio.FIRST_COMPLETED)
                if renewing.done():
                    return renewing.result()
            finally:
                renewing.cancel()
            self._note_end(here)
            self._renewing.pass_to(self._trouble)
        return await insist(connect, self._trouble, _refused, for_ever=True)

    async def _until_due(self, connection: Connection) -> None:
        """Wait until a socket is too old, Slack asks for another, or it has ended."""
        waiting = (
            asyncio.ensure_future(self._sleep(RENEWAL_SECONDS)),
            asyncio.ensure_future(connection.asked_to_leave.wait()),
        )
        try:
            await asyncio.wait({connection.reading, *waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    def _retire(self, connection: Connection) -> None:
        task = asyncio.create_task(connection.retire(), name="retiring a socket")
        self._retiring[task] = connection
        task.add_done_callback(self._retiring.pop)


def _pause(short_lives: int) -> float:
    """Give the seconds before the next socket: none, unless one after the other did not live long."""
    if short_lives < 2:
        return 0.0
    jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
    return backoff(short_lives - 2, jitter=jitter, cap=LONGEST_COMPLAINT_PAUSE)


async def _dispatch(app: AsyncApp, request: SocketModeRequest) -> dict[str, Any] | None:
    """Let Bolt do what an envelope wants; see Handle."""
    response = await app.async_dispatch(AsyncBoltRequest(body=request.payload, mode="socket_mode"))
    if response.status != 200:
        return None
    return json.loads(response.body) if response.body else {}


def _not_greeted(reason: str) -> NotYet:
    """Say why a socket began with no hello, and what to do where a person can."""
    if reason == "link_disabled":
        return NotYet(SWITCHED_OFF, complaint=True)
    return NotYet(TOO_MANY if reason == "too_many_websockets" else reason)


def _refused(code: str) -> str | None:
    if code not in TOKEN_WRONG | {"missing_scope"}:
        return None
    return (
        f"SLACK_APP_TOKEN was refused by Slack ({code}). It needs the scope connections:write; get one from "
        "api.slack.com/apps > your app > Basic Information > App-Level Tokens."
    )
