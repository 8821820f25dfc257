"""The few Block Kit shapes that the views use, as plain dicts within Slack's limits.

Limits are those of reference/block-kit: section and context text 3000, button and option text 75, option
value 150, confirm title 100, text 300 and buttons 30, placeholder 150, menu options 100, overflow options 5.
mrkdwn is always `verbatim`, so that nothing bare (`@here`, `#general`, a URL) in foreign text becomes a link.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dojobbot.slack.text import SECTION_BUDGET, block_text, clip, escape

__all__ = [
    "Block",
    "Payload",
    "actions",
    "attachment",
    "button",
    "chart",
    "confirm",
    "context",
    "header",
    "in_words",
    "message",
    "option",
    "overflow",
    "plain_text",
    "plainer",
    "preformatted",
    "section",
    "select",
    "size",
    "table",
    "table_as_text",
]

Block = dict[str, object]
Payload = dict[str, object]


def message(text: str, attachments: Sequence[Block] = ()) -> Payload:
    """Build a message: `text` is the headline, shown above the rest, in notifications and read aloud."""
    return {"text": text, "attachments": list(attachments)}


def attachment(color: str, blocks: Sequence[Block]) -> Block:
    """Build the only thing in a message that has a colour bar. No legacy field goes beside `blocks`."""
    return {"color": color, "blocks": list(blocks)}


def section(text: str, accessory: Block | None = None) -> Block:
    """Build a paragraph of mrkdwn (escaped by the caller), with a button beside it if given."""
    block: Block = {"type": "section", "text": _mrkdwn(text)}
    return block if accessory is None else block | {"accessory": accessory}


def context(text: str) -> Block:
    """Build a small grey line of mrkdwn."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def header(text: str) -> Block:
    """Build a heading, in plain text of at most 150 characters."""
    return {"type": "header", "text": plain_text(text)}


def preformatted(text: str) -> Block:
    """Build a block of literal text, such as JSON: no markup, no escaping; what does not print becomes `�`.

    Its pieces keep to the limit of a text object, although none is documented for them.
    """
    shown = "".join(each if each.isprintable() or each in "\n\t" else "�" for each in text) or " "
    pieces = [shown[start : start + SECTION_BUDGET] for start in range(0, len(shown), SECTION_BUDGET)]
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": each} for each in pieces]}
    return {"type": "rich_text", "elements": [part]}


def actions(elements: Sequence[Block]) -> Block:
    """Build a row of buttons and menus."""
    return {"type": "actions", "elements": list(elements)}


def button(label: str, action_id: str, value: str, *, style: str = "", dialog: Block | None = None) -> Block:
    """Build a button; `style` is primary or danger, `dialog` asks before it acts."""
    block: Block = {"type": "button", "text": plain_text(label), "action_id": action_id, "value": value}
    if style:
        block["style"] = style
    return block if dialog is None else block | {"confirm": dialog}


def confirm(title: str, text: str, yes: str, no: str, style: str) -> Block:
    """Build a confirm dialog. All of it is plain text: nothing in a name can pass for something else."""
    return {
        "title": plain_text(title),
        "text": plain_text(text),
        "confirm": plain_text(yes),
        "deny": plain_text(no),
        "style": style,
    }


def option(label: str, value: str) -> Block:
    """Build one line of a menu."""
    return {"text": plain_text(label), "value": value}


def overflow(action_id: str, options: Sequence[Block]) -> Block:
    """Build the `...` menu."""
    return {"type": "overflow", "action_id": action_id, "options": list(options)}


def select(action_id: str, placeholder: str, options: Sequence[Block]) -> Block:
    """Build a drop-down menu."""
    return {
        "type": "static_select",
        "action_id": action_id,
        "placeholder": plain_text(placeholder),
        "options": list(options),
    }


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> Block:
    """Build a table of plain text, one a message; the first row is its header.

    Args:
        rows: the cells, as many in each row and none of them empty.
        right: the places of the columns that hold numbers.
    """
    columns = range(len(rows[0]))
    return {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows],
        "column_settings": [
            {"align": "right"} if place in right else {"is_wrapped": True} for place in columns
        ],
    }


def chart(title: str, drawn: Block) -> Block:
    """Build a chart, outside attachments and two a message; the title is plain text of 50 characters."""
    return {"type": "data_visualization", "title": title, "chart": drawn}


def plainer(payload: Payload) -> Payload | None:
    """Give a message with its tables and charts as preformatted text; None without any.

    For a Slack that draws none.
    """
    if not any(f'"type": "{kind}"' in json.dumps(payload) for kind in _DRAWN):
        return None
    changed = dict(payload)
    blocks, attachments = payload.get("blocks"), payload.get("attachments")
    if isinstance(blocks, list):
        changed["blocks"] = [_drawn_plainly(block) for block in blocks]
    if isinstance(attachments, list):
        changed["attachments"] = [
            {**each, "blocks": [_drawn_plainly(block) for block in each["blocks"]]} for each in attachments
        ]
    return changed


def _drawn_plainly(block: Block) -> Block:
    write = _DRAWN.get(str(block["type"]))
    return block if write is None else write(block)


def table_as_text(drawn: Block) -> Block:
    """Write a table in columns of preformatted text, which is drawn everywhere."""
    rows: Any = drawn["rows"]
    return _preformatted([[cell["text"] for cell in row] for row in rows])


def _chart_as_text(drawn: Block) -> Block:
    """Write the numbers of a chart in rows: a pie's segments, or the labels with a column for each series."""
    figure: Any = drawn["chart"]
    if figure["type"] == "pie":
        rows = [[each["label"], str(each["value"])] for each in figure["segments"]]
    else:
        series = figure["series"]
        labels = [point["label"] for point in series[0]["data"]]
        values = [[str(point["value"]) for point in each["data"]] for each in series]
        rows = [["", *(each["name"] for each in series)], *map(list, zip(labels, *values, strict=True))]
    return _preformatted(rows, title=str(drawn["title"]))


def _preformatted(rows: Sequence[Sequence[str]], *, title: str = "") -> Block:
    cells = [[cell.replace("`", "'") for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells]
    text = escape("\n".join(line.rstrip() for line in lines))
    head = f"*{escape(title)}*\n" if title else ""
    return section(f"{head}```\n{clip(text, SECTION_BUDGET - 8 - len(head))}\n```")


_DRAWN: dict[str, Callable[[Block], Block]] = {"table": table_as_text, "data_visualization": _chart_as_text}


def size(block: Block | None) -> int:
    """Count the characters of a block's texts, as they count for a message's budget."""
    return 0 if block is None else block_text(block)


def in_words(payload: Payload) -> str:
    """Give all that a message says as text alone, for when Slack does not draw the rest."""
    inside = (payload.get("blocks"), payload.get("attachments"))
    return "\n".join([str(payload["text"]), *(said for each in inside for said in _paragraphs(each))])


def _paragraphs(value: object) -> Iterator[str]:
    """Give the mrkdwn inside blocks, in order."""
    if isinstance(value, list):
        for each in value:
            yield from _paragraphs(each)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield str(value["text"])
        for each in value.values():
            yield from _paragraphs(each)


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": clip(text, SECTION_BUDGET), "verbatim": True}


def plain_text(text: str) -> Block:
    """Build a text object in which nothing is read as markup."""
    return {"type": "plain_text", "text": text, "emoji": False}
