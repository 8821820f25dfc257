"""What waits to be sent: what a worker claims, and what those who send ask of the store. See `ports`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from dojobbot.domain import Delivery, Destination, Post, Watch
from dojobbot.fates import Pause

__all__ = ["Claim", "Outbox", "Turn", "page_ids"]


class Turn(StrEnum):
    """What a claim is for: each calls another method of Slack's, which has its own budget."""

    LOOK = "look"
    """Find out whether a post of unknown outcome is there."""
    POST = "post"
    EDIT = "edit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One destination, held by one worker until its lease ends. `token` fences off a worker that lost it.

    One call of the method of its `turn` was taken from Slack's budgets for it. Of these, the first that is
    there is what to do; those behind it are not read:

    - `post`: to be looked for, else the oldest one committed and not sent;
    - `deliveries`: those owed and not yet in a post, oldest first (500 at most);
    - `watches`: cards that are not posted yet, else those that may show something old and may change by now.
    """

    destination: Destination
    turn: Turn
    token: int
    post: Post | None
    deliveries: tuple[Delivery, ...]
    watches: tuple[Watch, ...]
    last_ts: str | None


def page_ids(digest: str, count: int) -> tuple[str, ...]:
    """Give the ids of the first posts of one digest; they sort, and are sent, as its pages."""
    return tuple(f"{digest}-{number:03}" for number in range(count))


class Outbox(Protocol):
    """The part of the store that holds what is owed until it arrived. Each method is one transaction.

    What is written under a claim that was lost changes nothing.
    """

    async def add_post(self, post: Post) -> None:
        """Queue a post (a shared card) for its destination."""
        ...

    async def claim(self, now: datetime, *, lease: timedelta) -> Claim | None:
        """Take the destination whose work has waited longest and may be done now, or None.

        What is to be sent anywhere goes before any edit. In the same transaction a call is taken from Slack's
        budgets, which all who send share; where they leave nothing, what needs them is not claimed.
        """
        ...

    async def extend(self, claim: Claim, until: datetime) -> None:
        """Let a claim hold until then. Does nothing when it was lost."""
        ...

    async def give_back(self, claim: Claim) -> None:
        """Give the call back that was taken from Slack's budgets for a claim: it was not made."""
        ...

    async def refused(self, claim: Claim, *, until: datetime, now: datetime) -> None:
        """Record that Slack refused the claim's call, and wants no such call before `until`.

        An edit's or a look's method rests. Of posts the channel rests; when another channel's were refused
        and it still rests, all of them do.
        """
        ...

    async def commit_post(self, claim: Claim, *posts: Post) -> bool:
        """Freeze a post, or several that belong together, and take their deliveries off the queue.

        They are sent in the order of their ids. False, and nothing changed, when the claim was lost, a
        delivery mentions others by now than the claim says, or the watch of a card is over by now: do not
        send, claim anew. Raises StoreError when a delivery is not owed there.
        """
        ...

    async def attempt(self, claim: Claim, post_id: str, now: datetime) -> bool:
        """Record that the post is about to be sent. False when the claim was lost: do not send.

        From then on it may be there, and is to be looked for `LOOKS_AFTER_SILENCE` times.
        """
        ...

    async def missing(self, claim: Claim, post_id: str, *, looks_left: int, unverified: bool = False) -> None:
        """Record how often a post is still to be looked for; with 0 it is not there, and to be sent again.

        `unverified`: it may be there all the same, and that could not be looked up.
        """
        ...

    async def recall(self, claim: Claim, post_id: str) -> Claim | None:
        """Undo the commit of a notice that surely never arrived, so that it is drawn anew.

        Its deliveries are owed again, and those of the notices behind it, which are not there either: gives
        the claim with them, and without a post, though there may be others that are no notices. None,
        and nothing changed, when the claim was lost, or the post is no notice, is settled, was sent
        unverified, or follows a page of its digest that is there.
        """
        ...

    async def settle(self, claim: Claim, post_id: str, ts: str, *, shown: str = "", now: datetime) -> None:
        """Record that the post is in its channel as `ts`; for a watch's card also what it shows."""
        ...

    async def bury(
        self, claim: Claim, post_id: str, reason: str, now: datetime, *, pauses: Sequence[Pause] = ()
    ) -> None:
        """Record that the post can never arrive, and why. Its deliveries are dead, its watch is over.

        What the pages behind it in its digest carry is owed again, unless a page of it arrived; a page that
        may be there stays.

        `pauses`: what people wished there is paused, what they watched there is over, and their posts are
        queued, all at once; of what is paused or over by now, nobody is told again.
        """
        ...

    async def carried(self, post_id: str) -> tuple[Delivery, ...]:
        """Give the deliveries in a post, oldest first."""
        ...

    async def redirect(
        self,
        claim: Claim,
        post_id: str,
        reason: str,
        *,
        dms: Mapping[str, Destination],
        note: str,
        now: datetime,
        pauses: Sequence[Pause] = (),
    ) -> int:
        """Bury a notice, and owe each transition in it to the people whom it mentioned, in `dms` (by user).

        Who is not in `dms` is left out. A delivery that is made for it has the `note`; where the transition
        is owed in that destination already, or was sent there, it is not owed again; nor is one that is no
        end where a later one of the same job is owed or was sent. Returns how many destinations are to be
        told now; 0, and nothing changed, when the claim was lost. `pauses`, and the pages behind it, as in
        `bury`.
        """
        ...

    async def settle_edit(self, claim: Claim, watch: Watch, shown: str, now: datetime) -> None:
        """Record what a watch's card shows now. Ends the watch if it was closing, or its job has ended."""
        ...

    async def put_off(self, claim: Claim, watch: Watch, until: datetime) -> None:
        """Let a card rest whose edit failed; nothing else waits for it."""
        ...

    async def end_watch(
        self, claim: Claim, watch: Watch, reason: str, now: datetime, *, pauses: Sequence[Pause] = ()
    ) -> None:
        """End a watch whose card cannot be edited any more. `pauses` as in `bury`."""
        ...

    async def release(self, claim: Claim, *, next_send_at: datetime) -> None:
        """Give the destination back; nobody claims it before `next_send_at`."""
        ...

    async def next_due(self, now: datetime) -> datetime | None:
        """Say when the next claim can succeed (`now` or later), or None when nothing is owed.

        While Slack's budgets allow nobody anything, it is the moment when they do again, at the earliest.
        """
        ...
