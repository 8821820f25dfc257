"""Files and figures made from the simulated platform, some by real processes, and what becomes of those."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dojobbot.deeporigin.account import Account
from dojobbot.errors import ExportFailed
from dojobbot.exporting import worker
from dojobbot.exporting.messages import Task, write
from dojobbot.exporting.process import FOLDER, WORKER, WorkerProcesses, remove_leftovers
from dojobbot.orders import EXTRAS, FiguresOrder, FileKind, FileOrder, JobsOrder, Person
from dojobbot.simulator import scenario
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.platform_token import make_token
from dojobbot.simulator.world import World, iso
from dojobbot.slack.views.exporting import comment

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIST = "GET /tools/*/executions"
FORMULA = '=HYPERLINK("http://example.org")'
Row = dict[str, str]


@pytest.fixture
async def platform() -> AsyncIterator[SimulatedPlatform]:
    """A platform with four jobs, one of them hidden."""
    world = World(lambda: NOW, scenario.PEOPLE)
    put(world, "job-1", hours=1, status="Completed", minutes=90, metadata={"note": FORMULA})
    put(
        world,
        "job-2",
        hours=2,
        status="Failed",
        createdBy="google-apps|boris@example.org",
        tag="Round-3",
        billingTransaction={"amount": "4.25"},
    )
    put(
        world,
        "job-3",
        hours=30,
        tool={"key": "deeporigin.rbfe", "version": 2},
        status="Running",
        session="906A456B",
    )
    put(world, "job-4", hours=3, status="Running", visibility="hidden")
    # The processes look at the machine's clock, and may not take the token for one that has expired.
    simulated = SimulatedPlatform(world, token=make_token(datetime.now(UTC)))
    await simulated.start()
    try:
        yield simulated
    finally:
        await simulated.stop()


def put(world: World, job_id: str, *, hours: float, minutes: float | None = None, **fields: Any) -> None:
    """A docking of Ada's, created so many hours ago, which ran for so many minutes."""
    created = NOW - timedelta(hours=hours)
    world.put(
        {
            "executionId": job_id,
            "resourceId": f"resource-of-{job_id}",
            "createdAt": iso(created),
            "createdBy": scenario.ADA,
            "tool": {"key": "deeporigin.docking", "version": "4"},
            "startedAt": iso(created),
            "completedAt": None if minutes is None else iso(created + timedelta(minutes=minutes)),
            "quotationResult": {"successfulQuotations": [{"priceTotal": 2.5}]},
            **fields,
        }
    )


def workers(platform: SimulatedPlatform) -> WorkerProcesses:
    """What the bot makes files with."""
    account = Account(platform.base_url, platform.org, platform.token)
    return WorkerProcesses(account, {**os.environ, "PYTHONPATH": str(ROOT)})


async def made(platform: SimulatedPlatform, **order: Any) -> bytes:
    """The content of a file that a process made, whose folder is gone afterwards."""
    async with workers(platform).making(FileOrder(jobs=JobsOrder(), **order), ignore) as file:
        content = await asyncio.to_thread(file.path.read_bytes)
        assert len(content) == file.size
    assert not file.path.parent.exists()
    return content


async def rows(
    platform: SimulatedPlatform, folder: Path, jobs: JobsOrder | None = None, **order: Any
) -> list[Row]:
    """The rows of a CSV file, made here: a process of its own would take seconds and do the same."""
    account = Account(platform.base_url, platform.org, platform.token)
    path = folder / "jobs.csv"
    await asyncio.to_thread(worker.make_file, account, FileOrder(jobs=jobs or JobsOrder(), **order), path)
    text = path.read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def ignore(_seen: int, _total: int | None) -> None:
    """Nobody looks at the progress."""


async def test_a_file_has_the_columns_of_the_dataframe(platform: SimulatedPlatform, tmp_path: Path) -> None:
    """With names for people, `Succeeded` for `Completed`, and no hidden job."""
    first, *others = await rows(platform, tmp_path)
    assert (
        list(first)
        == (
            "id created_at execution_id completed_at started_at status tool_key tool_version user_name "
            "run_duration_minutes"
        ).split()
    )
    assert [first["id"], *(row["id"] for row in others)] == ["job-1", "job-2", "job-3"]
    assert (first["status"], first["user_name"], first["run_duration_minutes"]) == (
        "Succeeded",
        "Ada Osei",
        "90",
    )
    assert first["created_at"] == "2026-11-22T08:00:00.000Z"


