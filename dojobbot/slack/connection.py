"""One socket to Slack: what comes over it is handed on and acknowledged until it ends.

Facts: docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import aiohttp
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

__all__ = ["Acknowledge", "Connection", "Handle", "Socket", "envelope"]

FAREWELL_SECONDS = 5.0
"""How long a socket that was closed by us is listened to until Slack closes it, too."""
ACK_SECONDS = 0.4
NORMAL_CLOSURE = aiohttp.WSCloseCode.OK.to_bytes(2, "big")
Socket: TypeAlias = aiohttp.ClientWebSocketResponse
Acknowledge: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]
Handle: TypeAlias = Callable[[SocketModeRequest], Awaitable[dict[str, Any] | None]]
"""Does what an envelope wants; gives the acknowledgement's payload, or None when Slack may send it again."""
log = logging.getLogger(__name__)


class Connection:
    """A socket that Slack has greeted.

    Args:
        socket: the socket.
        handle: takes what comes.
        instead: acknowledges over another socket when this one takes nothing more. Slack knows an envelope by
            its id alone, and the SDK, too, acknowledges over the newest session, whichever it came from.
    """

    def __init__(self, socket: Socket, handle: Handle, *, instead: Acknowledge) -> None:
        self._socket = socket
        self._handle = handle
        self._instead = instead
        self._serving: set[asyncio.Task[None]] = set()
        self._is_closing = False
        self.asked_to_leave = asyncio.Event()
        self.farewell = ""
        self.reading = asyncio.create_task(self._read(), name="reading a socket")

    @property
    def is_open(self) -> bool:
        """Whether something may still come, and be acknowledged, over it."""
        return not self.reading.done() and not self._is_closing

    async def acknowledge(self, acknowledgement: dict[str, Any]) -> None:
        """Send an acknowledgement. Raises ClientError or ConnectionError when it is broken."""
        await self._socket.send_json(acknowledgement)

    async def retire(self) -> None:
        """Tell Slack to send nothing more here, take what was on its way, and close.

        To be called when another socket is open. The library's own close would throw away what Slack sent
        before it heard of it.
        """
        if self.is_open:
            self._is_closing = True
            try:
                await self._socket.send_frame(NORMAL_CLOSURE, aiohttp.WSMsgType.CLOSE)
            except (aiohttp.ClientError, ConnectionError) as error:
                log.debug("a socket broke before it was closed: %s", type(error).__name__)
            await asyncio.wait({self.reading}, timeout=FAREWELL_SECONDS)
        await self.close()

    async def close(self) -> None:
        """Listen no more, let what was heard be acknowledged, and close: within a second."""
        self.reading.cancel()
        await asyncio.wait({self.reading})
        if self._serving:
            await asyncio.wait(self._serving, timeout=ACK_SECONDS)
        self._is_closing = True
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            read = envelope(message)
            if read.get("type") == "disconnect":
                self.farewell = str(read.get("reason", ""))
                self.asked_to_leave.set()
                continue
            request = SocketModeRequest.from_dict(read) if isinstance(read.get("payload"), dict) else None
            if request is not None:
                task = asyncio.create_task(self._answer(request))
                self._serving.add(task)
                task.add_done_callback(self._serving.discard)

    async def _answer(self, request: SocketModeRequest) -> None:
        payload = await self._handle(request)
        if payload is None:
            return
        acknowledgement = SocketModeResponse(request.envelope_id, payload or None).to_dict()
        try:
            await (self.acknowledge if self.is_open else self._instead)(acknowledgement)
        except (aiohttp.ClientError, ConnectionError) as error:
            log.warning("an acknowledgement did not reach Slack: %s", type(error).__name__)


def envelope(message: aiohttp.WSMessage) -> dict[str, Any]:
    """Read what came over a socket; empty for what is no JSON object."""
    if message.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        parsed = json.loads(message.data)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
