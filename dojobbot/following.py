"""Who follows which job: what those who press and those who watch ask of the store. See `ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from dojobbot.domain import Batch, Destination, Job, Subscription, Watch
from dojobbot.orders import Person

__all__ = ["LAST_ENDED", "Following", "Gathered", "Overview", "Subscribed"]

LAST_ENDED = 10
"""How many of a person's ended jobs an overview holds."""


class Subscribed(StrEnum):
    """What came of a wish to be told."""

    NEW = "new"
    ALREADY = "already"
    CHANGED = "changed"
    """It was about failures only, and is about every end now, or the other way round."""
    OWED = "owed"
    """The job reached a terminal status since the card was drawn: the delivery was created there and then."""
    ENDED = "ended"
    """It had ended before; nothing was subscribed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What came of a wish to see many jobs on one live card.

    Attributes:
        is_new: a card was opened; else one of the batch was open there, and shows them, too.
        joined: how many jobs are on it because of this wish.
        replaced: how many cards of single jobs ended, because theirs are on this one.
    """

    is_new: bool
    joined: int
    replaced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What is stored about one person, as of one moment. Nothing of it is hidden.

    Attributes:
        under_way: their jobs that have not ended, the newest of each status.
        counts: how many there are at each status, shown in `under_way` or not.
        ended: their jobs that ended last, the last one first.
        told: their open subscriptions, also the paused ones, newest first, each with its job.
        told_in_all: how many these are, in `told` or not.
        watched: the open live cards that they asked for, newest first, each with a job that it shows.
        watched_in_all: how many these are, in `watched` or not.
    """

    under_way: tuple[Job, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    ended: tuple[Job, ...] = ()
    told: tuple[tuple[Subscription, Job], ...] = ()
    told_in_all: int = 0
    watched: tuple[tuple[Watch, Job], ...] = ()
    watched_in_all: int = 0


class Following(Protocol):
    """The part of the store that keeps subscriptions and watches. Each method is one transaction."""

    # --- subscriptions
    async def subscribe(
        self,
        user_id: str,
        job_id: str,
        destination: Destination,
        *,
        seen_seq: int,
        now: datetime,
        failures_only: bool = False,
    ) -> Subscribed:
        """Add a wish. `seen_seq` is the version of the job that the person saw when pressing.

        A person has at most one open subscription for a job and destination: asking again for failures only,
        or for all again, changes it.
        """
        ...

    async def unsubscribe(self, user_id: str, job_id: str, now: datetime) -> int:
        """Close all the person's open subscriptions about the job; returns how many there were."""
        ...

    async def subscriptions(self, job_id: str) -> tuple[Subscription, ...]:
        """Give the open subscriptions about a job, oldest first."""
        ...

    # --- watches and shared cards
    async def add_watch(
        self, user_id: str, job_id: str, destination: Destination, now: datetime, *, note: str = ""
    ) -> bool:
        """Open a watch, whose card shows `note`; False when one of this job is open in this destination."""
        ...

    async def stop_watch(self, job_id: str, destination: Destination, *, note: str, now: datetime) -> bool:
        """Ask for a watch's last edit, which will show `note`, and its end. False when there is none."""
        ...

    async def watches(self, job_id: str) -> tuple[Watch, ...]:
        """Give the open watches of a job (those not asked to stop), oldest first."""
        ...

    async def add_batch(
        self,
        user_id: str,
        batch: Batch,
        job_ids: Sequence[str],
        destination: Destination,
        now: datetime,
        *,
        note: str = "",
        last_note: str | None = None,
    ) -> Gathered:
        """Open a watch of many jobs, or add them to the one of this batch that is open in this destination.

        To it belong those of `job_ids` (stored, at least one) and all stored ones with the batch's tag or
        session that have not ended, or did so within a day; so do those that get it later, until the watch
        ends: with the last of its jobs, or when it is stopped. Hidden jobs never do. `note` is shown by a new
        card. With `last_note`, those of `job_ids` that are on the card lose their own cards in this
        destination, which show it at last.
        """
        ...

    async def stop_batch(self, watch_id: int, destination: Destination, *, note: str, now: datetime) -> bool:
        """Ask for the last edit of a batch's card, which will show `note`. False when there is none."""
        ...

    async def batch_members(self, watch_id: int) -> tuple[Job, ...]:
        """Give the jobs of a batch, oldest first."""
        ...

    async def batch_holding(self, job_id: str, destination: Destination) -> Watch | None:
        """Give the open watch at a destination of a batch that a job belongs to, or None."""
        ...

    async def has_batch(self, batch: Batch, destination: Destination) -> bool:
        """Whether there is an open watch of a batch at a destination."""
        ...

    async def watched_singly(self, destination: Destination) -> tuple[Job, ...]:
        """Give the jobs that have an open watch of their own at a destination."""
        ...

    # --- all that concerns one person
    async def overview(self, user_id: str, person: Person, *, project_id: str | None) -> Overview:
        """Give what is stored about a person.

        Args:
            user_id: who follows.
            person: by what their jobs are known; by nothing, when that is not known.
            project_id: the one project whose jobs count as theirs, if any. What they follow is not narrowed.
        """
        ...
