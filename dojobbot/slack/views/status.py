"""How each status looks and reads: its colour bar, emoji and words. Colour never stands alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dojobbot.domain import GONE, Job
from dojobbot.slack.text import foreign, money, plain

__all__ = ["LOOKS", "ORDER", "OTHER", "Look", "look", "outcome", "plain_word"]

_BLUE = "#0d6efd"
_GREEN = "#198754"
_RED = "#dc3545"
_DARK = "#343a40"
_GRAY = "#6c757d"
_CYAN = "#0dcaf0"
_YELLOW = "#ffc107"
_LIGHT = "#adb5bd"


@dataclass(frozen=True, slots=True)
class Look:
    """One status: bar colour, emoji, the word for it, and how a headline says it after a job's name."""

    color: str
    emoji: str
    word: str
    phrase: str


LOOKS: dict[str, Look] = {
    "Running": Look(_BLUE, ":large_blue_circle:", "Running", "is running"),
    "Finishing": Look(_LIGHT, ":hourglass_flowing_sand:", "Finishing", "is finishing"),
    "DataIngesting": Look(_LIGHT, ":hourglass_flowing_sand:", "Storing results", "is storing its results"),
    "Queued": Look(_CYAN, ":hourglass_flowing_sand:", "Queued", "is queued"),
    "Created": Look(_GRAY, ":white_circle:", "Created", "was created"),
    "Accepted": Look(_LIGHT, ":white_circle:", "Accepted", "is accepted"),
    "Suspended": Look(_LIGHT, ":double_vertical_bar:", "Suspended", "is suspended"),
    "Quoted": Look(_YELLOW, ":moneybag:", "Quoted", "has a quote"),
    "Failed": Look(_RED, ":x:", "Failed", "failed"),
    "FailedQuotation": Look(_RED, ":x:", "Quotation failed", "could not be quoted"),
    "InsufficientFunds": Look(_RED, ":x:", "Insufficient funds", "has insufficient funds"),
    "Succeeded": Look(_GREEN, ":white_check_mark:", "Succeeded", "succeeded"),
    "Cancelled": Look(_DARK, ":no_entry_sign:", "Cancelled", "was cancelled"),
    GONE: Look(_LIGHT, ":grey_question:", "Gone", "is no longer known to Deep Origin"),
}

OTHER = Look(_LIGHT, ":grey_question:", "Other", "is in another state")
"""All statuses never heard of, where they stand together."""

ORDER: tuple[str, ...] = tuple(LOOKS)
"""The order of groups in a list: what moves first, then what waits for a person, then what has ended."""


def look(status: str) -> Look:
    """Give the look of a status; one never heard of keeps its own word, escaped."""
    known = LOOKS.get(status)
    if known is not None:
        return known
    name = foreign(status, 40) or "Unknown"
    return replace(OTHER, word=name, phrase=f"has the status {name}")


def plain_word(status: str) -> str:
    """Give the word for a status where nothing is read as markup."""
    known = LOOKS.get(status)
    return plain(status, 40) or "Unknown" if known is None else known.word


def outcome(job: Job) -> str:
    """Say in a headline where a job is, after its name: `failed`, `has a quote: $184.50`."""
    if job.status != "Quoted" or job.quote is None:
        return look(job.status).phrase
    amount = job.quote.amount
    return "has an incomplete quote" if amount is None else f"has a quote: {money(amount)}"
