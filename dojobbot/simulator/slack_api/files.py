"""The methods that upload files: `files.getUploadURLExternal` and `files.completeUploadExternal`."""

from dataclasses import replace

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.chat import new_message, thread_of
from dojobbot.simulator.slack_api.content import Content, decoded, read_content
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError


def get_upload_url_external(context: Context, call: Call) -> Json:
    """`files.getUploadURLExternal`: the first step."""
    length = call.required("length")
    if not length.isdecimal() or int(length) < 1:
        raise SlackError("invalid_arguments", messages=("[ERROR] length must be a positive integer",))
    stored = context.files.announce(call.required("filename"), int(length))
    return {"ok": True, "upload_url": context.files.upload_url(stored), "file_id": stored.id}


def complete_upload_external(context: Context, call: Call) -> Json:
    """`files.completeUploadExternal`: the last step; without a channel the file stays private to the app."""
    wanted = decoded(call.args, "files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
        raise SlackError("invalid_arguments", messages=("[ERROR] missing required field: files",))
    named = call.text("channel_id")
    channel = None if named is None else context.writable_channel(named)
    thread_ts = None if channel is None else thread_of(context, channel, call)
    comment = call.text("initial_comment")
    # Slack ignores blocks where there is a comment.
    said = {"text": comment} if comment else {"blocks": call.args.get("blocks")}
    content = Content(None, None, None, None) if channel is None else read_content(said)
    shared = () if channel is None else (channel.id,)
    files = [
        context.files.complete(str(each.get("id")), str(each.get("title") or ""), shared) for each in wanted
    ]
    if channel is not None:
        context.rates.post(channel.id)
        draft = new_message(channel.id, world.BOT, content)
        listed = tuple(stored.as_json() for stored in files)
        context.state.post(replace(draft, files=listed, thread_ts=thread_ts))
    return {"ok": True, "files": [stored.as_json() for stored in files]}
