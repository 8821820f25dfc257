"""What both clients tell httpx and learn from it: its arguments, its limits, its faults."""

from __future__ import annotations

from typing import Any

import httpx

from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.exchange import Silence
from dojobbot.deeporigin.replies import Reply
from dojobbot.deeporigin.requests import JSON, Request

CONNECT_SECONDS = 10.0
WHOLE_SECONDS = 60.0
"""A read that is never silent for long may still drip for ever; this much is the end of it."""
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=10)


def settings(account: Account) -> dict[str, Any]:
    """Give the arguments with which an httpx client is made."""
    return {
        "headers": {"Authorization": f"Bearer {account.token}"},
        "limits": CONNECTIONS,
        "follow_redirects": False,
    }


def arguments(account: Account, request: Request) -> dict[str, Any]:
    """Give the arguments with which an httpx client sends a request."""
    return {
        "method": request.method,
        "url": account.base_url + request.path,
        "params": request.query,
        "content": request.body,
        "headers": {"Accept": request.accept, **_described(request)},
        "timeout": httpx.Timeout(request.seconds, connect=CONNECT_SECONDS, pool=WHOLE_SECONDS),
    }


def _described(request: Request) -> dict[str, str]:
    return {} if request.body is None else {"Content-Type": JSON}


def patience(request: Request) -> float:
    """Give the seconds after which an answer that still drips counts as none."""
    return max(request.seconds, WHOLE_SECONDS)


def reply(response: httpx.Response, body: bytes) -> Reply:
    """Give a response as `replies` reads it."""
    return Reply(
        response.status_code, {name.lower(): value for name, value in response.headers.items()}, body
    )


def silence(fault: Exception) -> Silence:
    """Say what a fault of the network means."""
    return Silence(fault, timed_out=isinstance(fault, TimeoutError | httpx.TimeoutException))
