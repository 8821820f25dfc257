"""What a person does in the demo's page: write, type commands, operate controls, fill in modals."""

import re
from collections.abc import Awaitable, Callable, Mapping

from dojobbot.simulator.page_words import Refusal, optional_text, required_text
from dojobbot.simulator.slack_api.controls import ConfirmNeeded
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.workspace import SimulatedWorkspace

COMMANDS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "/jobs",
        "list the newest jobs, or those you name",
        (
            ("running", "by status: running, queued, failed, quoted, ..."),
            ("mine", "your own"),
            ("running mine", "both"),
            ("tool:docking since:7d", "of one tool, created in the last 7 days"),
            ("help", "all the words there are"),
        ),
    ),
    ("/job", "show one job: its id, the start of it, or a link to it", (("help", "what can follow the id"),)),
    ("/invite", "add somebody to this channel", (("@dojobbot", "so that it can post here"),)),
    ("/remove", "take somebody out of this channel", (("@dojobbot", "nothing can be posted here then"),)),
    ("/archive", "archive this channel", ()),
    ("/unarchive", "open it again (in Slack: in the channel's settings)", ()),
)
"""What the composer offers: name, use, and examples of what follows the name, with their use."""


Action = Callable[[SimulatedWorkspace, str, Mapping[str, object]], Awaitable[str | None]]


async def say(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Write `text` into `channel`: a message, or a command when it begins with a slash.

    `thread` is the message that it answers; Slack takes no commands in threads.
    """
    channel, text = required_text(body, "channel"), required_text(body, "text").strip()
    thread = optional_text(body, "thread")
    if not text.startswith("/"):
        await workspace.say(user, channel, _markup(workspace, text), thread)
        return None
    name, _, words = text.partition(" ")
    if thread is not None:
        raise Refusal(f"{name} is not supported in threads. Sorry! Type it into the channel.")
    if name == "/invite":
        await workspace.invite(user, channel, _named(workspace, words))
    elif name == "/remove":
        await workspace.remove(channel, _named(workspace, words))
    elif name == "/archive":
        await workspace.archive(user, channel)
    elif name == "/unarchive":
        await workspace.unarchive(user, channel)
    else:
        return (await workspace.type_command(user, channel, text)).error
    return None


async def press(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Press `control` (an action id) of the message `ts` in `channel`.

    `option` is the choice of a menu, `block` tells controls of one name apart, and `confirmed` says that the
    person has agreed in the confirm dialog.
    """
    done = await workspace.press(
        user,
        required_text(body, "channel"),
        required_text(body, "ts"),
        required_text(body, "control"),
        option=optional_text(body, "option"),
        block_id=optional_text(body, "block"),
        confirm=True if body.get("confirmed") is True else None,
    )
    return None if done is None else done.error


async def press_in_view(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Press `control` of `view`, a modal or the App Home; the rest as for `press`."""
    done = await workspace.press_in_view(
        user,
        required_text(body, "view"),
        required_text(body, "control"),
        option=optional_text(body, "option"),
        confirm=True if body.get("confirmed") is True else None,
    )
    return None if done is None else done.error


async def submit(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Submit the modal `view` with its `values`: block id -> action id -> what was entered."""
    values = body.get("values")
    if not isinstance(values, dict) or not all(isinstance(each, dict) for each in values.values()):
        raise Refusal("values is missing.")
    try:
        return (await workspace.submit_modal(user, required_text(body, "view"), values)).error
    except LookupError as error:
        raise Refusal(str(error)) from error


async def close(workspace: SimulatedWorkspace, user: str, body: Mapping[str, object]) -> str | None:
    """Close the modal `view`, or with `all` every one of them, as the cross in its corner does."""
    whole_stack = body.get("all") is True
    done = await workspace.close_modal(user, required_text(body, "view"), whole_stack=whole_stack)
    return None if done is None else done.error


async def open_home(workspace: SimulatedWorkspace, user: str, _body: Mapping[str, object]) -> str | None:
    """Open the Home tab of the app."""
    await workspace.open_home(user)
    return None


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
            raise Refusal("This has changed meanwhile. Look again, then press.") from error
        except ValueError as error:
            raise Refusal(str(error)) from error

    return act


ACTIONS: Mapping[str, Action] = {
    action.__name__: _refusing(action) for action in (say, press, press_in_view, submit, close, open_home)
}
