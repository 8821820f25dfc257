"""The small checks that Slack's schema is made of; each adds lines, worded as Slack's, to `Problems`."""

from collections.abc import Callable, Collection
from typing import Any

PLAIN = ("plain_text",)
ANY_TEXT = ("plain_text", "mrkdwn")


class Problems(list[str]):
    """What is wrong with a payload, one line a problem, each with a JSON pointer."""

    def add(self, message: str, at: str) -> None:
        """Note one problem."""
        self.append(f"[ERROR] {message} [json-pointer:{at}]")


Check = Callable[[Any, str, Problems], None]


def has_fields(
    value: Any, at: str, problems: Problems, required: Collection[str], optional: Collection[str] = ()
) -> bool:
    """Whether a value is an object with the required fields; unknown fields are noted, too."""
    if not isinstance(value, dict):
        problems.add("must be an object", at)
        return False
    missing = [name for name in required if value.get(name) is None]
    for name in missing:
        problems.add(f"missing required field: {name}", at)
    for name in value:
        if name not in required and name not in optional and name != "type":
            problems.add(f"invalid additional property: {name}", at)
    return not missing


def string(value: Any, at: str, problems: Problems, limit: int, minimum: int = 1) -> None:
    """A string of `minimum` to `limit` characters."""
    if not isinstance(value, str):
        problems.add("must be a string", at)
    elif len(value) < minimum:
        problems.add(f"must be more than {minimum - 1} characters", at)
    elif len(value) > limit:
        problems.add(f"must be less than {limit + 1} characters", at)


def optional_strings(value: dict[str, Any], at: str, problems: Problems, limits: dict[str, int]) -> None:
    """The named fields, where present, are strings within their limits."""
    for name, limit in limits.items():
        if name in value:
            string(value[name], f"{at}/{name}", problems, limit)


def items(value: Any, at: str, problems: Problems, most: int, check: Check, *, least: int = 1) -> None:
    """A list of `least` to `most` items that each pass the check."""
    if not isinstance(value, list):
        problems.add("must be an array", at)
        return
    if len(value) < least:
        problems.add(f"no fewer than {least} items allowed", at)
    if len(value) > most:
        problems.add(f"no more than {most} items allowed", at)
    for number, item in enumerate(value):
        check(item, f"{at}/{number}", problems)


def text(value: Any, at: str, problems: Problems, limit: int, kinds: Collection[str] = ANY_TEXT) -> None:
    """A text object of one of the kinds, with 1 to `limit` characters."""
    if not has_fields(value, at, problems, ("type", "text"), ("emoji", "verbatim")):
        return
    kind = value["type"]
    if kind not in kinds:
        problems.add(f"unsupported type: {kind}", f"{at}/type")
    if kind == "plain_text" and "verbatim" in value:
        problems.add("invalid additional property: verbatim", at)
    if kind == "mrkdwn" and "emoji" in value:
        problems.add("invalid additional property: emoji", at)
    for name in ("emoji", "verbatim"):
        if not isinstance(value.get(name, False), bool):
            problems.add("must be a boolean", f"{at}/{name}")
    string(value["text"], f"{at}/text", problems, limit)


def one_of(value: Any, at: str, problems: Problems, allowed: Collection[str]) -> None:
    """A string out of a few."""
    if value not in allowed:
        problems.add(f"must be one of: {', '.join(allowed)}", at)
