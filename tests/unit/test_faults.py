"""Each kind of fault as a client of a struck server sees it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web

from dojobbot.simulator.fault_answers import answer_through
from dojobbot.simulator.faults import LINK_KINDS, Fault, Faults, Kind

BODY = b'{"answer": "the whole of it"}'


@dataclass
class Struck:
    """A server whose only operation is `work`, with the count of how often the work was done."""

    faults: Faults = field(default_factory=Faults)
    done: int = 0
    url: str = ""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.arrived.set()
        return await answer_through(self.faults, "work", request, self._work)

    async def _work(self, _request: web.Request) -> web.StreamResponse:
        self.done += 1
        return web.Response(body=BODY, content_type="application/json")


@asynccontextmanager
async def serving() -> AsyncIterator[Struck]:
    server = Struck()
    app = web.Application()
    app.router.add_post("/", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield server
    finally:
        server.faults.release()
        await runner.cleanup()


async def call(server: Struck, read: Callable[[aiohttp.ClientResponse], Awaitable[object]]) -> object:
    async with aiohttp.ClientSession() as session, session.post(server.url) as response:
        return await read(response)


async def body_of(response: aiohttp.ClientResponse) -> bytes:
    return await response.read()


async def status_of(response: aiohttp.ClientResponse) -> int:
    return response.status


async def test_a_status_fault_answers_its_status_and_retry_after_a_limited_number_of_times() -> None:
    async with serving() as server:
        server.faults.add(Fault("wo*", "status", status=429, retry_after=3, times=2))
        async with aiohttp.ClientSession() as session:
            seen = []
            for _ in range(3):
                async with session.post(server.url) as response:
                    seen.append((response.status, response.headers.get("Retry-After")))
        assert seen == [(429, "3"), (429, "3"), (200, None)]
        assert server.done == 1


async def test_an_html_fault_answers_a_page_where_json_is_due() -> None:
    async with serving() as server, aiohttp.ClientSession() as session:
        server.faults.add(Fault("work", "html", status=200))
        async with session.post(server.url) as response:
            assert (response.status, response.content_type) == (200, "text/html")
        assert server.done == 0


async def test_a_slow_fault_delays_the_answer_and_then_gives_it_whole() -> None:
    async with serving() as server:
        server.faults.add(Fault("work", "slow", seconds=0.2))
        started = asyncio.get_running_loop().time()
        assert await call(server, body_of) == BODY
        assert asyncio.get_running_loop().time() - started >= 0.2


@pytest.mark.parametrize(
    ("kind", "error"), [("lost_reply", aiohttp.ServerDisconnectedError), ("cut", aiohttp.ClientPayloadError)]
)
async def test_the_work_is_done_although_the_client_never_gets_the_answer(
    kind: Kind, error: type[Exception]
) -> None:
    async with serving() as server:
        server.faults.add(Fault("work", kind))
        with pytest.raises(error):
            await call(server, body_of)
        assert server.done == 1


async def test_a_hanging_call_ends_when_the_server_stops() -> None:
    async with serving() as server:
        server.faults.add(Fault("work", "hang"))
        calling = asyncio.create_task(call(server, body_of))
        await asyncio.wait_for(server.arrived.wait(), 40)
        assert not calling.done()
    with pytest.raises(aiohttp.ClientError):
        await calling
    assert server.done == 0


async def test_a_hanging_call_does_not_hold_up_others_or_outlive_its_client() -> None:
    async with serving() as server:
        server.faults.add(Fault("work", "hang", times=1))
        calling = asyncio.create_task(call(server, body_of))
        await asyncio.wait_for(server.arrived.wait(), 40)
        assert await call(server, status_of) == 200
        calling.cancel()
        await asyncio.gather(calling, return_exceptions=True)


async def test_clearing_ends_a_fault_without_a_number_of_times() -> None:
    async with serving() as server:
        server.faults.add(Fault("work", "status", status=503))
        assert [await call(server, status_of) for _ in range(3)] == [503, 503, 503]
        server.faults.clear()
        assert await call(server, status_of) == 200


def test_only_operations_that_match_are_struck_and_the_first_match_wins() -> None:
    faults = Faults()
    first, second = Fault("GET /tools/*/executions", "hang"), Fault("GET *", "cut")
    faults.add(first)
    faults.add(second)
    assert faults.pick("GET /tools/example-lab/tools/executions") is first
    assert faults.pick("GET /tools/example-lab/tools/executions/1") is second
    assert faults.pick("PATCH /tools") is None
    assert faults.struck == 2


def test_a_share_strikes_that_part_of_the_calls_and_the_same_ones_for_one_seed() -> None:
    def run(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(Fault("*", "hang", share=0.3))
        return [faults.pick("work") is not None for _ in range(1000)]

    assert run(7) == run(7)
    assert 250 < sum(run(7)) < 350


def test_a_fault_of_deliveries_passes_calls_by_and_the_other_way_round() -> None:
    faults = Faults()
    late, busy = Fault("*", "late"), Fault("*", "status", status=429)
    faults.add(late)
    faults.add(busy)
    assert faults.pick("chat.postMessage") is busy
    assert faults.pick("deliver interactive", LINK_KINDS) is late


def test_what_is_in_force_can_be_seen_and_withdrawn_one_by_one() -> None:
    """The page's panel lists the faults with what they struck, and takes one away."""
    faults = Faults()
    first = faults.add(Fault("*", "cut", times=2))
    second = faults.add(Fault("*", "hang"))
    faults.pick("work")
    assert [(armed.number, armed.struck, armed.left) for armed in faults.armed] == [
        (first, 1, 1),
        (second, 0, None),
    ]
    faults.pick("work")
    assert [armed.number for armed in faults.armed] == [second]
    faults.remove(second)
    assert faults.armed == ()
    assert faults.pick("work") is None


async def test_an_expired_token_is_refused_in_the_servers_own_words_and_nothing_is_done() -> None:
    async with serving() as server:
        server.faults.add(Fault("work", "expired_token"))
        assert await call(server, status_of) == 401
        assert server.done == 0
