"""A caller of the simulated platform over plain HTTP, and a clock that moves when it is told to."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp

from dojobbot.simulator.jobs import JobMaker, Life, ligands
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import ADA
from dojobbot.simulator.world import World

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ACTIVE = ["Created", "Queued", "Running"]
EXECUTIONS = "/tools/example-lab/tools/executions"


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Caller:
    """Calls a simulated platform with its token."""

    def __init__(self, platform: SimulatedPlatform, session: aiohttp.ClientSession) -> None:
        self.platform = platform
        self._session = session

    async def ask(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        accept: str = "application/json",
        **options: Any,
    ) -> tuple[int, Any]:
        """The status and the decoded body of an answer."""
        headers = {"Authorization": f"Bearer {token or self.platform.token}", "Accept": accept}
        url = self.platform.base_url + path
        async with self._session.request(method, url, headers=headers, **options) as response:
            return response.status, await response.json()

    async def list(self, filter_: object = None, **params: str | int) -> Any:
        """The body of a listing that succeeds."""
        query = dict(params) if filter_ is None else {**params, "filter": json.dumps(filter_)}
        status, body = await self.ask("GET", EXECUTIONS, params=query)
        assert status == 200, body
        return body

    async def get(self, job_id: str, accept: str = "application/json") -> Any:
        """The body of a read that succeeds."""
        status, body = await self.ask("GET", f"{EXECUTIONS}/{job_id}", accept=accept)
        assert status == 200, body
        return body


@asynccontextmanager
async def calling(world: World, **options: Any) -> AsyncIterator[Caller]:
    platform = SimulatedPlatform(world, **options)
    await platform.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Caller(platform, session)
    finally:
        await platform.stop()


def dock(world: World, created: datetime = START) -> str:
    """A docking of ten ligands that is queued for ten seconds."""
    maker = JobMaker(seed=len(world.select()))
    return maker.docking(ADA, Life(created, runs=100, queued=10), ligands(10)).put(world)
