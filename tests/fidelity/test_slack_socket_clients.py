"""All Socket Mode clients of Slack's Python SDK stay connected to the simulated workspace, and answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from slack_sdk import WebClient
from slack_sdk.socket_mode import aiohttp, builtin, websocket_client, websockets
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.simulator.faults import Fault
from dojobbot.simulator.slack_api.world import ADA, GENERAL
from dojobbot.simulator.workspace import SimulatedWorkspace

PING_SECONDS = 0.2

Connect = Callable[[SimulatedWorkspace], AbstractAsyncContextManager[None]]


def answer_to(request: SocketModeRequest) -> SocketModeResponse:
    return SocketModeResponse(envelope_id=request.envelope_id, payload={"text": f"got {request.type}"})


@asynccontextmanager
async def connected(client: AsyncBaseSocketModeClient) -> AsyncIterator[None]:
    """A client of the asyncio kind."""

    async def listen(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        await client.send_socket_mode_response(answer_to(request))

    client.socket_mode_request_listeners.append(listen)
    await client.connect()  # type: ignore[no-untyped-call] # the SDK has no annotation
    try:
        yield
    finally:
        await client.close()  # type: ignore[no-untyped-call] # the SDK has no annotation


@asynccontextmanager
async def connected_in_threads(
    workspace: SimulatedWorkspace, client: builtin.SocketModeClient | websocket_client.SocketModeClient
) -> AsyncIterator[None]:
    """A client with threads of its own, which wait for seconds at its end unless the server ends it first."""

    def listen(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        client.send_socket_mode_response(answer_to(request))

    client.socket_mode_request_listeners.append(listen)
    await asyncio.to_thread(client.connect)
    try:
        yield
    finally:
        client.auto_reconnect_enabled = False
        workspace.drop_sockets()
        await asyncio.to_thread(client.close)


def with_builtin(workspace: SimulatedWorkspace) -> AbstractAsyncContextManager[None]:
    web = WebClient(base_url=workspace.api_url)
    return connected_in_threads(
        workspace, builtin.SocketModeClient(workspace.app_token, web_client=web, ping_interval=PING_SECONDS)
    )


def with_websocket_client(workspace: SimulatedWorkspace) -> AbstractAsyncContextManager[None]:
    web = WebClient(base_url=workspace.api_url)
    # This one takes a connection that is not up within its interval for a dead one.
    return connected_in_threads(
        workspace, websocket_client.SocketModeClient(workspace.app_token, web_client=web, ping_interval=5)
    )


def with_websockets(workspace: SimulatedWorkspace) -> AbstractAsyncContextManager[None]:
    web = AsyncWebClient(base_url=workspace.api_url)
    return connected(
        websockets.SocketModeClient(workspace.app_token, web_client=web, ping_interval=PING_SECONDS)
    )


def with_aiohttp(workspace: SimulatedWorkspace) -> AbstractAsyncContextManager[None]:
    web = AsyncWebClient(base_url=workspace.api_url)
    return connected(
        aiohttp.SocketModeClient(workspace.app_token, web_client=web, ping_interval=PING_SECONDS)
    )


CLIENTS: dict[str, Connect] = {
    "builtin": with_builtin,
    "websocket_client": with_websocket_client,
    "websockets": with_websockets,
    "aiohttp": with_aiohttp,
}


PROMPT = CLIENTS.keys() - {"websocket_client"}
"""Those that leave a connection as soon as they are asked to: the other one looks up every ten seconds."""


@asynccontextmanager
async def simulated(connect: Connect, *, ack_seconds: float = 3.0) -> AsyncIterator[SimulatedWorkspace]:
    """A workspace with a client that is there."""
    workspace = SimulatedWorkspace(rate_limits=False, ack_seconds=ack_seconds)
    await workspace.start()
    try:
        async with connect(workspace):
            await connection(workspace, 1)
            yield workspace
    finally:
        await workspace.stop()


def texts(workspace: SimulatedWorkspace) -> list[str]:
    return [message["text"] for message in workspace.messages(GENERAL, ADA)]


def opened(workspace: SimulatedWorkspace) -> int:
    """How many times the client has asked for a connection."""
    return sum(request.method == "apps.connections.open" for request in workspace.requests)


async def connection(workspace: SimulatedWorkspace, number: int) -> None:
    """Wait for the client to be there with its connection of that number or a later one, and no other."""
    await workspace.wait_for(lambda: opened(workspace) >= number and workspace.socket_count == 1)


@pytest.mark.parametrize("connect", CLIENTS.values(), ids=CLIENTS)
async def test_it_answers_and_comes_back_after_a_break(connect: Connect) -> None:
    """Every client answers a command, and opens another connection when it is cut off without a word."""
    async with simulated(connect) as workspace:
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error is None
        before = opened(workspace)
        workspace.drop_sockets()
        await connection(workspace, before + 1)
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error is None
        assert texts(workspace) == ["got slash_commands"] * 2


@pytest.mark.parametrize("name", sorted(PROMPT))
async def test_it_comes_back_after_a_goodbye(name: str) -> None:
    """A client that is asked to open another connection does so before the old one ends."""
    async with simulated(CLIENTS[name]) as workspace:
        before = opened(workspace)
        await workspace.disconnect("refresh_requested")
        await connection(workspace, before + 1)
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error is None


@pytest.mark.parametrize("name", ["aiohttp", "websockets"])
async def test_a_deaf_socket_looks_alive_to_it(name: str) -> None:
    """Pings are answered on a connection that delivers nothing, so no client leaves it by itself."""
    async with simulated(CLIENTS[name], ack_seconds=1) as workspace:
        before = opened(workspace)
        workspace.faults.add(Fault("deliver slash_commands", "deaf", times=1))
        done = await workspace.type_command(ADA, GENERAL, "/jobs")
        assert done.error == "operation_timeout"
        assert (opened(workspace), workspace.socket_count) == (before, 1)
