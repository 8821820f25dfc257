"""The demo: a simulated Deep Origin, a simulated Slack and the page where people use it, started as one."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from dojobbot.simulator.page import Page
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.scenario import demo_world
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.workspace import SimulatedWorkspace

PEOPLE = {
    world.ADA: "owner of jobs",
    world.BORIS: "colleague",
    world.CHEN: "admin",
    world.DALIA: "guest",
}
"""Whom one can be in the page, with what they are in the story."""


class Demo:
    """Everything of the demo but the bot; an async context manager.

    Args:
        port: the page's port on 127.0.0.1; 0 takes a free one.

    Raises:
        OSError: on entering, when the port is taken.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._port = port
        self._open = AsyncExitStack()
        self.platform = SimulatedPlatform(demo_world(lambda: datetime.now(UTC)))
        self.workspace = SimulatedWorkspace()
        self.page = Page(self.workspace, self.platform, PEOPLE)

    async def __aenter__(self) -> Self:
        """Start all three; when one cannot start, those before it are stopped again."""
        async with AsyncExitStack() as starting:
            starting.push_async_callback(self.platform.stop)
            await self.platform.start()
            starting.push_async_callback(self.workspace.stop)
            await self.workspace.start()
            starting.push_async_callback(self.page.stop)
            await self.page.start(self._port)
            self._open = starting.pop_all()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Stop all three, the page first."""
        await self._open.aclose()

    @property
    def page_url(self) -> str:
        """Where the page is."""
        return self.page.url

    @property
    def environ(self) -> dict[str, str]:
        """The environment for `dojobbot run` in the demo; the database is left to the caller."""
        return {
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_API_URL": self.workspace.api_url,
            "DO_AUTH_TOKEN": self.platform.token,
            "DO_ORG_KEY": self.platform.org,
            "DO_BASE_URL": self.platform.base_url,
            "DOJOBBOT_ADMINS": world.CHEN,
            "DOJOBBOT_POLL_SECONDS": "1",
            "DOJOBBOT_HTTP_PORT": "0",
        }
