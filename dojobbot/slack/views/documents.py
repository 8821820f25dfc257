"""The files that the tabs of the Details modal offer: what is only shown in part, whole. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dojobbot.domain import Job, LogLine, Snapshot
from dojobbot.job_words import log_line
from dojobbot.slack.views import ids

__all__ = ["Document", "document"]

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
    """A file. `kind`: what its button calls it, JSON or text."""

    filename: str
    kind: str
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
        return Document(f"{stem}.txt", "text", "\n".join(map(log_line, lines))) if lines else None
    found = None if snapshot is None else _found(tab, snapshot)
    if found is None:
        return None
    if isinstance(found, str):
        kind, ending = ("JSON", "json") if _is_json(found) else ("text", "txt")
        return Document(f"{stem}.{ending}", kind, found)
    return Document(f"{stem}.json", "JSON", json.dumps(found, indent=2, ensure_ascii=False))


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


def _is_json(text: str) -> bool:
    """Whether a report that came as text is JSON inside, as those of free-energy runs are."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
