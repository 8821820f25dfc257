"""One contender of `watch.py`, in a process of its own; prints what it measured as one line of JSON.

    watch_contender.py ours|floor|peer    (settings come as JSON on standard input)

`ours`: ticks of the real watcher on a real store and the real client, `ticks` of them one after the other.
`floor`: the same pages fetched in the same way and forgotten; what a tick takes beyond it is our own.
`peer`: one cycle of the official client's `executions.wait` over `job_ids`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

PAGE_SIZE = 1_000
SIDE_BY_SIDE = 4


async def timed(work: Callable[[], Awaitable[object]], times: int) -> dict[str, list[float]]:
    """Do some work several times; gives seconds and processor seconds of each."""
    seconds, cpu = [], []
    for _ in range(times):
        began, cpu_began = time.perf_counter(), time.process_time()
        await work()
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - cpu_began)
    return {"seconds": seconds, "cpu": cpu}


async def ours(settings: dict[str, Any]) -> dict[str, list[float]]:
    """Tick."""
    # Each contender imports only what is its own.
    from dojobbot.clock import SharedClock  # noqa: PLC0415
    from dojobbot.deeporigin.account import Account  # noqa: PLC0415
    from dojobbot.deeporigin.client import PlatformClient  # noqa: PLC0415
    from dojobbot.leadership import Leadership  # noqa: PLC0415
    from dojobbot.store.store import open_store  # noqa: PLC0415
    from dojobbot.watcher import Watcher  # noqa: PLC0415

    account = Account(settings["base_url"], settings["org"], settings["token"])
    async with open_store(settings["database"]) as store, PlatformClient(account) as client:
        clock = SharedClock()
        leadership = Leadership(store, clock, holder="benchmark", lasting=timedelta(days=1))
        await leadership.reach()
        watcher = Watcher(client, store, clock, on_change=lambda: None, leadership=leadership)
        measured = await timed(watcher.tick, settings["ticks"])
        assert not watcher.health.trouble, watcher.health.trouble
        return measured


async def floor(settings: dict[str, Any]) -> dict[str, list[float]]:
    """Fetch the pages that a tick takes, and forget them."""
    import httpx  # noqa: PLC0415

    path = f"{settings['base_url']}/tools/{settings['org']}/tools/executions"
    gate = asyncio.Semaphore(SIDE_BY_SIDE)
    headers = {"Authorization": f"Bearer {settings['token']}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:

        async def fetch(number: int) -> None:
            query = {"page": str(number), "pageSize": str(PAGE_SIZE), "order": "createdAt desc"}
            query["filter"] = json.dumps({"status": {"$in": ["Running"]}})
            async with gate:
                await client.get(path, params=query)

        async def pages() -> None:
            await fetch(0)
            await asyncio.gather(*(fetch(number) for number in range(1, settings["pages"])))

        return await timed(pages, settings["ticks"])


async def peer(settings: dict[str, Any]) -> dict[str, list[float]]:
    """Ask for each job once, as every cycle of a wait does."""
    from importlib import import_module  # noqa: PLC0415

    make: Any = import_module("deeporigin.platform.client").DeepOriginClient
    client = make(base_url=settings["base_url"], token=settings["token"], org_key=settings["org"])

    async def cycle() -> None:
        try:
            client.executions.wait(settings["job_ids"], timeout=0.001)
        except TimeoutError:
            return
        raise AssertionError("the jobs were meant to be running")

    return await timed(cycle, 1)


if __name__ == "__main__":
    result = asyncio.run({"ours": ours, "floor": floor, "peer": peer}[sys.argv[1]](json.load(sys.stdin)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps(result | {"peak_mb": peak}))
