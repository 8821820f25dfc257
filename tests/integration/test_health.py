"""`/readyz` answers soon, whatever the database does."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from dojobbot.clock import SharedClock
from dojobbot.health import Vitals, routes
from dojobbot.leadership import LASTING, Leadership
from dojobbot.store.store import open_store
from dojobbot.watcher import Health
from tests.integration.middle import middle


async def test_a_lock_that_somebody_holds_does_not_keep_readyz_waiting(tmp_path: Path) -> None:
    """Whoever asks gives up long before the lock's 15 seconds are over, and would take us for dead."""
    file = tmp_path / "bot.db"
    async with open_store(f"sqlite:///{file}") as store:
        application = web.Application()
        application.add_routes(routes(Vitals(store=store, clock=SharedClock(), slack=str)))
        async with TestClient(TestServer(application)) as client:
            with closing(sqlite3.connect(file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                began = time.monotonic()
                response = await client.get("/readyz")
                assert time.monotonic() - began < 10
                assert (response.status, (await response.json())["store"]) == (503, "the database is busy")
                other.execute("ROLLBACK")
            response = await client.get("/readyz")
            assert (response.status, (await response.json())["store"]) == (200, "ok")


async def test_another_replica_is_spoken_of_only_where_there_is_one(tmp_path: Path) -> None:
    """A lone bot that could not renew its lease is not watched for by anybody."""
    async with middle(tmp_path) as built:
        await built.leadership.give_back()
        one, other = (Leadership(built.store, built.clock, holder=name) for name in ("one", "other"))

        async def platform(replica: Leadership) -> str:
            vitals = Vitals(
                store=built.store,
                clock=built.clock,
                slack=str,
                watcher=Health,
                leads=lambda: replica.leads,
                is_led=lambda: replica.is_anothers,
            )
            application = web.Application()
            application.add_routes(routes(vitals))
            async with TestClient(TestServer(application)) as client:
                return str((await (await client.get("/readyz")).json())["platform"])

        await one.reach()
        assert await platform(one) == "ok"
        built.clock.moment += LASTING
        assert await platform(one) == "not watched: the lease on that could not be taken or renewed yet"
        await other.reach()
        await one.reach()
        assert await platform(one) == "another replica watches it"
        built.clock.moment += LASTING
        await one.reach()
        assert await platform(one) == "ok"
