"""The platform of `frame.py`: the simulated one's jobs and listings, in a process of its own.

Its pages are rendered beforehand: sorting and joining them again for every request would be measured with
whoever asks. It takes any organisation, because the peer sets its own, prints its address and token as one
line of JSON and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder

from aiohttp import web

from dojobbot.simulator.platform_filter import parse_listing
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.scenario import crowded_world

ORG = "example-lab"


SIZE = 1_000
QUERIES: tuple[dict[str, str], ...] = ({"order": "createdAt desc"}, {})
"""What the contenders ask for: newest first, or in the platform's own order."""


def rendered(count: int) -> dict[tuple[str, int], bytes]:
    """Give the pages of that many jobs, a tenth of them running, by the field of the order and the number."""
    jobs = crowded_world(lambda: datetime.now(UTC), active=count // 10, ended=count - count // 10).select()
    pages: dict[tuple[str, int], bytes] = {}
    for query in QUERIES:
        asked = parse_listing(query)
        ordered = asked.arrange(jobs)
        for number in range(-(-count // SIZE)):
            rows = b",".join(job.v1() for job in ordered[number * SIZE : (number + 1) * SIZE])
            body = b'{"data":[' + rows + b'],"count":' + str(count).encode() + b"}"
            pages[asked.order_field, number] = body
    return pages


async def serve(count: int) -> None:
    """Serve the listing of that many jobs."""
    pages = rendered(count)

    async def listing(request: web.Request) -> web.Response:
        asked = parse_listing(request.query)
        body = pages[asked.order_field, asked.page]
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.add_routes([web.get("/tools/{org}/tools/executions", listing)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    where = {"base_url": f"http://127.0.0.1:{runner.addresses[0][1]}", "token": make_token(datetime.now(UTC))}
    print(json.dumps(where | {"org": ORG}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
