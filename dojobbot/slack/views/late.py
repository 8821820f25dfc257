"""Whether a message comes late, and how long ago the platform was heard. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from dojobbot.domain import GONE, Delivery
from dojobbot.slack.text import duration

__all__ = ["NOT_LATE", "lag_note", "lateness"]

NOT_LATE = timedelta(minutes=5)
"""A look at the platform, the queue to a busy channel and a short outage fit into it."""


def lateness(delivery: Delivery, now: datetime) -> str:
    """Say `late by 2 h` of a message that is sent at `now`; empty when it comes in time.

    It is late when the platform had said it more than `NOT_LATE` ago: we, Slack or the line between were
    down, or it was held. A platform that is slow to say it makes nothing late, but how late it is counts from
    the end itself, which is what matters to who reads it.

    The platform's own stamps count: when it last wrote the job (`updatedAt`, or `completedAt` where that is
    younger), at most when we saw it, so that a platform whose clock is ahead makes nothing late. A job that
    is Gone has old stamps, which say nothing.
    """
    job, seen_at = delivery.snapshot, delivery.transition.seen_at
    stamps = [] if job.status == GONE else [each for each in (job.updated_at, job.completed_at) if each]
    said_at = min(max(stamps, default=seen_at), seen_at)
    if now - said_at <= NOT_LATE:
        return ""
    ended_at = min(job.completed_at or said_at, said_at) if job.has_ended and stamps else said_at
    return f"late by {duration(now - ended_at)}"


def lag_note(last_good: datetime | None, now: datetime, poll_seconds: float) -> str:
    """Say how long ago Deep Origin was heard, when that is more than a few ticks; else nothing.

    Args:
        last_good: when the last complete look at it began, None before the first.
        now: the present.
        poll_seconds: the pause between two looks.
    """
    usual = timedelta(seconds=max(3 * poll_seconds, 60.0))
    if last_good is None or now - last_good <= usual:
        return ""
    ago = duration(now - last_good)
    return f"I last heard from Deep Origin {ago} ago; what happens there is told late for now."
