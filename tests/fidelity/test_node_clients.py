"""Slack's Node packages, `@slack/web-api` and `@slack/socket-mode`, against the simulated workspace.

They are installed with npm into a temporary folder; without Node or npm the test is skipped.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from dojobbot.simulator.slack_api.events import ALL_EVENTS
from dojobbot.simulator.slack_api.world import ADA, BOT, GENERAL
from dojobbot.simulator.workspace import SimulatedWorkspace

PACKAGES = ("@slack/web-api@8.2.0", "@slack/socket-mode@3.1.0")
TRIES = 3
INSTALL_SECONDS = 180
SCRIPT = Path(__file__).parent / "node_client.cjs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages and the script that uses them."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text('{"private": true}')
    trouble = ""
    for _ in range(TRIES):
        trouble = _install(npm, folder)
        if not trouble:
            shutil.copy(SCRIPT, folder)
            return folder
    pytest.skip(f"npm could not install the packages: {trouble}")


def _install(npm: str, folder: Path) -> str:
    """Install the packages; returns what went wrong. What did arrive is in npm's cache for the next time."""
    quiet = ("--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error")
    patient = ("--prefer-offline", "--fetch-retries=5", "--fetch-timeout=60000")
    try:
        done = subprocess.run(
            [npm, "install", *quiet, *patient, *PACKAGES],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it took longer than {INSTALL_SECONDS} s"
    return done.stderr.strip()[-300:] or "it failed without a word" if done.returncode else ""


class NodeBot:
    """The running script, and what it tells."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def told(self, what: str) -> Any:
        """The next line about something; fails on a line about something else."""
        assert self._process.stdout is not None
        async with asyncio.timeout(40):
            line = await self._process.stdout.readline()
        assert line, "the script ended"
        said = json.loads(line)
        assert said["what"] == what, said
        return said

    async def leave(self) -> int:
        """Close its input, upon which it disconnects and ends."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        async with asyncio.timeout(40):
            return await self._process.wait()


@asynccontextmanager
async def running(folder: Path, workspace: SimulatedWorkspace) -> AsyncIterator[NodeBot]:
    environ = os.environ | {
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "CHANNEL": GENERAL,
        "USER": ADA,
    }
    process = await asyncio.create_subprocess_exec(
        "node", SCRIPT.name, cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield NodeBot(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def workspace() -> AsyncIterator[SimulatedWorkspace]:
    workspace = SimulatedWorkspace(rate_limits=False, events=ALL_EVENTS)
    await workspace.start()
    yield workspace
    await workspace.stop()


async def test_the_node_packages_call_listen_and_come_back(
    folder: Path, workspace: SimulatedWorkspace
) -> None:
    """The web client posts, edits, pages and uploads; the socket client answers, also after a break."""
    async with running(folder, workspace) as bot:
        done = await bot.told("calls")
        assert (done["user"], done["seen"]) == (BOT, ["from Node, edited"])
        assert (done["uploaded"], done["error"]) == (True, "channel_not_found")
        [shared] = [message for message in workspace.messages(GENERAL, ADA) if "files" in message]
        stored = workspace.file(shared["files"][0]["id"])
        assert stored is not None
        assert (stored.name, stored.content) == ("log.txt", b"lines of a log")
        assert workspace.unknown_methods == []

        await bot.told("connected")
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).answer == {"text": "got /jobs"}
        await workspace.press(ADA, GENERAL, done["ts"], "Go")
        assert (await bot.told("pressed"))["user"] == ADA
        await workspace.mention(ADA, GENERAL, "hello")
        assert "hello" in (await bot.told("mentioned"))["text"]

        workspace.drop_sockets()
        await bot.told("connected")
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error is None
        await workspace.disconnect("warning")
        await bot.told("connected")
        assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error is None
        assert await bot.leave() == 0
