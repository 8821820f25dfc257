"""The guided first run: the steps of the story, and which of them have happened."""

from dataclasses import dataclass

from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.interactions import Interaction
from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.workspace import SimulatedWorkspace


@dataclass(frozen=True)
class Step:
    """A step of the story: a title, and what to do, where `...` in backquotes is a command to type."""

    id: str
    title: str
    todo: str


STEPS = (
    Step("list", "See the jobs", "Type `/jobs running mine` to list Ada's running jobs."),
    Step("open", "Open one", "Choose one from the menu *Open a job…* below the list."),
    Step("follow", "Follow it", "Press *Notify me* on its card, to be told when it ends."),
    Step("hurry", "Speed time up", "In the panel *Deep Origin* choose 20x; jobs then end while you watch."),
    Step("pinged", "Be pinged", "Wait for the job to end: the channel mentions you."),
    Step("cancel", "Cancel another", "Open another running job of Ada's and press *Cancel job*."),
)


class Story:
    """Knows which steps have been done since the demo started, whoever did them.

    Args:
        workspace: the simulated workspace.
        platform: the simulated platform.
    """

    def __init__(self, workspace: SimulatedWorkspace, platform: SimulatedPlatform) -> None:
        self._workspace = workspace
        self._platform = platform
        self._done: set[str] = set()
        self._followers: set[str] = set()
        self._seen = 0

    def shown(self) -> Json:
        """The message of type `story`: the steps in order, each with `done`."""
        return {
            "type": "story",
            "steps": [
                {"id": step.id, "title": step.title, "todo": step.todo, "done": step.id in self._done}
                for step in STEPS
            ],
        }

    def look(self) -> bool:
        """Note what has happened; says whether a step was done."""
        before = len(self._done)
        interactions = self._workspace.interactions
        for each in interactions[self._seen :]:
            if each.error is None:
                self._note(each)
        self._seen = len(interactions)
        if self._platform.world.speed > 1:
            self._done.add("hurry")
        if "pinged" not in self._done and self._was_pinged():
            self._done.add("pinged")
        if "cancel" not in self._done and self._has_cancelled():
            self._done.add("cancel")
        return len(self._done) > before

    def _note(self, done: Interaction) -> None:
        name, _, words = done.what.partition(" ")
        actions = done.payload.get("actions", [])
        pressed = actions[0] if actions else {}
        label = pressed.get("text", {}).get("text", "")
        if name == "/jobs":
            self._done.add("list")
        if (name == "/job" and words) or pressed.get("type") == "static_select":
            self._done.add("open")
        if label == "Notify me" or (name == "/job" and words.split()[-1:] == ["notify"]):
            self._done.add("follow")
            self._followers.add(done.user)

    def _was_pinged(self) -> bool:
        """Whether the bot has mentioned somebody who follows a job where others see it, or in their DM."""
        state = self._workspace.state
        return any(
            _mentions(message, self._followers)
            for channel in state.channels
            for message in (state.messages(channel) if self._followers else [])
        )

    def _has_cancelled(self) -> bool:
        return any(
            each.method == "PATCH" and each.path.endswith(":cancel") and each.status == 200
            for each in self._platform.requests
        )


def _mentions(message: Message, users: set[str]) -> bool:
    return message.user == world.BOT and any(f"<@{user}>" in message.text for user in users)
