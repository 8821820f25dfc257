"""An app that speaks plain HTTP and WebSocket to the simulated workspace, for tests of what Slack does."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from dojobbot.simulator.slack_api.world import GENERAL
from dojobbot.simulator.workspace import SimulatedWorkspace

Json = dict[str, Any]
Answer = Callable[[Json], Json | None]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str = "hello", **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text} | more}


BUTTON: Json = {"type": "button", "action_id": "go", "text": plain("Go"), "value": "job-1"}
ACTIONS: Json = {"type": "actions", "block_id": "verbs", "elements": [BUTTON]}
WORDS: Json = {
    "type": "input",
    "block_id": "words",
    "label": plain("Words"),
    "element": {"type": "plain_text_input", "action_id": "text"},
}
MODAL: Json = {
    "type": "modal",
    "callback_id": "note",
    "title": plain("Note"),
    "submit": plain("Save"),
    "blocks": [WORDS],
}


QUICK: dict[str, Any] = {"ack_seconds": 0.2, "retry_pauses": (0.0, 0.0, 0.0)}
"""Settings of a workspace that loses patience soon: for an app that lets it wait."""


class App:
    """An app that takes envelopes over its sockets, answers each as it is told, and calls the Web API.

    Attributes:
        envelopes: everything that came over its sockets, hellos excepted.
        answer: what it says to an envelope in its acknowledgement; None for no acknowledgement at all.
    """

    def __init__(self, workspace: SimulatedWorkspace, session: aiohttp.ClientSession) -> None:
        self.workspace = workspace
        self.session = session
        self.envelopes: list[Json] = []
        self.answer: Answer = lambda _: {}
        self._readers: list[asyncio.Task[None]] = []

    async def connect(self, more: str = "") -> Json:
        """Open a socket, its address lengthened by `more`, and return its first message."""
        opened = await self.call("apps.connections.open", token=self.workspace.app_token)
        socket = await self.session.ws_connect(opened["url"] + more)
        hello: Json = json.loads((await socket.receive()).data)
        self._readers.append(asyncio.create_task(self._read(socket)))
        return hello

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            self.envelopes.append(envelope)
            answer = self.answer(envelope) if "envelope_id" in envelope else None
            if answer is not None:
                await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": answer})

    async def raw(self, method: str, *, token: str | None = None, **args: Any) -> aiohttp.ClientResponse:
        """Call a method, with the bot's token unless another is given; the response, read."""
        headers = {"Authorization": f"Bearer {token or self.workspace.bot_token}"}
        async with self.session.post(self.workspace.api_url + method, json=args, headers=headers) as response:
            await response.read()
            return response

    async def call(self, method: str, *, token: str | None = None, **args: Any) -> Json:
        """The body of an answer."""
        body: Json = await (await self.raw(method, token=token, **args)).json()
        return body

    async def error(self, method: str, **args: Any) -> str:
        """The error code of an answer; `ok` where there is none."""
        return str((await self.call(method, **args)).get("error", "ok"))

    async def complaint(self, method: str, **args: Any) -> str:
        """The error code of an answer with its details, in one text; `ok` where there is none."""
        body = await self.call(method, **args)
        details = body.get("response_metadata", {}).get("messages", [])
        return "\n".join([str(body.get("error", "ok")), *details])

    async def post(self, channel: str = GENERAL, **content: Any) -> str:
        """Post a message that Slack takes; its ts."""
        body = await self.call("chat.postMessage", channel=channel, **({"text": "hello"} | content))
        assert body["ok"], body
        return str(body["ts"])

    async def respond(self, url: str, **body: Any) -> int:
        """Use a response URL; the HTTP status."""
        async with self.session.post(url, json=body) as response:
            return response.status

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader


@asynccontextmanager
async def simulated(**settings: Any) -> AsyncIterator[App]:
    """An app beside a workspace with these settings; not yet connected."""
    workspace = SimulatedWorkspace(**settings)
    await workspace.start()
    try:
        async with aiohttp.ClientSession() as session:
            app = App(workspace, session)
            try:
                yield app
            finally:
                await app.close()
    finally:
        await workspace.stop()


@asynccontextmanager
async def listening(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A request URL of an app that takes its requests over HTTP."""
    server = web.Application()
    server.router.add_post("/slack/events", handler)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


def texts(workspace: SimulatedWorkspace, user: str, channel: str = GENERAL) -> list[str]:
    """What a user reads in a channel."""
    return [message["text"] for message in workspace.messages(channel, user)]


async def told(app: App, count: int) -> list[Json]:
    """The events that the app was told of, once there are so many."""
    await app.workspace.wait_for(lambda: len(app.workspace.event_deliveries) >= count)
    return [
        envelope["payload"]["event"] for envelope in app.envelopes if envelope.get("type") == "events_api"
    ]