@pytest.mark.parametrize(
    ("jobs", "found"),
    [
        (JobsOrder(statuses=frozenset({"Succeeded", "Failed"})), ["job-1", "job-2"]),
        (JobsOrder(tool="RBFE"), ["job-3"]),
        (JobsOrder(created_after=NOW - timedelta(days=1)), ["job-1", "job-2"]),
        (JobsOrder(person=Person(creators=frozenset({scenario.ADA}))), ["job-1", "job-3"]),
        (JobsOrder(person=Person(creators=frozenset(), email="boris@example.org")), ["job-2"]),
        (JobsOrder(tool="docking", limit=1), ["job-1"]),
        (JobsOrder(tag="round-3"), ["job-2"]),
        (JobsOrder(session="906a"), ["job-3"]),
        (JobsOrder(tool="nothing like it"), []),
    ],
)
async def test_words_choose_jobs_as_they_do_in_a_list(
    platform: SimulatedPlatform, tmp_path: Path, jobs: JobsOrder, found: list[str]
) -> None:
    """What the platform can filter and what it can't."""
    assert [row["id"] for row in await rows(platform, tmp_path, jobs)] == found


async def test_a_project_is_kept_to_here_as_well(tmp_path: Path) -> None:
    """As in lists: what is of another project is left out even by a platform that does not filter."""
    page = [{"executionId": f"job-{name}", "status": "Running", "projectId": name} for name in ("a", "b")]

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"data": page, "count": 2})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    path = tmp_path / "jobs.csv"
    async with TestServer(application) as server:
        account = Account(str(server.make_url("/")).rstrip("/"), "org", "token", "b")
        await asyncio.to_thread(worker.make_file, account, FileOrder(jobs=JobsOrder()), path)
    rows = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
    assert [row["id"] for row in rows] == ["job-b"]


async def test_nested_values_and_formulas_in_each_kind(platform: SimulatedPlatform, tmp_path: Path) -> None:
    """JSON inside a cell, records inside JSON; a formula is text in all of them."""
    first = (await rows(platform, tmp_path, extras=EXTRAS))[0]
    assert json.loads(first["metadata"]) == {"note": FORMULA}
    record = json.loads(await made(platform, extras=EXTRAS, kind=FileKind.JSON))[0]
    assert record["metadata"] == {"note": FORMULA}
    assert record["created_at"] == "2026-11-22T08:00:00.000Z"
    book = openpyxl.load_workbook(io.BytesIO(await made(platform, extras=("metadata",), kind=FileKind.XLSX)))
    head, row, *_ = book["Jobs"].values
    assert head[1] == "created_at (UTC)"
    assert row[1] == datetime(2026, 11, 22, 8, 0)  # noqa: DTZ001 - Excel knows no zones
    assert json.loads(str(row[-1])) == {"note": FORMULA}
    assert book["Jobs"].cell(2, len(row)).data_type == "s"


async def test_progress_is_heard_while_it_goes_on(platform: SimulatedPlatform) -> None:
    """How many jobs were looked at, and how many there are."""
    heard: list[tuple[int, int | None]] = []
    async with workers(platform).making(FileOrder(jobs=JobsOrder()), lambda *told: heard.append(told)):
        pass
    assert heard == [(4, 4)]


async def test_figures_are_made_of_the_same_jobs(platform: SimulatedPlatform) -> None:
    """Counted, timed and priced; the hidden one is not among them."""
    order = FiguresOrder(jobs=JobsOrder(), tz="Europe/Paris", now=NOW)
    figures = await workers(platform).figures(order, ignore)
    assert dict(figures.by_status) == {"Succeeded": 1, "Failed": 1, "Running": 1}
    assert [day.total for day in figures.days] == [1, 2]
    assert (figures.quoted, figures.quotes, figures.billed, figures.bills) == (5.0, 2, 4.25, 1)
    docking = figures.tools[0]
    assert (docking.key, docking.jobs, docking.median_seconds) == ("deeporigin.docking", 2, 5400)


