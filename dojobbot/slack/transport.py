"""How Slack reaches us: a Bolt app, and in front of it either Socket Mode or signed HTTP.

Both transports hand Bolt the same parsed payload, so the handlers cannot tell them apart.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.errors import SettingsError

__all__ = ["SocketLink", "bolt_app", "identify", "signed_http"]

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
log = logging.getLogger(__name__)
bolt_log = logging.getLogger("dojobbot.bolt")

TOKEN_WRONG = frozenset(
    "invalid_auth not_authed token_revoked token_expired account_inactive not_allowed_token_type".split()
)


async def identify(client: AsyncWebClient) -> AuthorizeResult:
    """Ask Slack whose bot token this is, for as long as Slack is not there.

    Raises:
        SettingsError: when Slack says that the token is wrong.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            reply = await client.auth_test()
        except SlackApiError as error:
            code = _code(error)
            if code in TOKEN_WRONG:
                raise SettingsError(
                    f"SLACK_BOT_TOKEN was refused by Slack ({code}). Get a new one from "
                    "api.slack.com/apps > your app > OAuth & Permissions."
                ) from error
            reason = code or "an answer that makes no sense"
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            reason = type(error).__name__
        else:
            return AuthorizeResult(
                enterprise_id=reply.get("enterprise_id"),
                team_id=reply["team_id"],
                team=reply.get("team"),
                bot_id=reply.get("bot_id"),
                bot_user_id=reply["user_id"],
                bot_token=client.token,
            )
        log.warning("Slack can't be reached (%s); asking again in %.0f s", reason, pause)
        await asyncio.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)


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
        # HTTP requests are verified in `signed_http`, sockets carry no signature.
        request_verification_enabled=False,
    )
    bolt_log.setLevel(logging.WARNING)
    return app


class SocketLink:
    """Socket Mode: connects, keeps trying, and says how it is."""

    def __init__(self, app: AsyncApp, app_token: str, client: AsyncWebClient) -> None:
        self._handler = AsyncSocketModeHandler(app, app_token, logger=bolt_log, web_client=client)
        self.trouble = "not connected yet"

    async def connect(self) -> None:
        """Connect, for as long as Slack is not there. Raises SettingsError for a wrong token."""
        client = self._handler.client
        pause = FIRST_PAUSE
        while True:
            try:
                # `connect` alone would ask for the address, and repeat for ever, whatever Slack says.
                client.wss_uri = await client.issue_new_wss_url()
                await client.connect()  # type: ignore[no-untyped-call]  # SDK coroutine
            except SlackApiError as error:
                code = _code(error)
                if code in TOKEN_WRONG | {"missing_scope"}:
                    raise SettingsError(
                        f"SLACK_APP_TOKEN was refused by Slack ({code}). It needs the scope "
                        "connections:write; get one from api.slack.com/apps > your app > Basic "
                        "Information > App-Level Tokens."
                    ) from error
                self.trouble = code or "Slack answered without sense"
            except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
                self.trouble = type(error).__name__
            else:
                self.trouble = ""
                return
            log.warning("the socket to Slack is not open (%s); again in %.0f s", self.trouble, pause)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def state(self) -> str:
        """Say what is wrong with the link, or nothing when it is open."""
        if self.trouble:
            return self.trouble
        return "" if await self._handler.client.is_connected() else "the socket is closed"

    async def close(self) -> None:
        """Close the socket."""
        await self._handler.client.close()  # type: ignore[no-untyped-call]  # SDK coroutine


def signed_http(app: AsyncApp, signing_secret: str) -> web.RouteDef:
    """Make the route that takes signed requests (docs.slack.dev/authentication/verifying-requests)."""
    verifier = SignatureVerifier(signing_secret)

    async def receive(request: web.Request) -> web.Response:
        raw = await request.text()
        if not _is_signed(verifier, raw, request):
            return web.json_response({"error": "the signature does not fit"}, status=401)
        body = _parse(raw, request.content_type)
        if body is None:
            return web.json_response({"error": "this is not a Slack payload"}, status=400)
        response = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
        return await to_aiohttp_response(response)

    return web.post("/slack/events", receive)


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


def _code(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""
