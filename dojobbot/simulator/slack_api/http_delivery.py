"""HTTP mode: signed requests to the app's request URL."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable
from urllib.parse import urlencode

import aiohttp

from dojobbot.simulator.slack_api.delivery import Ack, Kind
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
            return Ack("operation_timeout")
        except aiohttp.ClientError:
            return Ack("dispatch_failed")

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
            return Ack("dispatch_failed", seconds=seconds, no_retry=no_retry)
        self._acked(kind, seconds)
        if response.content_type != "application/json" or not answer:
            return Ack(None, {"text": answer} if answer else None, seconds)
        try:
            said = json.loads(answer)
        except ValueError:
            return Ack("invalid_command_response", seconds=seconds)
        return Ack(None, said if isinstance(said, dict) else None, seconds)
