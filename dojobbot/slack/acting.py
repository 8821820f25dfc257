"""Cancelling and approving: a fresh look first, who may, the audit before the call, and what is said after.

A cancel is repeated only after looking again. A confirm spends money and is never repeated: when its answer
is lost, the job is read instead. An action stays open only while the platform may have heard of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from dojobbot.decide import action_outcome
from dojobbot.domain import Action, ActionKind, KnownJob
from dojobbot.errors import ActionInFlight, DojobbotError, PlatformError, PlatformUnavailable
from dojobbot.slack.services import QUICK, Services
from dojobbot.slack.text import date, escape, mention, money
from dojobbot.slack.verbs import Asked
from dojobbot.slack.views import answers
from dojobbot.slack.views.card import ANSWERED_WITHIN
from dojobbot.slack.views.quote import waits
from dojobbot.slack.views.status import outcome

__all__ = ["approve", "cancel", "offer_approval", "turned_away"]


async def cancel(services: Services, asked: Asked) -> str:
    """Cancel the job for the presser, if it is theirs to cancel and can still be cancelled."""
    try:
        await _look(services, ActionKind.CANCEL, asked, _nothing_to_cancel)
        action = await _begin(services, ActionKind.CANCEL, asked)
    except _Refused as refusal:
        await _record(services, ActionKind.CANCEL, asked, refusal.reason)
        return refusal.reason
    try:
        current = await _cancel_with_one_reread(services, asked.known.job.id)
    except PlatformUnavailable as error:
        return _unanswered(error, "The cancel may or may not have arrived")
    except PlatformError as error:
        return await _refused_by_platform(services, action, error)
    if current.job.status == "Cancelled":
        return ""
    if current.job.has_ended:
        return _moved_on(current)
    return "Deep Origin has the cancel, and has not confirmed it yet. Press Refresh in a minute."


async def approve(services: Services, asked: Asked) -> str:
    """Approve the quote that the presser saw, once; a different one is refused and shown."""
    try:
        current = await _look(services, ActionKind.APPROVE, asked, _nothing_to_approve)
        objection = _objection(current, asked.digest)
        if objection is not None:
            raise _Refused(objection)
        action = await _begin(services, ActionKind.APPROVE, asked)
    except _Refused as refusal:
        await _record(services, ActionKind.APPROVE, asked, refusal.reason)
        return refusal.reason
    try:
        current = await services.take_in(await services.platform.confirm(asked.known.job.id))
    except PlatformUnavailable as error:
        current, _ = await services.read_or_recall(asked.known.job.id)
        if current.job.status == "Quoted":
            return _unanswered(error, "The approval may or may not have arrived, and I won't repeat it")
    except PlatformError as error:
        return await _refused_by_platform(services, action, error)
    became = action_outcome(ActionKind.APPROVE, current.job.status)
    if became is None:
        return "Deep Origin has the approval, and has not confirmed it yet. Press Refresh in a minute."
    return "" if became == "approved" else f"The approval did not help: the job {outcome(current.job)}."


async def offer_approval(services: Services, asked: Asked) -> str:
    """Say what to do about a quote whose approval was typed: it is the button that carries the price."""
    action = await services.store.latest_action(asked.known.job.id)
    if action is not None and _is_awaited(services, action):
        return _in_flight(services, action)
    quote = asked.known.job.quote
    if asked.known.job.status == "Quoted" and quote is not None and quote.amount is not None:
        refusal = await _not_allowed(services, ActionKind.APPROVE, asked)
        if refusal is not None:
            await _record(services, ActionKind.APPROVE, asked, refusal)
            return refusal
    return answers.approve_below(asked.known.job)


async def turned_away(services: Services, kind: ActionKind, asked: Asked, reason: str) -> None:
    """Write down the attempt of somebody who may not use the bot at all."""
    await _record(services, kind, asked, reason)


class _Refused(Exception):
    """Nothing is sent to the platform, and the presser hears why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


async def _not_allowed(services: Services, kind: ActionKind, asked: Asked) -> str | None:
    reason = await services.people.may_act(asked.place.user_id, asked.known.job)
    return None if reason is None else f":no_entry: You can't {kind} this job. {escape(reason)}"


