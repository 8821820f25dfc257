"""Misbehaviour on demand: what a simulated server does instead of answering as it should."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Kind = Literal["status", "slow", "hang", "cut", "html", "lost_reply"]

HTML_PAGE = (
    "<!doctype html><html><head><title>Gateway</title></head><body><h1>Please try later</h1></body></html>"
)
GONE_POLL_SECONDS = 0.5
"""How often a waiting call looks whether its client has left: rarely, so that hundreds may hang."""


@dataclass(frozen=True)
class Fault:
    """One kind of trouble for the operations whose name matches.

    Attributes:
        match: an `fnmatch` pattern over operation names, such as `GET /tools/*/executions` or
            `chat.postMessage`; `*` also matches slashes.
        kind: `status` answers an error and `html` a page where JSON is due, `hang` never answers: all three
            without doing the work. `slow` waits `seconds`, then works as usual. `cut` does the work and sends
            half of the answer, `lost_reply` does the work and sends nothing.
        status: the HTTP status of `status` and `html`.
        retry_after: the `Retry-After` header of `status` and `html`, in seconds.
        seconds: how long `slow` waits.
        times: how many calls it strikes; None means until `Faults.clear`.
        share: the share of matching calls that it strikes, drawn from the seeded generator.
    """

    match: str
    kind: Kind
    status: int = 500
    retry_after: float | None = None
    seconds: float = 0
    times: int | None = None
    share: float = 1.0


@dataclass
class _Armed:
    fault: Fault
    left: int | None


def plain_error(status: int) -> Mapping[str, object]:
    """The error body used where the caller of `Faults.through` has none of its own."""
    return {"message": "The simulator was told to fail here.", "statusCode": status}


class Faults:
    """The faults in force on one simulated server; the first that matches a call strikes it."""

    def __init__(self, seed: int = 0) -> None:
        self._armed: list[_Armed] = []
        self._random = random.Random(seed)
        self._stopping = asyncio.Event()
        self.struck = 0

    def add(self, fault: Fault) -> None:
        """Put a fault in force, after those already there."""
        self._armed.append(_Armed(fault, fault.times))

    def clear(self) -> None:
        """Withdraw every fault; calls that already hang keep hanging."""
        self._armed.clear()

    def pick(self, operation: str) -> Fault | None:
        """The fault that strikes this call, counted as a hit, or None; `struck` counts all hits so far."""
        for armed in self._armed:
            if armed.left == 0 or not fnmatchcase(operation, armed.fault.match):
                continue
            if armed.fault.share < 1 and self._random.random() >= armed.fault.share:
                continue
            if armed.left is not None:
                armed.left -= 1
            self.struck += 1
            return armed.fault
        return None

    def release(self) -> None:
        """Cut the connection of every call that hangs or is slow; a server calls it when it stops."""
        self._stopping.set()
        self._stopping = asyncio.Event()

    async def through(
        self,
        operation: str,
        request: web.Request,
        handler: Handler,
        error_body: Callable[[int], Mapping[str, object]] = plain_error,
    ) -> web.StreamResponse:
        """Answer a request by its handler, unless a fault strikes it.

        Args:
            operation: the name that faults are matched against.
            request: the request.
            handler: what answers in good times; the faults `status`, `html` and `hang` never call it.
            error_body: makes the JSON body of a `status` fault from its HTTP status.

        Returns:
            The response for aiohttp to send; where the connection was cut, one that nobody will receive.
        """
        fault = self.pick(operation)
        if fault is None:
            return await handler(request)
        headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        response: web.StreamResponse
        match fault.kind:
            case "status":
                body = error_body(fault.status)
                response = web.json_response(body, status=fault.status, headers=headers)
            case "html":
                response = web.Response(
                    text=HTML_PAGE, content_type="text/html", status=fault.status, headers=headers
                )
            case "slow" | "hang":
                patience = fault.seconds if fault.kind == "slow" else None
                served = await self._wait(request, patience)
                response = await handler(request) if served else _cut(request, web.Response())
            case "lost_reply":
                response = _cut(request, await handler(request))
            case "cut":
                response = await _half(request, await handler(request))
        return response

    async def _wait(self, request: web.Request, seconds: float | None) -> bool:
        """Wait that long (None: for ever); False when the server stopped or the client left before."""
        stopping = self._stopping
        deadline = None if seconds is None else asyncio.get_running_loop().time() + seconds
        while not stopping.is_set() and not _gone(request):
            left = None if deadline is None else deadline - asyncio.get_running_loop().time()
            if left is not None and left <= 0:
                return True
            pause = GONE_POLL_SECONDS if left is None else min(left, GONE_POLL_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)
        return False


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Close the connection before a byte of the response is sent."""
    if request.transport is not None:
        request.transport.abort()
    return response


async def _half(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Announce the whole body, send half of it and close the connection."""
    body = response.body if isinstance(response, web.Response) else None
    if not isinstance(body, bytes | bytearray) or len(body) < 2:
        return _cut(request, response)
    half = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(bytes(body[: len(body) // 2]))
    if request.transport is not None:
        request.transport.close()
    return half
