"""The files that the tabs of the Details modal offer: what is only shown in part, whole. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dojobbot.domain import Job, LogLine, Snapshot
from dojobbot.fields import json_head, to_json
from dojobbot.job_words import log_line
from dojobbot.slack.views import ids

__all__ = ["TEXT", "Beginning", "Document", "beginning", "document"]

JSON, TEXT = "JSON", "text"
"""What the button that fetches a file calls it."""
_LONGEST_INDENT = 100
_FIELDS = {ids.FIELDS: "metadata", ids.INPUTS: "userInputs", ids.OUTPUTS: "userOutputs"}
_NAMES = {
    ids.FIELDS: "metadata",
    ids.INPUTS: "inputs",
    ids.OUTPUTS: "outputs",
    ids.BILLING: "billing",
    ids.PROGRESS: "progress",
    ids.LOG: "log",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file."""

    filename: str
    text: str

    @property
    def content(self) -> bytes:
        """Its bytes. A half surrogate pair, which no file can hold, becomes a question mark."""
        return self.text.encode("utf-8", "replace")


def document(
    tab: str, job: Job, snapshot: Snapshot | None, lines: tuple[LogLine, ...] | None
) -> Document | None:
    """Give the file of a tab; None where it has nothing that is worth one."""
    stem = f"{job.short_id}-{_NAMES.get(tab, tab)}"
    if tab == ids.LOG:
        return Document(f"{stem}.txt", "\n".join(map(log_line, lines))) if lines else None
    found = None if snapshot is None else _found(tab, snapshot)
    if found is None:
        return None
    if isinstance(found, str):
        return Document(f"{stem}.{'json' if _kind(found) == JSON else 'txt'}", found)
    return Document(f"{stem}.json", to_json(found, indent=2))


@dataclass(frozen=True, slots=True)
class Beginning:
    """How the file of a tab begins; `whole`: that is all of it."""

    text: str
    kind: str
    whole: bool


def beginning(tab: str, snapshot: Snapshot, limit: int) -> Beginning | None:
    """Give the first characters of a tab's raw data, at no cost for the rest; None where it has none."""
    found = _found(tab, snapshot)
    if found is None:
        return None
    if isinstance(found, str):
        return Beginning(found[:limit], _kind(found), whole=len(found) <= limit)
    text, whole = json_head(found, limit)
    return Beginning(text, JSON, whole)


def _found(tab: str, snapshot: Snapshot) -> Any:
    """Give what a tab shows raw; None for nothing."""
    if tab in _FIELDS:
        return snapshot.mapping(_FIELDS[tab]) or None
    if tab == ids.PROGRESS:
        return snapshot.raw.get("progressReport") or None
    if tab == ids.BILLING:
        names = ("quotationResult", "billingTransaction", "billing")
        return {name: snapshot.raw[name] for name in names if snapshot.raw.get(name)} or None
    return None


def _kind(text: str) -> str:
    """Say whether a report that came as text is JSON inside, as those of free-energy runs are: by its ends.

    Some have many megabytes, and this is only about what to call them.
    """
    ends = text[:_LONGEST_INDENT].lstrip()[:1] + text[-_LONGEST_INDENT:].rstrip()[-1:]
    return JSON if ends in {"{}", "[]"} else TEXT
