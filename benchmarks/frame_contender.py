"""One contender of `frame.py` in a process of its own: fetches all jobs once, prints time and peak memory.

    frame_contender.py ours|peer|floor    (address, organisation and token come as JSON on standard input)

Imports are done before the clock starts, for all alike; memory is that of the whole process.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PAGE_SIZE = 1_000


def ours(base_url: str, org: str, token: str) -> Callable[[], int]:
    """Prepare this project's dataframe."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # a script finds only its own folder
    from dojobbot import get_dataframe  # noqa: PLC0415  # each contender imports only what is its own

    return lambda: len(get_dataframe(base_url=base_url, org_key=org, token=token))


def peer(base_url: str, org: str, token: str) -> Callable[[], int]:
    """Prepare the official client's."""
    from importlib import import_module  # noqa: PLC0415

    make_client: Any = import_module("deeporigin.platform.client").DeepOriginClient
    jobs: Any = import_module("deeporigin.platform.job").JobList
    client = make_client(base_url=base_url, org_key=org, token=token, env="local")
    return lambda: len(jobs.list(client=client).to_dataframe())


def floor(base_url: str, org: str, token: str) -> Callable[[], int]:
    """Prepare the least that a client of the standard library's decoder can do: fetch, decode, forget."""
    import httpx  # noqa: PLC0415

    def fetch() -> int:
        seen, page = 0, 0
        with httpx.Client(headers={"Authorization": f"Bearer {token}"}, base_url=base_url) as client:
            while True:
                query = {"page": str(page), "pageSize": str(PAGE_SIZE), "order": "createdAt desc"}
                reply = client.get(f"/tools/{org}/tools/executions", params=query)
                found = json.loads(reply.content)
                seen, page = seen + len(found["data"]), page + 1
                if seen >= found["count"]:
                    return seen

    return fetch


if __name__ == "__main__":
    fetch = {"ours": ours, "peer": peer, "floor": floor}[sys.argv[1]](*json.load(sys.stdin))
    began, cpu_began = time.perf_counter(), time.process_time()
    rows = fetch()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "peak_mb": peak}))
