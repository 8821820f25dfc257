"""How the parts of a job stand, whatever the platform's words for it. Pure."""

from __future__ import annotations

from enum import StrEnum

from dojobbot.domain import ENDED

__all__ = ["NOT_BEGUN", "Standing", "standing_of"]

NOT_BEGUN = frozenset({"Created", "Queued", "Accepted", ""})


class Standing(StrEnum):
    """What a part of a job comes to. A part that was cancelled has failed."""

    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"


def standing_of(status: str) -> Standing:
    """Say how a part with this status stands; one with a word never heard of moves."""
    if status == "Succeeded":
        return Standing.DONE
    if status in ENDED:
        return Standing.FAILED
    return Standing.WAITING if status in NOT_BEGUN else Standing.RUNNING
