"""Slack's rules for block elements: buttons, menus, inputs and the objects inside them."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

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

STYLES = ("primary", "danger")
COMMON = ("action_id", "confirm")
FOCUSED = (*COMMON, "focus_on_load")


def confirm(value: Any, at: str, problems: Problems) -> None:
    """A confirm dialog."""
    if has_fields(value, at, problems, ("title", "text", "confirm", "deny"), ("style",)):
        text(value["title"], f"{at}/title", problems, 100, PLAIN)
        text(value["text"], f"{at}/text", problems, 300)
        text(value["confirm"], f"{at}/confirm", problems, 30, PLAIN)
        text(value["deny"], f"{at}/deny", problems, 30, PLAIN)
        if "style" in value:
            one_of(value["style"], f"{at}/style", problems, STYLES)


def option(value: Any, at: str, problems: Problems, *, optional: tuple[str, ...] = ("description",)) -> None:
    """An option of a menu."""
    if has_fields(value, at, problems, ("text", "value"), optional):
        text(value["text"], f"{at}/text", problems, 75, PLAIN)
        string(value["value"], f"{at}/value", problems, 150)
        optional_strings(value, at, problems, {"url": 3000})
        if "description" in value:
            text(value["description"], f"{at}/description", problems, 75, PLAIN)


def option_group(value: Any, at: str, problems: Problems) -> None:
    """A labelled group of options."""
    if has_fields(value, at, problems, ("label", "options")):
        text(value["label"], f"{at}/label", problems, 75, PLAIN)
        items(value["options"], f"{at}/options", problems, 100, option)


def _common(value: dict[str, Any], at: str, problems: Problems) -> None:
    """The fields that most elements share."""
    optional_strings(value, at, problems, {"action_id": 255})
    if "confirm" in value:
        confirm(value["confirm"], f"{at}/confirm", problems)
    if "placeholder" in value:
        text(value["placeholder"], f"{at}/placeholder", problems, 150, PLAIN)


def button(value: Any, at: str, problems: Problems) -> None:
    """A button."""
    if has_fields(value, at, problems, ("text",), (*COMMON, "value", "url", "style", "accessibility_label")):
        text(value["text"], f"{at}/text", problems, 75, PLAIN)
        optional_strings(value, at, problems, {"value": 2000, "url": 3000, "accessibility_label": 75})
        if "style" in value:
            one_of(value["style"], f"{at}/style", problems, STYLES)
        _common(value, at, problems)


def overflow(value: Any, at: str, problems: Problems) -> None:
    """An overflow menu."""
    if has_fields(value, at, problems, ("options",), COMMON):
        linked = partial(option, optional=("description", "url"))  # only an overflow menu opens addresses
        items(value["options"], f"{at}/options", problems, 5, linked)
        _common(value, at, problems)


def _choices(value: dict[str, Any]) -> list[Any]:
    """All options of an element, grouped or not."""
    groups = value.get("option_groups") or []
    grouped = [choice for group in groups if isinstance(group, dict) for choice in group.get("options", [])]
    return [*(value.get("options") or []), *grouped]


def select(value: Any, at: str, problems: Problems) -> None:
    """A menu with fixed options, for one choice or for several."""
    allowed = (*FOCUSED, "options", "option_groups", "placeholder", "initial_option", "initial_options")
    if not has_fields(value, at, problems, (), (*allowed, "max_selected_items")):
        return
    if ("options" in value) == ("option_groups" in value):
        problems.add("exactly one of options and option_groups is required", at)
    elif "options" in value:
        items(value["options"], f"{at}/options", problems, 100, option)
    else:
        items(value["option_groups"], f"{at}/option_groups", problems, 100, option_group)
    if "initial_option" in value and value["initial_option"] not in _choices(value):
        problems.add("initial_option must be one of the options", f"{at}/initial_option")
    _common(value, at, problems)


def boxes(value: Any, at: str, problems: Problems) -> None:
    """Checkboxes or radio buttons."""
    if has_fields(value, at, problems, ("options",), (*FOCUSED, "initial_option", "initial_options")):
        items(value["options"], f"{at}/options", problems, 10, option)
        _common(value, at, problems)


def text_input(value: Any, at: str, problems: Problems) -> None:
    """A field to type text into."""
    allowed = (*FOCUSED, "placeholder", "initial_value", "multiline", "min_length", "max_length")
    if has_fields(value, at, problems, (), (*allowed, "dispatch_action_config")):
        optional_strings(value, at, problems, {"initial_value": 3000})
        _common(value, at, problems)


def image(value: Any, at: str, problems: Problems, *, optional: tuple[str, ...] = ()) -> None:
    """A picture; one that was uploaded to Slack (`slack_file`) is not simulated."""
    if has_fields(value, at, problems, ("image_url", "alt_text"), optional):
        string(value["image_url"], f"{at}/image_url", problems, 3000)
        string(value["alt_text"], f"{at}/alt_text", problems, 2000)


PICKERS: Mapping[str, tuple[str, ...]] = {
    "users_select": ("placeholder", "initial_user"),
    "channels_select": ("placeholder", "initial_channel", "response_url_enabled"),
    "conversations_select": (
        *("placeholder", "initial_conversation", "default_to_current_conversation"),
        *("response_url_enabled", "filter"),
    ),
    "multi_users_select": ("placeholder", "initial_users", "max_selected_items"),
    "multi_channels_select": ("placeholder", "initial_channels", "max_selected_items"),
    "multi_conversations_select": ("placeholder", "initial_conversations", "max_selected_items", "filter"),
    "datepicker": ("placeholder", "initial_date"),
    "timepicker": ("placeholder", "initial_time", "timezone"),
    "datetimepicker": ("initial_date_time",),
}
"""Elements whose choices Slack itself provides, with the fields that each may have."""


def picker(value: Any, at: str, problems: Problems) -> None:
    """A menu of people or channels, or a choice of a day or an hour."""
    if has_fields(value, at, problems, (), (*FOCUSED, *PICKERS[value["type"]])):
        patterns = {"initial_date": r"\d{4}-\d\d-\d\d", "initial_time": r"\d\d:\d\d"}
        for name, pattern in patterns.items():
            if name in value and not re.fullmatch(pattern, str(value[name])):
                problems.add("is not in the right format", f"{at}/{name}")
        _common(value, at, problems)


def short_input(value: Any, at: str, problems: Problems) -> None:
    """A field for an address."""
    if has_fields(
        value, at, problems, (), (*FOCUSED, "placeholder", "initial_value", "dispatch_action_config")
    ):
        _common(value, at, problems)


def number_input(value: Any, at: str, problems: Problems) -> None:
    """A field for a number; its bounds are strings."""
    allowed = (*FOCUSED, "placeholder", "initial_value", "min_value", "max_value", "dispatch_action_config")
    if has_fields(value, at, problems, ("is_decimal_allowed",), allowed):
        optional_strings(value, at, problems, {"initial_value": 100, "min_value": 100, "max_value": 100})
        _common(value, at, problems)


CHOOSERS: dict[str, Check] = {
    "static_select": select,
    "multi_static_select": select,
    "checkboxes": boxes,
    "radio_buttons": boxes,
    **dict.fromkeys(PICKERS, picker),
}
ACTIONS: dict[str, Check] = {"button": button, "overflow": overflow, **CHOOSERS}
ACCESSORIES: dict[str, Check] = {**ACTIONS, "image": image}
INPUTS: dict[str, Check] = {
    "plain_text_input": text_input,
    "email_text_input": short_input,
    "url_text_input": short_input,
    "number_input": number_input,
    **CHOOSERS,
}


def element(value: Any, at: str, problems: Problems, kinds: dict[str, Check]) -> None:
    """An element of one of the kinds."""
    kind = value.get("type") if isinstance(value, dict) else None
    check = kinds.get(kind) if isinstance(kind, str) else None
    if check is None:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        check(value, at, problems)
