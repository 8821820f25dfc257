"""The App Home: drawn when somebody opens it, and when they press Refresh.

It is not drawn anew whenever a job changes: it says as of when it is (docs/adr/0022-home.md).
"""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.slack.homescreen import HomeScreen
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services
from dojobbot.slack.views import ids

__all__ = ["register"]


def register(app: AsyncApp, services: Services) -> None:
    """Listen to who opens the Home, and to its Refresh. Each is acked at once; the work comes after."""

    async def opened(body: dict[str, Any]) -> None:
        event = body["event"]
        # The other tab, Messages, is told of by the same event.
        if event["tab"] == "home":
            await _show(services, body, HomeScreen(services, event["user"], body.get("team_id")))

    async def refreshed(body: dict[str, Any]) -> None:
        user = body["user"]
        await _show(services, body, HomeScreen(services, user["id"], user.get("team_id")))

    app.event("app_home_opened")(ack=_ack, lazy=[opened])
    app.action(ids.HOME_REFRESH)(ack=_ack, lazy=[refreshed])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _show(services: Services, body: dict[str, Any], screen: HomeScreen) -> None:
    async def work() -> Payload | None:
        return await screen.show() if await services.is_first(body) else None

    await services.desk.serve(screen, work, interim=_nothing)


async def _nothing() -> None:
    """Say nothing in between: what is stored is shown already."""
