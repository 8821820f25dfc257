"""Words as people type them: split, looked up, quoted back; what `query` and `query_reports` share. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from zoneinfo import ZoneInfo

from dojobbot.errors import InvalidQuery

__all__ = ["shown", "split_words", "unknown_word", "value_of", "zone"]

_QUOTES = "`\"'“”‘’.;"  # noqa: RUF001 - phones type these quotation marks


def split_words(text: str) -> list[str]:
    """Split what was typed, lower-cased, without Slack's escapes and without quotes around words.

    What does not print goes: pasted text has zero-width spaces, with which a word looks like another.
    """
    text = "".join(each for each in text if each.isprintable() or each.isspace())
    for escaped, plain in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, plain)
    stripped = (word.strip(_QUOTES) for word in text.lower().split())
    return [word for word in stripped if word]


def value_of(words: list[str], key: str) -> str | None:
    """Give what follows `key`, None where it is not there. Raises InvalidQuery for two that differ."""
    values = {word.removeprefix(key) for word in words if word.startswith(key)}
    if len(values) > 1:
        first, second = sorted(values)[:2]
        raise InvalidQuery(
            f"`{key}{shown(first)}` and `{key}{shown(second)}` contradict each other.", hint="Type one."
        )
    return values.pop() if values else None


def zone(tz: str) -> ZoneInfo:
    """Find the zone; Slack's word for it may be missing, or newer than our tables."""
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def unknown_word(word: str, choices: Collection[str], hint: str) -> InvalidQuery:
    """Name the nearest word that is understood, if one is near."""
    key, colon, value = word[:60].partition(":")
    near = difflib.get_close_matches(key + colon, choices, n=1, cutoff=0.6)
    suggestion = ""
    if near:
        said = near[0] + value if near[0].endswith(":") else near[0]
        suggestion = f" Did you mean `{shown(said)}`?"
    return InvalidQuery(f"I don't know `{shown(word)}`.{suggestion}", hint=hint)


def shown(word: str) -> str:
    """Make a word fit to be quoted between backticks."""
    word = "".join(each for each in word.replace("`", "'") if each.isprintable())
    return word if len(word) <= 40 else word[:39] + "…"
