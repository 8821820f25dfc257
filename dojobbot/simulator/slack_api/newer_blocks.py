"""Slack's rules for the newer blocks: markdown, alerts, cards, task lists and feedback buttons."""

from functools import partial
from typing import Any

from dojobbot.simulator.slack_api import elements
from dojobbot.simulator.slack_api.checks import (
    PLAIN,
    Check,
    Problems,
    has_fields,
    items,
    one_of,
    optional_strings,
    string,
    text,
)
from dojobbot.simulator.slack_api.rich_text import only_rich_text

MOST_MARKDOWN = 12_000
LEVELS = ("default", "info", "warning", "error", "success")
TASK_STATUSES = ("pending", "in_progress", "complete", "error")


def markdown(value: Any, at: str, problems: Problems) -> None:
    """A block of standard Markdown."""
    if has_fields(value, at, problems, ("text",)):
        string(value["text"], f"{at}/text", problems, MOST_MARKDOWN)


def alert(value: Any, at: str, problems: Problems) -> None:
    """A notice in the colour of its level."""
    if has_fields(value, at, problems, ("text",), ("level",)):
        text(value["text"], f"{at}/text", problems, 200)
        one_of(value.get("level", "default"), f"{at}/level", problems, LEVELS)


CARD_TEXTS = {"title": 150, "subtitle": 150, "body": 200, "subtext": 200}


def card(value: Any, at: str, problems: Problems) -> None:
    """A card; its texts are text objects, and it needs something to show."""
    optional = (*CARD_TEXTS, "hero_image", "icon", "slack_icon", "actions", "block_id")
    if not has_fields(value, at, problems, (), optional):
        return
    if not any(value.get(name) for name in ("hero_image", "title", "actions", "body")):
        problems.add("missing required field: one of hero_image, title, actions, body", at)
    for name, limit in CARD_TEXTS.items():
        if name in value:
            text(value[name], f"{at}/{name}", problems, limit)
    for name in ("hero_image", "icon"):
        if name in value:
            elements.element(value[name], f"{at}/{name}", problems, {"image": elements.image})
    if "actions" in value:
        one = partial(elements.element, kinds={"button": elements.button})
        items(value["actions"], f"{at}/actions", problems, 3, one)


def carousel(value: Any, at: str, problems: Problems) -> None:
    """Up to ten cards beside each other."""
    if has_fields(value, at, problems, ("elements",)):
        one = partial(elements.element, kinds={"card": card})
        items(value["elements"], f"{at}/elements", problems, 10, one)


def _source(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("url", "text")):
        string(value["url"], f"{at}/url", problems, 3000)
        string(value["text"], f"{at}/text", problems, 3000)


def _task(value: Any, at: str, problems: Problems, *, statuses: tuple[str, ...]) -> None:
    allowed = ("details", "output", "sources", "block_id")
    if not has_fields(value, at, problems, ("task_id", "title", "status"), allowed):
        return
    for name in ("task_id", "title"):
        string(value[name], f"{at}/{name}", problems, 3000)
    one_of(value["status"], f"{at}/status", problems, statuses)
    for name in ("details", "output"):
        if name in value:
            only_rich_text(value[name], f"{at}/{name}", problems)
    if "sources" in value:
        one = partial(elements.element, kinds={"url": _source})
        items(value["sources"], f"{at}/sources", problems, 100, one, least=0)


def task_card(value: Any, at: str, problems: Problems) -> None:
    """A task by itself; there `pending` is refused."""
    _task(value, at, problems, statuses=TASK_STATUSES[1:])


def plan(value: Any, at: str, problems: Problems) -> None:
    """A list of tasks; its title is a bare string."""
    if has_fields(value, at, problems, ("title",), ("tasks",)):
        string(value["title"], f"{at}/title", problems, 3000)
        if "tasks" in value:
            one = partial(elements.element, kinds={"task_card": partial(_task, statuses=TASK_STATUSES)})
            items(value["tasks"], f"{at}/tasks", problems, 50, one, least=0)


def _opinion(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("text", "value"), ("accessibility_label",)):
        text(value["text"], f"{at}/text", problems, 75, PLAIN)
        string(value["value"], f"{at}/value", problems, 2000)


def _feedback(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("positive_button", "negative_button"), ("action_id",)):
        for name in ("positive_button", "negative_button"):
            _opinion(value[name], f"{at}/{name}", problems)
        optional_strings(value, at, problems, {"action_id": 255})


def _icon_button(value: Any, at: str, problems: Problems) -> None:
    optional = ("value", "action_id", "confirm", "accessibility_label", "visible_to_user_ids")
    if has_fields(value, at, problems, ("icon", "text"), optional):
        text(value["text"], f"{at}/text", problems, 75, PLAIN)
        optional_strings(value, at, problems, {"action_id": 255, "value": 2000})
        if "confirm" in value:
            elements.confirm(value["confirm"], f"{at}/confirm", problems)


CONTEXT_ACTIONS: dict[str, Check] = {"feedback_buttons": _feedback, "icon_button": _icon_button}


def context_actions(value: Any, at: str, problems: Problems) -> None:
    """Small buttons under a message."""
    if has_fields(value, at, problems, ("elements",)):
        one = partial(elements.element, kinds=CONTEXT_ACTIONS)
        items(value["elements"], f"{at}/elements", problems, 5, one)


def unsendable(value: Any, at: str, problems: Problems) -> None:
    """A block that Slack knows and an app like this cannot send: `file`, and `video` without its scope."""
    problems.add(f"unsupported type: {value['type']}: this app cannot send it", f"{at}/type")