async def test_without_names_there_are_ids_and_the_file_says_so(
    platform: SimulatedPlatform, tmp_path: Path
) -> None:
    """A token may be allowed to list jobs and not people."""
    platform.faults.add(Fault("GET /entities/*", "status", status=403))
    account = Account(platform.base_url, platform.org, platform.token)
    order, path = FileOrder(jobs=JobsOrder(limit=1)), tmp_path / "jobs.csv"
    made = await asyncio.to_thread(worker.make_file, account, order, path)
    assert not made.has_names
    assert scenario.ADA in path.read_text("utf-8-sig")
    assert "holds ids" in comment(order, made)


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (Fault(LIST, "expired_token"), "DO_AUTH_TOKEN"),
        (Fault(LIST, "html", status=200), "not a job"),
    ],
)
async def test_the_trouble_of_the_platform_is_passed_on(
    platform: SimulatedPlatform, fault: Fault, hint: str
) -> None:
    """In the words of our own errors, with what to do."""
    platform.faults.add(fault)
    with pytest.raises(ExportFailed) as caught:
        await made(platform)
    assert hint in caught.value.hint
    assert platform.token not in f"{caught.value} {caught.value.hint}"


def test_what_broke_is_logged_without_the_words_of_a_job() -> None:
    """The kinds of the errors and the lines of code are enough to mend it."""

    def breaks() -> None:
        try:
            int("CCO-secret")
        except ValueError as error:
            raise RuntimeError("job CCO-secret") from error

    with pytest.raises(RuntimeError) as caught:
        breaks()
    said = worker.where_it_broke(caught.value)
    assert [each for each in said.splitlines() if not each.startswith(" ")] == ["ValueError", "RuntimeError"]
    assert "test_exporting.py" in said


@asynccontextmanager
async def stuck(platform: SimulatedPlatform) -> AsyncIterator[asyncio.Task[bytes]]:
    """A file that is being made from a platform that never answers."""
    platform.faults.add(Fault(LIST, "hang"))
    making = asyncio.create_task(made(platform))
    await until(children)
    try:
        yield making
    finally:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)


def children() -> list[int]:
    """The processes that make files for this one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = command_line(int(folder.name)).split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if WORKER.encode() in words and parent == os.getpid():
            found.append(int(folder.name))
    return found


def command_line(process_id: int) -> bytes:
    """What everybody on the machine can read of a process."""
    return Path(f"/proc/{process_id}/cmdline").read_bytes()


async def until(condition: Any) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(40):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


async def test_a_file_that_is_not_wanted_any_more_leaves_no_process(platform: SimulatedPlatform) -> None:
    """Nor a zombie: it is waited for."""
    async with stuck(platform) as making:
        making.cancel()
        await asyncio.gather(making, return_exceptions=True)
        assert children() == []


async def test_a_process_that_dies_is_an_error_with_words(platform: SimulatedPlatform) -> None:
    """As when the system has no memory left for it."""
    async with stuck(platform) as making:
        os.kill(children()[0], signal.SIGKILL)
        with pytest.raises(ExportFailed, match="ended early") as caught:
            await making
        assert "Ask for less" in caught.value.hint


async def test_a_process_whose_bot_is_gone_ends_and_cleans_up(
    platform: SimulatedPlatform, tmp_path: Path
) -> None:
    """The end of its input is how it hears of it; the token was on no command line."""
    platform.faults.add(Fault(LIST, "hang"))
    folder = tmp_path / "export"
    folder.mkdir()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        WORKER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdin is not None
    task = Task(
        base_url=platform.base_url,
        org_key=platform.org,
        token=platform.token,
        path=folder / "jobs",
        file=FileOrder(jobs=JobsOrder()),
    )
    process.stdin.write(write(task))
    await until(lambda: platform.requests or platform.faults.struck)
    assert platform.token.encode() not in command_line(process.pid)
    process.stdin.close()
    async with asyncio.timeout(40):
        assert await process.wait() == 1
    assert not folder.exists()


def test_the_files_of_bots_that_were_killed_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of bots that live, and what only looks alike, stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    living = os.getppid()
    for name in (f"{dead.pid}-x", f"{os.getpid()}-x", f"{living}-x", "someone-x"):
        (tmp_path / f"{FOLDER}{name}").mkdir()
    remove_leftovers()
    assert {each.name for each in tmp_path.iterdir()} == {f"{FOLDER}{living}-x", f"{FOLDER}someone-x"}
