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
from dojobbot.store.store import open_store


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
                assert time.monotonic() - began < 5
                assert (response.status, (await response.json())["store"]) == (503, "the database is busy")
                other.execute("ROLLBACK")
            response = await client.get("/readyz")
            assert (response.status, (await response.json())["store"]) == (200, "ok")
