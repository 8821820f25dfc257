"""The handlers of Slack's presses on top of the middle: a Bolt app on a socket of the simulated workspace."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncApp

from dojobbot.deeporigin.account import Account
from dojobbot.exporting.process import WorkerProcesses
from dojobbot.exports import Exports
from dojobbot.simulator.slack_api import world as lab
from dojobbot.simulator.slack_api.views import View
from dojobbot.slack import actions, commands, details, home
from dojobbot.slack.messenger import patient_client
from dojobbot.slack.replies import Desk
from dojobbot.slack.services import Services
from dojobbot.slack.socket_mode import SocketLink
from dojobbot.slack.transport import bolt_app, identify
from tests.integration.middle import Middle

DEADLINE = 40.0


@dataclass
class Front:
    """What people see and press, in front of a middle."""

    middle: Middle
    desk: Desk
    link: SocketLink
    services: Services

    async def card(self, job_id: str, *, user: str = lab.ADA, channel: str = lab.GENERAL) -> dict[str, Any]:
        """Type `/job` and give the private card that comes."""
        before = len(self.middle.messages(channel, user))
        await self.middle.slack.type_command(user, channel, f"/job {job_id}")
        await self.sees(lambda: self._cards(job_id, channel, user, before))
        return self._cards(job_id, channel, user, before)[-1]

    def _cards(self, job_id: str, channel: str, user: str, before: int) -> list[dict[str, Any]]:
        new = self.middle.messages(channel, user)[before:]
        return [each for each in new if each.get("attachments") and job_id[:8] in str(each)]

    async def press(self, message: dict[str, Any], control: str, *, user: str = lab.ADA) -> None:
        """Press a button of a message."""
        await self.middle.slack.press(user, message["channel"], message["ts"], control)

    async def press_in_modal(self, control: str, *, user: str = lab.ADA) -> None:
        """Press a button of the topmost modal, by its action id."""
        await self.middle.slack.press_in_view(user, self.modal(user).id, control)

    def modal(self, user: str = lab.ADA) -> View:
        """The topmost modal."""
        return self.middle.slack.modals(user)[-1]

    def shows(self, *words: str, user: str = lab.ADA) -> bool:
        """Whether the topmost modal has all these words in it."""
        modals = self.middle.slack.modals(user)
        return bool(modals) and all(word in str(modals[-1].content["blocks"]) for word in words)

    async def sees(self, condition: Callable[[], object]) -> None:
        """Wait until something is to be seen."""
        await self.middle.slack.wait_for(condition, DEADLINE)

    async def modal_shows(self, *words: str, user: str = lab.ADA) -> None:
        """Wait until the topmost modal has all these words in it."""
        try:
            await self.sees(lambda: self.shows(*words, user=user))
        except TimeoutError:
            modals = [view.content["blocks"] for view in self.middle.slack.modals(user)]
            raise AssertionError(f"no modal shows {words}: {modals}") from None


@contextlib.asynccontextmanager
async def front(
    middle: Middle, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncIterator[Front]:
    """Connect the handlers to the workspace; `sleep`: how the link waits until a socket is too old."""
    slack = patient_client(middle.slack.bot_token, middle.slack.api_url)
    bolt: AsyncApp = bolt_app(await identify(slack), middle.slack.api_url)
    desk = Desk()
    platform = middle.platform
    account = Account(platform.base_url, platform.org, platform.token)
    services = Services(
        platform=middle.client,
        store=middle.store,
        messenger=middle.messenger,
        people=middle.people,
        clock=middle.clock,
        desk=desk,
        exports=Exports(
            WorkerProcesses(account, os.environ),
            middle.store,
            middle.messenger,
            middle.clock,
            wake=lambda: None,
        ),
        wake=lambda: None,
    )
    for handlers in (commands, actions, details, home):
        handlers.register(bolt, services)
    link = SocketLink(middle.slack.app_token, slack, sleep=sleep)
    await link.open(bolt)
    try:
        yield Front(middle, desk, link, services)
    finally:
        await link.close()
        await desk.close(1.0)
