"""Slack reaches us over a socket that we open: Socket Mode.

Facts: docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import aiohttp
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.slack.insist import TOKEN_WRONG, NotYet, Trouble, insist

__all__ = ["SocketLink"]

HANDSHAKE_SECONDS = 10.0
HEARTBEAT_SECONDS = 10.0
"""Between pings of ours; a socket on which nothing comes back for half as long is dead."""
ACK_SECONDS = 0.4
CLOSE_SECONDS = 0.5
Socket: TypeAlias = aiohttp.ClientWebSocketResponse
log = logging.getLogger(__name__)


class SocketLink:
    """Keeps one socket open, hands Bolt what comes over it, and says how it is.

    In the place of the SDK's client, because that one, after a lost handshake, repeats for ever the same
    address, which is good for one try, and logs it with the secret in it.
    """

    def __init__(self, app_token: str, client: AsyncWebClient) -> None:
        self._app_token = app_token
        self._client = client
        self._http: aiohttp.ClientSession | None = None
        self._trouble = Trouble("the socket to Slack is not open", reason="Slack was not reached yet")
        self._socket: Socket | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    def trouble(self) -> str:
        """Say what is wrong with the link, or nothing while the socket is open."""
        return self._trouble.reason

    def routes(self) -> list[web.RouteDef]:
        """Give the routes that Slack calls: none."""
        return []

    async def open(self, app: AsyncApp) -> tuple[asyncio.Task[None], ...]:
        """Open the socket, for as long as Slack is not there, and hand the app what comes.

        Returns:
            The task that listens, and opens the next socket when one has ended, until `close`.

        Raises:
            SettingsError: when Slack says that the token is wrong. Later on, that is trouble as any other.
        """
        self._http = aiohttp.ClientSession()
        connect = partial(self._connect, self._http)
        self._socket = await insist(connect, self._trouble, _refused)
        self._listening = asyncio.create_task(
            self._listen(app, self._socket, connect), name="socket to Slack"
        )
        return (self._listening,)

    async def close(self) -> None:
        """Listen no more, let what was heard be acknowledged, and close the socket: within a second."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})
        if self._socket is not None:
            await self._leave(self._socket)
        if self._http is not None:
            await self._http.close()

    async def _connect(self, http: aiohttp.ClientSession) -> Socket:
        """Open a socket at an address of its own; Slack's hello says that it works."""
        reply = await self._client.apps_connections_open(app_token=self._app_token)
        async with asyncio.timeout(HANDSHAKE_SECONDS), contextlib.AsyncExitStack() as stack:
            connecting = http.ws_connect(
                str(reply.get("url")),
                heartbeat=HEARTBEAT_SECONDS,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_SECONDS),
                proxy=self._client.proxy,
                ssl=self._client.ssl or True,
            )
            try:
                socket = await stack.enter_async_context(connecting)
            except aiohttp.WSServerHandshakeError as error:
                raise NotYet(f"HTTP {error.status} in the place of a socket") from None
            hello = _envelope(await socket.receive())
            if hello.get("type") != "hello":
                raise NotYet(str(hello.get("reason", "no hello")))
            stack.pop_all()
        return socket

    async def _listen(self, app: AsyncApp, socket: Socket, connect: Callable[[], Awaitable[Socket]]) -> None:
        while True:
            asked_to_leave = await self._serve(socket, app)
            await self._leave(socket)
            if not asked_to_leave:
                self._trouble.begin("it was cut")
            socket = self._socket = await insist(connect, self._trouble, _refused, for_ever=True)

    async def _leave(self, socket: Socket) -> None:
        if self._serving:
            await asyncio.wait(self._serving, timeout=ACK_SECONDS)
        await socket.close()

    async def _serve(self, socket: Socket, app: AsyncApp) -> bool:
        """Hand Bolt what comes until the socket ends; says whether Slack asked for another."""
        async for message in socket:
            envelope = _envelope(message)
            if envelope.get("type") == "disconnect":
                return True
            request = SocketModeRequest.from_dict(envelope)
            if request is not None:
                task = asyncio.create_task(_answer(socket, app, request))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)
        return False


async def _answer(socket: Socket, app: AsyncApp, request: SocketModeRequest) -> None:
    response = await app.async_dispatch(AsyncBoltRequest(body=request.payload, mode="socket_mode"))
    if response.status != 200:
        return
    payload = json.loads(response.body) if response.body else None
    acknowledgement = SocketModeResponse(request.envelope_id, payload).to_dict()
    try:
        await socket.send_json(acknowledgement)
    except (aiohttp.ClientError, ConnectionError) as error:
        log.warning("an acknowledgement did not reach Slack: %s", type(error).__name__)


def _refused(code: str) -> str | None:
    if code not in TOKEN_WRONG | {"missing_scope"}:
        return None
    return (
        f"SLACK_APP_TOKEN was refused by Slack ({code}). It needs the scope connections:write; get one from "
        "api.slack.com/apps > your app > Basic Information > App-Level Tokens."
    )


def _envelope(message: aiohttp.WSMessage) -> dict[str, Any]:
    """Read what came over a socket; empty for what is no JSON object."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        parsed = json.loads(message.data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
