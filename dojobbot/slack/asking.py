"""From a verb, typed or pressed, to the card that answers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dojobbot.errors import DojobbotError, JobNotFound
from dojobbot.slack import acting, batching, verbs
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services
from dojobbot.slack.verbs import Asked, Place
from dojobbot.slack.views import answers
from dojobbot.slack.views.card import Card, card
from dojobbot.slack.views.closed import paused

__all__ = ["ACTS", "carry_out", "private_card"]

VERBS: dict[str, Callable[[Services, Asked], Awaitable[str]]] = {
    "notify": verbs.notify,
    "failures": verbs.notify_failures,
    "mute": verbs.mute,
    "watch": batching.watch,
    "stop": verbs.stop,
    "share": verbs.share,
    "cancel": acting.cancel,
    "approve": acting.approve,
    "offer": acting.offer_approval,
}
ACTS = frozenset({"cancel", "approve"})
"""They look at the job themselves, and have an audit."""


async def carry_out(services: Services, verb: str, asked: Asked, *, said: str = "") -> Payload:
    """Do what a verb says (any other word only looks), and draw the card with what came of it.

    What goes wrong on the way becomes the card's note, so that its buttons are still there to try again.

    Args:
        services: the ports.
        verb: a key of `VERBS`, or another word.
        asked: the job and the place.
        said: a sentence for the card besides the verb's own.
    """
    act = VERBS.get(verb)
    try:
        done = "" if act is None else await act(services, asked)
    except DojobbotError as error:
        done = f":warning: {answers.words_of(error)}"
    note = " ".join(filter(None, [done, said]))
    return await private_card(services, asked.known.job.id, asked.place, note=note)


async def private_card(services: Services, job_id: str, place: Place, *, note: str = "") -> Payload:
    """Draw the card as the presser alone sees it, from the store. Raises JobNotFound."""
    known = await services.store.job(job_id)
    if known is None:
        raise JobNotFound(job_id)
    subscriptions = await services.store.subscriptions(job_id)
    mine = [each for each in subscriptions if each.user_id == place.user_id]
    watches = await services.store.watches(job_id)
    return card(
        Card(
            known=known,
            owner=await services.people.owner_name(known.job),
            now=services.clock.now(),
            private=True,
            notifying=bool(mine),
            failures_only=bool(mine) and all(each.failures_only for each in mine),
            watching=any(each.destination == place.destination for each in watches),
            action=await services.store.latest_action(job_id),
            note=note,
            lag=await services.lag_note(),
            paused=paused(mine),
        )
    )
