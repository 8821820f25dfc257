"""The link to Slack over a socket, when handshakes get lost, sockets break and nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import WSMsgType, web
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.errors import SettingsError
from dojobbot.slack.socket_mode import SocketLink
from dojobbot.slack.transport import bolt_app
from tests.integration.middle import until


@dataclass
class Gate:
    """As much of Slack as opens sockets, each at an address that is good for one try."""

    url: str = ""
    refusal: str = ""
    losses: int = 0
    goodbyes: int = 0
    is_silent: bool = False
    issued: int = 0
    tried: list[str] = field(default_factory=list)
    open: list[web.WebSocketResponse] = field(default_factory=list)

    async def issue(self, _: web.Request) -> web.Response:
        if self.refusal:
            return web.json_response({"ok": False, "error": self.refusal})
        self.issued += 1
        return web.json_response({"ok": True, "url": f"{self.url}/socket?ticket=secret-{self.issued}"})

    async def shake_hands(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query["ticket"]
        used_before = ticket in self.tried
        self.tried.append(ticket)
        if used_before:
            return web.Response(status=401)
        if self.losses:
            self.losses -= 1
            return web.Response(status=503)
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        if self.goodbyes:
            self.goodbyes -= 1
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            return socket
        await socket.send_json({"type": "hello"})
        self.open.append(socket)
        if self.is_silent:
            await asyncio.Event().wait()
        while (await socket.receive()).type is WSMsgType.TEXT:
            pass
        self.open.remove(socket)
        return socket

    def cut(self) -> None:
        """Break the sockets there are, without a word."""
        for socket in self.open:
            assert socket._req is not None
            assert socket._req.transport is not None
            socket._req.transport.abort()


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    """A server on loopback."""
    made = Gate()
    app = web.Application()
    app.router.add_post("/api/apps.connections.open", made.issue)
    app.router.add_get("/socket", made.shake_hands)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    made.url = f"http://{host}:{port}"
    yield made
    await runner.cleanup()


@contextlib.asynccontextmanager
async def linked(gate: Gate) -> AsyncIterator[SocketLink]:
    """The link, open."""
    link = SocketLink("xapp-1", AsyncWebClient(base_url=f"{gate.url}/api/", retry_handlers=[]))
    try:
        await link.open(bolt_app(AuthorizeResult(enterprise_id=None, team_id="T1"), f"{gate.url}/api/"))
        yield link
    finally:
        await link.close()


async def test_a_lost_handshake_is_tried_again_at_a_new_address(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """At the start and later; two lines in the log each time, and never the address."""
    caplog.set_level(logging.INFO)
    gate.losses = 1
    async with linked(gate) as link:
        assert link.trouble() == ""
        assert len(caplog.messages) == 2
        gate.losses = 1
        gate.cut()
        await until(lambda: len(gate.tried) == 4 and not link.trouble())
    assert len(set(gate.tried)) == 4
    assert ["not open" in message for message in caplog.messages] == [True, False, True, False]
    assert "secret" not in caplog.text


async def test_too_many_sockets_are_trouble_and_no_storm(gate: Gate) -> None:
    """Without a hello a socket counts for nothing, and there is a pause before the next."""
    gate.goodbyes = 1
    began = time.monotonic()
    async with linked(gate) as link:
        assert (len(gate.tried), link.trouble()) == (2, "")
    assert time.monotonic() - began > 0.4


async def test_another_socket_is_opened_when_slack_asks(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    """It does so every few hours; that is no trouble."""
    async with linked(gate) as link:
        await gate.open[0].send_json({"type": "disconnect", "reason": "refresh_requested"})
        await until(lambda: len(gate.tried) == 2 and len(gate.open) == 1)
        assert link.trouble() == ""
    assert caplog.messages == []


async def test_a_refused_token_is_a_setting_at_the_start(gate: Gate) -> None:
    """The operator is there to read it."""
    gate.refusal = "invalid_auth"
    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN"):
        async with linked(gate):
            pass


async def test_a_token_refused_later_is_said_and_does_not_end_the_bot(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """Notifications still go out; and it may have been a mistake of Slack's."""
    async with linked(gate) as link:
        gate.refusal = "token_revoked"
        gate.cut()
        await until(lambda: "SLACK_APP_TOKEN" in link.trouble())
        gate.refusal = ""
        await until(lambda: not link.trouble())
    levels = [record.levelno for record in caplog.records]
    assert levels == [logging.WARNING, logging.ERROR, logging.WARNING]


async def test_closing_waits_a_second_at_most_for_a_silent_slack(gate: Gate) -> None:
    """It never answers that the socket is closed."""
    gate.is_silent = True
    async with linked(gate) as link:
        began = time.monotonic()
        await link.close()
        assert time.monotonic() - began < 1
