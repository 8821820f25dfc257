"""Starts a process for each file or set of figures, listens to it, and ends it. Implements promises.Exporter.

A process of its own, because a hundred thousand rows would keep the event loop from answering presses, and
because the memory that they took goes back to the system when it ends. `worker` is what runs in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec

import dojobbot
from dojobbot.deeporigin.account import Account
from dojobbot.errors import ExportFailed
from dojobbot.exporting.messages import Done, Failure, Progress, Task, read_said, write
from dojobbot.orders import Exported, Figures, FiguresOrder, FileOrder
from dojobbot.promises import Seen

__all__ = ["WorkerProcesses", "remove_leftovers"]

WORKER = "dojobbot.exporting.worker"
FOLDER = "dojobbot-export-"
LONGEST_FILE_SECONDS = 1800.0
LONGEST_FIGURES_SECONDS = 120.0
LONGEST_LINE = 2**24
"""Bytes in what the worker says: figures of ten years are far below."""
LARGEST_FILE = 1_000_000_000
"""Slack takes no file above 1 GB."""
KEPT_COMPLAINTS = 4_000
UNFORESEEN = "That went wrong on my side, and I've logged it."
log = logging.getLogger(__name__)


def remove_leftovers() -> None:
    """Remove the files of bots that were killed while they sent one; call it before the first is made."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER}*-*"):
        process_id = folder.name.removeprefix(FOLDER).partition("-")[0]
        # What has our own number is of an earlier life, as in a container, where everything is number 1.
        if process_id.isdecimal() and (int(process_id) == os.getpid() or not _lives(int(process_id))):
            shutil.rmtree(folder, ignore_errors=True)


def _lives(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass  # somebody else's, or no number of a process at all: not ours to judge
    return True


class WorkerProcesses:
    """Makes files and figures for one account.

    Args:
        account: where the jobs are.
        environ: the environment of the processes, with no secret: the token comes another way.
    """

    def __init__(self, account: Account, environ: Mapping[str, str]) -> None:
        self._account = account
        # The package that is running now, wherever it was found.
        places = [str(Path(dojobbot.__file__).parents[1]), environ.get("PYTHONPATH", "")]
        self._environ = {**environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}

    @contextlib.asynccontextmanager
    async def making(self, order: FileOrder, seen: Seen) -> AsyncIterator[Exported]:
        """See promises.Exporter. Raises ExportFailed."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"{FOLDER}{os.getpid()}-"))
        try:
            said = await self._run(self._task(file=order, path=folder / "jobs"), seen, LONGEST_FILE_SECONDS)
            if said.file is None:
                raise ExportFailed("No file was made.")
            if said.file.size > LARGEST_FILE:
                raise ExportFailed("The file is larger than the gigabyte that Slack takes.")
            yield said.file
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def figures(self, order: FiguresOrder, seen: Seen) -> Figures:
        """See promises.Exporter. Raises ExportFailed."""
        said = await self._run(self._task(figures=order), seen, LONGEST_FIGURES_SECONDS)
        if said.figures is None:
            raise ExportFailed("No figures were made.")
        return said.figures

    def _task(
        self, *, file: FileOrder | None = None, path: Path | None = None, figures: FiguresOrder | None = None
    ) -> Task:
        account = self._account
        return Task(
            base_url=account.base_url,
            org_key=account.org_key,
            token=account.token,
            project_id=account.project_id,
            path=path,
            file=file,
            figures=figures,
        )

    async def _run(self, task: Task, seen: Seen, seconds: float) -> Done:
        """Let a process do a task; it is over when this returns or raises, also when it is cancelled."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            WORKER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environ,
            limit=LONGEST_LINE,
            # A Ctrl-C in the terminal is for the bot, which ends it in its own time.
            start_new_session=True,
        )
        complaints = asyncio.ensure_future(_tail(process.stderr))
        try:
            async with asyncio.timeout(seconds):
                return await _last_word(process, task, seen)
        except TimeoutError as error:
            raise ExportFailed(
                f"It took longer than {seconds / 60:.0f} minutes, and was given up."
            ) from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(_reaped(process, complaints))


async def _last_word(process: asyncio.subprocess.Process, task: Task, seen: Seen) -> Done:
    """Hand over the task, and listen until it is done."""
    if process.stdin is None or process.stdout is None:
        raise ExportFailed("The process that makes it has no ears.")
    with contextlib.suppress(ConnectionError):
        process.stdin.write(write(task))
        await process.stdin.drain()
    try:
        async for line in process.stdout:
            match read_said(line):
                case Progress(seen=so_far, total=total):
                    seen(so_far, total)
                case Failure(message=message, hint=hint):
                    raise ExportFailed(message or UNFORESEEN, hint=hint or None)
                case Done() as done:
                    return done
    except (msgspec.DecodeError, ValueError) as error:
        raise ExportFailed("The process that makes it talks nonsense.") from error
    raise ExportFailed("The process that makes it ended early: it may have run out of memory.")


async def _tail(stream: asyncio.StreamReader | None) -> str:
    """Read what a process complains of, and keep the end of it."""
    kept = b""
    while stream is not None and (piece := await stream.read(4096)):
        kept = (kept + piece)[-KEPT_COMPLAINTS:]
    return kept.decode(errors="replace").strip()


async def _reaped(process: asyncio.subprocess.Process, complaints: asyncio.Future[str]) -> None:
    """Wait for the end of a process that was killed, and log what it complained of."""
    await process.wait()
    said = await complaints
    if said:
        log.error("the process that made an export said:\n%s", said)
