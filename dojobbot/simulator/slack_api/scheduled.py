"""The methods that post later: `chat.scheduleMessage` and its companions."""

from datetime import timedelta

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.chat import new_message, shown, thread_of
from dojobbot.simulator.slack_api.content import read_content
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError

FURTHEST = timedelta(days=120)


def schedule_message(context: Context, call: Call) -> Json:
    """`chat.scheduleMessage`: between now and 120 days from now."""
    channel = context.writable_channel(call.required("channel"))
    post_at = call.required("post_at")
    if not post_at.isdecimal():
        raise SlackError("invalid_time")
    ahead = int(post_at) - context.state.now().timestamp()
    if ahead <= 0:
        raise SlackError("time_in_past")
    if ahead > FURTHEST.total_seconds():
        raise SlackError("time_too_far")
    content = shown(read_content(call.args))
    thread_ts = thread_of(context, channel, call)
    draft = new_message(channel.id, world.BOT, content, thread_ts=thread_ts)
    scheduled = context.schedule.add(int(post_at), draft, has_metadata=content.metadata is not None)
    return {
        "ok": True,
        "channel": channel.id,
        "scheduled_message_id": scheduled.id,
        "post_at": scheduled.post_at,
        "message": {"text": draft.text, "type": "delayed_message", "bot_id": world.BOT_ID},
    }


def delete_scheduled_message(context: Context, call: Call) -> Json:
    """`chat.deleteScheduledMessage`."""
    context.writable_channel(call.required("channel"))
    context.schedule.remove(call.required("scheduled_message_id"))
    return {"ok": True}


def list_scheduled_messages(context: Context, call: Call) -> Json:
    """`chat.scheduledMessages.list`."""
    listed = [
        {
            "id": each.id,
            "channel_id": each.message.channel,
            "post_at": each.post_at,
            "text": each.message.text,
        }
        for each in context.schedule.waiting(call.text("channel"))
    ]
    return {"ok": True, "scheduled_messages": listed, "response_metadata": {"next_cursor": ""}}
