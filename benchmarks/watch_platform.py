"""The platform of `watch.py`: many active jobs, listed from pages that are kept rendered.

`python -m benchmarks.watch_platform platform SETTINGS`: `active` jobs, `latency` seconds a call. Sorting and
joining a hundred thousand jobs again for every page would be measured with whoever asks; the rows themselves
are those of the simulated platform. An order may say `leave`: so many more jobs end. The answer counts what
was asked since the last order, `listings` and `gets`, how many calls were `in_flight` at most, and all the
`ticks`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from aiohttp import web

from benchmarks.actors import Json, Obey, act, settle
from dojobbot.simulator.platform_filter import parse_listing
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import crowded_world
from dojobbot.simulator.world import StoredJob, to_json

IDS_TOLD = 1_000
END = {"status": "Completed", "completedAt": "2026-11-22T12:00:00.000Z"}


@dataclass
class Asked:
    """What was asked since it was last told."""

    listings: int = 0
    gets: int = 0
    in_flight: int = 0


class Platform:
    """Jobs, newest first; the first of them leave."""

    def __init__(self, active: int, latency: float) -> None:
        world = crowded_world(lambda: datetime.now(UTC), active=active)
        newest = {"order": "createdAt desc", "filter": json.dumps({"status": {"$in": ["Running"]}})}
        self.jobs: list[StoredJob] = parse_listing(newest).arrange(world.select())
        self.by_id = {str(job.execution["executionId"]): job for job in self.jobs}
        self.latency = latency
        self.asked = Asked()
        self.ticks = 0
        self._under_way = 0
        self._page = cache(self._rendered)
        self._rows = self.jobs

    def leave(self, count: int) -> None:
        """Let the next jobs end."""
        leaving, self._rows = self._rows[:count], self._rows[count:]
        for job in leaving:
            job.merge({**END, "updatedAt": datetime.now(UTC).isoformat()})
        self._page.cache_clear()

    def _rendered(self, number: int, size: int) -> bytes:
        rows = b",".join(job.v1() for job in self._rows[number * size : (number + 1) * size])
        return b'{"data":[' + rows + b'],"count":' + str(len(self._rows)).encode() + b"}"

    @web.middleware
    async def wait(self, request: web.Request, handler: object) -> web.StreamResponse:
        """Let every call take its time, and count those under way."""
        assert callable(handler)
        self._under_way += 1
        self.asked.in_flight = max(self.asked.in_flight, self._under_way)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            response: web.StreamResponse = await handler(request)
        finally:
            self._under_way -= 1
        return response

    async def listing(self, request: web.Request) -> web.Response:
        """Give a page of the active jobs, of the newest ones, or, of the new ones, none."""
        self.asked.listings += 1
        asked = parse_listing(request.query)
        if asked.tests:
            return web.Response(body=b'{"data":[],"count":0}', content_type="application/json")
        self.ticks += asked.page == 0 and asked.statuses is not None
        return web.Response(body=self._page(asked.page, asked.page_size), content_type="application/json")

    async def get(self, request: web.Request) -> web.Response:
        """Give a job."""
        self.asked.gets += 1
        job = self.by_id.get(request.match_info["id"])
        if job is None:
            return web.Response(body=to_json({"message": "not found"}), status=404)
        return web.Response(body=job.v2(), content_type="application/json")

    async def users(self, _request: web.Request) -> web.Response:
        """Give nobody."""
        return web.json_response({"data": []})

    async def health(self, _request: web.Request) -> web.Response:
        """Be well."""
        return web.json_response({"status": "ok", "info": {}, "error": {}, "details": {}})


@contextlib.asynccontextmanager
async def platform(settings: Json) -> AsyncIterator[tuple[Json, Obey]]:
    """Serve until the input ends."""
    served = Platform(settings["active"], settings["latency"])
    app = web.Application(middlewares=[served.wait])
    executions = "/tools/{org}/tools/executions"
    app.add_routes(
        [
            web.get(executions, served.listing),
            web.get(executions + "/{id}", served.get),
            web.get("/entities/{org}/organizations/users", served.users),
            web.get("/tools/health", served.health),
        ]
    )

    async def obey(order: Json) -> Json:
        served.leave(order.get("leave", 0))
        asked, served.asked = served.asked, Asked()
        return vars(asked) | {"ticks": served.ticks}

    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settle()
    try:
        yield (
            {
                "base_url": f"http://127.0.0.1:{runner.addresses[0][1]}",
                "token": make_token(datetime.now(UTC)),
                "org": "example-lab",
                "job_ids": list(served.by_id)[-IDS_TOLD:],
            },
            obey,
        )
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(act(platform, json.loads(sys.argv[2])))
