"""What a person can operate: finds buttons, menus and inputs by id or label; says what using them sends."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dojobbot.simulator.slack_api.blocks import parts, walk
from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.problems import Json

TYPED = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
PICKED = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
"""Elements whose choices Slack provides, with the name that payloads give to what was chosen."""
SEVERAL = frozenset(
    {"checkboxes", "multi_static_select", *(name for name in PICKED if name.startswith("multi_"))}
)


class ConfirmNeeded(Exception):
    """The control asks first; `dialog` is its confirm dialog. Operate it with `confirm=True` or `False`."""

    def __init__(self, label: str, dialog: Json) -> None:
        super().__init__(
            f"{label!r} asks first ({dialog['title']['text']!r}): pass confirm=True or confirm=False."
        )
        self.dialog = dialog


@dataclass(frozen=True)
class Control:
    """An interactive element where it stands.

    Attributes:
        element: the element's JSON.
        block_id: the block it is in.
        attachment: the number of its attachment, None when it is in the message itself.
    """

    element: Json
    block_id: str
    attachment: int | None = None

    @property
    def label(self) -> str:
        """What a person sees on it; the action id where that is nothing."""
        text = self.element.get("text") or self.element.get("placeholder")
        return str(text["text"]) if isinstance(text, dict) else str(self.element["action_id"])

    def options(self) -> list[Json]:
        """The choices it offers."""
        grouped = [option for group in self.element.get("option_groups", []) for option in group["options"]]
        return [*self.element.get("options", []), *grouped]

    def option(self, wanted: str) -> Json:
        """The choice with a value or a text; LookupError when there is none."""
        for option in self.options():
            if wanted in {option.get("value"), option["text"]["text"]}:
                return option
        offered = ", ".join(repr(option["text"]["text"]) for option in self.options())
        raise LookupError(f"{self.label!r} does not offer {wanted!r}; it offers {offered or 'nothing'}.")

    def action(self, choice: str | None, at: str) -> Json:
        """The entry of a payload's `actions` for a press, or for a choice from a menu."""
        element = self.element
        action: Json = {"action_id": element["action_id"], "block_id": self.block_id, "type": element["type"]}
        if element["type"] == "button":
            if choice is not None:
                raise LookupError(f"{self.label!r} is a button; it has no choices.")
            kept = ("text", "value", "style", "url", "confirm")
            return action | {name: element[name] for name in kept if name in element} | {"action_ts": at}
        if choice is None:
            raise LookupError(f"{self.label!r} is a menu: say which choice, with option=....")
        return (
            action
            | chosen(self, [choice] if element["type"] in SEVERAL else choice)
            | {name: element[name] for name in ("placeholder", "confirm") if name in element}
            | {"action_ts": at}
        )


def controls(blocks: Iterable[Json], attachment: int | None = None) -> Iterator[Control]:
    """The interactive elements of some blocks, in order."""
    for block in walk(blocks):
        for part in parts(block):
            if "action_id" in part:
                yield Control(part, block["block_id"], attachment)


def message_controls(message: Message) -> list[Control]:
    """The interactive elements of a message and its attachments, in order."""
    found = list(controls(message.blocks))
    for attachment in message.attachments:
        found += controls(attachment.get("blocks", ()), attachment["id"])
    return found


def pick(found: Iterable[Control], wanted: str, block_id: str | None) -> Control:
    """The one control with an action id or a label.

    Raises:
        LookupError: there is none, or there are several and no block id that tells them apart.
    """
    everything = list(found)
    fitting = [
        control
        for control in everything
        if wanted in {control.element["action_id"], control.label} and block_id in {None, control.block_id}
    ]
    if len(fitting) == 1:
        return fitting[0]
    there = ", ".join(f"{each.label!r} ({each.element['action_id']})" for each in everything)
    count = "no control" if not fitting else f"{len(fitting)} controls"
    raise LookupError(f"There is {count} {wanted!r} here. There are: {there or 'none'}.")


def agreed(control: Control, confirm: bool | None) -> bool:
    """Whether a control may be operated; ConfirmNeeded when it asks and nothing was answered."""
    dialog = control.element.get("confirm")
    if dialog is None:
        return True
    if confirm is None:
        raise ConfirmNeeded(control.label, dialog)
    return confirm


def typed_values(blocks: Iterable[Json], given: Mapping[str, Mapping[str, Any]]) -> Json:
    """The `state.values` of a modal's inputs.

    Args:
        blocks: the modal's blocks.
        given: what a person entered: block id -> action id -> a text, a choice's value or text, or a list of
            choices. What is not given keeps its initial value.

    Raises:
        LookupError: an input that has to be filled in is empty, or something unknown was given.
    """
    values: Json = {}
    known = {block["block_id"]: block for block in blocks if block["type"] == "input"}
    if unknown := given.keys() - known.keys():
        raise LookupError(f"There are no inputs {sorted(unknown)} here; there are {sorted(known)}.")
    for block_id, block in known.items():
        control = Control(block["element"], block_id)
        action_id = block["element"]["action_id"]
        entered = given.get(block_id, {}).get(action_id)
        value = _value(control, entered)
        if not block.get("optional") and not any(value[name] for name in value if name != "type"):
            raise LookupError(f"Slack would ask to fill in {block['label']['text']!r} ({block_id}).")
        values[block_id] = {action_id: value}
    return values


def chosen(control: Control, entered: Any) -> Json:
    """What a person chose or typed, under the name that payloads give it.

    Args:
        control: the menu or input.
        entered: a text, a choice's value or text, or a list of choices; None for nothing.
    """
    kind = control.element["type"]
    if kind in TYPED:
        return {"value": None if entered is None else str(entered)}
    if kind in PICKED:
        return {PICKED[kind]: entered}
    if kind in SEVERAL:
        return {"selected_options": [control.option(item) for item in entered or ()]}
    return {"selected_option": None if entered is None else control.option(str(entered))}


def _value(control: Control, entered: Any) -> Json:
    """The entry of `state.values` for an input; what was not touched keeps its initial value."""
    element = control.element
    kind = element["type"]
    if entered is not None:
        return {"type": kind, **chosen(control, entered)}
    [name] = chosen(control, None)
    initial = {name: element[name] for name in element if name.startswith("initial_")}
    nothing: Any = [] if kind in SEVERAL else None
    return {"type": kind, name: next(iter(initial.values()), nothing)}
