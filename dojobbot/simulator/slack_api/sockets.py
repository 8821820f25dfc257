"""Socket Mode: the WebSockets of the app, the envelopes sent over them and their acknowledgements."""

import asyncio
import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from aiohttp import WSMsgType, web

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.changes import Change, Changes
from dojobbot.simulator.slack_api.delivery import Ack, Kind
from dojobbot.simulator.slack_api.problems import Json

Reason = Literal["warning", "refresh_requested", "link_disabled"]
# How long a connection stays after Slack has announced its end.
LIFETIME_SECONDS = 18_060.0
DEBUG_LIFETIME_SECONDS = 360.0
"""How long a connection lasts whose address was given `debug_reconnects=true`."""
WARNING_SECONDS = 10.0
GRACE = {"warning": WARNING_SECONDS, "refresh_requested": 1.0, "link_disabled": 0.0}
MOST_CONNECTIONS = 10
HOST = "simulated-slack"


@dataclass(eq=False)
class _Connection:
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    leaving: bool = False
    deaf: bool = False


@dataclass(frozen=True)
class _Sent:
    kind: Kind
    started: float
    ack: "asyncio.Future[Ack]"


class Sockets:
    """All Socket Mode connections of the app.

    Args:
        changes: hears of connections that come and go.
        acked: called with kind and seconds for each acknowledgement, also a late one.
        ack_seconds: how long the app has.
        ping_seconds: pause between the pings that Slack sends.
        lifetime_seconds: how long a connection lasts until Slack asks the app to open another.
    """

    def __init__(
        self,
        changes: Changes,
        acked: Callable[[Kind, float], None],
        *,
        ack_seconds: float,
        ping_seconds: float,
        lifetime_seconds: float = LIFETIME_SECONDS,
    ) -> None:
        self._changes = changes
        self._acked = acked
        self._ack_seconds = ack_seconds
        self._ping_seconds = ping_seconds
        self._lifetime_seconds = lifetime_seconds
        self._tickets: set[str] = set()
        self._connections: list[_Connection] = []
        self._sent: dict[str, _Sent] = {}
        self._turn = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def count(self) -> int:
        """How many connections are open and not about to be closed."""
        return sum(not connection.leaving for connection in self._connections)

    @property
    def unacknowledged(self) -> int:
        """How many envelopes were sent that the app has not acknowledged, in time or late."""
        return len(self._sent)

    def ticket(self) -> str:
        """A secret that opens one connection."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return ticket

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of a connection: hello, then acknowledgements until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401, text="This address was used before. Ask for a new one.")
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(self._connections) >= MOST_CONNECTIONS:
            await socket.send_json(_goodbye("too_many_websockets"))
            await socket.close()
            return socket
        debugging = request.query.get("debug_reconnects") == "true"
        lifetime = min(self._lifetime_seconds, DEBUG_LIFETIME_SECONDS if debugging else LIFETIME_SECONDS)
        connection = _Connection(socket, request.transport)
        self._connections.append(connection)
        try:
            await socket.send_json(_hello(len(self._connections), lifetime))
            self._changes.tell(Change("socket"))
            pinging = asyncio.create_task(self._ping(socket))
            ageing = asyncio.create_task(self._age(connection, lifetime))
            try:
                async for message in socket:
                    if message.type == WSMsgType.TEXT:
                        self._take_ack(message.data)
            finally:
                pinging.cancel()
                ageing.cancel()
        finally:
            self._connections.remove(connection)
            self._changes.tell(Change("socket"))
        return socket

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Ack:
        """Send an envelope over one of the connections and wait for its acknowledgement."""
        connection = self._pick()
        if connection is None:
            return Ack("dispatch_failed", reason="connection_failed")
        envelope_id = secrets.token_hex(16)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        future: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._sent[envelope_id] = _Sent(kind, time.perf_counter(), future)
        try:
            if not connection.deaf:
                await connection.socket.send_json(envelope)
        except ConnectionError:
            del self._sent[envelope_id]
            return Ack("dispatch_failed", reason="connection_failed")
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._ack_seconds)
        except TimeoutError:
            return Ack("operation_timeout", reason="timeout")

    async def disconnect(self, reason: Reason) -> None:
        """Announce to every connection that it will be closed, and close it when its grace is over."""
        for connection in [each for each in self._connections if not each.leaving]:
            await self._see_off(connection, reason)

    def drop(self) -> None:
        """Cut every connection at once, without a word, as a broken network does."""
        for connection in self._connections:
            connection.leaving = True
            if connection.transport is not None:
                connection.transport.abort()

    def deafen(self) -> None:
        """Send nothing more over the connections there are, which stay open and answer pings."""
        for connection in self._connections:
            connection.deaf = True

    async def stop(self) -> None:
        """Close every connection."""
        for task in self._tasks:
            task.cancel()
        for connection in list(self._connections):
            await connection.socket.close()

    def _pick(self) -> _Connection | None:
        """The connection whose turn it is; one that is about to close only when there is no other."""
        staying = [each for each in self._connections if not each.leaving]
        usable = staying or [each for each in self._connections if not each.socket.closed]
        return usable[next(self._turn) % len(usable)] if usable else None

    def _take_ack(self, data: str) -> None:
        """Settle the delivery that a message of the app acknowledges."""
        body: Any = json.loads(data)
        sent = self._sent.pop(str(body.get("envelope_id")), None) if isinstance(body, dict) else None
        if sent is None:
            return
        seconds = time.perf_counter() - sent.started
        self._acked(sent.kind, seconds)
        payload = body.get("payload")
        if not sent.ack.done():
            sent.ack.set_result(Ack(None, payload if isinstance(payload, dict) else None, seconds))

    async def _ping(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):  # the reader of the same socket sees its end
            while True:
                await asyncio.sleep(self._ping_seconds)
                await socket.ping(f"Ping from {HOST}".encode())

    async def _age(self, connection: _Connection, lifetime: float) -> None:
        """Let a connection know that its time is nearly over, and end it then."""
        with contextlib.suppress(ConnectionError):  # the reader of the same socket sees its end
            await asyncio.sleep(max(0.0, lifetime - WARNING_SECONDS))
            if not connection.leaving:
                await self._see_off(connection, "warning")

    async def _see_off(self, connection: _Connection, reason: Reason) -> None:
        connection.leaving = True
        await connection.socket.send_json(_goodbye(reason))
        self._spawn(_close_after(connection.socket, GRACE[reason]))
        self._changes.tell(Change("socket"))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close_after(socket: web.WebSocketResponse, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await socket.close()


def _hello(connections: int, lifetime: float) -> Json:
    return {
        "type": "hello",
        "num_connections": connections,
        "connection_info": {"app_id": world.APP_ID},
        "debug_info": {"host": HOST, "approximate_connection_time": int(lifetime)},
    }


def _goodbye(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": HOST}}
