"""The message that tells people that a job they follow has reached a terminal status."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dojobbot.domain import FAILED, GONE, Delivery, Job, LogLine
from dojobbot.slack.text import callout, date, foreign
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.card import approve_button
from dojobbot.slack.views.describe import headline, identity, span, state
from dojobbot.slack.views.late import lateness
from dojobbot.slack.views.progress import summary
from dojobbot.slack.views.quote import prices
from dojobbot.slack.views.status import look
from dojobbot.slack.views.why import quoted

__all__ = ["notice"]

_MOST_LINES = 6
_LONGEST_LINE = 200


def notice(
    delivery: Delivery, owner: str, now: datetime, note: str = "", log: Sequence[LogLine] = ()
) -> Payload:
    """Draw what a delivery says: mentions and outcome as `text`, the rest beside the colour bar.

    Args:
        delivery: what is owed; its snapshot is the job as it was at the transition.
        owner: the owner's name, foreign text.
        now: the time of drawing, and of sending: what comes late says so.
        note: a sentence of ours, mrkdwn, on why it comes here.
        log: the job's last log lines, newest first; shown in direct messages alone.
    """
    job = delivery.snapshot
    took = span(job, now) if job.is_terminal else ""
    text = f"{callout(delivery.mentions)}{headline(job)}" + (f" {took}" if took else "")
    private = delivery.destination.is_dm
    body = [blocks.section("\n".join(_lines(job, owner, now, private=private)))]
    body += prices(job, as_table=False)
    if private and log:
        body.append(blocks.section(_tail(log)))
    late = lateness(delivery, now)
    small = " ".join(filter(None, [note, f"This comes {late}." if late else ""]))
    if small:
        body.append(blocks.context(small))
    if ids.carriable(job.id):
        body.append(blocks.actions(_buttons(job, delivery.transition.seq)))
    return blocks.message(text, [blocks.attachment(look(job.status).color, body)])


def _buttons(job: Job, seq: int) -> list[Block]:
    """Offer the card and the Details modal; of a failure the modal's log, which is for one person's eyes."""
    value = ids.encode(ids.Value(job.id, seq))
    approve = approve_button(job, seq)
    row = [] if approve is None else [approve]
    row += [blocks.button("Open", ids.OPEN, value), blocks.button("Details", ids.DETAILS, value)]
    return [*row, blocks.button("Logs", ids.LOGS, value)] if job.status in FAILED else row


def _tail(log: Sequence[LogLine]) -> str:
    """Draw the last lines of a log, the newest at the bottom as in a log."""
    lines = [foreign(f"{line.level.upper()} {line.message}", _LONGEST_LINE) for line in log[:_MOST_LINES]]
    return "\n".join(["*Last log lines*", "```", *reversed(lines), "```"])


def _lines(job: Job, owner: str, now: datetime, *, private: bool) -> list[str]:
    why = quoted(job, private=private)
    lines = [identity(job, owner), _what_now(job, now), summary(job, now, private=private), why]
    return [line for line in lines if line]


def _what_now(job: Job, now: datetime) -> str:
    if job.status == GONE:
        return "Deep Origin does not find this job any more, so I have stopped following it."
    if job.completed_at is not None and job.has_ended:
        seen = look(job.status)
        return f"{seen.emoji} *{seen.word}*  {date(job.completed_at, now)}"
    return state(job, now)
