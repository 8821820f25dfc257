"""What a person does in the demo's page: write, type a command, press a button or choose from a menu."""

import re
from collections.abc import Awaitable, Callable, Mapping

from dojobbot.simulator.slack_api.controls import ConfirmNeeded
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.workspace import SimulatedWorkspace

COMMANDS = (
    ("/jobs", "list the newest jobs, or those you name: running, mine, tool:docking, since:7d, help"),
    ("/job", "show one job: its id, the start of it, or a link to it"),
    ("/invite", "add somebody to this channel: @dojobbot"),
)
"""What the composer offers: name and use."""


class Refusal(Exception):
    """The page asked for something that cannot be done; the text is for the person."""


Action = Callable[[SimulatedWorkspace, str, Mapping[str, object]], Awaitable[str | None]]


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"{name} is missing.")
    return value


def _optional(body: Mapping[str, object], name: str) -> str | None:
    return None if body.get(name) is None else _text(body, name)


async def say(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Write `text` into `channel`: a message, or a command when it begins with a slash."""
    channel, text = _text(body, "channel"), _text(body, "text").strip()
    if not text.startswith("/"):
        await workspace.say(user, channel, _markup(workspace, text))
        return None
    name, _, words = text.partition(" ")
    if name == "/invite":
        await workspace.invite(user, channel, _named(workspace, words))
        return None
    return (await workspace.type_command(user, channel, text)).error


async def press(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Press `control` (an action id) of the message `ts` in `channel`.

    `option` is the choice of a menu, `block` tells controls of one name apart, and `confirmed` says that the
    person has agreed in the confirm dialog.
    """
    done = await workspace.press(
        user,
        _text(body, "channel"),
        _text(body, "ts"),
        _text(body, "control"),
        option=_optional(body, "option"),
        block_id=_optional(body, "block"),
        confirm=True if body.get("confirmed") is True else None,
    )
    return None if done is None else done.error


def _markup(workspace: SimulatedWorkspace, text: str) -> str:
    """What was typed as Slack stores it: escaped, and the handles of people as mentions."""
    handles = {user.name: user.id for user in workspace.users}
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def mention(match: re.Match[str]) -> str:
        return f"<@{handles[match[1]]}>" if match[1] in handles else match[0]

    return re.sub(r"(?<!\w)@([\w-]+)", mention, escaped)


def _named(workspace: SimulatedWorkspace, words: str) -> str:
    """The id of the user whose handle was typed."""
    handle = words.strip().removeprefix("@")
    for user in workspace.users:
        if user.name == handle and not user.deleted:
            return user.id
    raise Refusal(f"Nobody here is called {handle or 'nothing'!r}. Try /invite @dojobbot")


def _refusing(action: Action) -> Action:
    """The action, its failures told as refusals."""

    async def act(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
        try:
            return await action(workspace, user, body)
        except SlackError as error:
            raise Refusal(f"Slack answers {error}.") from error
        except ConfirmNeeded as error:
            raise Refusal("This button now asks first. Press it once more.") from error
        except LookupError as error:
            if isinstance(error, KeyError | IndexError):
                raise  # not the workspace's word for something that is not there
            raise Refusal("This message has changed meanwhile. Look again, then press.") from error
        except ValueError as error:
            raise Refusal(str(error)) from error

    return act


ACTIONS: Mapping[str, Action] = {"say": _refusing(say), "press": _refusing(press)}
