"""A simulated platform in a thread of its own, for tests of the Python API, which blocks as its users do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest

from dojobbot.credentials import Credentials
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.jobs import DOCKING, JobMaker, Label, Life, ligands, quoted
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import ADA, PEOPLE
from dojobbot.simulator.world import World, iso

EXECUTIONS = "/tools/example-lab/tools/executions"
NAMES = ("DO_AUTH_TOKEN", "DO_ORG_KEY", "DO_BASE_URL", "DO_ENV", "DO_PROJECT_ID")
ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")


def now() -> datetime:
    return datetime.now(UTC)


def until(holds: Callable[[], object], seconds: float = 40.0) -> None:
    """Wait for a condition; fail when it takes too long."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


class Lab:
    """What a test does to the platform; everything happens in the platform's own thread."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.platform = SimulatedPlatform(world)
        self._loop = asyncio.new_event_loop()
        self._maker = JobMaker(seed=11)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.platform.start(), self._loop).result(40)

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.platform.stop(), self._loop).result(40)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(40)
        self._loop.close()

    @property
    def credentials(self) -> Credentials:
        return Credentials(
            base_url=self.platform.base_url, org_key=self.platform.org, token=self.platform.token
        )

    @property
    def environ(self) -> dict[str, str]:
        platform = self.platform
        return {
            "DO_AUTH_TOKEN": platform.token,
            "DO_ORG_KEY": platform.org,
            "DO_BASE_URL": platform.base_url,
        }

    def do(self, what: Callable[[], T]) -> T:
        done: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(what()))
        return done.result(40)

    def put(self, **fields: Any) -> str:
        """A job with just these fields."""
        return self.do(lambda: self.world.put({"createdAt": iso(now()), **fields}))

    def crowd(self, count: int) -> None:
        """Running jobs `job-0` (the newest), `job-1`, ..."""
        created = now()

        def put() -> None:
            for number in range(count):
                stamp = iso(created - timedelta(seconds=number))
                self.world.put({"executionId": f"job-{number}", "status": "Running", "createdAt": stamp})

        self.do(put)

    def dock(self, *, runs: float = 600, queued: float = 0.0, name: str = "screen", count: int = 6) -> str:
        plan = self._maker.docking(ADA, Life(now(), runs, queued), ligands(count), Label(name), tool=DOCKING)
        return self.do(lambda: plan.put(self.world))

    def quote(
        self, *, funds: bool = True, prices: Sequence[tuple[str, int, float]] = (("DOCK", 8, 1.25),)
    ) -> str:
        plan = self._maker.docking(ADA, Life(now(), 600, 0.1), ligands(8))
        return self.do(lambda: quoted(plan, prices, funds).put(self.world))

    def change(self, job_id: str, **fields: Any) -> None:
        self.do(lambda: self.world.change(job_id, **fields))

    def status(self, job_id: str) -> str:
        job = self.do(lambda: self.world.get(job_id))
        assert job is not None
        return str(job["status"])

    def fault(self, match: str, kind: Any, **how: Any) -> None:
        self.do(lambda: self.platform.faults.add(Fault(match, kind, **how)))

    def heal(self) -> None:
        self.do(self.platform.faults.clear)

    def calls(self, method: str = "GET", path: str = "") -> int:
        served = self.do(lambda: list(self.platform.requests))
        return sum(each.method == method and path in each.path for each in served)


@contextlib.contextmanager
def running(world: World | None = None) -> Iterator[Lab]:
    """A lab, by default with people and no jobs."""
    lab = Lab(world or World(now, PEOPLE))
    lab.start()
    try:
        yield lab
    finally:
        lab.stop()


@contextlib.contextmanager
def python(code: str, lab: Lab, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A Python of its own that runs the code with the lab's settings."""
    environ = {**os.environ, **lab.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen([sys.executable, "-c", code], env=environ, **how) as process:
        try:
            yield process
        finally:
            process.kill()


def piped(code: str, lab: Lab) -> tuple[bytes, bytes, int]:
    """What a Python writes into pipes, and how it ends."""
    with python(code, lab, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=60)
    return out, err, process.returncode


def in_terminal(code: str, lab: Lab, *, rows: int = 0, columns: int = 0) -> str:
    """What a Python writes whose output is a terminal, of that size or (0) one that does not say its own."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (rows, columns))
    with python(code, lab, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        written = b""
        while chunk := read_on(ours):
            written += chunk
        assert process.wait(30) == 0, written.decode()
    os.close(ours)
    return written.decode()


def read_on(terminal: int) -> bytes:
    """What comes next, or nothing when the other end is closed."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


class Notebook:
    """What a person sees of a notebook: the pages that one output showed, and how many outputs there are."""

    kernel = "a kernel"

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.outputs = 0

    def show(self, page: str, *, display_id: bool) -> Notebook:
        assert display_id
        self.outputs += 1
        self.update(page)
        return self

    def update(self, page: str) -> None:
        self.shown.append(page)


def in_notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """As much of IPython as a cell's code sees: a shell with a kernel, and outputs that can be updated."""
    made = Notebook()
    display = SimpleNamespace(HTML=str, display=made.show)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: made, display=display))
    return made
