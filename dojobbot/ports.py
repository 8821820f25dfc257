"""What the middle of dojobbot asks of the outside. The docstrings are the contract of the adapters.

`deeporigin.client` implements Platform, `store` implements Store, `slack.messenger` implements Messenger.
Nothing else in the project knows how they do it. Adapters raise the errors of `dojobbot.errors` alone.

The parts of the Store that belong together are in `following`, `outbox`, `leases`, `promises` and `fates`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from dojobbot.directory import Channel, PlatformUser, SlackUser
from dojobbot.domain import (
    Action,
    ActionKind,
    Destination,
    JobFilter,
    KnownJob,
    Listing,
    LogLine,
    Reading,
    Snapshot,
    Transition,
)
from dojobbot.fates import Closings
from dojobbot.following import Following
from dojobbot.leases import Lease, Leases
from dojobbot.orders import JobsOrder
from dojobbot.outbox import Outbox
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


class Store(Closings, Following, Leases, Outbox, Promises, Protocol):
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

    async def jobs_of(self, wanted: JobsOrder, *, limit: int) -> tuple[KnownJob, ...]:
        """Find the stored jobs that are meant, newest first, at most `limit`. Hidden ones are never meant."""
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
        """Give the ids of the stored jobs at a status that is not terminal, least recently read first.

        One that is read meanwhile may come once more, further back.
        """
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

    # --- bookkeeping
    async def first_press(self, trigger_id: str, now: datetime) -> bool:
        """Remember a press, a command or (by its id) an event; False when it was seen within a day."""
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

        That is: settled posts with their deliveries, closed watches, subscriptions and actions, jobs at a
        terminal status, of which nothing was read since, and on which nothing of the others hangs, and
        destinations where nothing was sent since and that nothing is about. Spared: whatever is open or
        unsettled, and the audit. 0: there is nothing left to remove.
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

        Raises DestinationClosed when the history cannot be read, or is too long to be looked through.
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

    async def publish_home(self, user_id: str, view: dict[str, object], *, seen_hash: str | None) -> str:
        """Show a person their Home, if it is still as it was when it had that hash (None: in any case).

        Returns its hash from now on. Raises ViewChanged when it is not, HomeDisabled when the app has none.
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

    async def shared_channels(self) -> frozenset[str]:
        """Give the channels, of those that the bot is in, that other organisations can read, too."""
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
