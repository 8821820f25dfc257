"""The messages that tell of many jobs at once, when more wait for a place than anybody wants one by one.

Each page is one message; together they name every job. Colours group them by status, what went wrong first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dojobbot.domain import ENDED, FAILED, GONE, Delivery, Job
from dojobbot.slack.text import MESSAGE_BUDGET, SECTION_BUDGET, callout, clip, plural
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.describe import short_id, span, title
from dojobbot.slack.views.joblist import option
from dojobbot.slack.views.late import lateness
from dojobbot.slack.views.progress import summary
from dojobbot.slack.views.quote import price
from dojobbot.slack.views.status import LOOKS, ORDER, OTHER, look
from dojobbot.slack.views.why import quoted

__all__ = ["Page", "digest"]

_FIRST = ("Failed", "FailedQuotation", "InsufficientFunds", "Quoted", GONE, "Cancelled", "Succeeded")
_RANKS = {status: rank for rank, status in enumerate(dict.fromkeys((*_FIRST, *ORDER)))}
_COUNTED = {
    "FailedQuotation": "not quoted",
    "InsufficientFunds": "out of funds",
    "Quoted": "waiting for approval",
    GONE: "no longer known to Deep Origin",
}
_MOST_OPTIONS = 100
_BESIDE_LINES = 1000
"""Characters kept for what stands on every page: the menu's placeholder, a note, the groups' titles."""
_SHORT = 200


@dataclass(frozen=True, slots=True)
class Page:
    """One message of a digest, and the ids of the deliveries that it names."""

    payload: Payload
    deliveries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    delivery: Delivery
    text: str
    option: Block | None

    @property
    def size(self) -> int:
        """How much of a message's budget it takes."""
        return len(self.text) + 1 + blocks.size(self.option)


def digest(deliveries: Sequence[Delivery], now: datetime) -> tuple[Page, ...]:
    """Draw what many deliveries say, in as few messages as Slack's limits allow.

    Args:
        deliveries: what is owed, oldest first; at least one.
        now: the time of drawing.
    """
    notes = {each.note for each in deliveries}
    shared = notes.pop() if len(notes) == 1 else ""
    ordered = sorted(deliveries, key=lambda each: _rank(each.snapshot))
    parts = list(_parts([_line(each, now, says_note=not shared) for each in ordered]))
    people = callout(user for each in deliveries for user in each.mentions)
    pages = []
    for number, lines in enumerate(parts, start=1):
        text = _headline(deliveries, lines, number, len(parts))
        payload = blocks.message((people if number == 1 else "") + text, _attachments(lines, shared))
        pages.append(Page(payload, tuple(line.delivery.id for line in lines)))
    return tuple(pages)


def _rank(job: Job) -> int:
    return _RANKS.get(job.status, len(_RANKS))


def _parts(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Cut the lines into as many messages as it takes."""
    part: list[_Line] = []
    size = 0
    for line in lines:
        if part and (size + line.size > MESSAGE_BUDGET - _BESIDE_LINES or len(part) == _MOST_OPTIONS):
            yield part
            part, size = [], 0
        part.append(line)
        size += line.size
    yield part


def _headline(deliveries: Sequence[Delivery], lines: Sequence[_Line], number: int, count: int) -> str:
    """Say how many came to what: of all on the first page, of its own on each that follows."""
    all_jobs = {each.snapshot.id for each in deliveries}
    if len(all_jobs) < len(deliveries):
        what = f"{plural(len(deliveries), 'update')} on {plural(len(all_jobs), 'job')}"
    else:
        what = plural(len(all_jobs), "job")
        what += " ended" if all(each.snapshot.status in ENDED for each in deliveries) else ""
    if number == 1:
        part = f" ({number} of {count})" if count > 1 else ""
        return f"{what}: {_counts(deliveries)}{part}"
    return f"{what}, {number} of {count}: {_counts([line.delivery for line in lines])}"


def _counts(deliveries: Sequence[Delivery]) -> str:
    jobs = sorted((each.snapshot for each in deliveries), key=_rank)
    counts = Counter(job.status if job.status in LOOKS else "" for job in jobs)
    return ", ".join(f"{count:,} {_counted(status)}" for status, count in counts.items())


def _counted(status: str) -> str:
    return _COUNTED.get(status) or (look(status) if status else OTHER).word.lower()


def _attachments(lines: Sequence[_Line], note: str) -> list[Block]:
    """Give each status its bar, then the menu."""
    groups: dict[str, list[_Line]] = {}
    for line in lines:
        status = line.delivery.snapshot.status
        groups.setdefault(status if status in LOOKS else "", []).append(line)
    drawn = [_group(status, inside) for status, inside in groups.items()]
    options = {str(line.option["value"]): line.option for line in lines if line.option is not None}
    foot = [blocks.context(note)] if note else []
    if options:
        foot.append(blocks.actions([blocks.select(ids.CHOOSE, "Open a job…", list(options.values()))]))
    return [*drawn, *([blocks.attachment(OTHER.color, foot)] if foot else [])]


def _group(status: str, lines: Sequence[_Line]) -> Block:
    """Write a group's lines into as few paragraphs as Slack's limit allows."""
    seen = look(status) if status else OTHER
    paragraphs = [f"{seen.emoji} *{seen.word}*"]
    for line in lines:
        if len(paragraphs[-1]) + 1 + len(line.text) > SECTION_BUDGET:
            paragraphs.append(line.text)
        else:
            paragraphs[-1] += f"\n{line.text}"
    return blocks.attachment(seen.color, [blocks.section(each) for each in paragraphs])


def _line(delivery: Delivery, now: datetime, *, says_note: bool) -> _Line:
    """Name a job and say the little that matters about how it ended."""
    job = delivery.snapshot
    said = [title(job, 60), "" if job.status in LOOKS else look(job.status).word, _how(job, now)]
    said += [lateness(delivery, now), delivery.note if says_note else ""]
    text = f"{short_id(job)}  " + " · ".join(part for part in said if part)
    why = _why(job, private=delivery.destination.is_dm) if job.status in FAILED else ""
    offer = option(job) if ids.carriable(job.id) else None
    return _Line(delivery, f"{text}\n{why}" if why else text, offer)


def _why(job: Job, *, private: bool) -> str:
    """Quote the innermost of what is said about a failure."""
    said = quoted(job, private=private).split("\n")
    return clip(said[-1], _SHORT)


def _how(job: Job, now: datetime) -> str:
    if job.status == "Quoted":
        return price(job)
    took = span(job, now) if job.is_terminal else ""
    came_to = clip(summary(job, now, private=False), _SHORT) if job.status == "Succeeded" else ""
    return " · ".join(part for part in (took, came_to) if part)
