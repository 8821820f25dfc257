"""The platform over HTTP for code that is not async: scripts, and notebooks whose event loop is running.

The steps of each call are those of `exchange`, as in `client`; pages are fetched side by side in threads.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

import httpx

from dojobbot.deeporigin import logs, requests, snapshot, transport, wire
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.exchange import RETRIES, Came, Exchange, Pause, Steps
from dojobbot.deeporigin.paging import PagePlan
from dojobbot.deeporigin.plain_http import PlainTransport, without_proxy
from dojobbot.deeporigin.reading import read_job
from dojobbot.deeporigin.requests import Request
from dojobbot.directory import PlatformUser
from dojobbot.domain import LogLine, Snapshot
from dojobbot.errors import JobNotFound, PlatformError

SIDE_BY_SIDE = 4
WHOLE_ID = 36
PART_OF_AN_ID = (
    f"Python takes the whole id, of {WHOLE_ID} characters: it is in the column `id` of get_dataframe(), "
    "and in Slack under Details."
)

T = TypeVar("T")
In = TypeVar("In")


class BlockingClient:
    """The calls that the Python API makes; safe to share between threads.

    Args:
        account: where to, which organisation, which token.
        now: the present, timezone-aware: stamps snapshots and tells whether the token has expired.
        sleep: waits for that many seconds between tries; by default a wait that `close` cuts short.
        draw: a random number of 0..1, for the jitter.

    Every call may raise any PlatformError.
    """

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.account = account
        self.now = now
        self._closing = threading.Event()
        self._exchange = Exchange(account, now=now, draw=draw)
        self._sleep = sleep or self._closing.wait
        quick = PlainTransport() if without_proxy(account.base_url) else None
        self._http = httpx.Client(**transport.settings(account), transport=quick)
        self._finish = weakref.finalize(self, self._http.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end what is under way; otherwise it happens with the last reference."""
        self._closing.set()
        self._finish()

    def get(self, job_id: str, *, retries: int = RETRIES) -> Snapshot:
        """Read one job with its progress tree. Raises JobNotFound."""
        steps = read_job(self._exchange, self.account.org_key, job_id, retries=retries)
        return snapshot.of(*self._run(steps))

    def get_all(self, job_ids: Iterable[str]) -> list[Snapshot]:
        """Read several jobs side by side, in the order of their ids."""
        return list(self._side_by_side(self.get, job_ids))

    def logs(self, job_id: str, *, limit: int) -> tuple[LogLine, ...]:
        """Read the newest lines of a job's log, newest first."""
        return self._run(logs.newest(self._exchange, self.account.org_key, job_id, limit=limit))

    def cancel(self, job_id: str) -> Snapshot:
        """Ask once for a cancel; gives what the platform says the job is now."""
        request = requests.cancel(self.account.org_key, job_id)
        return self._run(self._exchange.act(request, snapshot.read))

    def confirm(self, job_id: str) -> Snapshot:
        """Approve a job's quote, once. Raises PlatformRestricted where money, licence or tier forbid it."""
        request = requests.confirm(self.account.org_key, job_id)
        return self._run(self._exchange.act(request, snapshot.read))

    def users(self) -> tuple[PlatformUser, ...]:
        """List the organisation's members."""
        answer = self._run(self._exchange.read(requests.users(self.account.org_key)))
        return wire.decode_users(answer.reply.body)

    def pages(self, plan: PagePlan, request_of: Callable[[int], Request]) -> Iterator[tuple[int, bytes]]:
        """Fetch the pages of a listing side by side, but hand them over in order.

        Args:
            plan: what to fetch; whoever receives a page notes it there before asking for the next.
            request_of: the request for the page with that number.
        """

        def fetch(number: int) -> tuple[int, bytes]:
            return number, self._run(self._exchange.read(request_of(number))).reply.body

        while numbers := plan.next_round():
            yield from self._side_by_side(fetch, numbers)

    def _run(self, steps: Steps[T]) -> T:
        """Do the steps of one call."""
        came: Came = None
        while True:
            try:
                step = steps.send(came)
            except StopIteration as done:
                result: T = done.value
                return result
            except PlatformError as error:
                if isinstance(error, JobNotFound) and len(error.job_id) < WHOLE_ID:
                    error.hint = PART_OF_AN_ID
                # A traceback shows it below the message: nobody looks for an attribute.
                error.add_note(error.hint)
                raise
            if isinstance(step, Pause):
                self._sleep(step.seconds)
                came = None
            else:
                came = self._send(step.request)

    def _send(self, request: Request) -> Came:
        deadline = time.monotonic() + transport.patience(request)
        chunks: list[bytes] = []
        try:
            with self._http.stream(**transport.arguments(self.account, request)) as response:
                for chunk in response.iter_bytes():
                    chunks.append(chunk)
                    if time.monotonic() > deadline:
                        raise httpx.ReadTimeout("still dripping", request=response.request)
        except httpx.RequestError as fault:
            return transport.silence(fault)
        return transport.reply(response, b"".join(chunks))

    def _side_by_side(self, do: Callable[[In], T], inputs: Iterable[In]) -> Iterator[T]:
        """Do something for several inputs, a few at once, and give the results in their order.

        In daemon threads of our own, because those of a pool are waited for when Python exits: somebody who
        presses Ctrl-C while the platform hangs wants to leave now.
        """
        under_way: deque[Future[T]] = deque()
        for given in inputs:
            under_way.append(_started(do, given))
            if len(under_way) == SIDE_BY_SIDE:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _started(do: Callable[[In], T], given: In) -> Future[T]:
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(do(given))
        except BaseException as error:  # noqa: BLE001  # handed over: whoever waits for the result gets it
            future.set_exception(error)

    threading.Thread(target=work, name="dojobbot-fetch", daemon=True).start()
    return future
