"""How Slack reaches us: a Bolt app, and in front of it either signed HTTP, here, or `socket_mode`.

Both hand Bolt the same parsed payload, so the handlers cannot tell them apart. Each says in `trouble` what
keeps Slack from reaching us.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.slack.insist import TOKEN_WRONG, Trouble, insist

__all__ = ["SignedHttp", "bolt_app", "identify"]

bolt_log = logging.getLogger("dojobbot.bolt")


async def identify(client: AsyncWebClient) -> AuthorizeResult:
    """Ask Slack whose bot token this is, for as long as Slack is not there.

    Raises:
        SettingsError: when Slack says that the token is wrong.
    """

    async def ask() -> AuthorizeResult:
        reply = await client.auth_test()
        return AuthorizeResult(
            enterprise_id=reply.get("enterprise_id"),
            team_id=reply["team_id"],
            team=reply.get("team"),
            bot_id=reply.get("bot_id"),
            bot_user_id=reply["user_id"],
            bot_token=client.token,
        )

    def refused(code: str) -> str | None:
        if code not in TOKEN_WRONG:
            return None
        return (
            f"SLACK_BOT_TOKEN was refused by Slack ({code}). Get a new one from "
            "api.slack.com/apps > your app > OAuth & Permissions."
        )

    return await insist(ask, Trouble("Slack can't be reached"), refused)


def bolt_app(me: AuthorizeResult, api_url: str) -> AsyncApp:
    """Make the Bolt app. It authorises every payload from memory: no call stands before an ack."""

    async def authorize() -> AuthorizeResult:
        return me

    # Bolt looks for SLACK_BOT_TOKEN in the environment itself, and warns that it is not going to use it.
    bolt_log.setLevel(logging.ERROR)
    app = AsyncApp(
        logger=bolt_log,
        client=AsyncWebClient(base_url=api_url),
        authorize=authorize,
        # Listeners ack first and work afterwards (`lazy`), so waiting for the ack costs nothing.
        process_before_response=True,
        # HTTP requests are verified in `SignedHttp`, sockets carry no signature.
        request_verification_enabled=False,
    )
    bolt_log.setLevel(logging.WARNING)
    return app


class SignedHttp:
    """Signed requests (docs.slack.dev/authentication/verifying-requests-from-slack)."""

    def __init__(self, signing_secret: str) -> None:
        self._verifier = SignatureVerifier(signing_secret)
        self._app: AsyncApp | None = None

    def trouble(self) -> str:
        """Say what is wrong with the link, or nothing while requests are taken."""
        return "Slack was not reached yet" if self._app is None else ""

    def routes(self) -> list[web.RouteDef]:
        """Give the routes that Slack calls."""
        return [web.post("/slack/events", self._receive)]

    async def open(self, app: AsyncApp) -> tuple[asyncio.Task[None], ...]:
        """Take requests from now on, and hand them to the app. Returns the tasks that this takes: none."""
        self._app = app
        return ()

    async def close(self) -> None:
        """Take no more requests."""
        self._app = None

    async def _receive(self, request: web.Request) -> web.Response:
        raw = await request.text()
        if not _is_signed(self._verifier, raw, request):
            return web.json_response({"error": "the signature does not fit"}, status=401)
        body = _parse(raw, request.content_type)
        if body is None:
            return web.json_response({"error": "this is not a Slack payload"}, status=400)
        if self._app is None:
            return web.json_response({"error": "starting or stopping: try again"}, status=503)
        response = await self._app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        return await to_aiohttp_response(response)


def _is_signed(verifier: SignatureVerifier, raw: str, request: web.Request) -> bool:
    stamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    # The SDK raises on a stamp that is no number and on a signature that is not ASCII.
    if not (stamp.isascii() and stamp.isdecimal() and signature.isascii()):
        return False
    return verifier.is_valid(raw, stamp, signature)


def _parse(raw: str, content_type: str) -> dict[str, Any] | None:
    """Read a JSON event, a form's `payload`, or a slash command's form."""
    try:
        if content_type == "application/json":
            parsed = json.loads(raw)
        else:
            form: dict[str, Any] = dict(parse_qsl(raw, keep_blank_values=True))
            parsed = json.loads(form["payload"]) if "payload" in form else form
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) and parsed else None
