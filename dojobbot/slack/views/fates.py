"""The answer to `/job <id> deliveries`: what I saw of a job, and whom I told, or why not. mrkdwn, escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dojobbot.decide import covers
from dojobbot.domain import TERMINAL, Destination, Job, Transition
from dojobbot.fates import Fate, Fates, Wish
from dojobbot.slack.text import date, escape, foreign, plural
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Payload
from dojobbot.slack.views.closed import place_name, why
from dojobbot.slack.views.describe import full_title
from dojobbot.slack.views.status import look, outcome

__all__ = ["FatesView", "concerns", "deliveries"]

_MOST_LINES = 6
"""For each of a few transitions: together they stay within what a message holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FatesView:
    """What is shown.

    Args:
        job: the job as stored.
        fates: what is known about it, of everybody.
        user_id: who asks; of others they are told nothing but what was posted where they ask.
        channel_id: where they ask.
        now: the time of drawing.
        links: the addresses of posted messages, by channel id and ts.
    """

    job: Job
    fates: Fates
    user_id: str
    channel_id: str
    now: datetime
    links: Mapping[tuple[str, str], str] = field(default_factory=dict)


def concerns(fate: Fate, user_id: str, channel_id: str) -> bool:
    """Whether somebody who asks in a channel may hear of a delivery: it mentions them, or is for there."""
    return user_id in fate.mentions or fate.destination.channel_id == channel_id


def deliveries(view: FatesView) -> Payload:
    """Draw the answer: a paragraph for each transition, newest first, then what the person asked for."""
    body = [blocks.section("\n".join(_paragraph(view, each))) for each in view.fates.transitions]
    if not body:
        body = [blocks.section(_nothing_seen(view.job))]
    body.append(blocks.context("\n".join(_wishes(view))))
    places = _paused_places(view)
    row: list[blocks.Block] = []
    if ids.carriable(view.job.id):
        row.append(blocks.button("Open", ids.OPEN, ids.encode(ids.Value(view.job.id, 0))))
    for place in places[:1]:
        value = ids.encode_place(place)
        row.append(blocks.button("Try again there", ids.RESUME, value))
        row.append(blocks.button("Tell me here", ids.MOVE, value))
    if row:
        body.append(blocks.actions(row))
    text = f"What I saw of {foreign(full_title(view.job, 100), 120)}, and whom I told"
    return blocks.message(text, [blocks.attachment(look(view.job.status).color, body)])


def _nothing_seen(job: Job) -> str:
    if job.has_ended:
        return f"When I saw it for the first time it {outcome(job)} already: I saw no change to tell of."
    return f"I have seen no change of its status yet: it {outcome(job)}."


def _paragraph(view: FatesView, seen: Transition) -> list[str]:
    old, new = look(seen.old), look(seen.new)
    lines = [f"*{old.word} → {new.word}*  seen {date(seen.seen_at, view.now)}"]
    of_it = [each for each in view.fates.deliveries if each.transition.seq == seen.seq]
    mine = [each for each in of_it if concerns(each, view.user_id, view.channel_id)]
    lines += [f"• {_fate(view, each)}" for each in mine[:_MOST_LINES]]
    if len(mine) > _MOST_LINES:
        lines.append(f"• and {plural(len(mine) - _MOST_LINES, 'more message')}")
    if not any(view.user_id in each.mentions for each in mine):
        lines.append(f"• {_why_not_told(view, seen)}")
    return lines


def _why_not_told(view: FatesView, seen: Transition) -> str:
    """Say why somebody is not among those who were told."""
    if seen.new not in TERMINAL:
        return "No message: I tell of quotes and ends only."
    mine = [each for each in view.fates.wishes if each.user_id == view.user_id]
    before = [each for each in mine if each.created_at <= seen.seen_at]
    standing = [each for each in mine if each.was_open(seen.seen_at)]
    if standing:
        return _though_asked(standing, seen)
    if before and before[-1].closed_at is not None:
        ended = date(before[-1].closed_at, view.now)
        return f"No message for you: your subscription had ended {ended}."
    if mine:
        return f"No message for you: you asked only later, {date(mine[0].created_at, view.now)}."
    return "No message for you: you had not asked to be told."


def _though_asked(standing: Sequence[Wish], seen: Transition) -> str:
    """Say why somebody whose wishes stood then has no message."""
    if not any(covers(seen.new, failures_only=each.failures_only) for each in standing):
        return "No message for you: you asked to be told of failures only."
    forgotten = "the message is older than what I remember."
    if covers(seen.new, failures_only=True):
        return f"You had asked to be told; {forgotten}"
    # A wish that was widened since does not say when.
    return f"No message for you: either you asked for failures only at that time, or {forgotten}"


