"""What the middle of dojobbot asks of the outside. The docstrings are the contract of the adapters.

`deeporigin.client` implements Platform, `store` implements Store, `slack.messenger` implements Messenger.
Nothing else in the project knows how they do it. Adapters raise the errors of `dojobbot.errors` alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from dojobbot.domain import (
    Action,
    ActionKind,
    Batch,
    Channel,
    Delivery,
    Destination,
    Job,
    JobFilter,
    KnownJob,
    Listing,
    LogLine,
    PlatformUser,
    Post,
    Reading,
    SlackUser,
    Snapshot,
    Subscription,
    Transition,
    Watch,
)
from dojobbot.fates import Closings, Pause
from dojobbot.leases import Lease, Leases
from dojobbot.promises import Promises


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Give the present moment, timezone-aware."""
        ...


class Platform(Protocol):
    """The Deep Origin platform. Every method may raise any PlatformError."""

    async def list_jobs(self, wanted: JobFilter, *, limit: int) -> Listing:
        """List jobs, newest first, at most `limit` of them, however many pages that takes."""
        ...

    async def scan_jobs(
        self, wanted: JobFilter, take: Callable[[Sequence[Reading]], Awaitable[None]]
    ) -> datetime | None:
        """List all jobs, in no promised order: `take` gets each page as it arrives, each job once.

        Never are more than a few pages held, however many there are: a page is fetched when one was taken.
        Returns the platform's own clock at the first answer, where it tells; when a page can't be had, those
        before it have been taken.
        """
        ...

    async def get_job(self, job_id: str) -> Reading:
        """Read one job with its progress tree. Raises JobNotFound."""
        ...

    async def snapshot(self, job_id: str) -> Snapshot:
        """Read one job with all that the platform says about it, for showing alone. Raises JobNotFound."""
        ...

    async def logs(self, job_id: str, *, limit: int) -> tuple[LogLine, ...]:
        """Read the newest lines of a job's log, newest first; none where it has none, or is not known.

        Of a very long log only its two ends are looked at, because the platform promises no order. Raises
        JobNotFound for what cannot be an id.
        """
        ...

    async def cancel(self, job_id: str) -> Reading:
        """Ask for a cancel, once, and return what the platform says the job is now.

        Raises PlatformRefused when it can no longer be cancelled, PlatformUnavailable when the answer is not
        known: then read the job before trying again.
        """
        ...

    async def confirm(self, job_id: str) -> Reading:
        """Approve the quote, once, never retried: it spends money.

        Raises PlatformRestricted for funds, licence or tier (also when the platform says so inside an HTTP
        200), PlatformUnavailable when the answer is not known: then read the job.
        """
        ...

    async def users(self) -> tuple[PlatformUser, ...]:
        """List the organisation's members."""
        ...

    async def check(self) -> None:
        """Ask whether the platform is usable with this token, cheaply; raises when it is not."""
        ...


class EventStream(Protocol):
    """The platform's events. They say that a job has changed, never how: it is read again then."""

    @property
    def project_id(self) -> str | None:
        """The project of jobs that do not name theirs, where one is set."""
        ...

    def open(
        self, project_id: str, job_ids: Collection[str]
    ) -> AbstractAsyncContextManager[AsyncIterator[frozenset[str]]]:
        """Listen to jobs of one project; gives the ids of those that changed, from now on, as they change.

        What changed before is not told. The iteration ends when the platform ends the stream. The names of
        the jobs travel in an address, so a hundred at once are enough.

        Raises:
            StreamRefused: there is none, however often it is asked.
            PlatformError: it could not be opened, was cut, or fell silent for a minute; it may work later.
        """
        ...


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


