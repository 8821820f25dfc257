"""What a lease is, and what those who need one ask of the store. See `ports`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

__all__ = ["WATCHING", "Lease", "Leases"]

WATCHING = "watching"
"""Who holds it reads the platform for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A name that one holder has for itself until `until`, on the database's clock.

    `token` grows whenever the name goes to another holder: what is written under an older one is refused.
    """

    name: str
    holder: str
    token: int
    until: datetime


class Leases(Protocol):
    """The part of the store in which replicas agree on who does what. Each method is one transaction."""

    async def database_time(self) -> datetime | None:
        """Give the time on the database's own clock; None where it has none but the machine's."""
        ...

    async def set_back(self, by: timedelta, now: datetime) -> None:
        """Put right what was stored while the clock was ahead `by` so much: it shows `now` again.

        What rests until a moment, or is held, rests a little longer at most, and what was about to be sent is
        looked for around the time when it was.
        """
        ...

    async def take_lease(self, name: str, holder: str, now: datetime, *, lasting: timedelta) -> Lease | None:
        """Take a lease that is free or over, or renew one's own; None while somebody else holds it."""
        ...

    async def give_lease_back(self, lease: Lease) -> None:
        """Let somebody else have it at once. Does nothing when it is somebody else's by now."""
        ...
