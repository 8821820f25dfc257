"""The App Home: one person's jobs, what they follow, what ended lately. For that person's eyes alone.

A Home has no attachments, so no colour bars: the emoji and the word say where a job is. It holds 100 blocks
(reference/surfaces/app-home); its text is kept to what a message may have, which is much for a phone already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from dojobbot.domain import FAILED, Job, Subscription, Watch
from dojobbot.following import Overview
from dojobbot.slack.text import MESSAGE_BUDGET, block_text, clip, foreign, stamp
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.batch import batch_name
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.closed import place_name, why
from dojobbot.slack.views.describe import row
from dojobbot.slack.views.joblist import grouped, heading, option, paragraphs
from dojobbot.slack.views.progress import summary
from dojobbot.slack.views.status import LOOKS, OTHER, Look, look
from dojobbot.slack.views.why import words

__all__ = ["Home", "home", "sentence"]

_MOST_LINES = 10
"""Of one status, and of what is followed."""
_MOST_OPTIONS = 100
_MOST_PLACES = 3
_REASON_BUDGET = 120
_LONGEST_SENTENCE = 2000
_TO_TYPE = (
    "Type `/jobs` anywhere for everybody's newest jobs, `/jobs mine` for yours, or `/job` and an id to "
    "follow, watch or cancel one. `/jobs help` says more."
)
_NOTHING = (
    "You have no jobs here yet, and follow none. Start one in Deep Origin, and it shows here; or type "
    "`/jobs` to see everybody's, open one, and press *Notify me*."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a Home shows.

    Args:
        overview: the person's jobs, and what they follow.
        now: the time of drawing.
        whose: a sentence (mrkdwn) on why it is not known which jobs are theirs; empty when it is.
        note: a sentence (mrkdwn) on what just happened.
        lag: a sentence on how long the platform was not heard.
    """

    overview: Overview
    now: datetime
    whose: str = ""
    note: str = ""
    lag: str = ""


def home(view: Home) -> Payload:
    """Draw it, with as many lines as it holds; it says when that is not all."""
    most = _MOST_LINES
    drawn = _draw(view, most)
    while block_text(drawn) > MESSAGE_BUDGET:
        most -= 1
        drawn = _draw(view, most)
    return {"type": "home", "blocks": drawn}


def sentence(text: str) -> Payload:
    """Draw a Home with a sentence of ours (mrkdwn, foreign parts escaped by the caller) alone."""
    body = [blocks.section(clip(text, _LONGEST_SENTENCE)), blocks.actions([_refresh()])]
    return {"type": "home", "blocks": body}


def _draw(view: Home, most: int) -> list[Block]:
    seen = view.overview
    said = " · ".join(filter(None, [f"As of {stamp(view.now)}", view.lag]))
    options = _options(view, most)
    menu = [blocks.select(ids.HOME_OPEN, "Open a job…", options)] if options else []
    drawn = [blocks.header("Your jobs"), blocks.context(said), blocks.actions([*menu, _refresh()])]
    drawn += [blocks.section(text) for text in (view.note, view.whose) if text]
    if not (view.whose or seen.under_way or seen.ended or seen.told or seen.watched):
        return [*drawn, blocks.section(_NOTHING), blocks.context(_TO_TYPE)]
    drawn += _under_way(view, most)
    drawn += _followed(view, most)
    drawn += _ended(view, most)
    return [*drawn, blocks.context(_TO_TYPE)]


def _refresh() -> Block:
    return blocks.button("Refresh", ids.HOME_REFRESH, "refresh")


def _options(view: Home, most: int) -> list[Block]:
    """Offer each job that is shown, once and in the same order."""
    jobs = [job for _, rows in _groups(view) for job in rows[:most]]
    jobs += [job for job, _ in _entries(view)[:most] if job is not None]
    jobs += view.overview.ended[:most]
    each = {job.id: job for job in jobs if ids.carriable(job.id)}
    return [option(job) for job in each.values()][:_MOST_OPTIONS]


