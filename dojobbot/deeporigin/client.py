"""The platform over HTTP: sends what `requests` builds; `replies` and `wire` read what comes back."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx

from dojobbot.deeporigin import paging, replies, requests, wire
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.replies import Reply, Trouble
from dojobbot.deeporigin.requests import Request
from dojobbot.domain import Job, JobFilter, Listing, PlatformUser, Reading
from dojobbot.errors import MalformedReply, PlatformUnavailable
from dojobbot.limits import backoff

PAGE_SIZE = 1_000
SIDE_BY_SIDE = 4
RETRIES = 3
LONGEST_WAIT = 60.0
"""Asked to wait for longer, a read gives up at once and says so: somebody waits for its answer."""
CONNECT_SECONDS = 10.0
WHOLE_SECONDS = 60.0
"""A read that is never silent for long may still drip for ever; this much is the end of it."""
CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=10)
ROWS_AT_ONCE = 50
"""Reading rows is pure computation: after each millisecond or so of it the event loop gets its turn. With a
thread it would wait longer: five milliseconds for the interpreter lock, each time it touches a socket."""
MOST_NAMES_LOGGED = 10_000

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one try brought. `began_at`: when it was sent. `reply` is there unless there is trouble."""

    began_at: datetime
    reply: Reply
    trouble: Trouble | None = None


