"""The methods `conversations.*`: opening direct messages, and reading what was said."""

import base64
import binascii
from decimal import Decimal, InvalidOperation

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.context import SCOPE_PREFIX, Context
from dojobbot.simulator.slack_api.people import Channel, Message
from dojobbot.simulator.slack_api.problems import Json, SlackError

MOST_USERS = 8


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
    """The page of messages that the cursor points at; a cursor names the ts of its first message."""
    cursor, limit = call.text("cursor"), call.limit(100)
    start = 0
    if cursor is not None:
        try:
            first = base64.b64decode(cursor, validate=True).decode().removeprefix("next_ts:")
            start = [message.ts for message in messages].index(first)
        except (binascii.Error, ValueError):
            raise SlackError("invalid_cursor") from None
    page, rest = messages[start : start + limit], messages[start + limit :]
    everything = call.flag("include_all_metadata")
    body: Json = {
        "ok": True,
        "messages": [context.state.as_json(message, all_metadata=everything) for message in page],
        "has_more": bool(rest),
    }
    if rest:
        following = base64.b64encode(f"next_ts:{rest[0].ts}".encode()).decode()
        body["response_metadata"] = {"next_cursor": following}
    return body