class Store(Closings, Leases, Promises, Protocol):
    """The durable state. Each method is one transaction, unless it says otherwise.

    Raises StoreError when the database fails.
    """

    # --- jobs
    async def observe(
        self, readings: Sequence[Reading], now: datetime, *, under: Lease | None = None
    ) -> tuple[Transition, ...]:
        """Take in readings, as `decide.judge` says, and return the transitions that they made.

        The only writer of job state. For each reading, in one transaction together: the job row, the
        transition's deliveries, the subscriptions that are done, the actions that are answered, and the mark
        that the job's cards may be old. Two concurrent observes of one change make one transition.

        Many readings are taken in by several transactions, in order, so that nobody who writes meanwhile
        waits for all of them; when it fails halfway, those before it are stored.

        `under`: a lease that must not have gone to another holder: then LeaseLost is raised, and nothing is
        stored. What a person asked for needs none.
        """
        ...

    async def job(self, job_id: str) -> KnownJob | None:
        """Give a job as stored, or None."""
        ...

    async def jobs_with_prefix(self, prefix: str, *, limit: int) -> tuple[KnownJob, ...]:
        """Find stored jobs whose id starts with `prefix` (lower case), newest first."""
        ...

    async def jobs_created_by(
        self, creators: Sequence[str], wanted: JobFilter, *, limit: int
    ) -> tuple[KnownJob, ...]:
        """Find stored, not hidden jobs whose `created_by` is one of `creators`, newest first."""
        ...

    async def followed(self) -> frozenset[str]:
        """Give the ids of the jobs that must be read until they end.

        Those with an open subscription, an open watch or an open action, unless they have ended.
        """
        ...

    async def watched(self) -> frozenset[str]:
        """Give the ids of the jobs that have an open watch."""
        ...

    async def newest_followed(self, *, limit: int) -> Mapping[str, str | None]:
        """Give the projects of the jobs most recently asked for that have not ended, by job id, newest first.

        That is: of the newest `limit` open subscriptions, then of as many open watches, jobs of batches that
        are watched, and open actions.
        """
        ...

    async def unfinished(self) -> tuple[str, ...]:
        """Give the ids of the stored jobs at a status that is not terminal, least recently read first."""
        ...

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
    ) -> bool:
        """Open a watch of many jobs; False when one of this batch is open in this destination.

        To it belong those of `job_ids` (stored, at least one) and all stored ones with the batch's tag or
        session that are not hidden; so do those that get it later, until the watch ends: with the last of
        its jobs, or when it is stopped.
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

    async def watched_singly(self, destination: Destination) -> tuple[Job, ...]:
        """Give the jobs that have an open watch of their own at a destination."""
        ...

    async def add_post(self, post: Post) -> None:
        """Queue a post (a shared card) for its destination."""
        ...

    # --- actions and audit
    async def begin_action(
        self, kind: ActionKind, job_id: str, user_id: str, now: datetime, *, expires: timedelta
    ) -> Action:
        """Open an action and its audit row, before the platform is asked.

        Raises ActionInFlight when one of this job is open and younger than `expires`; an older one is closed
        as unanswered.
        """
        ...

    async def close_action(self, action_id: int, outcome: str, now: datetime) -> None:
        """Close an action with its outcome, also in the audit. Does nothing when it is closed already."""
        ...

    async def expire_actions(self, now: datetime, limits: Mapping[ActionKind, timedelta]) -> int:
        """Close the open actions that reached the age limit of their kind, as "unanswered".

        Also in the audit; the cards of their jobs may be old then. Returns how many there were.
        """
        ...

    async def latest_action(self, job_id: str) -> Action | None:
        """Give the newest action of a job, open or closed."""
        ...

    async def record_refusal(
        self, kind: ActionKind, job_id: str, user_id: str, reason: str, now: datetime
    ) -> None:
        """Write the audit row of an attempt that was not allowed."""
        ...

    # --- the outbox
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

        `pauses`: what people wished there is paused, what they watched there is over, and their posts are
        queued, all at once; of what is paused or over by now, nobody is told again.
        """
        ...

    async def mentioned(self, post_id: str) -> tuple[str, ...]:
        """Give the people that the deliveries in a post mention, each once."""
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
        is owed in that destination already, or was sent there, it is not owed again. Returns how many
        destinations are to be told now; 0, and nothing changed, when the claim was lost. `pauses` as in
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
        """Say when the next claim can succeed (`now` or later), or None when nothing is owed."""
        ...

    # --- bookkeeping
    async def first_press(self, trigger_id: str, now: datetime) -> bool:
        """Remember a press or a command; False when it was seen before (within a day)."""
        ...

    async def last_good_tick(self) -> datetime | None:
        """Give when the watcher's last complete tick began, on the platform's clock."""
        ...

    async def last_look(self) -> datetime | None:
        """Give when that tick began on the database's clock, whichever replica made it."""
        ...

    async def set_last_good_tick(
        self, moment: datetime, *, began_at: datetime | None = None, under: Lease | None = None
    ) -> None:
        """Remember both; `began_at` is on the database's clock (None: the same). `under` as in `observe`."""
        ...

    async def bind(self, scope: dict[str, str]) -> None:
        """Tie the database to a platform, organisation and Slack team. Raises ScopeMismatch for another."""
        ...

    async def ping(self) -> None:
        """Write next to nothing, to see whether the database can be written; raises StoreError."""
        ...

    async def prune(self, before: datetime, *, limit: int) -> int:
        """Remove what was over before a moment: at most `limit` rows of each kind; returns how many it were.

        That is: settled posts with their deliveries, closed watches, subscriptions and actions, and jobs that
        ended, of which nothing was read since, and on which nothing of the others hangs. Spared: whatever is
        open or unsettled, and the audit. 0: there is nothing left to remove.
        """
        ...


