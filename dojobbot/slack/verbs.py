"""What can be done with a job: tell me, watch, stop, cancel, approve, share. Typed and pressed alike.

Each verb returns a sentence (mrkdwn) that says what happened; the caller draws the card with it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from dojobbot.domain import Action, ActionKind, Destination, KnownJob, Post, PostKind
from dojobbot.errors import (
    ActionInFlight,
    DojobbotError,
    JobNotFound,
    PlatformError,
    PlatformRefused,
    PlatformUnavailable,
)
from dojobbot.ports import Subscribed
from dojobbot.slack.services import Services
from dojobbot.slack.text import escape, mention, money
from dojobbot.slack.views import answers
from dojobbot.slack.views.card import ANSWERED_WITHIN, Card, card
from dojobbot.slack.views.status import outcome

__all__ = ["Place", "approve", "cancel", "mute", "notify", "share", "stop", "watch"]

INVITE = "Invite me first: `/invite @dojobbot`."


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody typed or pressed."""

    user_id: str
    channel_id: str
    thread_ts: str | None = None

    @property
    def destination(self) -> Destination:
        """The same place, as somewhere to post to."""
        return Destination(self.channel_id, self.thread_ts)


async def notify(services: Services, known: KnownJob, place: Place) -> str:
    """Subscribe the presser, here where that is possible, else in their DM."""
    if known.job.has_ended:
        return answers.ended(known.job)
    destination, where = await _where_to_tell(services, place)
    result = await services.store.subscribe(
        place.user_id, known.job.id, destination, seen_seq=known.seq, now=services.clock.now()
    )
    services.wake()
    if result is Subscribed.ENDED:
        return answers.ended(known.job)
    if result is Subscribed.OWED:
        return f"It moved on while you pressed; the message is on its way {where}."
    if result is Subscribed.ALREADY:
        return f"You are already on the list: I'll tell you {where} when it ends."
    return f":bell: I'll tell you {where} when it ends."


async def mute(services: Services, known: KnownJob, place: Place) -> str:
    """End the presser's subscriptions about the job."""
    count = await services.store.unsubscribe(place.user_id, known.job.id, services.clock.now())
    if count == 0:
        return "I wasn't going to tell you about this job, so nothing changed."
    return ":no_bell: I won't tell you about this job."


async def watch(services: Services, known: KnownJob, place: Place) -> str:
    """Post a live card where the presser is."""
    if known.job.has_ended:
        return answers.ended(known.job)
    refusal = await _cannot_post(services, place)
    if refusal:
        return refusal
    added = await services.store.add_watch(
        place.user_id, known.job.id, place.destination, services.clock.now()
    )
    services.wake()
    if not added:
        return "There is a live card of this job here already."
    return ":eyes: A live card is on its way to this conversation."


async def stop(services: Services, known: KnownJob, place: Place) -> str:
    """End the watch where the presser is."""
    stopped = await services.store.stop_watch(
        known.job.id,
        place.destination,
        note=f"Watching stopped by {mention(place.user_id)}.",
        now=services.clock.now(),
    )
    services.wake()
    if not stopped:
        return "Nobody is watching this job here, so nothing changed."
    return "The live card here stays as it is now."


async def share(services: Services, known: KnownJob, place: Place) -> str:
    """Post a card for everyone in the channel."""
    refusal = await _cannot_post(services, place)
    if refusal:
        return refusal
    view = Card(
        known=known,
        owner=await services.people.owner_name(known.job),
        now=services.clock.now(),
        private=False,
        action=await services.store.latest_action(known.job.id),
        shared_by=place.user_id,
    )
    await services.store.add_post(
        Post(
            id=uuid.uuid4().hex,
            destination=place.destination,
            kind=PostKind.SHARE,
            payload=card(view),
            created_at=services.clock.now(),
        )
    )
    services.wake()
    return "Shared: the card is on its way to this conversation."


async def cancel(services: Services, known: KnownJob, place: Place) -> str:
    """Cancel the job for the presser, if it is theirs to cancel and can still be cancelled."""
    action, refusal = await _begin(services, ActionKind.CANCEL, known, place)
    if action is None:
        return refusal
    try:
        current = await services.read_job(known.job.id)
        if not current.job.can_be_cancelled:
            await _close(services, action, "too late")
            return _moved_on(current)
        current = await _cancel_with_one_reread(services, known.job.id)
    except PlatformError as error:
        return await _failed(services, action, error)
    if current.job.status == "Cancelled":
        return ":white_check_mark: Cancelled."
    if current.job.has_ended:
        return _moved_on(current)
    return "Cancel requested. Deep Origin has not confirmed it yet; this card will say when it does."


