"""The command line: `dojobbot run` and `dojobbot demo`. Parses and prints; the rest is elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path

from dojobbot import __version__
from dojobbot.app import running
from dojobbot.config import Settings, read_settings
from dojobbot.errors import DojobbotError, SettingsError
from dojobbot.simulator.demo import Demo

__all__ = ["main"]

DEMO_PORT = 8765
HIGHEST_PORT = 65535
ENDS = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (2: a setting is missing or wrong)."""
    parser = argparse.ArgumentParser(prog="dojobbot", description="Deep Origin jobs in Slack.")
    parser.add_argument("--version", action="version", version=f"dojobbot {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the bot; its settings are environment variables, see the README")
    demo = commands.add_parser("demo", help="try the bot in a simulated Slack, in the browser")
    demo.add_argument("--no-browser", action="store_true", help="do not open a browser")
    demo.add_argument(
        "--port", type=_port, default=DEMO_PORT, help=f"the page's port (default {DEMO_PORT}, 0: any)"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "aiohttp.access", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A tick that takes longer than the pause between two is in order; it would say so each time.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    try:
        if options.command == "run":
            _until_signalled(_run(read_settings(os.environ)))
        else:
            logging.getLogger().setLevel(logging.WARNING)
            _until_signalled(_demo(options.port, open_browser=not options.no_browser))
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 2
    except DojobbotError as error:
        print(f"{error} {error.hint}", file=sys.stderr)
        return 1
    except _PortTaken as error:
        print(f"The demo can't use port {error.port}. Try --port 0: it takes any.", file=sys.stderr)
        return 1
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: it takes a number from 0 to {HIGHEST_PORT}")
    return int(text)


async def _run(settings: Settings) -> None:
    async with running(settings) as parts:
        _collect_rarely()
        await parts.during(_for_ever())


def _collect_rarely() -> None:
    """Keep full garbage collections short and rare: every ack waits for them.

    One took a tenth of a second when it went through all that was built at the start, and stays for good, and
    some 30 ms in the middle of a tick over 10,000 jobs (benchmarks/ack.py). Most of what a tick makes goes by
    reference counting anyway.
    """
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 100)


async def _demo(port: int, *, open_browser: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="dojobbot-demo-") as folder:
        async with _opened(port) as demo:
            database = f"sqlite:///{Path(folder) / 'demo.db'}"
            settings = read_settings({**demo.environ, "DOJOBBOT_DATABASE_URL": database})
            async with running(settings) as parts:
                print(f"The demo is at {demo.page_url}  (Ctrl-C ends it)", flush=True)
                if open_browser:
                    webbrowser.open(demo.page_url)
                await parts.during(_for_ever())


@contextlib.asynccontextmanager
async def _opened(port: int) -> AsyncIterator[Demo]:
    """Open the demo's servers; a port that is taken is the visitor's to choose anew."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            demo = await stack.enter_async_context(Demo(port=port))
        except OSError as error:
            raise _PortTaken(port) from error
        yield demo


class _PortTaken(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port


def _until_signalled(work: Coroutine[None, None, None]) -> None:
    """Do the work until SIGINT or SIGTERM cancels it; leaving its blocks closes everything in order.

    That takes some seconds at most, and no other signal cuts it short, not even while the process goes away.
    """

    async def doing() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

        def end() -> None:
            if not task.cancelling():
                log.info("ending")
                task.cancel()

        for name in ENDS:
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(end))
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        finally:
            for name in ENDS:
                signal.signal(name, signal.SIG_IGN)

    asyncio.run(doing())


async def _for_ever() -> None:
    await asyncio.Event().wait()
