"""`/job <id> deliveries`: what became of the messages about a job, for whoever asks."""

from __future__ import annotations

import asyncio

from dojobbot.errors import SlackError
from dojobbot.fates import Fates
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services
from dojobbot.slack.verbs import Asked
from dojobbot.slack.views.fates import FatesView, concerns, deliveries

__all__ = ["what_became"]

TRANSITIONS = 5
LINKS = 5
LINK_SECONDS = 2.0
"""A link is decoration: the answer does not wait long for it."""


async def what_became(services: Services, asked: Asked) -> Payload:
    """Answer from the rows alone, so that it holds after a restart and while the platform is away."""
    fates = await services.store.fates(asked.known.job.id, limit=TRANSITIONS)
    return deliveries(
        FatesView(
            job=asked.known.job,
            fates=fates,
            user_id=asked.place.user_id,
            channel_id=asked.place.channel_id,
            now=services.clock.now(),
            links=await _links(services, asked, fates),
        )
    )


async def _links(services: Services, asked: Asked, fates: Fates) -> dict[tuple[str, str], str]:
    """Find the addresses of the messages that arrived, as far as Slack gives them at once."""
    posted = [
        (each.destination.channel_id, each.ts)
        for each in fates.deliveries
        if each.ts is not None and concerns(each, asked.place.user_id, asked.place.channel_id)
    ][:LINKS]
    found = await asyncio.gather(*(_link(services, *each) for each in posted))
    return {at: link for at, link in zip(posted, found, strict=True) if link}


async def _link(services: Services, channel_id: str, ts: str) -> str:
    try:
        async with asyncio.timeout(LINK_SECONDS):
            return await services.messenger.permalink(channel_id, ts)
    except (SlackError, TimeoutError):
        return ""
