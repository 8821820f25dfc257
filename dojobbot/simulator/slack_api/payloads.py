"""The payloads that Slack sends to the app, shaped as its reference shows them."""

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.people import Channel, User
from dojobbot.simulator.slack_api.problems import Json

TEAM = {"id": world.TEAM_ID, "domain": world.TEAM_DOMAIN}
# The deprecated verification token, which Slack still sends; nothing checks it.
VERIFICATION = "simulated-verification"


def channel_name(channel: Channel) -> str:
    """A channel's name as payloads give it: those of private places are covered."""
    return {"private": "privategroup", "im": "directmessage"}.get(channel.kind, channel.name)


def slash_command(
    user: User, channel: Channel, command: str, words: str, *, trigger_id: str, response_url: str
) -> Json:
    """The form fields of a slash command."""
    return {
        "token": VERIFICATION,
        "team_id": world.TEAM_ID,
        "team_domain": world.TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": words,
        "api_app_id": world.APP_ID,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger_id,
    }


def _interaction(kind: str, user: User) -> Json:
    return {
        "type": kind,
        "team": TEAM,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": world.APP_ID,
        "token": VERIFICATION,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def message_action(
    user: User,
    channel: Channel,
    message: Json,
    action: Json,
    *,
    attachment: int | None,
    ephemeral: bool,
    trigger_id: str,
    response_url: str,
) -> Json:
    """`block_actions` of a press in a message.

    An ephemeral message itself is not part of it; a press in an unfurled link carries the unfurl instead.
    """
    container: Json = {
        "type": "message" if attachment is None else "message_attachment",
        "message_ts": message["ts"],
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    framed: Json = next((each for each in message.get("attachments", ()) if each["id"] == attachment), {})
    unfurled = bool(framed.get("is_app_unfurl"))
    if attachment is not None:
        container |= {"attachment_id": attachment, "is_app_unfurl": unfurled}
    if unfurled:
        container["app_unfurl_url"] = framed["app_unfurl_url"]
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    payload = _interaction("block_actions", user) | {
        "container": container,
        "trigger_id": trigger_id,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": _state(action)},
        "response_url": response_url,
        "actions": [action],
    }
    if unfurled:
        return payload | {"app_unfurl": framed}
    return payload if ephemeral else payload | {"message": message}


def shortcut(user: User, callback_id: str, *, trigger_id: str, at: str) -> Json:
    """`shortcut`: a global one, which happens nowhere."""
    return _interaction("shortcut", user) | {
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "action_ts": at,
    }


def message_shortcut(
    user: User,
    channel: Channel,
    message: Json,
    callback_id: str,
    *,
    trigger_id: str,
    response_url: str,
    at: str,
) -> Json:
    """`message_action`: a shortcut of one message."""
    return _interaction("message_action", user) | {
        "callback_id": callback_id,
        "trigger_id": trigger_id,
        "action_ts": at,
        "message_ts": message["ts"],
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message": message,
        "response_url": response_url,
    }


def view_closed(user: User, view: Json, *, is_cleared: bool) -> Json:
    """`view_closed`: a modal that wanted to be told was closed without being submitted."""
    return _interaction("view_closed", user) | {"view": view, "is_cleared": is_cleared}


def view_action(user: User, view: Json, action: Json, *, trigger_id: str) -> Json:
    """`block_actions` of a press in a modal or in the App Home."""
    return _interaction("block_actions", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "trigger_id": trigger_id,
        "view": view,
        "actions": [action],
    }


def view_submission(user: User, view: Json, *, trigger_id: str) -> Json:
    """`view_submission` of a modal."""
    return _interaction("view_submission", user) | {
        "trigger_id": trigger_id,
        "view": view,
        "response_urls": [],
    }


def event_callback(event: Json, *, event_id: str, event_time: int) -> Json:
    """The envelope of an event."""
    return {
        "token": VERIFICATION,
        "team_id": world.TEAM_ID,
        "api_app_id": world.APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": event_id,
        "event_time": event_time,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": world.TEAM_ID,
                "user_id": world.BOT,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def _state(action: Json) -> Json:
    """The state of the one menu that was used; buttons and overflow menus have none."""
    if action["type"] in {"button", "overflow"}:
        return {}
    value = {name: action[name] for name in action if name == "type" or name.startswith("selected_")}
    return {action["block_id"]: {action["action_id"]: value}}
