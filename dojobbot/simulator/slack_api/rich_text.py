"""Slack's rules for rich text: sections, lists, quotes and preformatted parts, and the pieces in them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from dojobbot.simulator.slack_api.checks import Check, Problems, has_fields, items, one_of, string

# Each kind of piece with the fields it needs and those it may have; every one may have a style.
PIECES: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "text": (("text",), ()),
    "link": (("url",), ("text", "unsafe")),
    "emoji": (("name",), ("unicode", "url", "skin_tone")),
    "user": (("user_id",), ()),
    "usergroup": (("usergroup_id",), ()),
    "channel": (("channel_id",), ()),
    "team": (("team_id",), ()),
    "broadcast": (("range",), ()),
    "color": (("value",), ()),
    "date": (("timestamp", "format"), ("url", "fallback")),
}
STYLES = frozenset(
    {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}
)
RANGES = ("here", "channel", "everyone")
MOST_PARTS = 100
MOST_PIECES = 1000


def _piece(value: Any, at: str, problems: Problems, kinds: Mapping[str, object] = PIECES) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in kinds:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
        return
    required, optional = PIECES[kind]
    if not has_fields(value, at, problems, required, (*optional, "style")):
        return
    for name in required:
        if name == "timestamp":
            if not isinstance(value[name], int):
                problems.add("must be an integer", f"{at}/{name}")
        else:
            string(value[name], f"{at}/{name}", problems, 40_000)
    if kind == "broadcast":
        one_of(value["range"], f"{at}/range", problems, RANGES)
    style = value.get("style", {})
    if not isinstance(style, dict) or not style.keys() <= STYLES:
        problems.add("must be an object of styles", f"{at}/style")


def _section(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",)):
        items(value["elements"], f"{at}/elements", problems, MOST_PIECES, _piece, least=0)


def _quote(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",), ("border",)):
        items(value["elements"], f"{at}/elements", problems, MOST_PIECES, _piece)


def _preformatted(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("elements",), ("border", "language")):
        one = partial(_piece, kinds={"text": PIECES, "link": PIECES})
        items(value["elements"], f"{at}/elements", problems, MOST_PIECES, one)


def _list(value: Any, at: str, problems: Problems) -> None:
    if has_fields(value, at, problems, ("style", "elements"), ("indent", "offset", "border")):
        one_of(value["style"], f"{at}/style", problems, ("bullet", "ordered"))
        one = partial(_part, kinds={"rich_text_section": _section})
        items(value["elements"], f"{at}/elements", problems, MOST_PIECES, one)


PARTS: dict[str, Check] = {
    "rich_text_section": _section,
    "rich_text_list": _list,
    "rich_text_preformatted": _preformatted,
    "rich_text_quote": _quote,
}


def _part(value: Any, at: str, problems: Problems, kinds: Mapping[str, Check] = PARTS) -> None:
    kind = value.get("type") if isinstance(value, dict) else None
    check = kinds.get(kind) if isinstance(kind, str) else None
    if check is None:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
    else:
        check(value, at, problems)


def rich_text(value: Any, at: str, problems: Problems) -> None:
    """A block of rich text; as part of another block it may carry a block id, too."""
    if has_fields(value, at, problems, ("elements",), ("block_id",)):
        items(value["elements"], f"{at}/elements", problems, MOST_PARTS, _part)


def only_rich_text(value: Any, at: str, problems: Problems) -> None:
    """An object that has to be a block of rich text."""
    _part(value, at, problems, {"rich_text": rich_text})
