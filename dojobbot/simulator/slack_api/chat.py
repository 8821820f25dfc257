"""The methods `chat.*`: posting, editing and deleting the bot's messages."""

from dataclasses import replace

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.content import Content, read_content
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.people import Channel, Message
from dojobbot.simulator.slack_api.problems import Json, SlackError

MOST_EDITED_TEXT = 4000


def post_message(context: Context, call: Call) -> Json:
    """`chat.postMessage`."""
    channel = context.writable_channel(call.required("channel"))
    content = shown(read_content(call.args, context.without_blocks))
    context.rates.post(channel.id)
    message = context.state.post(
        replace(
            new_message(channel.id, world.BOT, content),
            metadata=content.metadata,
            thread_ts=thread_of(context, channel, call),
            broadcast=call.flag("reply_broadcast"),
        )
    )
    body: Json = {"ok": True, "channel": channel.id, "ts": message.ts}
    body["message"] = context.state.as_json(message)
    if content.warning is not None:
        body |= {"warning": content.warning, "response_metadata": {"warnings": [content.warning]}}
    return body


def post_ephemeral(context: Context, call: Call) -> Json:
    """`chat.postEphemeral`; metadata is ignored there."""
    channel = context.writable_channel(call.required("channel"))
    user = call.required("user")
    content = shown(read_content(call.args, context.without_blocks))
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    thread_ts = thread_of(context, channel, call)
    draft = replace(new_message(channel.id, world.BOT, content), only_for=user, thread_ts=thread_ts)
    return {"ok": True, "message_ts": context.state.post(draft).ts}


def update(context: Context, call: Call) -> Json:
    """`chat.update`: what is not given stays, except that text alone removes the blocks."""
    channel = context.joined_channel(call.required("channel"))
    old = context.state.find(channel.id, call.required("ts"))
    if channel.is_archived:
        raise SlackError("is_inactive")
    if old is None:
        raise SlackError("message_not_found")
    if old.user != world.BOT:
        raise SlackError("cant_update_message")
    content = read_content(call.args, context.without_blocks)
    if content.text is None and content.blocks is None and content.attachments is None:
        raise SlackError("no_text")
    if content.text is not None and len(content.text) > MOST_EDITED_TEXT:
        raise SlackError("msg_too_long")
    new = edited(old, content, context.state.mint_ts())
    if not new.text and not new.blocks and not new.attachments:
        raise SlackError("no_text")
    context.state.keep(new)
    body = context.state.as_json(new)
    return {"ok": True, "channel": channel.id, "ts": new.ts, "text": new.text, "message": body}


def edited(old: Message, content: Content, at: str) -> Message:
    """A message after an edit through `chat.update`; only an edit without blocks is marked as one."""
    blocks = old.blocks
    if content.blocks is not None:
        blocks = content.blocks
    elif content.text is not None:
        blocks = ()
    framed = any("blocks" in attachment for attachment in content.attachments or ())
    return replace(
        old,
        text=old.text if content.text is None else content.text,
        blocks=blocks,
        attachments=old.attachments if content.attachments is None else content.attachments,
        metadata=old.metadata if content.metadata is None else content.metadata,
        edited_ts=old.edited_ts if content.blocks or framed else at,
    )


def delete(context: Context, call: Call) -> Json:
    """`chat.delete`: the bot's own messages only."""
    channel = context.joined_channel(call.required("channel"))
    message = context.state.find(channel.id, call.required("ts"))
    if message is None:
        raise SlackError("message_not_found")
    if message.user != world.BOT:
        raise SlackError("cant_delete_message")
    context.state.remove(message)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(context: Context, call: Call) -> Json:
    """`chat.getPermalink`."""
    channel = context.known_channel(call.required("channel"))
    message = context.state.find(channel.id, call.required("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"https://{world.TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts is not None:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def new_message(channel_id: str, user: str, content: Content, *, thread_ts: str | None = None) -> Message:
    """A message with some content that has no ts yet."""
    return Message(
        ts="",
        channel=channel_id,
        user=user,
        text=content.text or "",
        blocks=content.blocks or (),
        attachments=content.attachments or (),
        thread_ts=thread_ts,
    )


def shown(content: Content) -> Content:
    """The content, if there is any; `no_text` otherwise."""
    if content.is_empty:
        raise SlackError("no_text")
    return content


def thread_of(context: Context, channel: Channel, call: Call) -> str | None:
    """The parent that a message answers; `cannot_reply_to_message` when that is no parent."""
    thread_ts = call.text("thread_ts")
    if thread_ts is None:
        return None
    parent = context.state.find(channel.id, thread_ts)
    if parent is None or parent.thread_ts is not None:
        raise SlackError("cannot_reply_to_message")
    return thread_ts
