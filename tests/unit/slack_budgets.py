"""Slack's limits for a message, checked apart from the code that keeps them (docs: reference/block-kit)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LOUD = re.compile(r"<!(?!date\^)|<https?:|<mailto:|<#|<!subteam")


def problems(payload: dict[str, Any]) -> list[str]:
    """List everything about a message that Slack would refuse, or that would ping people by accident."""
    found: list[str] = []
    if set(payload) - {"text", "attachments"} or not payload["text"].strip() or len(payload["text"]) > 4000:
        found.append("a message has a text of 1 to 4000 characters, and attachments")
    if len(payload["attachments"]) > 20:
        found.append("more than 20 attachments")
    every_block = []
    for attachment in payload["attachments"]:
        if set(attachment) != {"color", "blocks"} or not re.fullmatch("#[0-9a-f]{6}", attachment["color"]):
            found.append("an attachment is a colour and blocks")
        if not attachment["blocks"]:
            found.append("an attachment without blocks")
        every_block += attachment["blocks"]
    if len(every_block) > 50:
        found.append("more than 50 blocks")
    for block in every_block:
        found += _block(block)
    total = sum(
        len(each["text"])
        for each in _walk(every_block)
        if each.get("type") in {"mrkdwn", "plain_text", "raw_text"}
    )
    if total > 12_000:
        found.append(f"{total} characters of block text")
    if [block["type"] for block in every_block].count("table") > 1:
        found.append("more than one table")
    spoken = [payload["text"], *(each["text"] for each in _walk(every_block) if each.get("type") == "mrkdwn")]
    found += [f"would ping or link: {text[:80]}" for text in spoken if LOUD.search(text)]
    found += [f"a broken escape: {text[-80:]}" for text in spoken if _broken(text)]
    json.dumps(payload).encode()
    json.dumps(payload, ensure_ascii=False).encode()
    return found


def _walk(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _walk(each)
    elif isinstance(value, list):
        for each in value:
            yield from _walk(each)


def _broken(text: str) -> bool:
    """Whether an `&` begins no entity, or a `<...>` is cut."""
    entities = re.sub(r"&(amp|lt|gt);", "", text)
    return "&" in entities or entities.count("<") != entities.count(">") - _quotes(entities)


def _quotes(text: str) -> int:
    return sum(line.startswith(">") for line in text.split("\n"))


def _text(value: dict[str, Any], limit: int, kinds: tuple[str, ...] = ("plain_text",)) -> list[str]:
    found = []
    if value["type"] not in kinds:
        found.append(f"{value['type']} where {kinds} is wanted")
    if not 1 <= len(value["text"]) <= limit:
        found.append(f"a text of {len(value['text'])} characters, limit {limit}")
    if value["type"] == "mrkdwn" and value.get("verbatim") is not True:
        found.append("mrkdwn that is not verbatim")
    return found


def _block(block: dict[str, Any]) -> list[str]:
    match block["type"]:
        case "section":
            found = _text(block["text"], 3000, ("mrkdwn", "plain_text"))
            return found + (_element(block["accessory"]) if "accessory" in block else [])
        case "context":
            found = [] if 1 <= len(block["elements"]) <= 10 else ["1 to 10 context elements"]
            return found + [line for each in block["elements"] for line in _text(each, 3000, ("mrkdwn",))]
        case "actions":
            action_ids = [each["action_id"] for each in block["elements"]]
            found = [] if 1 <= len(action_ids) <= 25 else ["1 to 25 actions"]
            found += ["an action id twice in a block"] if len(set(action_ids)) < len(action_ids) else []
            return found + [line for each in block["elements"] for line in _element(each)]
        case "table":
            return _table(block["rows"], block["column_settings"])
        case other:
            return [f"a block of type {other}"]


def _table(rows: list[list[dict[str, Any]]], columns: list[dict[str, Any]]) -> list[str]:
    cells = [cell for row in rows for cell in row]
    found = [] if 1 <= len(rows) <= 100 and 1 <= len(columns) <= 20 else ["1 to 100 rows of 1 to 20 cells"]
    found += [] if all(len(row) == len(columns) for row in rows) else ["rows of different lengths"]
    found += [] if all(set(cell) == {"type", "text"} and cell["text"] for cell in cells) else ["an odd cell"]
    return found + (["a table's text"] if sum(len(cell["text"]) for cell in cells) > 10_000 else [])


def _element(element: dict[str, Any]) -> list[str]:
    found = [] if 1 <= len(element["action_id"]) <= 255 else ["an action id of 1 to 255 characters"]
    match element["type"]:
        case "button":
            found += _text(element["text"], 75)
            found += (
                [] if 1 <= len(element["value"]) <= 2000 else ["a button's value of 1 to 2000 characters"]
            )
            found += [] if element.get("style", "primary") in {"primary", "danger"} else ["an unknown style"]
            return found + (_confirm(element["confirm"]) if "confirm" in element else [])
        case "overflow":
            return found + _options(element["options"], 5)
        case "static_select":
            return found + _text(element["placeholder"], 150) + _options(element["options"], 100)
        case other:
            return [f"an element of type {other}"]


def _options(options: list[dict[str, Any]], most: int) -> list[str]:
    values = [each["value"] for each in options]
    found = [] if 1 <= len(options) <= most else [f"1 to {most} options"]
    found += ["an option's value twice"] if len(set(values)) < len(values) else []
    found += ["a value of 1 to 150 characters"] if not all(1 <= len(value) <= 150 for value in values) else []
    return found + [line for each in options for line in _text(each["text"], 75)]


def _confirm(dialog: dict[str, Any]) -> list[str]:
    limits = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
    return [line for name, limit in limits.items() for line in _text(dialog[name], limit)]


def view_problems(view: dict[str, Any]) -> list[str]:
    """List everything about a modal that Slack would refuse, or that would ping people by accident."""
    found: list[str] = []
    if set(view) != {"type", "title", "close", "blocks"} or view["type"] != "modal":
        found.append("a modal has a title, a close button and blocks")
    found += [line for name in ("title", "close") for line in _text(view[name], 24)]
    if not 1 <= len(view["blocks"]) <= 100:
        found.append(f"{len(view['blocks'])} blocks, limit 100")
    for block in view["blocks"]:
        found += _literal(block) if block["type"] == "rich_text" else _block(block)
    spoken = [each["text"] for each in _walk(view["blocks"]) if each.get("type") == "mrkdwn"]
    found += [f"would ping or link: {text[:80]}" for text in spoken if LOUD.search(text)]
    found += [f"a broken escape: {text[-80:]}" for text in spoken if _broken(text)]
    if len(json.dumps(view)) > 100_000:
        found.append("far beyond what a phone shows; Slack's limit is 250 KB")
    json.dumps(view, ensure_ascii=False).encode()
    return found


def home_problems(view: dict[str, Any]) -> list[str]:
    """List everything about an App Home that Slack would refuse, or that would ping people by accident."""
    found: list[str] = []
    if set(view) != {"type", "blocks"} or view["type"] != "home":
        found.append("a Home has blocks")
    if not 1 <= len(view["blocks"]) <= 100:
        found.append(f"{len(view['blocks'])} blocks, limit 100")
    for block in view["blocks"]:
        found += _text(block["text"], 150) if block["type"] == "header" else _block(block)
    total = sum(len(each["text"]) for each in _walk(view["blocks"]) if isinstance(each.get("text"), str))
    if total > 12_000:
        found.append(f"{total} characters of block text")
    spoken = [each["text"] for each in _walk(view["blocks"]) if each.get("type") == "mrkdwn"]
    found += [f"would ping or link: {text[:80]}" for text in spoken if LOUD.search(text)]
    found += [f"a broken escape: {text[-80:]}" for text in spoken if _broken(text)]
    json.dumps(view, ensure_ascii=False).encode()
    return found


def _literal(block: dict[str, Any]) -> list[str]:
    """A block of preformatted text: nothing in it is read as markup."""
    (part,) = block["elements"]
    pieces = part["elements"]
    found = [] if part["type"] == "rich_text_preformatted" else [f"rich text of type {part['type']}"]
    found += [f"a piece of type {each['type']}" for each in pieces if each["type"] != "text"]
    texts = [each["text"] for each in pieces]
    found += ["a piece of 1 to 3000 characters"] if not all(1 <= len(text) <= 3000 for text in texts) else []
    odd = {each for text in texts for each in text if not (each.isprintable() or each in "\n\t")}
    return found + ([f"characters that do not print: {odd}"] if odd else [])
