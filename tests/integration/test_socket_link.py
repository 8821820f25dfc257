"""The link to Slack over a socket, when handshakes get lost, sockets break and nobody answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial

import pytest
from aiohttp import WSMsgType, web
from slack_bolt.async_app import AsyncAck
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.errors import SettingsError
from dojobbot.slack.socket_mode import RENEWAL_SECONDS, SocketLink
from dojobbot.slack.transport import bolt_app
from tests.integration.middle import until


@dataclass
class Gate:
    """As much of Slack as opens sockets, each at an address that is good for one try."""

    url: str = ""
    refusal: str = ""
    losses: int = 0
    goodbyes: int = 0
    goodbye: str = "too_many_websockets"
    is_silent: bool = False
    answers_pings: bool = True
    last_words: dict[str, object] = field(default_factory=dict)
    issued: int = 0
    tried: list[str] = field(default_factory=list)
    open: list[web.WebSocketResponse] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)

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
        socket = web.WebSocketResponse(autoclose=False, autoping=self.answers_pings)
        await socket.prepare(request)
        if self.goodbyes:
            self.goodbyes -= 1
            await socket.send_json({"type": "disconnect", "reason": self.goodbye})
            return socket
        await socket.send_json({"type": "hello"})
        self.open.append(socket)
        if self.is_silent:
            await asyncio.Event().wait()
        while (message := await socket.receive()).type in {WSMsgType.TEXT, WSMsgType.PING}:
            if message.type is WSMsgType.TEXT:
                self.heard.append((ticket, message.json()["envelope_id"]))
        self.open.remove(socket)
        if self.last_words:
            # It was on its way when the close arrived.
            words, self.last_words = self.last_words, {}
            await socket.send_json(words)
        if message.type is WSMsgType.CLOSE:
            await socket.close()
        return socket

    def has_instead_of(self, last: web.WebSocketResponse) -> bool:
        """Whether another socket is open, and this one is not."""
        return len(self.open) == 1 and self.open != [last]

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


@dataclass
class Hours:
    """Time as the link sees it: it passes when the test says so."""

    _passed: asyncio.Event | None = None

    async def __call__(self, seconds: float) -> None:
        assert seconds == RENEWAL_SECONDS
        self._passed = asyncio.Event()
        await self._passed.wait()

    async def go_by(self) -> None:
        """Let an hour pass for the socket that is open."""
        await until(lambda: self._passed)
        assert self._passed is not None
        self._passed.set()


@contextlib.asynccontextmanager
async def linked(
    gate: Gate, *, hours: Hours | None = None, heartbeat: float = 10
) -> AsyncIterator[SocketLink]:
    """The link, open, with a command of its own."""
    client = AsyncWebClient(base_url=f"{gate.url}/api/", retry_handlers=[])
    link = SocketLink("xapp-1", client, sleep=hours or Hours(), heartbeat=heartbeat)
    app = bolt_app(AuthorizeResult(enterprise_id=None, team_id="T1"), f"{gate.url}/api/")
    app.command("/jobs")(ack=_ack, lazy=[])
    try:
        await link.open(app)
        yield link
    finally:
        await link.close()


async def _ack(ack: AsyncAck) -> None:
    await ack()


def command(envelope_id: str) -> dict[str, object]:
    """A command as Slack sends it."""
    payload = {"command": "/jobs", "text": "", "user_id": "U1", "team_id": "T1", "channel_id": "C1"}
    return {"type": "slash_commands", "envelope_id": envelope_id, "payload": payload}


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


async def test_closing_does_not_wait_for_a_silent_slack(gate: Gate) -> None:
    """It never answers that the socket is closed, for which aiohttp by itself waits ten seconds."""
    gate.is_silent = True
    async with linked(gate) as link:
        began = time.monotonic()
        await link.close()
        assert time.monotonic() - began < 5


async def test_a_socket_that_answers_no_pings_is_replaced(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """It looks open, and nothing comes."""
    gate.answers_pings = False
    async with linked(gate, heartbeat=0.2) as link:
        began = time.monotonic()
        await until(lambda: gate.tried == ["secret-1", "secret-2"])
        assert time.monotonic() - began < 8
        gate.answers_pings = True
        await until(lambda: len(gate.tried) >= 3 and not link.trouble())
    assert "it was cut" in caplog.messages[0]


async def test_what_was_on_its_way_to_a_retired_socket_is_acknowledged(gate: Gate) -> None:
    """Over the new one: the old one takes nothing more."""
    hours = Hours()
    async with linked(gate, hours=hours) as link:
        gate.last_words = command("envelope-1")
        await hours.go_by()
        await until(lambda: gate.heard)
        assert gate.heard == [("secret-2", "envelope-1")]
        assert link.trouble() == ""
        await gate.open[0].send_json(command("envelope-2"))
        await until(lambda: gate.heard[1:] == [("secret-2", "envelope-2")])
        assert len(gate.open) == 1


async def test_a_renewal_that_fails_costs_nothing_while_the_socket_is_open(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says what must be set right, and again when the old one has ended; readiness, only then."""
    hours = Hours()
    async with linked(gate, hours=hours) as link:
        gate.refusal = "not_allowed_token_type"
        await hours.go_by()
        await until(lambda: caplog.messages)
        assert link.trouble() == ""
        await gate.open[0].send_json(command("envelope-1"))
        await until(lambda: gate.heard == [("secret-1", "envelope-1")])
        gate.cut()
        await until(link.trouble)
        assert "SLACK_APP_TOKEN was refused by Slack (not_allowed_token_type)" in link.trouble()
        gate.refusal = ""
        await until(lambda: not link.trouble())
    said = ["which is open, can't be renewed: SLACK_APP", "not open (it was", "not open: SLACK_APP", "again"]
    assert [words in message for words, message in zip(said, caplog.messages, strict=True)] == [True] * 4