class Messenger(Protocol):
    """Slack's Web API, as far as the middle needs it.

    Any method may raise SlackThrottled (nothing was done), SlackUnavailable (nothing was done) or SlackError.
    """

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """Send a message with `post_id` in its metadata; returns its ts.

        Raises DeliveryUnknown when it may have arrived all the same, DestinationClosed when it never can.
        """
        ...

    async def edit(self, channel_id: str, ts: str, payload: dict[str, object]) -> None:
        """Replace a message of ours. Raises DestinationClosed when it is not there to be edited."""
        ...

    async def find(
        self, destination: Destination, post_id: str, *, since_ts: str | None, attempted_at: datetime
    ) -> str | None:
        """Look for a post in the channel's (or thread's) history; returns its ts, None when it is not there.

        Args:
            destination: where it was sent.
            post_id: what is in its metadata.
            since_ts: a message that was there before it, if one is known.
            attempted_at: when it was last about to be sent; only what came around then is looked through.

        Raises DestinationClosed when the history cannot be read, DeliveryUnknown when too much came around
        then to look through all of it.
        """
        ...

    async def open_view(self, trigger_id: str, view: dict[str, object]) -> tuple[str, str]:
        """Open a window in front of the person whose press has this trigger; returns its id and its hash.

        Raises TriggerSpent when that is too long ago, or was done already.
        """
        ...

    async def update_view(self, view_id: str, view: dict[str, object], *, seen_hash: str | None) -> str:
        """Draw a window anew, if it is still as it was when it had that hash (None: in any case).

        Returns its hash from now on. Raises ViewChanged when it is not, ViewClosed when it is not open.
        """
        ...

    async def open_dm(self, user_id: str) -> str:
        """Give the channel id of the direct message with a person."""
        ...

    async def user(self, user_id: str) -> SlackUser:
        """Describe a person."""
        ...

    async def channel(self, channel_id: str) -> Channel | None:
        """Describe a conversation; None when the bot cannot see it."""
        ...

    async def permalink(self, channel_id: str, ts: str) -> str:
        """Give the address of a message. Raises DestinationClosed when it is not there."""
        ...

    async def group_members(self, group_id: str) -> frozenset[str]:
        """Give the user ids in a user group (ids of these start with S)."""
        ...

    async def upload(
        self, channel_id: str, *, filename: str, title: str, content: bytes | Path, comment: str
    ) -> None:
        """Share a file in a conversation, beside a comment of ours.

        Args:
            channel_id: a channel that the bot is in, or what `open_dm` gives.
            filename: what it is called when it is saved.
            title: what people see.
            content: its bytes, or the file that holds them, which is read piece by piece; not empty.
            comment: mrkdwn, foreign parts escaped. Slack shows no blocks beside a comment.

        Raises FileRefused when Slack or its workspace takes no such file, SlackUnavailable when nothing was
        shared, DeliveryUnknown when it may have been shared all the same, DestinationClosed when it can't be.
        """
        ...
