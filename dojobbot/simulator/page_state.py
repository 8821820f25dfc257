"""What the demo's page is told: everything that one person sees, and then each change to it."""

from collections.abc import Mapping

from dojobbot.simulator.page_actions import COMMANDS
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.people import Channel, Message
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.views import View
from dojobbot.simulator.workspace import SimulatedWorkspace


def first_state(workspace: SimulatedWorkspace, people: Mapping[str, str], viewer: str) -> Json:
    """The message of type `state`: all that a person sees.

    Its keys: `workspace` (a name), `you`, `bot`, `people` (those one can be, with their roles), `users`
    (everybody's names by id), `commands`, `connected` (whether the bot is there), `modals` and `home` as
    `views` gives them, and `channels` with their `messages`.
    """
    return {
        "type": "state",
        "workspace": world.TEAM_NAME,
        "you": viewer,
        "bot": world.BOT,
        "people": [
            {"id": user_id, "name": workspace.state.user(user_id).real_name, "role": role}
            for user_id, role in people.items()
        ],
        "users": {user.id: {"name": user.real_name, "is_bot": user.is_bot} for user in workspace.users},
        "commands": [
            {"name": name, "usage": usage, "examples": examples} for name, usage, examples in COMMANDS
        ],
        **views(workspace, viewer),
        "connected": _connected(workspace),
        "channels": [
            _channel(workspace, channel, viewer)
            | {"messages": [_message(workspace, each) for each in _seen(workspace, channel, viewer)]}
            for channel in workspace.channels(viewer)
        ],
    }


def told(
    workspace: SimulatedWorkspace, people: Mapping[str, str], viewer: str, change: Change
) -> Json | None:
    """What a person's page is told about a change; None when it does not show.

    It is `message` (new or edited), `deleted`, `connected`, `views` (a modal or the App Home has changed), or
    a new `state` when a channel has changed.
    """
    if change.user not in {None, viewer}:
        return None
    match change.kind:
        case "socket":
            return {"type": "connected", "connected": _connected(workspace)}
        case "view":
            return {"type": "views", **views(workspace, viewer)}
        case "channel" if not _is_private_to_others(workspace, change, viewer):
            return first_state(workspace, people, viewer)
        case "message" | "message_changed" | "message_deleted":
            return _about_message(workspace, viewer, change)
        case _:
            return None


def views(workspace: SimulatedWorkspace, viewer: str) -> Json:
    """`modals`, the topmost last, and `home` (None: none is published), each with its `errors` by block."""
    home = workspace.home(viewer)
    return {
        "modals": [_view(each) for each in workspace.modals(viewer)],
        "home": None if home is None else _view(home),
    }


def _view(view: View) -> Json:
    return view.as_json() | {"errors": dict(view.errors)}


def _is_private_to_others(workspace: SimulatedWorkspace, change: Change, viewer: str) -> bool:
    """Whether a changed channel is the direct messages of two other people."""
    channel = workspace.state.channels[change.channel or ""]
    return channel.kind == "im" and viewer not in channel.members


def _about_message(workspace: SimulatedWorkspace, viewer: str, change: Change) -> Json | None:
    if change.channel is None or change.ts is None:
        return None
    if viewer not in workspace.state.channel(change.channel).members:
        return None
    message = workspace.state.find(change.channel, change.ts, viewer)
    if message is None:
        return {"type": "deleted", "channel": change.channel, "ts": change.ts}
    return {"type": "message", "channel": change.channel, "message": _message(workspace, message)}


def _seen(workspace: SimulatedWorkspace, channel: Channel, viewer: str) -> list[Message]:
    return workspace.state.messages(channel.id, viewer)


def _message(workspace: SimulatedWorkspace, message: Message) -> Json:
    return workspace.state.as_json(message) | {"is_ephemeral": message.only_for is not None}


def _channel(workspace: SimulatedWorkspace, channel: Channel, viewer: str) -> Json:
    """A channel as the side bar names it; direct messages bear the names of the others there."""
    others = [workspace.state.user(each).real_name for each in sorted(channel.members - {viewer})]
    direct = ", ".join(others) or "you"
    return {
        "id": channel.id,
        "name": direct if channel.kind in {"im", "mpim"} else channel.name,
        "kind": channel.kind,
        "has_bot": world.BOT in channel.members,
        "is_shared": channel.is_ext_shared,
        "members": len(channel.members),
    }


def _connected(workspace: SimulatedWorkspace) -> bool:
    """Whether the bot can be reached; over HTTP nobody knows before trying."""
    return workspace.request_url is not None or workspace.socket_count > 0