async def _look(
    services: Services, kind: ActionKind, asked: Asked, nothing_to_do: Callable[[KnownJob], str | None]
) -> KnownJob:
    """Read the job as it is now, then check the right. Whatever fails here, nothing was sent.

    What nobody can do comes first: who is not allowed to would be sent to somebody who can't either.
    """
    try:
        current = await services.read_job(asked.known.job.id)
        asked = replace(asked, known=current)
        reason = nothing_to_do(current) or await _not_allowed(services, kind, asked)
        if reason is not None:
            raise _Refused(reason)
        return current
    except DojobbotError as error:
        raise _Refused(f":warning: Nothing was sent to Deep Origin. {answers.words_of(error)}") from error


async def _begin(services: Services, kind: ActionKind, asked: Asked) -> Action:
    """Open the action and its audit row. From here on the platform may hear of it."""
    try:
        action = await services.store.begin_action(
            kind,
            asked.known.job.id,
            asked.place.user_id,
            services.clock.now(),
            expires=ANSWERED_WITHIN[kind],
        )
    except ActionInFlight as error:
        other = await services.store.latest_action(asked.known.job.id)
        raise _Refused(answers.words_of(error) if other is None else _in_flight(services, other)) from error
    services.wake()
    return action


async def _record(services: Services, kind: ActionKind, asked: Asked, reason: str) -> None:
    await services.store.record_refusal(
        kind, asked.known.job.id, asked.place.user_id, reason, services.clock.now()
    )


async def _cancel_with_one_reread(services: Services, job_id: str) -> KnownJob:
    """Cancel; when the answer is lost, look first, and ask once more only if the job still runs.

    Whatever goes wrong with that says nothing about the first try: its answer stays lost.
    """
    try:
        return await services.take_in(await services.platform.cancel(job_id))
    except PlatformUnavailable as lost:
        try:
            current = await services.read_job(job_id)
            if not current.job.can_be_cancelled:
                return current
            return await services.take_in(await services.platform.cancel(job_id))
        except PlatformError as error:
            raise lost from error


async def _refused_by_platform(services: Services, action: Action, error: PlatformError) -> str:
    """Close an action that the platform refused, and look again: it may have refused because of a change."""
    await services.store.close_action(action.id, f"refused: {error}", services.clock.now())
    services.wake()
    await services.read_or_recall(action.job_id, seconds=QUICK)
    return f":warning: Deep Origin refused. {answers.words_of(error)}"


def _nothing_to_cancel(current: KnownJob) -> str | None:
    job = current.job
    if job.can_be_cancelled:
        return None
    why = waits(job) if job.status == "Quoted" else f"has already ended, it {outcome(job)}"
    return f"This job {why}: there is nothing to cancel."


def _nothing_to_approve(current: KnownJob) -> str | None:
    return None if current.job.status == "Quoted" else _moved_on(current)


def _objection(current: KnownJob, digest: str) -> str | None:
    """Say why the quote that was just read is not what the presser approved, or None."""
    quote = current.job.quote
    if quote is None:
        return "Deep Origin sent no price with this quote, so I can't approve it. Approve it there."
    if quote.amount is None:
        return f":warning: Nothing was sent to Deep Origin. {answers.approve_below(current.job)}"
    if quote.digest != digest:
        return f"The quote is {money(quote.amount)} now. Look again, then press Approve to accept it."
    return None


def _is_awaited(services: Services, action: Action) -> bool:
    age = services.clock.now() - action.asked_at
    return action.closed_at is None and age < ANSWERED_WITHIN[action.kind]


def _in_flight(services: Services, action: Action) -> str:
    now = services.clock.now()
    until = date(action.asked_at + ANSWERED_WITHIN[action.kind], now)
    return (
        f"{mention(action.user_id)} asked to {action.kind} this job at {date(action.asked_at, now)}, and "
        f"Deep Origin has not answered yet. Press Refresh in a minute; from {until} on it can be asked again."
    )


def _unanswered(error: PlatformError, what: str) -> str:
    return (
        f":warning: {escape(str(error))} {what}. I'm following the job: press Refresh in a minute to see "
        "what became of it."
    )


def _moved_on(known: KnownJob) -> str:
    return f"This job has moved on: it {outcome(known.job)}. Nothing was done."