class PlatformClient:
    """Implements `ports.Platform`; use it in an `async with`, or `aclose` it.

    Args:
        account: where to, which organisation, which token.
        now: the present, timezone-aware: stamps readings and tells whether the token has expired.
        sleep: waits for that many seconds between tries.
        draw: a random number of 0..1, for the jitter.
    """

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._account = account
        self._expires_at = account.expires_at
        self._now = now
        self._sleep = sleep
        self._draw = draw
        self._logged: set[str] = set()
        self._reading = asyncio.Lock()
        self._http = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {account.token}"}, limits=CONNECTIONS, follow_redirects=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def list_jobs(self, wanted: JobFilter, *, limit: int) -> Listing:
        """List jobs, as `ports.Platform` says: the first page, then the others side by side.

        Raises:
            ValueError: the limit is less than 1.
            PlatformError: a page could not be had; there is no partial listing.
        """
        if limit < 1:
            raise ValueError(f"limit {limit}: ask for at least one job")
        size = min(limit, PAGE_SIZE)
        gate = asyncio.Semaphore(SIDE_BY_SIDE)

        async def fetch(number: int) -> paging.FetchedPage:
            request = requests.listing(
                self._account.org_key,
                wanted,
                page=number,
                page_size=size,
                project_id=self._account.project_id,
            )
            async with gate:
                answer = await self._read(request)
            return await self._read_page(answer)

        gathered = paging.Gathered(limit=limit, size=size)
        while numbers := gathered.missing():
            pages = await _side_by_side(fetch, numbers)
            gathered.add(dict(zip(numbers, pages, strict=True)))
        self._log_bad_rows(gathered.bad_rows)
        return gathered.listing()

    async def get_job(self, job_id: str) -> Reading:
        """Read one job, as `ports.Platform` says."""
        answer = await self._read(requests.job(self._account.org_key, job_id))
        job = wire.decode_job(answer.reply.body)
        return Reading(job=job, began_at=answer.began_at, detailed=True)

    async def cancel(self, job_id: str) -> Reading:
        """Cancel a job, as `ports.Platform` says."""
        return await self._act(requests.cancel(self._account.org_key, job_id))

    async def confirm(self, job_id: str) -> Reading:
        """Approve a job's quote, as `ports.Platform` says."""
        return await self._act(requests.confirm(self._account.org_key, job_id))

    async def users(self) -> tuple[PlatformUser, ...]:
        """List the organisation's members."""
        answer = await self._read(requests.users(self._account.org_key))
        return wire.decode_users(answer.reply.body)

    async def check(self) -> None:
        """Ask how the platform is and, because that needs no token, for one job."""
        answer = await self._read(requests.health())
        wire.check_health(answer.reply.body)
        await self.list_jobs(JobFilter(), limit=1)

    async def _act(self, request: Request) -> Reading:
        """Send once what changes something."""
        answer = await self._try(request)
        if answer.trouble is not None:
            raise answer.trouble.error
        try:
            job = wire.decode_job(answer.reply.body)
        except MalformedReply as error:
            raise PlatformUnavailable(
                f"Deep Origin took the {request.purpose.value}, but its answer cannot be read.",
                hint=replies.MAY_HAVE_HAPPENED,
            ) from error
        return Reading(job=job, began_at=answer.began_at)

    async def _read(self, request: Request) -> _Answer:
        """Send what changes nothing, again where that may help."""
        attempt = 0
        while True:
            answer = await self._try(request)
            trouble = answer.trouble
            if trouble is None:
                return answer
            if not trouble.retry or attempt == RETRIES or (trouble.retry_after or 0) > LONGEST_WAIT:
                raise trouble.error
            jitter = 0.5 + self._draw() / 2
            await self._sleep(
                backoff(attempt, jitter=jitter, cap=LONGEST_WAIT, retry_after=trouble.retry_after)
            )
            attempt += 1

    async def _try(self, request: Request) -> _Answer:
        """Send once. Raises TokenRejected, without a call, when the token has expired."""
        began_at = self._now()
        if self._expires_at is not None and self._expires_at <= began_at:
            raise replies.token_expired(self._expires_at)
        try:
            async with asyncio.timeout(max(request.seconds, WHOLE_SECONDS)):
                response = await self._http.request(
                    request.method,
                    self._account.base_url + request.path,
                    params=request.query,
                    headers={"Accept": request.accept},
                    timeout=httpx.Timeout(request.seconds, connect=CONNECT_SECONDS, pool=WHOLE_SECONDS),
                )
        except (TimeoutError, httpx.RequestError) as fault:
            return _Answer(began_at, NO_REPLY, _network_trouble(fault, request))
        headers = {name.lower(): value for name, value in response.headers.items()}
        reply = Reply(response.status_code, headers, self._without_token(response.content))
        trouble = replies.trouble(reply, request, expires_at=self._expires_at, now=began_at)
        return _Answer(began_at, reply, trouble)

    def _without_token(self, body: bytes) -> bytes:
        """Take the token out of an answer that echoes it, as some gateways' error pages do."""
        token = self._account.token.encode("ascii")
        return body.replace(token, b"[token]") if token in body else body

    async def _read_page(self, answer: _Answer) -> paging.FetchedPage:
        """Read one page at a time, so that pages which arrive together do not add up between two turns."""
        entries: list[Job | wire.BadRow] = []
        async with self._reading:
            page = wire.open_page(answer.reply.body)
            for start in range(0, len(page.rows), ROWS_AT_ONCE):
                await asyncio.sleep(0)
                entries += page.read(start, start + ROWS_AT_ONCE)
        clock = replies.server_time(answer.reply)
        return paging.fetched(entries, count=page.count, began_at=answer.began_at, server_time=clock)

    def _log_bad_rows(self, bad_rows: tuple[wire.BadRow, ...]) -> None:
        for row in bad_rows:
            if row.name not in self._logged and len(self._logged) < MOST_NAMES_LOGGED:
                self._logged.add(row.name)
                log.warning("left a job out of a listing: %r: %s", row.name, row.why)


NO_REPLY = Reply(0, {}, b"")


def _network_trouble(fault: Exception, request: Request) -> Trouble:
    if isinstance(fault, TimeoutError | httpx.TimeoutException):
        message = f"Deep Origin did not answer within {request.seconds:g} s."
    else:
        message = f"Deep Origin could not be reached, or hung up ({type(fault).__name__})."
    error = PlatformUnavailable(message, hint=replies.unavailable_hint(request))
    error.__cause__ = fault
    return Trouble(error, retry=True)


async def _side_by_side(fetch: Callable[[int], Awaitable[T]], numbers: tuple[int, ...]) -> list[T]:
    """Fetch all; the first failure ends the others and is raised as it is, not in a group."""

    async def one(number: int) -> T:
        return await fetch(number)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(number)) for number in numbers]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
