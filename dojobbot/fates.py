"""What becomes of deliveries: places that closed, wishes that pause, answers to "why didn't I get this?".

Values as in `domain`, and what is asked of the store. A *place* here is a Destination that means more than
itself: without a thread it is the channel with all its threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dojobbot.domain import Batch, Destination, Job, Post, Subscription, Transition, Watch

__all__ = ["Closings", "Fate", "Fates", "Pause", "Resumed", "Stranded", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """What one person follows in a place: open subscriptions that are not paused, and open watches.

    `told` are the jobs of the subscriptions, `watched` those that have a live card of their own, `batches`
    what the other cards show, each with a job that belongs to it. Each once, oldest wish first.
    """

    user_id: str
    subscriptions: tuple[Subscription, ...] = ()
    watches: tuple[Watch, ...] = ()
    told: tuple[Job, ...] = ()
    watched: tuple[Job, ...] = ()
    batches: tuple[tuple[Batch, Job], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """What is to become of it, now that nothing can be posted there: it is paused, and its watches end.

    `because` is Slack's word for why. `post` says so to the person; None when nothing reaches them.
    """

    stranded: Stranded
    because: str
    post: Post | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """How much goes on again: subscriptions that were paused, and deliveries that were held."""

    subscriptions: int = 0
    deliveries: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything."""
        return bool(self.subscriptions or self.deliveries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A subscription about a job, open or closed, as its row tells."""

    user_id: str
    destination: Destination
    created_at: datetime
    closed_at: datetime | None = None
    paused_at: datetime | None = None
    paused_because: str = ""
    failures_only: bool = False

    def was_open(self, moment: datetime) -> bool:
        """Whether it stood at a moment; one that a transition brought to its end stood then."""
        return self.created_at <= moment and (self.closed_at is None or self.closed_at >= moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of one delivery, and of the post that carries it.

    `owed_at`: since when it was owed. `next_send_at`: before when nothing is sent to its destination, because
    that rests, or since Slack's budgets allow no post there.
    `committed_at` and what follows it are of the post, None or 0 while there is none. `unverified`: how many
    of the `attempts` may have doubled it. `ts` is where it is, `dead_because` why it never will be.
    """

    transition: Transition
    destination: Destination
    mentions: tuple[str, ...]
    owed_at: datetime
    next_send_at: datetime
    note: str = ""
    held_at: datetime | None = None
    dead_because: str = ""
    committed_at: datetime | None = None
    attempted_at: datetime | None = None
    attempts: int = 0
    unverified: int = 0
    settled_at: datetime | None = None
    ts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fates:
    """What is known about a job's last transitions, newest first, with the deliveries of each.

    `wishes`: all the subscriptions about it, oldest first.
    """

    transitions: tuple[Transition, ...] = ()
    deliveries: tuple[Fate, ...] = ()
    wishes: tuple[Wish, ...] = ()


class Closings(Protocol):
    """The part of the store that is about places that closed, and about what became of deliveries.

    It belongs to `ports.Store`, which says what holds for all its methods. In all of these a place without a
    thread is the channel with its threads.
    """

    async def stranded(self, place: Destination) -> tuple[Stranded, ...]:
        """Give what people follow in a place, person by person: what its closing concerns."""
        ...

    async def paused(self, user_id: str, place: Destination) -> Resumed:
        """Count what of a person's wishes rests in a place: paused subscriptions, held deliveries."""
        ...

    async def resume(self, user_id: str, place: Destination) -> Resumed:
        """Let a person's paused subscriptions in a place go on, and send what was held there for them.

        What is held for others as well is sent with their mention: the place works again.
        """
        ...

    async def move(
        self, user_id: str, place: Destination, to: Destination, *, note: str, now: datetime
    ) -> Resumed:
        """Let a person's paused subscriptions in a place go on elsewhere, and owe there what was held.

        A delivery that is made for it has the `note`. For others, it stays held.
        """
        ...

    async def fates(self, job_id: str, *, limit: int) -> Fates:
        """Give the job's last transitions, newest first, and what became of the telling of each."""
        ...
