"""The platform's event stream over HTTP: opens what `requests` builds; `events` reads what comes back.

Which refusals are worth another try, and after how long a silence a stream is dead, is as in the official
client 5.4.0 (`platform/sse.py`, `utils/constants.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx

from dojobbot.deeporigin import replies, requests, transport
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.events import Events
from dojobbot.deeporigin.requests import Request
from dojobbot.errors import MalformedReply, PlatformUnavailable, StreamRefused

WORTH_ANOTHER_TRY = replies.RETRIED | {409}
"""409: the user has as many streams of that project open as the platform allows."""
REFUSAL_SECONDS = 10.0
LONGEST_REFUSAL = 100_000
SILENCE_SECONDS = 60.0
"""A stream sends a comment every 25 s."""


class EventStreamClient:
    """Implements `ports.EventStream`; use it in an `async with`.

    It has connections of its own: streams stay open, and would take those away that calls need.

    Args:
        account: where to, which organisation, which token.
        now: the present, timezone-aware: tells whether the token has expired.
        silence: after so many seconds without a byte a stream is dead.
    """

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self._account = account
        self._now = now
        self._silence = silence
        self._http = httpx.AsyncClient(**transport.settings(account))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    @property
    def project_id(self) -> str | None:
        """The account's project, if it has one."""
        return self._account.project_id

    @contextlib.asynccontextmanager
    async def open(
        self, project_id: str, job_ids: Collection[str]
    ) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        """Listen to jobs, as `ports.EventStream` says."""
        expires_at = self._account.expires_at
        if expires_at is not None and expires_at <= self._now():
            raise _refused(replies.token_expired(expires_at))
        jobs = {str(number): job_id for number, job_id in enumerate(sorted(job_ids))}
        request = requests.stream(self._account.org_key, project_id, jobs, seconds=self._silence)
        try:
            async with self._http.stream(**transport.arguments(self._account, request)) as response:
                await self._check(response, request)
                yield _changes(response, request, jobs)
        except httpx.RequestError as fault:
            raise _broken(fault, request) from fault

    async def _check(self, response: httpx.Response, request: Request) -> None:
        """Raise what keeps the answer from being a stream."""
        if response.status_code == httpx.codes.OK:
            if response.headers.get("content-type", "").partition(";")[0].strip() != requests.EVENTS:
                raise MalformedReply("Deep Origin answered with something else than an event stream.")
            return
        body = await _beginning(response)
        # Some gateways' error pages echo the token.
        safe = body.replace(self._account.token.encode("ascii"), b"[token]")
        reply = transport.reply(response, safe)
        trouble = replies.trouble(reply, request, expires_at=self._account.expires_at, now=self._now())
        if trouble is None:
            raise MalformedReply(
                f"Deep Origin answered with HTTP {response.status_code} and no event stream."
            )
        if response.status_code in WORTH_ANOTHER_TRY:
            raise trouble.error
        raise _refused(trouble.error) from trouble.error


async def _changes(
    response: httpx.Response, request: Request, jobs: Mapping[str, str]
) -> AsyncIterator[frozenset[str]]:
    """Give the ids of the jobs that events name, each time that one names any."""
    events = Events()
    try:
        async for chunk in response.aiter_bytes():
            changed = frozenset(jobs[name] for name in events.feed(chunk) if name in jobs)
            if changed:
                yield changed
    except httpx.RequestError as fault:
        raise _broken(fault, request) from fault


async def _beginning(response: httpx.Response) -> bytes:
    """Read what a refusal says, as far as it comes soon."""
    body = b""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(REFUSAL_SECONDS):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > LONGEST_REFUSAL:
                    break
    return body


def _refused(error: Exception) -> StreamRefused:
    return StreamRefused(str(error), hint=getattr(error, "hint", None))


def _broken(fault: httpx.RequestError, request: Request) -> PlatformUnavailable:
    if isinstance(fault, httpx.TimeoutException):
        return PlatformUnavailable(f"Deep Origin was silent for {request.seconds:g} s.")
    return PlatformUnavailable(f"Deep Origin could not be reached, or hung up ({type(fault).__name__}).")
