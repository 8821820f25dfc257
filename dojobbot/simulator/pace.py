"""How fast a world's scripts move: script time beside the clock, so that jobs hurry or stand still."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

STAMPS = ("startedAt", "finishedAt")


@dataclass(frozen=True)
class Pace:
    """A speed, and the moment since when it holds.

    Script time runs beside the clock, `speed` times as fast; what lies before `wall` went at the ordinary
    speed. Stamps are always the clock's: `wall_at` says when something of script time happened.

    Attributes:
        wall: the clock's time when this speed began.
        script: script time at that moment.
        speed: seconds of script time in a second; 0 holds every script.
    """

    wall: datetime
    script: datetime
    speed: float = 1.0

    @property
    def is_ordinary(self) -> bool:
        """Whether script time and the clock have never parted."""
        return self.speed == 1 and self.wall == self.script

    def script_at(self, wall: datetime) -> datetime:
        """Script time at a moment of the clock."""
        return self.script + _times(wall - self.wall, self.speed)

    def wall_at(self, script: datetime) -> datetime:
        """The clock's time at a moment of script time; while scripts are held, that of the halt."""
        return self.wall + _times(script - self.script, 1 / self.speed if self.speed else 0)

    def changed(self, wall: datetime, speed: float) -> "Pace":
        """The pace from a moment of the clock on; ValueError for a negative speed."""
        if speed < 0:
            raise ValueError(f"A speed of {speed:g} would go back in time. Choose 0 (hold) or more.")
        return Pace(wall, self.script_at(wall), speed)


def _times(span: timedelta, speed: float) -> timedelta:
    return span * speed if span > timedelta() else span


def restamped(node: Mapping[str, Any], happened: Callable[[datetime], datetime]) -> dict[str, Any]:
    """A progress tree with other stamps: `happened` says when that was which was due at some time."""
    changed = dict(node)
    for name in STAMPS:
        if name in changed:
            moment = happened(datetime.fromisoformat(changed[name]))
            changed[name] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    changed["children"] = [restamped(child, happened) for child in node.get("children", ())]
    return changed
