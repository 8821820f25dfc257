"""How the parts of a job stand, whatever the platform's words for it. Pure."""

from __future__ import annotations

from enum import StrEnum

from dojobbot.domain import ENDED

__all__ = ["NOT_BEGUN", "Standing", "standing_of"]

NOT_BEGUN = frozenset({"Created", "Queued", "Accepted", ""})
_STANDS_STILL = NOT_BEGUN | {"Suspended", "Quoted"}
_MOVES = frozenset({"Running", "Finishing", "DataIngesting"})


class Standing(StrEnum):
    """What a part of a job comes to. A part that was cancelled has failed."""

    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    OTHER = "other"


def standing_of(status: str) -> Standing:
    """Say how a part with this status stands; a word never heard of is no claim that anything moves."""
    if status == "Succeeded":
        return Standing.DONE
    if status in ENDED:
        return Standing.FAILED
    if status in _STANDS_STILL:
        return Standing.WAITING
    return Standing.RUNNING if status in _MOVES else Standing.OTHER
