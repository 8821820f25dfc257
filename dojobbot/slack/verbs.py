"""What can be done with a job, typed and pressed alike: be told, watch, share, and their opposites.

Each verb returns a sentence (mrkdwn) that says what happened, or nothing where the card itself says it; the
caller draws the card with it. Cancelling and approving are in `slack.acting`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from dojobbot.domain import Destination, KnownJob, Post, PostKind
from dojobbot.following import Subscribed
from dojobbot.slack.services import Services
from dojobbot.slack.text import mention
from dojobbot.slack.views import answers
from dojobbot.slack.views.card import Card, card

__all__ = [
    "Asked",
    "Place",
    "cannot_post",
    "mute",
    "notify",
    "notify_failures",
    "share",
    "stop",
    "watch",
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody typed or pressed."""

    user_id: str
    channel_id: str
    thread_ts: str | None = None

    @classmethod
    def of_press(cls, body: dict[str, Any]) -> Place:
        """Read where a press on a message came from."""
        message = body.get("message") or {}
        thread_ts = message.get("thread_ts") or body.get("container", {}).get("thread_ts")
        if thread_ts == message.get("ts"):
            thread_ts = None
        return cls(body["user"]["id"], body["channel"]["id"], thread_ts)

    @property
    def destination(self) -> Destination:
        """The same place, as somewhere to post to."""
        return Destination(self.channel_id, self.thread_ts)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants done: with which job, from where; `digest` of the quote that they saw."""

    known: KnownJob
    place: Place
    digest: str = ""


async def notify(services: Services, asked: Asked) -> str:
    """Tell the presser when the job ends, here where that is possible, else in their DM."""
    return await _subscribe(services, asked, failures_only=False)


async def notify_failures(services: Services, asked: Asked) -> str:
    """Tell the presser only if the job fails."""
    return await _subscribe(services, asked, failures_only=True)


async def _subscribe(services: Services, asked: Asked, *, failures_only: bool) -> str:
    known, place = asked.known, asked.place
    if known.job.has_ended:
        return answers.NOTHING_LEFT
    destination, where = await _where_to_tell(services, place)
    result = await services.store.subscribe(
        place.user_id,
        known.job.id,
        destination,
        seen_seq=known.seq,
        now=services.clock.now(),
        failures_only=failures_only,
    )
    # Where they can be told of this job, they can be told of those whose messages had to wait, too.
    resumed = await services.store.resume(place.user_id, destination)
    services.wake()
    if result is Subscribed.ENDED:
        return answers.NOTHING_LEFT
    if result is Subscribed.OWED:
        return f"It moved on while you pressed; the message is on its way {where}."
    changed = result is Subscribed.CHANGED
    when = "only if it fails" if failures_only else "however it ends" if changed else "when it ends"
    if resumed.anything:
        return f":bell: I'll tell you {where} {when}. What was paused there goes on."
    if result is Subscribed.ALREADY:
        return f"You are already on the list: I'll tell you {where} {when}."
    return f":bell: {'From now on ' if changed else ''}I'll tell you {where} {when}."


async def mute(services: Services, asked: Asked) -> str:
    """End the presser's subscriptions about the job."""
    count = await services.store.unsubscribe(asked.place.user_id, asked.known.job.id, services.clock.now())
    if count == 0:
        return "I wasn't going to tell you about this job, so nothing changed."
    return ":no_bell: I won't tell you about this job."


async def watch(services: Services, asked: Asked) -> str:
    """Post a live card where the presser is."""
    if asked.known.job.has_ended:
        return answers.NOTHING_LEFT
    refusal = await cannot_post(services, asked.place)
    if refusal is not None:
        return refusal
    return await _post_live(services, asked, note="")


async def stop(services: Services, asked: Asked) -> str:
    """End the watch where the presser is."""
    stopped = await services.store.stop_watch(
        asked.known.job.id,
        asked.place.destination,
        note=f"Watching stopped by {mention(asked.place.user_id)}.",
        now=services.clock.now(),
    )
    services.wake()
    if not stopped:
        return "Nobody is watching this job here, so nothing changed."
    return "I've stopped updating the live card here."


async def share(services: Services, asked: Asked) -> str:
    """Show everyone in the channel: a live card, or, of a job that has ended, one that says the last word."""
    refusal = await cannot_post(services, asked.place)
    if refusal is not None:
        return refusal
    if not asked.known.job.has_ended:
        return await _post_live(services, asked, note=f"Shared by {mention(asked.place.user_id)}.")
    view = Card(
        known=asked.known,
        owner=await services.people.owner_name(asked.known.job),
        now=services.clock.now(),
        private=False,
        action=await services.store.latest_action(asked.known.job.id),
        shared_by=asked.place.user_id,
    )
    await services.store.add_post(
        Post(
            id=uuid.uuid4().hex,
            destination=asked.place.destination,
            kind=PostKind.SHARE,
            payload=card(view),
            created_at=services.clock.now(),
        )
    )
    services.wake()
    return "Shared: the card is on its way to this conversation."


async def _post_live(services: Services, asked: Asked, *, note: str) -> str:
    place = asked.place
    added = await services.store.add_watch(
        place.user_id, asked.known.job.id, place.destination, services.clock.now(), note=note
    )
    services.wake()
    if not added:
        return "There is a live card of this job here already."
    return ":eyes: A live card is on its way to this conversation."


async def _where_to_tell(services: Services, place: Place) -> tuple[Destination, str]:
    channel = await services.messenger.channel(place.channel_id)
    if channel is not None and channel.is_member and not channel.is_shared:
        return place.destination, "here" if channel.is_dm else "here, where everyone sees it,"
    dm = Destination(await services.messenger.open_dm(place.user_id))
    why = "this channel is shared with others" if channel and channel.is_shared else "I'm not in this channel"
    return dm, f"in our direct messages ({why})"


async def cannot_post(services: Services, place: Place) -> str | None:
    """Say why a card can't be posted where somebody is, or None."""
    channel = await services.messenger.channel(place.channel_id)
    if channel is not None and channel.is_shared:
        return (
            "This channel is shared with another organisation, so I don't post jobs here. "
            "Use a channel of your own workspace."
        )
    if channel is not None and channel.is_member:
        return None
    if place.destination.is_dm:
        return "I'm not part of this conversation. Use a channel, or our direct messages."
    return "Invite me first: `/invite @dojobbot`."
