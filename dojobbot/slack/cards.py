"""Draws the card of a job for one person: what they follow, what is watched here, what was asked of it."""

from __future__ import annotations

from dojobbot.errors import JobNotFound
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services
from dojobbot.slack.verbs import Place
from dojobbot.slack.views.card import Card, card

__all__ = ["private_card"]


async def private_card(services: Services, job_id: str, place: Place, *, note: str = "") -> Payload:
    """Draw the card as the presser alone sees it, from the store. Raises JobNotFound."""
    known = await services.store.job(job_id)
    if known is None:
        raise JobNotFound(job_id)
    subscriptions = await services.store.subscriptions(job_id)
    watches = await services.store.watches(job_id)
    return card(
        Card(
            known=known,
            owner=await services.people.owner_name(known.job),
            now=services.clock.now(),
            private=True,
            notifying=any(each.user_id == place.user_id for each in subscriptions),
            watching=any(each.destination == place.destination for each in watches),
            action=await services.store.latest_action(job_id),
            note=note,
        )
    )