async def test_a_socket_that_ends_before_the_next_can_be_opened_is_missed(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """Slack warns, nothing new can be opened, then the old one ends: the log calls it open no longer."""
    async with linked(gate) as link:
        gate.refusal = "internal_error"
        [last] = gate.open
        await last.send_json({"type": "disconnect", "reason": "warning"})
        await until(lambda: caplog.messages)
        assert link.trouble() == ""
        gate.cut()
        await until(link.trouble)
        await until(lambda: len(caplog.messages) == 2)
        gate.refusal = ""
        await until(lambda: not link.trouble())
    said = ["which is open, can't be renewed (internal_error)", "is not open (internal_error)", "again"]
    assert [words in message for words, message in zip(said, caplog.messages, strict=True)] == [True] * 3


async def test_a_link_that_was_switched_on_again_has_its_next_trouble_by_its_own_name(gate: Gate) -> None:
    """Slack's socket stays open for a moment; what it said then is over once the next one is open."""
    async with linked(gate) as link:
        [last] = gate.open
        await last.send_json({"type": "disconnect", "reason": "link_disabled"})
        await until(partial(gate.has_instead_of, last))
        assert link.trouble() == ""
        gate.refusal = "internal_error"
        gate.cut()
        await until(lambda: link.trouble() == "internal_error")


@pytest.mark.parametrize(
    ("goodbye", "says"), [("link_disabled", "Switch it on"), ("too_many_websockets", "End other programs")]
)
async def test_a_handshake_that_ends_with_a_goodbye_says_what_to_do(
    gate: Gate, goodbye: str, says: str
) -> None:
    """Also at the handshake Slack's word is explained, and a socket opens when it may."""
    async with linked(gate) as link:
        gate.goodbyes, gate.goodbye = 1, goodbye
        gate.cut()
        await until(lambda: says in link.trouble())
        await until(lambda: not link.trouble())


async def test_a_link_that_is_switched_off_says_what_to_do(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    """Once in the log, and in the readiness for as long as it lasts, whatever else fails meanwhile."""
    async with linked(gate) as link:
        gate.refusal = "internal_error"
        await gate.open[0].send_json({"type": "disconnect", "reason": "link_disabled"})
        gate.cut()
        await until(lambda: "Switch it on" in link.trouble())
        await asyncio.sleep(0.1)
        assert "Switch it on" in link.trouble()
        gate.refusal = ""
        await until(lambda: not link.trouble())
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


async def test_one_goodbye_after_the_other_is_no_storm(gate: Gate) -> None:
    """The first is followed at once, the next ones after growing pauses."""
    async with linked(gate):
        began = time.monotonic()
        for _ in range(2):
            [last] = gate.open
            await last.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await until(partial(gate.has_instead_of, last))
        assert time.monotonic() - began > 0.5