# --- one delivery --------------------------------------------------------------------------------


def _fate(view: FatesView, fate: Fate) -> str:
    where = _where(fate.destination)
    others = "" if view.user_id in fate.mentions else " It was for others."
    if fate.dead_because:
        said = f"Could not be sent {where}: {why(fate.dead_because)}.{_directly(view, fate)}"
    elif fate.settled_at is not None:
        said = _sent(view, fate, fate.settled_at)
    elif fate.held_at is not None:
        said = f"Held since {date(fate.held_at, view.now)}: nothing could be posted {where}."
    elif fate.attempted_at is not None:
        since = date(fate.attempted_at, view.now)
        said = (
            f"Being sent {where} since {since}; Slack has not said yet that it arrived, so I look for it "
            "before I send it again."
        )
    else:
        said = _waiting(view, fate, where)
    return said + others + (f" _{fate.note}_" if fate.note else "")


def _sent(view: FatesView, fate: Fate, settled_at: datetime) -> str:
    link = view.links.get((fate.destination.channel_id, fate.ts or ""), "")
    words = f"<{escape(link)}|Sent>" if link else "Sent"
    said = f"{words} {_where(fate.destination)} {date(settled_at, view.now)}"
    if fate.unverified:
        return (
            f"{said}, perhaps {fate.unverified + 1:,} times: I can't read what is posted there, so I could "
            "not see whether it had arrived before."
        )
    return f"{said}, at the {fate.attempts:,}. try." if fate.attempts > 1 else f"{said}."


def _waiting(view: FatesView, fate: Fate, where: str) -> str:
    said = f"Waiting to be sent {where} since {date(fate.owed_at, view.now)}"
    if fate.attempts:
        times = "once" if fate.attempts == 1 else f"{fate.attempts:,} times"
        said += f"; Slack did not take it, {times}"
    soon = fate.next_send_at <= view.now
    return f"{said}. Next try: {'any moment' if soon else date(fate.next_send_at, view.now)}."


def _directly(view: FatesView, dead: Fate) -> str:
    """Say what becomes, in direct messages, of what a dead notice would have told those whom it mentions.

    There it may be owed in its place; or else what came after it is, which would not be news any more then.
    """
    people = {view.user_id} & set(dead.mentions) or set(dead.mentions)
    theirs = [
        each
        for each in view.fates.deliveries
        if each.destination.is_dm and each.destination != dead.destination and people & set(each.mentions)
    ]
    seq = dead.transition.seq
    if told := _how_told([each for each in theirs if each.transition.seq == seq and each.note]):
        return f" {told.capitalize()} in direct messages instead."
    if told := _how_told([each for each in theirs if each.transition.seq > seq]):
        return f" What came after it {'was' if told == 'told' else 'is'} {told} in direct messages."
    return ""


def _how_told(fates: Sequence[Fate]) -> str:
    """Say `told` when all has arrived of what is not dead or held, else `being told`; nothing without any."""
    alive = [each for each in fates if not each.dead_because and each.held_at is None]
    if not alive:
        return ""
    return "told" if all(each.settled_at is not None for each in alive) else "being told"


def _where(destination: Destination) -> str:
    if destination.is_dm:
        return "in direct messages"
    name = place_name(destination)
    return f"in {name}"


# --- what was asked for --------------------------------------------------------------------------


def _wishes(view: FatesView) -> list[str]:
    mine = [each for each in view.fates.wishes if each.user_id == view.user_id]
    standing = [each for each in mine if each.closed_at is None]
    if standing:
        return [_standing(view, each) for each in standing[-_MOST_LINES:]]
    if view.job.has_ended:
        return ["The job has ended, so there is nothing left to tell."]
    return ["You are not on the list for this job: *Notify me* on its card puts you there."]


def _standing(view: FatesView, wish: Wish) -> str:
    where = _where(wish.destination)
    if wish.paused_at is not None:
        since = date(wish.paused_at, view.now)
        return f"You want to be told {where}; that is paused since {since}: {why(wish.paused_because)}."
    when = "only if it fails" if wish.failures_only else "when it ends"
    return f"I'll tell you {where} {when}; you asked {date(wish.created_at, view.now)}."


def _paused_places(view: FatesView) -> tuple[Destination, ...]:
    """Give the places that wait for the person's decision."""
    paused = [
        each.destination
        for each in view.fates.wishes
        if each.user_id == view.user_id and each.closed_at is None and each.paused_at is not None
    ]
    held = [
        each.destination
        for each in view.fates.deliveries
        if view.user_id in each.mentions and each.held_at is not None
    ]
    channels = (Destination(each.channel_id) for each in (*paused, *held) if not each.is_dm)
    return tuple(dict.fromkeys(channels))
