"""Slack's rules for blocks. Limits are those of Slack's Block Kit reference; unknown types are refused."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Literal

from dojobbot.simulator.slack_api import elements, newer_blocks, tables
from dojobbot.simulator.slack_api.checks import (
    PLAIN,
    Check,
    Problems,
    has_fields,
    items,
    one_of,
    optional_strings,
    text,
)
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.rich_text import rich_text

Surface = Literal["message", "attachment", "modal", "home"]
MOST_BLOCKS = {"message": 50, "attachment": 50, "modal": 100, "home": 100}
MOST_BLOCK_TEXT = 12_000


def _section(value: Any, at: str, problems: Problems) -> None:
    if not has_fields(value, at, problems, (), ("text", "fields", "accessory", "expand")):
        return
    if value.get("text") is None and value.get("fields") is None:
        problems.add("missing required field: text or fields", at)
    if value.get("text") is not None:
        text(value["text"], f"{at}/text", problems, 3000)
    if value.get("fields") is not None:
        items(value["fields"], f"{at}/fields", problems, 10, partial(text, limit=2000))
    if value.get("accessory") is not None:
        elements.element(value["accessory"], f"{at}/accessory", problems, elements.ACCESSORIES)


def _actions(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",)):
        one = partial(elements.element, kinds=elements.ACTIONS)
        items(value["elements"], f"{at}/elements", problems, 25, one)


def _context_element(value: Any, at: str, problems: Problems) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        elements.image(value, at, problems)
    else:
        text(value, at, problems, 3000)


def _context(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",)):
        items(value["elements"], f"{at}/elements", problems, 10, _context_element)


def _header(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("text",), ("level",)):
        text(value["text"], f"{at}/text", problems, 150, PLAIN)
        if value.get("level", 1) not in [1, 2, 3, 4]:
            problems.add("must be between 1 and 4", f"{at}/level")


def _divider(value: Any, at: str, problems: Problems) -> None:
    has_fields(value, at, problems, ())


def _image(value: Any, at: str, problems: Problems) -> None:
    elements.image(value, at, problems, optional=("title",))
    if isinstance(value, dict) and "title" in value:
        text(value["title"], f"{at}/title", problems, 2000, PLAIN)


def _input(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("label", "element"), ("hint", "optional", "dispatch_action")):
        text(value["label"], f"{at}/label", problems, 2000, PLAIN)
        if "hint" in value:
            text(value["hint"], f"{at}/hint", problems, 2000, PLAIN)
        elements.element(value["element"], f"{at}/element", problems, elements.INPUTS)


def _container(value: Any, at: str, problems: Problems) -> None:
    optional = ("title", "rich_text_title", "subtitle", "width", "icon")
    flags = ("is_collapsible", "default_collapsed", "has_header_divider")
    if not has_fields(value, at, problems, ("child_blocks",), (*optional, *flags)):
        return
    if value.get("title") is None and value.get("rich_text_title") is None:
        problems.add("missing required field: title or rich_text_title", at)
    if value.get("title") is not None:
        text(value["title"], f"{at}/title", problems, 150, PLAIN)
    if "subtitle" in value:
        text(value["subtitle"], f"{at}/subtitle", problems, 150)
    one_of(value.get("width", "standard"), f"{at}/width", problems, ("narrow", "standard", "wide", "full"))
    items(value["child_blocks"], f"{at}/child_blocks", problems, 10, partial(_block, kinds=CHILDREN))


OLDER: dict[str, Check] = {
    "section": _section,
    "actions": _actions,
    "context": _context,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "rich_text": rich_text,
    "file": newer_blocks.unsendable,
    "video": newer_blocks.unsendable,
}
CHILDREN: dict[str, Check] = OLDER | {"table": tables.table}
BLOCKS: dict[str, Check] = OLDER | {
    "alert": newer_blocks.alert,
    "card": newer_blocks.card,
    "carousel": newer_blocks.carousel,
    "container": _container,
    "context_actions": newer_blocks.context_actions,
    "data_table": tables.data_table,
    "data_visualization": tables.chart,
    "markdown": newer_blocks.markdown,
    "plan": newer_blocks.plan,
    "table": tables.table,
    "task_card": newer_blocks.task_card,
}
_MESSAGE_AND_HOME = frozenset({"message", "home"})
SURFACES: dict[str, frozenset[str]] = {
    "alert": frozenset({"modal"}),
    "card": frozenset({"message", "modal", "home"}),
    "carousel": _MESSAGE_AND_HOME,
    "container": _MESSAGE_AND_HOME,
    "context_actions": frozenset({"message"}),
    "data_table": _MESSAGE_AND_HOME,
    "data_visualization": _MESSAGE_AND_HOME,
    "file": frozenset({"message"}),
    "markdown": frozenset({"message"}),
    "plan": frozenset({"message"}),
    "table": frozenset({"message", "attachment", "home"}),
    "task_card": frozenset({"message"}),
}
"""Where a block may stand; those that are not named may stand everywhere."""


def _block(value: Any, at: str, problems: Problems, kinds: dict[str, Check]) -> None:
    if isinstance(value, dict):
        optional_strings(value, at, problems, {"block_id": 255})
        value = {name: field for name, field in value.items() if name != "block_id"}
    elements.element(value, at, problems, kinds)


def walk(blocks: Iterable[Any]) -> Iterator[Json]:
    """All blocks, each followed by those inside it: the children of containers, the cards of carousels."""
    for block in blocks:
        if isinstance(block, dict):
            yield block
            inner = {"container": "child_blocks", "carousel": "elements"}.get(str(block.get("type")))
            if inner is not None and isinstance(block.get(inner), list):
                yield from walk(block[inner])


def parts(block: Json) -> Iterator[Json]:
    """The interactive or pictorial elements of a block itself, in order."""
    for name in ("accessory", "element", "hero_image", "icon"):
        if isinstance(block.get(name), dict):
            yield block[name]
    listed = {"actions": "elements", "context": "elements", "context_actions": "elements", "card": "actions"}
    several = block.get(listed.get(str(block.get("type")), ""))
    if isinstance(several, list):
        yield from (item for item in several if isinstance(item, dict))


def check_blocks(
    blocks: Any, at: str, problems: Problems, surface: Surface, seen_ids: set[str] | None = None
) -> None:
    """Note what is wrong with a list of blocks.

    Args:
        blocks: the decoded value.
        at: JSON pointer of the list.
        problems: receives a line per problem.
        surface: where the blocks are to be shown.
        seen_ids: block ids used earlier in the same message; those found here are added.
    """
    kinds = {name: check for name, check in BLOCKS.items() if surface in SURFACES.get(name, {surface})}
    items(blocks, at, problems, MOST_BLOCKS[surface], partial(_block, kinds=kinds), least=0)
    if not isinstance(blocks, list):
        return
    seen = set() if seen_ids is None else seen_ids
    for number, block in enumerate(walk(blocks)):
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                problems.add(f"block_id already exists: {block_id}", f"{at}/{number}/block_id")
            seen.add(block_id)
        ids = [part["action_id"] for part in parts(block) if "action_id" in part]
        if len(ids) != len(set(map(str, ids))):
            problems.add("action_id already exists in this block", f"{at}/{number}/elements")


def text_length(value: Any) -> int:
    """The characters of all text objects and rich texts inside a value; tables have limits of their own."""
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    if not isinstance(value, dict) or value.get("type") in ("table", "data_table"):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(text_length(item) for item in value.values())
