"""The stage of the acceptance tests: both simulators, and the real bot as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dojobbot.simulator.faults import Faults
from dojobbot.simulator.jobs import DOCKING, JobMaker, Label
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import PEOPLE
from dojobbot.simulator.slack_api.world import ADA, CHEN, GENERAL
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import Script, World, iso

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 40.0
ENDS_WITHIN = 10.0
"""Five seconds are promised, `docker stop` allows ten: on a busy machine the process takes a while to go."""
ADA_AUTH = "google-apps|ada@example.org"
BORIS_AUTH = "google-apps|boris@example.org"


@dataclass
class Stage:
    """Both simulators, and what starts and stops the bot."""

    platform: SimulatedPlatform
    slack: SimulatedWorkspace
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)
    jobs_made: int = 0
    _reading: asyncio.Task[None] | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def world(self) -> World:
        """The platform's jobs."""
        return self.platform.world

    def environ(self) -> dict[str, str]:
        """The bot's environment: nothing of ours but the settings."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ}
        return kept | {
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "DO_AUTH_TOKEN": self.platform.token,
            "DO_ORG_KEY": "example-lab",
            "DO_BASE_URL": self.platform.base_url,
            "DOJOBBOT_DATABASE_URL": f"sqlite:///{self.folder / 'bot.db'}",
            "DOJOBBOT_POLL_SECONDS": "0.2",
            "DOJOBBOT_HTTP_PORT": "0",
            "DOJOBBOT_ADMINS": CHEN,
            **self.settings,
        }

    async def start(self) -> None:
        """Start the bot and wait until it says that it runs."""
        await self.launch()
        await self.heard("running for workspace")
        if self.slack.signing_secret is None:
            await self.slack.wait_for(lambda: self.slack.socket_count, DEADLINE)
        else:
            self.slack.request_url = f"{self.address()}/slack/events"

    def address(self) -> str:
        """The bot's own HTTP address, as its log says."""
        found = re.search(r"health is at (http://[\d.]+:\d+)", "\n".join(self.said))
        assert found is not None, self.said
        return found[1]

    async def launch(self) -> None:
        """Start the bot without waiting."""
        self.said.clear()
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dojobbot",
            "run",
            cwd=self.folder,
            env=self.environ(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._reading = asyncio.create_task(self._read(self.process))

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.said.append(line.decode().rstrip())
            self._heard.set()
        self._heard.set()

    async def heard(self, pattern: str) -> str:
        """Wait for a line of the bot's log; returns it."""
        async with asyncio.timeout(DEADLINE):
            while True:
                found = next((line for line in self.said if re.search(pattern, line)), None)
                if found is not None:
                    return found
                assert self._reading is not None
                assert not self._reading.done(), "\n".join(["the bot ended:", *self.said])
                self._heard.clear()
                await self._heard.wait()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(how)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end; returns the exit code."""
        assert self.process is not None
        assert self._reading is not None
        async with asyncio.timeout(DEADLINE):
            code = await self.process.wait()
            await self._reading
        self.process = None
        return code

    # --- jobs

    def running_job(self, name: str, *, owner: str = ADA_AUTH, confirmed: Script = (), **fields: Any) -> str:
        """Put a docking job that runs until the test says otherwise; returns its id.

        `confirmed`: what happens to it when its quote is confirmed.
        """
        self.jobs_made += 1
        now = self.world.moment()
        made = JobMaker(seed=self.jobs_made).execution(owner, DOCKING, now, {}, Label(name=name))
        return self.world.put(
            {**made, "status": "Running", "startedAt": iso(now), **fields}, confirmed=confirmed
        )

    # --- what people see

    def messages(self, channel: str = GENERAL, user: str = ADA) -> list[dict[str, Any]]:
        """Everything that a person sees in a channel, oldest first."""
        return self.slack.messages(channel, user)

    async def sees(self, *words: str, channel: str = GENERAL, user: str = ADA) -> dict[str, Any]:
        """Wait until the person sees a message with all these words; returns the newest such message."""

        def look() -> dict[str, Any] | None:
            fitting = [m for m in self.messages(channel, user) if all(w in shown(m) for w in words)]
            return fitting[-1] if fitting else None

        try:
            found = await self.slack.wait_for(look, DEADLINE)
        except TimeoutError:
            seen = "\n---\n".join(shown(message) for message in self.messages(channel, user))
            raise AssertionError(f"nobody said {words}; seen:\n{seen}\n\n" + "\n".join(self.said)) from None
        assert found is not None
        return found

    def over_http(self) -> None:
        """Let Slack reach the bot by signed requests from its next start on."""
        self.slack.signing_secret = "made-up"
        self.settings = {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "made-up"}

    async def card(
        self, job_id: str, *, user: str = ADA, channel: str = GENERAL, verb: str = ""
    ) -> dict[str, Any]:
        """Type `/job <id> [verb]` and wait for the private card."""
        before = len(self.messages(channel, user))
        await self.slack.type_command(user, channel, f"/job {job_id} {verb}".strip())

        def look() -> dict[str, Any] | None:
            new = [m for m in self.messages(channel, user)[before:] if job_id[:8] in shown(m)]
            return new[-1] if new else None

        found = await self.slack.wait_for(look, DEADLINE)
        assert found is not None
        return found

    async def press(
        self,
        message: dict[str, Any],
        control: str,
        *,
        user: str = ADA,
        option: str | None = None,
        confirm: bool | None = None,
    ) -> None:
        """Press a button or choose from a menu of a message."""
        await self.slack.press(
            user, message["channel"], message["ts"], control, option=option, confirm=confirm
        )

    def pings(self, name: str, channel: str = GENERAL, user: str = ADA) -> list[dict[str, Any]]:
        """The messages that mention somebody because of a job."""
        return [m for m in self.messages(channel, user) if name in m["text"] and "<@" in m["text"]]


def shown(message: dict[str, Any]) -> str:
    """All the text in a message: its headline, and every text of its attachments."""
    parts = [message.get("text", "")]

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "text" and isinstance(item, str):
                    parts.append(item)
                else:
                    walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(message.get("attachments", []))
    walk(message.get("blocks", []))
    return "\n".join(parts)


def labels(message: dict[str, Any]) -> list[str]:
    """The labels of a message's buttons."""
    found: list[str] = []

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if value.get("type") == "button":
                found.append(value["text"]["text"])
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(message.get("attachments", []))
    return found


def color(message: dict[str, Any]) -> str:
    """The colour of a message's first bar, in lower case and without the hash."""
    return str(message["attachments"][0]["color"]).lstrip("#").lower()


@contextlib.asynccontextmanager
async def stage(
    folder: Path, *, faults: Faults | None = None, slack_settings: Mapping[str, Any] = MappingProxyType({})
) -> AsyncIterator[Stage]:
    """Set the stage; the bot is started by the test, and ended here if the test left it running.

    Args:
        folder: where the bot works.
        faults: the misbehaviour of both simulators.
        slack_settings: changes to the workspace.
    """
    world = World(lambda: datetime.now(UTC), PEOPLE)
    platform = SimulatedPlatform(world, faults=faults)
    slack = SimulatedWorkspace(**{"faults": faults, **slack_settings})
    await platform.start()
    await slack.start()
    built = Stage(platform, slack, folder)
    try:
        yield built
    finally:
        if built.process is not None:
            await built.stop(signal.SIGKILL)
        await slack.stop()
        await platform.stop()
