"""Slack's rules for Socket Mode and for signed HTTP requests hold in the workspace."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from dojobbot.simulator.slack_api.events import ALL_EVENTS
from dojobbot.simulator.slack_api.world import ADA, GENERAL
from tests.fidelity.slack_side import ACTIONS, QUICK, App, Json, listening, simulated, told


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(rate_limits=False, events=ALL_EVENTS) as app:
        await app.connect()
        yield app


async def test_a_connection_begins_with_hello(app: App) -> None:
    """The hello names the app, the number of connections and how long this one lasts.

    (apis/events-api/using-socket-mode).
    """
    hello = await app.connect()
    assert (hello["type"], hello["num_connections"]) == ("hello", 2)
    assert hello["connection_info"].keys() == {"app_id"}
    assert hello["debug_info"].keys() == {"host", "approximate_connection_time"}


async def test_debug_reconnects_shortens_a_connection(app: App) -> None:
    """With debug_reconnects=true in the address a connection lasts 360 seconds.

    (apis/events-api/using-socket-mode).
    """
    hello = await app.connect("&debug_reconnects=true")
    assert hello["debug_info"]["approximate_connection_time"] == 360


async def test_a_connection_is_warned_before_its_end() -> None:
    """About ten seconds before its end a connection gets a warning, upon which another is opened.

    (apis/events-api/using-socket-mode).
    """
    async with simulated(connection_seconds=10.05) as app:
        await app.connect()
        await app.workspace.wait_for(lambda: app.envelopes)
        assert (app.envelopes[0]["type"], app.envelopes[0]["reason"]) == ("disconnect", "warning")
        await app.connect()
        await app.workspace.type_command(ADA, GENERAL, "/jobs")
        assert app.envelopes[-1]["type"] == "slash_commands"


async def test_envelopes_say_whether_they_take_an_answer(app: App) -> None:
    """Commands and interactions accept a response payload, events do not and carry their retry count.

    (apis/events-api/using-socket-mode).
    """
    await app.workspace.type_command(ADA, GENERAL, "/jobs")
    await app.workspace.press(ADA, GENERAL, await app.post(blocks=[ACTIONS]), "Go")
    await app.workspace.mention(ADA, GENERAL)
    await told(app, 1)
    kinds = {envelope["type"]: envelope for envelope in app.envelopes}
    accepts = {kind: envelope["accepts_response_payload"] for kind, envelope in kinds.items()}
    assert accepts == {"slash_commands": True, "interactive": True, "events_api": False}
    assert kinds["events_api"]["retry_attempt"] == 0


async def test_ten_connections_share_the_payloads(app: App) -> None:
    """There are at most ten connections, and each payload goes to one of them.

    (apis/events-api/using-socket-mode).
    """
    for _ in range(9):
        await app.connect()
    for _ in range(12):
        await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert len(app.envelopes) == 12
    assert (await app.connect())["reason"] == "too_many_websockets"


async def test_a_disconnect_gives_its_reason(app: App) -> None:
    """A disconnect comes with warning, refresh_requested or link_disabled.

    (apis/events-api/using-socket-mode).
    """
    await app.workspace.disconnect("link_disabled")
    await app.workspace.wait_for(lambda: app.envelopes)
    assert app.envelopes[0]["reason"] == "link_disabled"
    assert app.workspace.socket_count == 0


async def test_the_sockets_address_needs_the_app_level_token(app: App) -> None:
    """Opening a socket takes the app-level token only (apis/events-api/using-socket-mode)."""
    assert await app.error("apps.connections.open") == "not_allowed_token_type"
    assert await app.error("auth.test", token=app.workspace.app_token) == "not_allowed_token_type"


async def test_requests_are_signed_over_time_and_body() -> None:
    """The signature is v0, an HMAC-SHA256 over version, timestamp and raw body.

    (authentication/verifying-requests-from-slack).
    """
    seen: list[tuple[str, str, str]] = []

    async def handler(request: web.Request) -> web.Response:
        head = request.headers
        seen.append((head["X-Slack-Request-Timestamp"], head["X-Slack-Signature"], await request.text()))
        return web.Response()

    async with listening(handler) as url, simulated(request_url=url, signing_secret="s") as app:
        await app.workspace.type_command(ADA, GENERAL, "/jobs größer")
    [(stamp, signature, body)] = seen
    assert abs(int(stamp) - time.time()) < 300
    wanted = hmac.new(b"s", f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    assert signature == f"v0={wanted}"


async def test_interactions_come_as_a_form_field() -> None:
    """Over HTTP the form field `payload` holds the JSON of an interaction.

    (interactivity/handling-user-interaction).
    """
    seen: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(await request.text())
        return web.Response()

    async with listening(handler) as url, simulated(request_url=url, signing_secret="s") as app:
        await app.workspace.press(ADA, GENERAL, await app.post(blocks=[ACTIONS]), "Go")
    assert json.loads(parse_qs(seen[0])["payload"][0])["type"] == "block_actions"


async def test_a_request_url_is_verified_by_a_challenge() -> None:
    """url_verification wants its challenge back (reference/events/url_verification)."""
    honest = True

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        assert body["type"] == "url_verification"
        return web.json_response({"challenge": body["challenge"]} if honest else {})

    async with listening(handler) as url, simulated(request_url=url, signing_secret="s") as app:
        assert await app.workspace.verify_request_url()
        honest = False
        assert not await app.workspace.verify_request_url()


async def test_distributed_apps_get_an_ssl_check() -> None:
    """A POST with ssl_check=1 is answered with a 200 (interactivity/implementing-slash-commands)."""
    forms: list[Json] = []

    async def handler(request: web.Request) -> web.Response:
        forms.append(dict(await request.post()))
        return web.Response(status=200 if len(forms) == 1 else 404)

    async with listening(handler) as url, simulated(request_url=url, signing_secret="s") as app:
        assert await app.workspace.check_ssl()
        assert not await app.workspace.check_ssl()
    assert forms[0]["ssl_check"] == "1"


async def test_events_over_http_are_repeated_with_number_and_reason() -> None:
    """An event is repeated up to three times, with its number and reason, unless x-slack-no-retry is set.

    (apis/events-api).
    """
    heads: list[tuple[str | None, str | None]] = []

    async def handler(request: web.Request) -> web.Response:
        head = request.headers
        heads.append((head.get("X-Slack-Retry-Num"), head.get("X-Slack-Retry-Reason")))
        if len(heads) == 2:
            await asyncio.sleep(1)
        return web.Response(status=500, headers={"X-Slack-No-Retry": "1"} if len(heads) == 3 else {})

    settings = QUICK | {"events": ALL_EVENTS, "signing_secret": "s"}
    async with listening(handler) as url, simulated(request_url=url, **settings) as app:
        await app.workspace.mention(ADA, GENERAL)
        await told(app, 3)
    assert heads == [(None, None), ("1", "http_error"), ("2", "http_timeout")]
