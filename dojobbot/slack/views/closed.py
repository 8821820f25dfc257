"""The direct message that says that a place is closed, and what its buttons answer. mrkdwn, escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dojobbot.domain import Destination, Job, Subscription
from dojobbot.fates import Resumed, Stranded
from dojobbot.slack.text import escape, foreign, plural
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.batch import batch_name
from dojobbot.slack.views.blocks import Payload
from dojobbot.slack.views.describe import short_id, title
from dojobbot.slack.views.status import LOOKS

__all__ = ["closed", "instead", "paused", "place_name", "resumed", "why"]

MOST_NAMED = 10
_WHY = {
    "cannot_reply_to_message": "the thread is gone",
    "cant_update_message": "Slack does not let me change it any more",
    "channel_not_found": "it is gone, or I'm not in it any more",
    "edit_window_closed": "Slack does not let me change it any more",
    "is_archived": "it is archived",
    "is_inactive": "it is archived",
    "message_not_found": "somebody deleted it",
    "messages_tab_disabled": "direct messages with me are switched off",
    "not_in_channel": "I'm not in it any more",
    "restricted_action": "posting is restricted there",
    "restricted_action_read_only_channel": "only some people may post there",
    "restricted_action_thread_locked": "the thread is locked",
    "shared_with_others": "it is shared with another organisation by now",
    "thread_not_found": "the thread is gone",
    "user_disabled": "the account is deactivated",
    "user_not_found": "the account is gone",
}
_FOR_GOOD = frozenset({"cannot_reply_to_message", "thread_not_found"})
"""There is no use in trying again."""


def why(code: str) -> str:
    """Say in a few words why something cannot be posted or edited; `code` is Slack's word for it."""
    return _WHY.get(code, f"Slack says {foreign(code, 60)}")


def place_name(place: Destination) -> str:
    """Name a place: its channel, or a thread in it."""
    if place.is_dm:
        return "our direct messages"
    channel = f"<#{escape(place.channel_id)}>"
    return channel if place.thread_ts is None else f"a thread in {channel}"


def instead(place: Destination, code: str) -> str:
    """Say why a message comes in a direct message that was wanted elsewhere."""
    return f"I couldn't post this in {place_name(place)}: {why(code)}."


def closed(stranded: Stranded, place: Destination, code: str) -> Payload:
    """Tell somebody that a place is closed, what they follow there, and what they can do.

    Args:
        stranded: what they follow there.
        place: a channel with its threads, or one thread.
        code: Slack's word for why nothing can be posted there.
    """
    where = place_name(place)
    if not stranded.told:
        text = f"A live card of yours in {where} is over: {why(code)}."
        if code != "message_not_found":
            text = f"I can't keep your live card in {where} up to date any more: {why(code)}."
        return blocks.message(text, [_attachment([blocks.section(_cards(stranded))])])
    body = [blocks.section(f"You wanted to be told there about\n{_jobs(stranded.told)}")]
    if stranded.watched or stranded.batches:
        body.append(blocks.section(f"Your live cards there are over:\n{_cards(stranded)}"))
    body.append(
        blocks.section("I go on following, and what happens meanwhile waits. Where do you want to be told?")
    )
    value = ids.encode_place(place)
    move = blocks.button("Tell me here", ids.MOVE, value)
    again = blocks.button("Try again there", ids.RESUME, value)
    body.append(blocks.actions([move] if code in _FOR_GOOD else [again, move]))
    if code not in _FOR_GOOD:
        body.append(blocks.context(f"Before you try again: {_remedy(place, code)}"))
    return blocks.message(f"I can't post in {where} any more: {why(code)}.", [_attachment(body)])


def paused(wishes: Iterable[Subscription]) -> str:
    """Say, on a person's card, which of their wishes about the job are paused, and why; else nothing."""
    said = [
        f"Telling you in {place_name(each.destination)} is paused: {why(each.paused_because)}"
        for each in wishes
        if each.paused_at is not None
    ]
    return " · ".join(said[:3])


def resumed(what: Resumed, where: str) -> str:
    """Say what goes on now, and where (mrkdwn, with its preposition)."""
    jobs = f" about {plural(what.subscriptions, 'job')}" if what.subscriptions else ""
    waited = ""
    if what.deliveries:
        verb = "is" if what.deliveries == 1 else "are"
        waited = f" {plural(what.deliveries, 'message')} that waited {verb} on the way."
    tell = f":bell: I'll tell you {where}{jobs}." if what.subscriptions else f":bell: I'll write {where}."
    return tell + waited


def _remedy(place: Destination, code: str) -> str:
    channel = f"<#{escape(place.channel_id)}>"
    if code in {"is_archived", "is_inactive"}:
        return f"unarchive {channel}, and invite me: `/invite @dojobbot`."
    if code in {"not_in_channel", "channel_not_found"}:
        return f"type `/invite @dojobbot` in {channel}."
    if code == "shared_with_others":
        return f"ask who looks after {channel} to end the sharing."
    return f"ask who looks after {channel} to let me post there."


def _jobs(jobs: Sequence[Job]) -> str:
    return _list([_line(job) for job in jobs], "more job")


def _cards(stranded: Stranded) -> str:
    batches = [f"• {batch_name(batch, example)}" for batch, example in stranded.batches]
    return _list([*(_line(job) for job in stranded.watched), *batches], "more card")


def _line(job: Job) -> str:
    return f"• {title(job, 60)} {short_id(job)}"


def _list(lines: Sequence[str], more: str) -> str:
    rest = len(lines) - MOST_NAMED
    return "\n".join([*lines[:MOST_NAMED], *([f"and {plural(rest, more)}"] if rest > 0 else [])])


def _attachment(body: Sequence[blocks.Block]) -> blocks.Block:
    return blocks.attachment(LOOKS["Quoted"].color, body)
