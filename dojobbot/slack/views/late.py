"""Whether a message comes late, and how long ago the platform was heard. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dojobbot.domain import GONE, Delivery
from dojobbot.slack.text import duration
from dojobbot.slack.views import blocks
from dojobbot.slack.views.blocks import Payload

__all__ = ["NOT_LATE", "lag_note", "lateness", "marked_late"]

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
    late = _late_by(delivery, now)
    return "" if late is None else f"late by {duration(late)}"


def marked_late(
    payload: Payload, deliveries: Sequence[Delivery], drawn_at: datetime, now: datetime
) -> Payload:
    """Add to a notice that waited to be sent, after it was drawn, how late it comes.

    Where it says that something is late already, it cannot be corrected any more: then how long it waited is
    added, when that is more than `NOT_LATE`.

    Args:
        payload: the notice, as `notice` or `digest` drew it.
        deliveries: what it tells of.
        drawn_at: when it was drawn.
        now: the time of sending.
    """
    waited = now - drawn_at
    if any(_late_by(each, drawn_at) is not None for each in deliveries):
        words = f"This waited another {duration(waited)} to be sent." if waited > NOT_LATE else ""
    else:
        late = [by for each in deliveries if (by := _late_by(each, now)) is not None]
        words = f"This waited to be sent: it comes late by {_up_to(late)}." if late else ""
    if not words:
        return payload
    attachments: Any = payload["attachments"]
    *others, last = attachments
    return payload | {"attachments": [*others, last | {"blocks": [*last["blocks"], blocks.context(words)]}]}


def _up_to(late: Sequence[timedelta]) -> str:
    most = duration(max(late))
    return most if most == duration(min(late)) else f"up to {most}"


def _late_by(delivery: Delivery, now: datetime) -> timedelta | None:
    job, seen_at = delivery.snapshot, delivery.transition.seen_at
    stamps = [] if job.status == GONE else [each for each in (job.updated_at, job.completed_at) if each]
    said_at = min(max(stamps, default=seen_at), seen_at)
    if now - said_at <= NOT_LATE:
        return None
    return now - (min(job.completed_at or said_at, said_at) if job.has_ended and stamps else said_at)


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
