"""The rules of observation, pure: what a reading of a job means, given what was known before.

`store.observe` calls `judge` inside its write transaction and stores exactly what comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dojobbot.domain import (
    ENDED,
    FAILED,
    GONE,
    TERMINAL,
    Action,
    ActionKind,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Owed,
    Reading,
    Snapshot,
    Subscription,
    Transition,
)

__all__ = ["MOST_SINGLE", "Decision", "action_outcome", "covers", "judge", "owed_to", "told_next"]

_TOLD_AS_FAILURE = FAILED | {GONE}
"""What a subscription to failures covers. Gone is among them: silence would pass for good news."""
MOST_SINGLE = 3
"""So many notices in a row are read; more are a flood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to store: nothing at all when `known` is None.

    `transition`, `owed` and the rest are empty unless the status changed. `finished`: ids of subscriptions
    that are done; `closed`: (action id, outcome) of the actions that this reading answers.
    """

    known: KnownJob | None = None
    transition: Transition | None = None
    owed: tuple[Owed, ...] = ()
    finished: tuple[int, ...] = ()
    closed: tuple[tuple[int, str], ...] = ()


NOTHING_NEW = Decision()


def judge(
    known: KnownJob | None,
    seen: Reading,
    subscriptions: Iterable[Subscription],
    open_actions: Iterable[Action],
    now: datetime,
) -> Decision:
    """Decide what a reading changes.

    Args:
        known: the job as stored, None when it was never seen.
        seen: the reading.
        subscriptions: the open ones about this job.
        open_actions: the cancels and approvals of this job that wait for an answer.
        now: the time to write on a transition.
    """
    if known is None:
        first = KnownJob(job=seen.job, seq=1, read_at=seen.began_at)
        return Decision(known=first, closed=_answers(seen, open_actions))
    if is_older(seen, Reading(job=known.job, began_at=known.read_at)) or _would_revive(known.job, seen.job):
        return NOTHING_NEW
    job = _keep_details(known.job, seen)
    closed = _answers(seen, open_actions)
    if job == known.job and not closed:
        return NOTHING_NEW
    updated = KnownJob(job=job, seq=known.seq + 1, read_at=max(known.read_at, seen.began_at))
    if job.status == known.job.status:
        return Decision(known=updated, closed=closed)
    transition = Transition(job_id=job.id, seq=updated.seq, old=known.job.status, new=job.status, seen_at=now)
    wishes = tuple(subscriptions)
    return Decision(
        known=updated,
        transition=transition,
        owed=owed_to(each for each in wishes if covers(job.status, failures_only=each.failures_only)),
        finished=tuple(each.id for each in wishes) if job.status in ENDED else (),
        closed=closed,
    )


def covers(status: str, *, failures_only: bool) -> bool:
    """Whether a subscription is about reaching a status."""
    return status in (_TOLD_AS_FAILURE if failures_only else TERMINAL)


def owed_to(subscriptions: Iterable[Subscription]) -> tuple[Owed, ...]:
    """Give one delivery for each destination, mentioning every subscriber there once, oldest first.

    It is held where everybody's subscription is paused. Where somebody's is not, something can be posted
    again, and those whose wish is paused are mentioned, too: it is what they wanted. It is urgent where one
    of them asked for failures.
    """
    there: dict[Destination, list[Subscription]] = {}
    for each in subscriptions:
        there.setdefault(each.destination, []).append(each)
    return tuple(
        Owed(
            destination,
            tuple(dict.fromkeys(each.user_id for each in wishes)),
            held=all(each.paused_at is not None for each in wishes),
            urgent=any(each.failures_only for each in wishes),
        )
        for destination, wishes in there.items()
    )


def told_next(waiting: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Choose what a destination is told next: one delivery by itself, or several as a digest.

    Up to three come one by one. Of more, the urgent ones come first: up to three by themselves, more as a
    digest of their own. With them comes what is older about the same jobs, so that each job's order holds.

    Args:
        waiting: what the destination is owed, oldest first; at least one.
    """
    if len(waiting) <= MOST_SINGLE:
        return (waiting[0],)
    urgent = [each for each in waiting if each.urgent]
    if not urgent:
        return tuple(waiting)
    if len(urgent) <= MOST_SINGLE:
        return (_until(urgent[:1], waiting)[0],)
    return _until(urgent, waiting)


def _until(chosen: Sequence[Delivery], waiting: Sequence[Delivery]) -> tuple[Delivery, ...]:
    """Give what waits about the jobs of `chosen`, up to each one's last delivery there; all oldest first."""
    last = {each.transition.job_id: each.transition.seq for each in chosen}
    return tuple(each for each in waiting if each.transition.seq <= last.get(each.transition.job_id, 0))


def action_outcome(kind: ActionKind, status: str) -> str | None:
    """Say in one word how an open action ended when the job is at `status`, or None while it is open."""
    if kind is ActionKind.CANCEL:
        if status == "Cancelled":
            return "cancelled"
        return "too late" if status in ENDED else None
    if status == "Quoted":
        return None
    return "refused" if status in {"InsufficientFunds", "FailedQuotation", "Cancelled", GONE} else "approved"


def _answers(seen: Reading, open_actions: Iterable[Action]) -> tuple[tuple[int, str], ...]:
    """Give the actions that a reading answers; what was read before they were asked for answers nothing."""
    outcomes = (
        (action.id, action_outcome(action.kind, seen.job.status))
        for action in open_actions
        if action.asked_at <= seen.began_at
    )
    return tuple((action_id, outcome) for action_id, outcome in outcomes if outcome is not None)


def is_older(seen: Reading | Snapshot, known: Reading | Snapshot) -> bool:
    """Whether a reading is older than another: by the platform's own stamp, else by when the read began."""
    stored, read = known.job.updated_at, seen.job.updated_at
    if stored is not None and read is not None and stored != read:
        return read < stored
    return seen.began_at < known.began_at


def _would_revive(known: Job, seen: Job) -> bool:
    """Whether a job that ended would run again. Only one that was merely out of sight may."""
    return known.status in ENDED and known.status != GONE and seen.status not in ENDED


def _keep_details(known: Job, seen: Reading) -> Job:
    """Keep the progress tree that only a detailed read brings, unless this reading has a result to show.

    Listings and the reply to a cancel carry the older report of the same progress. Only that one is known to
    have results: a tree that comes after it does not take them away.
    """
    before, after = known.progress, seen.job.progress
    if seen.detailed and before is not None and after is not None:
        kept = after.result or (before.result if seen.job.status == known.status else "")
        return replace(seen.job, progress=replace(after, result=kept))
    if seen.detailed or before is None or not before.branches:
        return seen.job
    if after is not None and (after.branches or after.result):
        return seen.job
    return replace(seen.job, progress=before)
