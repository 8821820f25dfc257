"""Slack's rules for blocks. Limits are those of Slack's Block Kit reference; unknown types are refused."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from dojobbot.simulator.slack_api import elements
from dojobbot.simulator.slack_api.checks import (
    PLAIN,
    Check,
    Problems,
    has_fields,
    items,
    optional_strings,
    string,
    text,
)
from dojobbot.simulator.slack_api.problems import Json

Surface = Literal["message", "modal", "home"]
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
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
        if value.get("level", 1) not in {1, 2, 3, 4}:
            problems.add("must be between 1 and 4", f"{at}/level")


def _divider(value: Any, at: str, problems: Problems) -> None:
    has_fields(value, at, problems, ())


def _image(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("image_url", "alt_text"), ("title",)):
        string(value["image_url"], f"{at}/image_url", problems, 3000)
        string(value["alt_text"], f"{at}/alt_text", problems, 2000)
        if "title" in value:
            text(value["title"], f"{at}/title", problems, 2000, PLAIN)


def _input(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("label", "element"), ("hint", "optional", "dispatch_action")):
        text(value["label"], f"{at}/label", problems, 2000, PLAIN)
        if "hint" in value:
            text(value["hint"], f"{at}/hint", problems, 2000, PLAIN)
        elements.element(value["element"], f"{at}/element", problems, elements.INPUTS)


RICH_TEXT = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def _rich_part(value: Any, at: str, problems: Problems) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in RICH_TEXT:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
    elif not isinstance(value.get("elements"), list):
        problems.add("missing required field: elements", at)


def _rich_text(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",)):
        items(value["elements"], f"{at}/elements", problems, 100, _rich_part)


BLOCKS: dict[str, Check] = {
    "section": _section,
    "actions": _actions,
    "context": _context,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
}


def _block(value: Any, at: str, problems: Problems) -> None:
    if isinstance(value, dict):
        optional_strings(value, at, problems, {"block_id": 255})
        value = {name: field for name, field in value.items() if name != "block_id"}
    elements.element(value, at, problems, BLOCKS)


def parts(block: Json) -> Iterator[Json]:
    """The interactive or pictorial elements of a block, in order."""
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict):
            yield block[name]
    if block.get("type") in {"actions", "context"} and isinstance(block.get("elements"), list):
        yield from (item for item in block["elements"] if isinstance(item, dict))


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
    items(blocks, at, problems, MOST_BLOCKS[surface], _block, least=0)
    if not isinstance(blocks, list):
        return
    seen = set() if seen_ids is None else seen_ids
    for number, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                problems.add(f"block_id already exists: {block_id}", f"{at}/{number}/block_id")
            seen.add(block_id)
        ids = [part["action_id"] for part in parts(block) if "action_id" in part]
        if len(ids) != len(set(map(str, ids))):
            problems.add("action_id already exists in this block", f"{at}/{number}/elements")


def text_length(value: Any) -> int:
    """The characters of all text objects and rich texts inside a value."""
    if isinstance(value, list):
        return sum(text_length(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = len(value["text"]) if isinstance(value.get("text"), str) else 0
    return own + sum(text_length(item) for item in value.values())
