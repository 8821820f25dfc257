"""The method `chat.unfurl`: previews of links that people wrote."""

from dataclasses import replace
from typing import Any

from dojobbot.simulator.slack_api.call import Call
from dojobbot.simulator.slack_api.content import decoded, read_content
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.links import Shared
from dojobbot.simulator.slack_api.problems import Json, SlackError


def unfurl(context: Context, call: Call) -> Json:
    """`chat.unfurl`: by channel and ts of the message, or by `unfurl_id` and `source`."""
    shared = _wanted(context, call)
    unfurls = decoded(call.args, "unfurls", "invalid_unfurls_format")
    if not isinstance(unfurls, dict) or not unfurls:
        raise SlackError("missing_unfurls")
    attachments = tuple(
        (link, _attachment(shared, link, content, number))
        for number, (link, content) in enumerate(unfurls.items(), 1)
    )
    known = dict(shared.unfurls) | dict(attachments)
    shared = replace(shared, unfurls=tuple(known.items()))
    context.links.keep(shared)
    if shared.channel is not None and shared.ts is not None:
        message = context.state.find(shared.channel, shared.ts)
        if message is None:
            raise SlackError("cannot_find_message")
        context.state.keep(replace(message, attachments=tuple(known.values())))
    return {"ok": True}


def _wanted(context: Context, call: Call) -> Shared:
    """The links that a call is about; the app need not be a member of the channel."""
    unfurl_id, channel, ts = call.text("unfurl_id"), call.text("channel"), call.text("ts")
    if unfurl_id is not None:
        source = call.required("source")
        shared = context.links.find(lambda each: each.unfurl_id == unfurl_id and each.source == source)
        if shared is None:
            raise SlackError("cannot_find_message")
        return shared
    if channel is None or ts is None:
        raise SlackError("invalid_arguments", messages=("[ERROR] channel and ts, or unfurl_id and source",))
    shared = context.links.find(lambda each: (each.channel, each.ts) == (channel, ts))
    if shared is None:
        # A message without a link of the app's domains was never told to it.
        known = context.state.find(channel, ts)
        raise SlackError("cannot_find_message" if known is None else "cannot_unfurl_url")
    return shared


def _attachment(shared: Shared, link: str, content: Any, number: int) -> Json:
    """What the app says about a link, as an attachment of the message."""
    if link not in shared.links:
        raise SlackError("cannot_unfurl_url")
    if not isinstance(content, dict):
        raise SlackError("invalid_unfurls_format")
    if any(
        block.get("type") == "rich_text" for block in content.get("blocks", []) if isinstance(block, dict)
    ):
        raise SlackError("invalid_blocks", messages=("[ERROR] unsupported type: rich_text",))
    checked = read_content({"attachments": [content]}).attachments or ()
    return {**checked[0], "id": number, "from_url": link, "app_unfurl_url": link, "is_app_unfurl": True}
