"""What buttons and menus are called and what they carry, and how to read it back without trusting it.

An option's value holds at most 150 characters (slack_sdk's limit for options), a button's 2000; one compact
form serves both: `id|seq|digest|amount`, with empty ends left out, and `verb|` in front in a menu.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dojobbot.domain import Destination

__all__ = [
    "ALL",
    "APPROVE",
    "BILLING",
    "CANCEL",
    "CHOOSE",
    "DETAILS",
    "DOWNLOAD",
    "FAILURES",
    "FIELDS",
    "HOME_OPEN",
    "HOME_REFRESH",
    "INPUTS",
    "IN_DETAILS",
    "LOG",
    "LOGS",
    "MENU",
    "MOVE",
    "MUTE",
    "NOTIFY",
    "OF_PLACES",
    "OPEN",
    "OPENERS",
    "OUTPUTS",
    "PROGRESS",
    "REFRESH",
    "RELOAD",
    "RESUME",
    "SHARE",
    "STATUS",
    "STOP",
    "STOP_BATCH",
    "SWITCH",
    "TABS",
    "WATCH",
    "Value",
    "carriable",
    "decode",
    "decode_menu",
    "decode_place",
    "encode",
    "encode_menu",
    "encode_place",
    "in_details",
]

NOTIFY = "notify"
MUTE = "mute"
WATCH = "watch"
STOP = "stop"
STOP_BATCH = "stop_batch"
"""A button on a batch's card; its value is the number of the watch."""
CANCEL = "cancel"
APPROVE = "approve"
OPEN = "open"
"""A button that answers with a job's private card."""
CHOOSE = "choose"
"""A menu of jobs; its options carry values, and the answer is the private card."""
MENU = "menu"
"""A card's overflow menu; its options carry a verb and a value."""
ALL = (NOTIFY, MUTE, WATCH, STOP, CANCEL, APPROVE, OPEN, CHOOSE, MENU)
"""Every action id that a message uses, those in `OPENERS` apart."""
HOME_OPEN = "home_open"
"""The menu of jobs in the Home; its options carry values, and the answer is the Details modal."""
HOME_REFRESH = "home_refresh"
"""A button of the Home: draw it anew."""
RESUME = "resume"
"""A button about a place that closed: try again there."""
MOVE = "move"
"""The same: tell me here."""
OF_PLACES = (RESUME, MOVE)
FAILURES = "failures"
REFRESH = "refresh"
SHARE = "share"

STATUS, FIELDS, INPUTS, OUTPUTS = "status", "fields", "inputs", "outputs"
BILLING, LOG, PROGRESS = "billing", "log", "progress"
TABS = (STATUS, FIELDS, INPUTS, OUTPUTS, BILLING, LOG, PROGRESS)
"""The tabs of the Details modal, in their order."""
DETAILS = "details"
LOGS = "logs"
OPENERS = {DETAILS: STATUS, LOGS: LOG, HOME_OPEN: STATUS}
"""Buttons of a message and the menu of the Home that open the modal, each at a tab; they carry a value."""
SWITCH, RELOAD, DOWNLOAD = "switch", "reload", "download"


def in_details(verb: str, tab: str) -> str:
    """Name a button of the modal: what it does, and with which tab."""
    return f"{verb}_{tab}"


IN_DETAILS = {in_details(verb, tab): (verb, tab) for verb in (SWITCH, RELOAD, DOWNLOAD) for tab in TABS}
"""Every action id inside the modal, with what it means; these carry a value, too."""

_JOB_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_SEQ = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9A-Za-z]{0,40}")
_AMOUNT = re.compile(r"(?=.{1,24}\Z)[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?")
_MENU_VERBS = frozenset({FAILURES, NOTIFY, REFRESH, SHARE})
_PLACE = re.compile(r"([A-Z0-9]{2,30})(?::([0-9]{1,15}\.[0-9]{1,10}))?")


@dataclass(frozen=True, slots=True)
class Value:
    """Which job a press is about, and the version (`seq`, 0 when not stored) that the person saw.

    Approve also carries the quote's `digest` and `amount`: what the person agreed to pay.
    """

    job_id: str
    seq: int
    digest: str = ""
    amount: float | None = None


def carriable(job_id: str) -> bool:
    """Whether a button can carry this id. The platform's are UUIDs; anything odd gets no buttons."""
    return _JOB_ID.fullmatch(job_id) is not None


def encode(value: Value) -> str:
    """Write a value as text that `decode` reads back. Raises ValueError for one that it would not."""
    amount = "" if value.amount is None else repr(value.amount)
    text = "|".join((value.job_id, str(value.seq), value.digest, amount)).rstrip("|")
    if decode(text) is None:
        raise ValueError("a button cannot carry this value")
    return text


def decode(text: str) -> Value | None:
    """Read a button's or an option's value; None for anything that `encode` does not write."""
    parts = text.split("|")
    if not 2 <= len(parts) <= 4:
        return None
    job_id, seq, digest, amount = parts + [""] * (4 - len(parts))
    if not (carriable(job_id) and _SEQ.fullmatch(seq) and _DIGEST.fullmatch(digest)):
        return None
    if not amount:
        return Value(job_id, int(seq), digest)
    if not (_AMOUNT.fullmatch(amount) and math.isfinite(float(amount))):
        return None
    return Value(job_id, int(seq), digest, float(amount))


def encode_menu(verb: str, value: Value) -> str:
    """Write the value of an option of a card's menu."""
    return f"{verb}|{encode(value)}"


def decode_menu(text: str) -> tuple[str, Value] | None:
    """Read the verb and the value of a menu's option; None for anything that no menu offers."""
    verb, _, rest = text.partition("|")
    value = decode(rest)
    return None if value is None or verb not in _MENU_VERBS else (verb, value)


def encode_place(place: Destination) -> str:
    """Write a place as text that `decode_place` reads back."""
    return place.key


def decode_place(text: str) -> Destination | None:
    """Read a place; None for anything that does not look like one."""
    found = _PLACE.fullmatch(text)
    return None if found is None else Destination(found[1], found[2])