def _groups(view: Home) -> list[tuple[Look, list[Job]]]:
    """Group their jobs that have not ended, by status as `/jobs` does."""
    unowned = [(job, "") for job in view.overview.under_way]
    return [(group, [job for job, _ in rows]) for group, rows in grouped(unowned)]


def _under_way(view: Home, most: int) -> list[Block]:
    """Draw their jobs that have not ended; of each status is said how many more there are."""
    seen = view.overview
    if not seen.under_way:
        return [] if view.whose else [blocks.section("Nothing of yours is under way.")]
    drawn: list[Block] = []
    for group, rows in _groups(view):
        shown = rows[:most]
        in_all = sum(count for status, count in seen.counts.items() if LOOKS.get(status, OTHER) == group)
        lines = [_line_under_way(job, view.now, says_status=group is OTHER) for job in shown]
        lines += _rest(in_all - len(shown), "`/jobs mine limit:50` lists them.")
        drawn += paragraphs(heading(group), lines)
    return drawn


def _line_under_way(job: Job, now: datetime, *, says_status: bool) -> str:
    """Write a job in a line, and below it how far it is, where the share is."""
    far = summary(job, now, private=True) if job.progress is not None else ""
    first = row(replace(job, progress=None) if far else job, "", now, says_status=says_status)
    return _with_below(first, far)


def _followed(view: Home, most: int) -> list[Block]:
    """Draw what they are told about and what they watch: each job once, with the places."""
    entries, seen = _entries(view), view.overview
    if not entries:
        return []
    left_out = seen.told_in_all - len(seen.told) + seen.watched_in_all - len(seen.watched)
    lines = [line for _, line in entries[:most]]
    lines += _rest(len(entries) - len(lines) + left_out)
    return [blocks.header("What you follow"), *paragraphs(lines[0], lines[1:])]


def _entries(view: Home) -> list[tuple[Job | None, str]]:
    """Write what is followed: of each job the places, then the cards of many jobs."""
    seen = view.overview
    written: list[tuple[Job | None, str]] = []
    jobs = {job.id: job for _, job in (*seen.told, *((w, job) for w, job in seen.watched if w.batch is None))}
    for job in jobs.values():
        wishes = [wish for wish, about in seen.told if about.id == job.id]
        cards = [watch for watch, about in seen.watched if about.id == job.id and watch.batch is None]
        places = [*map(_wish, wishes), *map(_card, cards)]
        rest = len(places) - _MOST_PLACES
        said = " · ".join([*places[:_MOST_PLACES], *([f"and {rest} more"] if rest > 0 else [])])
        written.append((job, _with_below(_line(job, view.now), said)))
    for watch, job in seen.watched:
        if watch.batch is not None:
            many = f":eyes: Many jobs on one card: {batch_name(watch.batch, job)}"
            written.append((None, _with_below(many, _card(watch))))
    return written


def _wish(wish: Subscription) -> str:
    when = ", only if it fails" if wish.failures_only else ""
    told = f"I tell you in {place_name(wish.destination)}{when}"
    return told if wish.paused_at is None else f"{told} (paused: {why(wish.paused_because)})"


def _card(watch: Watch) -> str:
    return f"Live card in {place_name(watch.destination)}"


def _ended(view: Home, most: int) -> list[Block]:
    jobs = view.overview.ended[:most]
    if not jobs:
        return []
    lines = [_line_ended(job, view.now) for job in jobs]
    return [blocks.header("Ended lately"), *paragraphs(lines[0], lines[1:])]


def _line_ended(job: Job, now: datetime) -> str:
    """Write a job in a line, and below a failure the first words of why."""
    said = words(job) if job.status in FAILED else ()
    reason = foreign(said[0], _REASON_BUDGET) if said else ""
    return _with_below(_line(job, now), reason)


def _with_below(first: str, more: str) -> str:
    """Put more below a line, quoted: on a phone, where both are broken, one sees what belongs together."""
    return f"{first}\n>{more}" if more else first


def _line(job: Job, now: datetime) -> str:
    return f"{look(job.status).emoji} {row(job, '', now, says_status=True)}"


def _rest(count: int, how: str = "") -> list[str]:
    return [f"… and {count:,} more. {how}".rstrip()] if count > 0 else []
