"""Carries out faults on HTTP calls: answers late, wrongly, in part, or not at all."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from aiohttp import web

from dojobbot.simulator.faults import CALL_KINDS, Fault, Faults

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HTML_PAGE = (
    "<!doctype html><html><head><title>Gateway</title></head><body><h1>Please try later</h1></body></html>"
)
GONE_POLL_SECONDS = 0.5
"""How often a waiting call looks whether its client has left: rarely, so that hundreds may hang."""


def plain_error(status: int) -> Mapping[str, object]:
    """An error body for a server that has no form of its own."""
    return {"message": "The simulator was told to fail here.", "statusCode": status}


@dataclass(frozen=True)
class Wording:
    """How a server words what faults make it say.

    Attributes:
        error: the JSON body of an HTTP status.
        expired: status and JSON body for a token that has expired.
    """

    error: Callable[[int], Mapping[str, object]] = plain_error
    expired: tuple[int, Mapping[str, object]] = (401, plain_error(401))


PLAIN = Wording()


async def answer_through(
    faults: Faults,
    operation: str,
    request: web.Request,
    handler: Handler,
    wording: Wording = PLAIN,
    *,
    kinds: Collection[str] = CALL_KINDS,
) -> web.StreamResponse:
    """Answer a request by its handler, unless a fault strikes it.

    Args:
        faults: the faults in force.
        operation: the name that they are matched against.
        request: the request.
        handler: what answers in good times.
        wording: how the server words errors.
        kinds: what can happen to such a call.

    Returns:
        The response for aiohttp to send; where the connection was cut, one that nobody will receive.
    """
    fault = faults.pick(operation, kinds)
    if fault is None:
        return await handler(request)
    match fault.kind:
        case "slow" | "hang":
            served = await _wait(faults, request, fault.seconds if fault.kind == "slow" else None)
            return await handler(request) if served else _cut(request, web.Response())
        case "lost_reply":
            return _cut(request, await handler(request))
        case "cut":
            return await _half(request, await handler(request))
    return _refusal(fault, wording)


def _refusal(fault: Fault, wording: Wording) -> web.Response:
    """The answer of a fault that keeps the work from being done."""
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    if fault.kind == "html":
        return web.Response(text=HTML_PAGE, content_type="text/html", status=fault.status, headers=headers)
    if fault.kind == "expired_token":
        status, body = wording.expired
        return web.json_response(body, status=status)
    return web.json_response(wording.error(fault.status), status=fault.status, headers=headers)


async def _wait(faults: Faults, request: web.Request, seconds: float | None) -> bool:
    """Wait that long (None: for ever); False when the server stopped or the client left before."""
    stopping = faults.stopping
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
