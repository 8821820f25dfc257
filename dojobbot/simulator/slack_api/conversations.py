"""The methods `conversations.*`: opening direct messages, and reading what was said."""

import base64
import binascii
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.context import SCOPE_PREFIX, Context
from dojobbot.simulator.slack_api.people import Channel, ChannelKind, Message
from dojobbot.simulator.slack_api.problems import Json, SlackError

MOST_USERS = 8
KINDS: dict[str, ChannelKind] = {
    "public_channel": "public",
    "private_channel": "private",
    "mpim": "mpim",
    "im": "im",
}
Item = TypeVar("Item")


def open_conversation(context: Context, call: Call) -> Json:
    """`conversations.open` with one to eight users, or with the id of direct messages that exist."""
    channel_id = call.text("channel")
    if channel_id is not None:
        return _opened(context.joined_channel(channel_id), call, already_open=True)
    wanted = dict.fromkeys(user for user in call.required("users").split(",") if user)
    if len(wanted) > MOST_USERS:
        raise SlackError("too_many_users")
    users = [context.state.user(user) for user in wanted]
    if any(user.deleted for user in users):
        raise SlackError("user_disabled")
    if len(users) > 1:
        context.need("mpim:write")
    known = set(context.state.channels)
    channel = context.state.dm(world.BOT, *(user.id for user in users))
    return _opened(channel, call, already_open=channel.id in known)


def _opened(channel: Channel, call: Call, *, already_open: bool) -> Json:
    full = call.flag("return_im")
    body: Json = {"ok": True, "channel": channel.as_json(world.BOT) if full else {"id": channel.id}}
    if already_open:
        body |= {"no_op": True, "already_open": True}
    return body


def info(context: Context, call: Call) -> Json:
    """`conversations.info`."""
    channel = context.known_channel(call.required("channel"))
    context.need(f"{SCOPE_PREFIX[channel.kind]}:read")
    body = channel.as_json(world.BOT)
    if not call.flag("include_num_members"):
        body.pop("num_members", None)
    return {"ok": True, "channel": body}


def of_user(context: Context, call: Call) -> Json:
    """`users.conversations` of the bot itself: what it is a member of, of the kinds in `types`."""
    types = (call.text("types") or "public_channel").split(",")
    if any(each not in KINDS for each in types):
        raise SlackError("invalid_types")
    kinds = {KINDS[each] for each in types}
    for kind in kinds:
        context.need(f"{SCOPE_PREFIX[kind]}:read")
    mine = [
        channel
        for channel in sorted(context.state.channels.values(), key=lambda each: each.id)
        if channel.kind in kinds
        and world.BOT in channel.members
        and not (channel.is_archived and call.flag("exclude_archived"))
    ]
    page, cursor = _cut(mine, call, lambda channel: f"next_id:{channel.id}")
    body: Json = {"ok": True, "channels": [channel.as_json(world.BOT) for channel in page]}
    return body | {"response_metadata": {"next_cursor": cursor}}


def history(context: Context, call: Call) -> Json:
    """`conversations.history`: newest first, without replies that stay in their thread."""
    channel = _readable(context, call)
    every = context.state.messages(channel.id)
    shown = [message for message in reversed(every) if message.thread_ts is None or message.broadcast]
    return _page(context, call, _between(shown, call))


def replies(context: Context, call: Call) -> Json:
    """`conversations.replies`: the parent, then its replies, oldest first."""
    channel = _readable(context, call)
    parent = context.state.find(channel.id, call.required("ts"))
    if parent is None:
        raise SlackError("thread_not_found")
    return _page(context, call, _between([parent, *context.state.replies(parent)], call))


def _readable(context: Context, call: Call) -> Channel:
    channel = context.known_channel(call.required("channel"))
    context.need(f"{SCOPE_PREFIX[channel.kind]}:history")
    return context.joined_channel(channel.id)


def _moment(call: Call, name: str) -> Decimal | None:
    value = call.text(name)
    try:
        return None if value is None else Decimal(value)
    except InvalidOperation:
        raise SlackError(f"invalid_ts_{name}") from None


def _between(messages: list[Message], call: Call) -> list[Message]:
    """The messages after `oldest` and before `latest`; those at the very moments count when `inclusive`."""
    oldest, latest, inclusive = _moment(call, "oldest"), _moment(call, "latest"), call.flag("inclusive")

    def fits(message: Message) -> bool:
        ts = Decimal(message.ts)
        late_enough = oldest is None or ts > oldest or (inclusive and ts == oldest)
        early_enough = latest is None or ts < latest or (inclusive and ts == latest)
        return late_enough and early_enough

    return [message for message in messages if fits(message)]


def _page(context: Context, call: Call, messages: list[Message]) -> Json:
    page, cursor = _cut(messages, call, lambda message: f"next_ts:{message.ts}")
    everything = call.flag("include_all_metadata")
    body: Json = {
        "ok": True,
        "messages": [context.state.as_json(message, all_metadata=everything) for message in page],
        "has_more": bool(cursor),
    }
    if cursor:
        body["response_metadata"] = {"next_cursor": cursor}
    return body


def _cut(every: list[Item], call: Call, name: Callable[[Item], str]) -> tuple[list[Item], str]:
    """Give the page that the cursor points at, and the cursor of the next: it names that one's first item."""
    cursor, limit = call.text("cursor"), call.limit(100)
    start = 0
    if cursor:
        try:
            start = [name(each) for each in every].index(base64.b64decode(cursor, validate=True).decode())
        except (binascii.Error, ValueError):
            raise SlackError("invalid_cursor") from None
    page, rest = every[start : start + limit], every[start + limit :]
    return page, base64.b64encode(name(rest[0]).encode()).decode() if rest else ""
