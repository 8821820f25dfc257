"""What a message may contain: checks text, blocks, attachments and metadata, and fills in defaults."""

import itertools
import json
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from dojobbot.simulator.slack_api.blocks import MOST_BLOCK_TEXT, check_blocks, parts, text_length, walk
from dojobbot.simulator.slack_api.checks import Problems
from dojobbot.simulator.slack_api.newer_blocks import MOST_MARKDOWN
from dojobbot.simulator.slack_api.problems import Json, SlackError
from dojobbot.simulator.slack_api.tables import check_message

MOST_TEXT = 40_000
MOST_ATTACHMENTS = 100
# Slack says that there is a limit, but not which one; this is a cautious guess.
MOST_METADATA_BYTES = 16_384
NAMED_COLOURS = {"good": "2eb886", "warning": "daa038", "danger": "a30200"}
WITH_BLOCKS = {"blocks", "color", "fallback", "id"}
_BARE = re.compile(r"&(?!amp;|lt;|gt;)|<(?![@#!a-zA-Z][^<>]*>)")
_fresh = itertools.count(1)


@dataclass(frozen=True)
class Content:
    """The content of one request; None stands for what the request did not give.

    Attributes:
        text: as Slack stores it, with bare `&` and `<` escaped.
        blocks: checked, with block ids and defaults filled in.
        attachments: checked and numbered.
        metadata: `event_type` and `event_payload`.
        warning: `message_truncated` when the text was cut.
    """

    text: str | None
    blocks: tuple[Json, ...] | None
    attachments: tuple[Json, ...] | None
    metadata: Json | None
    warning: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.text and not self.blocks and not self.attachments


def decoded(args: Mapping[str, Any], name: str, error: str) -> Any:
    """An argument that is JSON, or the JSON text of it in a form; None when absent or empty."""
    value = args.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        return deepcopy(value)
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(error, messages=(f"[ERROR] {name} is not JSON",)) from None


def read_content(args: Mapping[str, Any], without: frozenset[str] = frozenset()) -> Content:
    """Read and check the content of a request.

    Args:
        args: the request.
        without: the types of block that this workspace does not know (yet).

    Raises:
        SlackError: `invalid_blocks`, `invalid_blocks_format`, `invalid_attachments`, `too_many_attachments`,
            `msg_blocks_too_long`, `markdown_text_conflict`, `msg_too_long`, `metadata_too_large` or
            `invalid_metadata_format`.
    """
    text, warning = args.get("text"), None
    if text is not None:
        text = _BARE.sub(lambda bare: "&amp;" if bare[0] == "&" else "&lt;", str(text))
        if len(text) > MOST_TEXT:
            text, warning = text[:MOST_TEXT], "message_truncated"
    blocks = _as_blocks(args) or decoded(args, "blocks", "invalid_blocks_format")
    attachments = decoded(args, "attachments", "invalid_attachments")
    seen: set[str] = set()
    if blocks is not None:
        problems = Problems()
        check_blocks(blocks, "/blocks", problems, "message", seen)
        if problems:
            raise SlackError("invalid_blocks", messages=tuple(problems))
    if attachments is not None:
        _check_attachments(attachments, seen)
    framed = [block for attachment in attachments or [] for block in attachment.get("blocks", [])]
    _check_known([*(blocks or []), *framed], without)
    _check_budgets([*(blocks or []), *framed])
    return Content(
        text=text,
        blocks=None if blocks is None else with_defaults(blocks),
        attachments=None if attachments is None else _stored(attachments),
        metadata=_metadata(args),
        warning=warning,
    )


def _as_blocks(args: Mapping[str, Any]) -> list[Json] | None:
    """The argument `markdown_text`, which stands for a block of it and excludes `text` and `blocks`."""
    markdown = args.get("markdown_text")
    if not markdown:
        return None
    if args.get("text") or args.get("blocks"):
        raise SlackError("markdown_text_conflict")
    if len(str(markdown)) > MOST_MARKDOWN:
        raise SlackError("msg_too_long")
    return [{"type": "markdown", "text": str(markdown)}]


def _check_known(blocks: list[Json], without: frozenset[str]) -> None:
    problems = Problems()
    for number, block in enumerate(walk(blocks)):
        if block["type"] in without:
            problems.add(f"unsupported type: {block['type']}", f"/blocks/{number}/type")
    if problems:
        raise SlackError("invalid_blocks", messages=tuple(problems))


def _check_budgets(blocks: list[Json]) -> None:
    """What all blocks of a message, those in attachments included, may hold together."""
    problems = Problems()
    check_message(walk(blocks), problems)
    if problems:
        raise SlackError("invalid_blocks", messages=tuple(problems))
    if text_length(blocks) > MOST_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")


def _check_attachments(attachments: Any, seen: set[str]) -> None:
    problems = Problems()
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments", messages=("[ERROR] attachments must be an array",))
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for number, attachment in enumerate(attachments):
        at = f"/attachments/{number}"
        if not isinstance(attachment, dict):
            problems.add("must be an object", at)
        elif "blocks" in attachment:
            check_blocks(attachment["blocks"], f"{at}/blocks", problems, "attachment", seen)
            for name in attachment.keys() - WITH_BLOCKS:
                problems.add(f"{name} cannot stand beside blocks", at)
        elif not attachment.keys() & {"text", "fallback", "pretext", "title", "fields", "image_url"}:
            problems.add("has nothing to show", at)
    if problems:
        raise SlackError("invalid_attachments", messages=tuple(problems))


def _metadata(args: Mapping[str, Any]) -> Json | None:
    metadata = decoded(args, "metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    sound = isinstance(metadata, dict) and isinstance(metadata.get("event_type"), str)
    if not sound or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > MOST_METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": metadata["event_payload"]}


def with_defaults(blocks: list[Json]) -> tuple[Json, ...]:
    """Checked blocks as Slack stores them: each with a block id, each control with an action id."""
    for block in walk(blocks):
        if block["type"] == "markdown":
            block.pop("block_id", None)  # Slack ignores the one that is given
        block.setdefault("block_id", f"b{next(_fresh):05x}")
        for part in parts(block):
            if part.get("type") not in {"image", "plain_text", "mrkdwn"}:
                part.setdefault("action_id", f"a{next(_fresh):05x}")
        _fill_texts(block)
    return tuple(blocks)


def _fill_texts(value: Any) -> None:
    """Give every text object the flag that Slack adds when it is not there."""
    if isinstance(value, dict):
        if value.get("type") == "plain_text":
            value.setdefault("emoji", True)
        elif value.get("type") == "mrkdwn":
            value.setdefault("verbatim", False)
        for item in value.values():
            _fill_texts(item)
    elif isinstance(value, list):
        for item in value:
            _fill_texts(item)


def _stored(attachments: list[Json]) -> tuple[Json, ...]:
    """Checked attachments as Slack stores them: numbered from 1, the colour without its `#`."""
    for number, attachment in enumerate(attachments, 1):
        attachment["id"] = number
        attachment.setdefault("fallback", "[no preview available]")
        if "blocks" in attachment:
            attachment["blocks"] = list(with_defaults(attachment["blocks"]))
        if "color" in attachment:
            colour = str(attachment["color"])
            attachment["color"] = NAMED_COLOURS.get(colour, colour.removeprefix("#"))
    return tuple(attachments)
