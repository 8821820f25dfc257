"""HTTP mode: signed requests to the app's request URL."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp

from dojobbot.simulator.slack_api.delivery import Ack, Kind
from dojobbot.simulator.slack_api.payloads import VERIFICATION
from dojobbot.simulator.slack_api.problems import Json


def signature(secret: str, timestamp: str, body: str) -> str:
    """Slack's `v0` signature of a request body."""
    signed = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


class HttpDelivery:
    """Hands payloads to the app as signed HTTP requests.

    Args:
        url: the app's request URL.
        secret: the app's signing secret.
        acked: called with kind and seconds for each acknowledgement.
        ack_seconds: how long the app has.
    """

    def __init__(
        self, url: str, secret: str, acked: Callable[[Kind, float], None], *, ack_seconds: float
    ) -> None:
        self._url = url
        self._secret = secret
        self._acked = acked
        self._ack_seconds = ack_seconds

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Ack:
        """Send a signed request; only an answer of 2xx in time acknowledges it."""
        if kind == "slash_commands":
            body, content_type = urlencode(payload), "application/x-www-form-urlencoded"
        elif kind == "interactive":
            body = urlencode({"payload": json.dumps(payload)})
            content_type = "application/x-www-form-urlencoded"
        else:
            body, content_type = json.dumps(payload), "application/json"
        headers = self._headers(body, content_type)
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        started = time.perf_counter()
        timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=body.encode(), headers=headers) as response,
            ):
                answer = await response.text()
                return self._ack(kind, response, answer, time.perf_counter() - started)
        except TimeoutError:
            return Ack("operation_timeout", reason="http_timeout")
        except aiohttp.ClientError:
            return Ack("dispatch_failed", reason="connection_failed")

    async def verify(self) -> bool:
        """Ask for the echo of a challenge, as Slack does when a request URL is entered."""
        challenge = secrets.token_urlsafe(24)
        body = json.dumps({"token": VERIFICATION, "challenge": challenge, "type": "url_verification"})
        answer = await self._ask(body, "application/json")
        return answer is not None and challenge in answer

    async def check_ssl(self) -> bool:
        """Send the form of an `ssl_check`."""
        form = urlencode({"ssl_check": "1", "token": VERIFICATION})
        return await self._ask(form, "application/x-www-form-urlencoded") is not None

    async def _ask(self, body: str, content_type: str) -> str | None:
        """The text of a 200 that comes in time; None for anything else."""
        timeout = aiohttp.ClientTimeout(total=self._ack_seconds)
        headers = self._headers(body, content_type)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=body.encode(), headers=headers) as response,
            ):
                return await response.text() if response.status == 200 else None
        except (TimeoutError, aiohttp.ClientError):
            return None

    def _headers(self, body: str, content_type: str) -> dict[str, str]:
        # The app compares the timestamp with its own clock, so this is the wall clock, whatever `now` says.
        timestamp = str(int(time.time()))
        return {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._secret, timestamp, body),
        }

    def _ack(self, kind: Kind, response: aiohttp.ClientResponse, answer: str, seconds: float) -> Ack:
        no_retry = response.headers.get("X-Slack-No-Retry") == "1"
        if not 200 <= response.status < 300:
            return Ack("dispatch_failed", seconds=seconds, no_retry=no_retry, reason="http_error")
        self._acked(kind, seconds)
        if response.content_type != "application/json" or not answer:
            return Ack(None, {"text": answer} if answer else None, seconds)
        try:
            said = json.loads(answer)
        except ValueError:
            return Ack("invalid_command_response", seconds=seconds)
        return Ack(None, said if isinstance(said, dict) else None, seconds)