async def _cancel_with_one_reread(services: Services, job_id: str) -> KnownJob:
    """Cancel; when the answer is lost, look first, and ask once more only if the job still runs."""
    try:
        return await services.take_in(await services.platform.cancel(job_id))
    except PlatformUnavailable:
        current = await services.read_job(job_id)
        if not current.job.can_be_cancelled:
            return current
    return await services.take_in(await services.platform.cancel(job_id))


async def approve(services: Services, known: KnownJob, place: Place, digest: str) -> str:
    """Approve the quote that the presser saw (`digest`), once; a different one is refused and shown."""
    action, refusal = await _begin(services, ActionKind.APPROVE, known, place)
    if action is None:
        return refusal
    try:
        current = await services.read_job(known.job.id)
        objection = _objection(current, digest)
        if objection:
            await _close(services, action, "not asked")
            return objection
        current = await services.take_in(await services.platform.confirm(known.job.id))
    except PlatformUnavailable:
        return await _approval_unanswered(services, known.job.id)
    except PlatformError as error:
        return await _failed(services, action, error)
    if current.job.status == "Quoted":
        return "Approval sent. Deep Origin has not confirmed it yet; this card will say when it does."
    return ":white_check_mark: Approved."


def _objection(current: KnownJob, digest: str) -> str | None:
    """Say why what was just read is not what the presser approved, or None."""
    quote = current.job.quote
    if current.job.status != "Quoted":
        return _moved_on(current)
    if quote is None:
        return "Deep Origin sent no price with this quote, so I can't approve it. Approve it in Deep Origin."
    if quote.digest != digest:
        return f"The quote is {money(quote.amount)} now. Look again, then press Approve to accept it."
    return None


async def _approval_unanswered(services: Services, job_id: str) -> str:
    """Money may have been spent: never ask again, only look."""
    try:
        current = await services.read_job(job_id)
    except PlatformError:
        current = None
    if current is not None and current.job.status != "Quoted":
        return ":white_check_mark: The approval went through, though Deep Origin's answer was lost."
    return (
        "Deep Origin did not answer the approval, so it may or may not have gone through. I won't repeat it; "
        "I'm watching the job. Press Refresh in a minute before you approve again."
    )


async def _begin(
    services: Services, kind: ActionKind, known: KnownJob, place: Place
) -> tuple[Action | None, str]:
    """Open an action and its audit row; without one, the sentence says why, and the audit has that too."""
    job_id, now = known.job.id, services.clock.now()
    reason = await services.people.may_act(place.user_id, known.job)
    if reason is not None:
        await services.store.record_refusal(kind, job_id, place.user_id, reason, now)
        return None, f":no_entry: You can't {kind} this job. {escape(reason)}"
    try:
        action = await services.store.begin_action(
            kind, job_id, place.user_id, now, expires=ANSWERED_WITHIN[kind]
        )
    except ActionInFlight as error:
        await services.store.record_refusal(kind, job_id, place.user_id, str(error), now)
        return None, f"{error} {error.hint}"
    services.wake()
    return action, ""


async def _failed(services: Services, action: Action, error: DojobbotError) -> str:
    """Close an action that the platform refused; one whose answer is unknown stays open and is watched."""
    if isinstance(error, PlatformRefused | JobNotFound):
        await _close(services, action, f"refused: {error}")
        return f":warning: Deep Origin refused: {escape(str(error))} {error.hint}"
    return f":warning: {escape(str(error))} {error.hint} I'm watching the job and will show what came of it."


async def _close(services: Services, action: Action, outcome: str) -> None:
    await services.store.close_action(action.id, outcome, services.clock.now())
    services.wake()


def _moved_on(known: KnownJob) -> str:
    return f"This job has moved on: it {outcome(known.job)}. Nothing was done."


async def _where_to_tell(services: Services, place: Place) -> tuple[Destination, str]:
    channel = await services.messenger.channel(place.channel_id)
    if channel is not None and channel.is_member and not channel.is_shared:
        return place.destination, "here"
    dm = Destination(await services.messenger.open_dm(place.user_id))
    if dm.channel_id == place.channel_id:
        return dm, "here"
    why = "this channel is shared with others" if channel and channel.is_shared else "I'm not in this channel"
    return dm, f"in our direct messages ({why})"


async def _cannot_post(services: Services, place: Place) -> str | None:
    """Say why a card can't be posted where somebody is, or None."""
    channel = await services.messenger.channel(place.channel_id)
    if channel is not None and channel.is_shared:
        return (
            "This channel is shared with another organisation, so I don't post jobs here. "
            "Use a channel of your own workspace."
        )
    if channel is None or not channel.is_member:
        return INVITE
    return None
