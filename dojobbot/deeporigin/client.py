"""The platform over HTTP: sends what `requests` builds; `replies` and `wire` read what comes back."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx

from dojobbot.deeporigin import logs, paging, replies, requests, snapshot, transport, wire
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.exchange import Answer, Came, Exchange, Pause, Steps
from dojobbot.deeporigin.reading import read_job
from dojobbot.deeporigin.requests import Request
from dojobbot.directory import PlatformUser
from dojobbot.domain import Job, JobFilter, Listing, LogLine, Reading, Snapshot

PAGE_SIZE = 1_000
SIDE_BY_SIDE = 4
ROWS_AT_ONCE = 50
"""Reading rows is pure computation: after each millisecond or so of it the event loop gets its turn. With a
thread it would wait longer: five milliseconds for the interpreter lock, each time it touches a socket."""
MOST_NAMES_LOGGED = 10_000

T = TypeVar("T")
log = logging.getLogger(__name__)


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
        self._exchange = Exchange(account, now=now, draw=draw)
        self._sleep = sleep
        self._logged: set[str] = set()
        self._reading = asyncio.Lock()
        self._http = httpx.AsyncClient(**transport.settings(account))

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
            async with gate:
                answer = await self._read(self._listing(wanted, number, size))
            return await self._read_page(answer)

        gathered = paging.Gathered(limit=limit, size=size)
        while numbers := gathered.missing():
            pages = await _side_by_side(fetch, numbers)
            gathered.add(dict(zip(numbers, pages, strict=True)))
        self._log_bad_rows(gathered.bad_rows)
        return gathered.listing()

    async def scan_jobs(
        self, wanted: JobFilter, take: Callable[[Sequence[Reading]], Awaitable[None]]
    ) -> datetime | None:
        """List all jobs page by page, as `ports.Platform` says."""
        # It is repeated in a moment, and followed jobs that slipped through are read one by one meanwhile.
        plan = paging.PagePlan(limit=None, size=PAGE_SIZE, again=0)
        gate = asyncio.Semaphore(SIDE_BY_SIDE)
        clocks: list[datetime] = []

        async def bring(number: int) -> None:
            async with gate:
                answer = await self._read(self._listing(wanted, number, PAGE_SIZE))
                page = await self._read_page(answer)
                clocks.extend([] if page.server_time is None else [page.server_time])
                self._log_bad_rows(page.bad_rows)
                await take(page.fresh(plan, number))

        while numbers := plan.next_round():
            await _side_by_side(bring, numbers)
        return min(clocks, default=None)

    def _listing(self, wanted: JobFilter, number: int, size: int) -> Request:
        account = self._account
        return requests.listing(
            account.org_key, wanted, page=number, page_size=size, project_id=account.project_id
        )

    async def get_job(self, job_id: str) -> Reading:
        """Read one job, as `ports.Platform` says."""
        answer, job = await self._run(read_job(self._exchange, self._account.org_key, job_id))
        return Reading(job=job, began_at=answer.began_at, detailed=True)

    async def snapshot(self, job_id: str) -> Snapshot:
        """Read one job with all that the platform says about it, as `ports.Platform` says."""
        answer, job = await self._run(read_job(self._exchange, self._account.org_key, job_id))
        return snapshot.of(answer, job)

    async def logs(self, job_id: str, *, limit: int) -> tuple[LogLine, ...]:
        """Read the newest lines of a job's log, as `ports.Platform` says."""
        return await self._run(logs.newest(self._exchange, self._account.org_key, job_id, limit=limit))

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

    async def _read(self, request: Request) -> Answer:
        return await self._run(self._exchange.read(request))

    async def _act(self, request: Request) -> Reading:
        return await self._run(self._exchange.act(request, _acted))

    async def _run(self, steps: Steps[T]) -> T:
        """Do the steps of one call."""
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Pause):
                await self._sleep(step.seconds)
                came = None
            else:
                came = await self._send(step.request)

    async def _send(self, request: Request) -> Came:
        try:
            async with asyncio.timeout(transport.patience(request)):
                response = await self._http.request(**transport.arguments(self._account, request))
        except (TimeoutError, httpx.RequestError) as fault:
            return transport.silence(fault)
        return transport.reply(response, response.content)

    async def _read_page(self, answer: Answer) -> paging.FetchedPage:
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


def _acted(answer: Answer) -> Reading:
    return Reading(job=wire.decode_job(answer.reply.body), began_at=answer.began_at)


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
