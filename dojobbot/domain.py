"""The words of dojobbot as frozen values: jobs, who follows them, and what is owed to whom. No I/O.

People and channels, as the two platforms describe them, are in `directory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# The platform's statuses are an open vocabulary (generated SDK 6.3.0, client 5.4.0 and the data platform
# each know some that the others do not), so a status is a string and these sets say what we know of it.
KNOWN_STATUSES: tuple[str, ...] = (
    "Running",
    "Queued",
    "Created",
    "Accepted",
    "Suspended",
    "Finishing",
    "DataIngesting",
    "Quoted",
    "Succeeded",
    "Failed",
    "FailedQuotation",
    "InsufficientFunds",
    "Cancelled",
)
SYNONYMS = {"Completed": "Succeeded"}
GONE = "Gone"
"""Our own word for a job that the platform stopped knowing. The only one that the platform never says."""

TERMINAL = frozenset(
    {"Succeeded", "Failed", "Cancelled", "FailedQuotation", "Quoted", "InsufficientFunds", GONE}
)
ENDED = TERMINAL - {"Quoted"}
FAILED = frozenset({"Failed", "FailedQuotation", "InsufficientFunds"})
ACTIVE_STATUSES = tuple(status for status in KNOWN_STATUSES if status not in TERMINAL)


def normalise(raw_status: str) -> str:
    """Give the one name of a status that has two (`Completed` is the newer word for `Succeeded`)."""
    return SYNONYMS.get(raw_status, raw_status)


def require_aware(moment: datetime) -> datetime:
    """Return `moment`, or raise ValueError for a naive one: a time without a zone is a bug here."""
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment.isoformat()}: every time in dojobbot carries its zone")
    return moment


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a progress tree: `depth` levels in, `fraction` in 0..1 where the platform gives one.

    `ligand`: which ligand it is about, as the platform names it, which may be the structure itself.
    """

    depth: int
    name: str
    status: str
    fraction: float | None = None
    message: str = ""
    ligand: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a progress report says, whatever its shape. Everything is optional; `fraction` is in 0..1.

    `steps`: all that the job goes through, of which `step` is number `step_number`. `ns_per_step`: the
    simulated time of one of the counted steps, in nanoseconds. `failure`: the innermost message of the step
    that failed, after that step's name. `branches`: a tree, or what matters most of a large one; `left_out`
    counts the rest of it by how it stands. The words are foreign text.
    """

    fraction: float | None = None
    done: int | None = None
    failed: int = 0
    total: int | None = None
    unit: str = ""
    step: str = ""
    step_number: int | None = None
    step_count: int | None = None
    steps: tuple[str, ...] = ()
    sub_step: str = ""
    note: str = ""
    ns_per_step: float | None = None
    result: str = ""
    failure: str = ""
    seconds_left: float | None = None
    branches: tuple[Branch, ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """One item of a quote, or several together (`items`), in US dollars. `item` is foreign text.

    `total` is None where the platform could not price it.
    """

    item: str
    quantity: float | None
    each: float | None
    total: float | None
    items: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    """What a job would cost: the sum in US dollars, and a digest that changes whenever a price does.

    `amount` is None while an item has no price: nobody may agree to a sum that leaves something out. `lines`
    add up to it, those without a price first; of a very long quote the last one stands for all the others.
    """

    amount: float | None
    digest: str
    lines: tuple[QuoteLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of a tool, as last read. `status` is normalised; `raw_status` is the platform's own word."""

    id: str
    status: str
    raw_status: str
    resource_id: str | None = None
    name: str | None = None
    tool_key: str | None = None
    tool_version: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    updated_at: datetime | None = None
    reason: str | None = None
    progress: Progress | None = None
    quote: Quote | None = None
    project_id: str | None = None
    tag: str | None = None
    session: str | None = None
    hidden: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether auto-update stops here (a quoted job waits, and may come back)."""
        return self.status in TERMINAL

    @property
    def has_ended(self) -> bool:
        """Whether nothing more can happen to it."""
        return self.status in ENDED

    @property
    def can_be_cancelled(self) -> bool:
        """Whether a cancel makes sense; for a status never heard of, the platform decides."""
        return not self.is_terminal

    @property
    def short_id(self) -> str:
        """The first group of the UUID: what people read aloud, and a prefix that `/job` accepts."""
        return self.id[:8]

    @property
    def title(self) -> str:
        """Its name, or its short id. Foreign text: escape before showing."""
        return self.name or self.short_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A job as one call returned it. `began_at`: when that call began. `detailed`: it asked for the tree."""

    job: Job
    began_at: datetime
    detailed: bool = False

    def __post_init__(self) -> None:
        require_aware(self.began_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A job with all that one call said about it: what we understand, and its execution object as it came.

    It is shown to whoever asks for it and kept nowhere: `raw` holds inputs, outputs and foreign text.
    """

    job: Job
    raw: Mapping[str, Any]
    began_at: datetime

    def mapping(self, key: str) -> dict[str, Any]:
        """Give a field that should hold an object; an empty one where it does not."""
        found = self.raw.get(key)
        return found if isinstance(found, dict) else {}

    @property
    def reading(self) -> Reading:
        """The same as a reading, for the store."""
        return Reading(job=self.job, began_at=self.began_at, detailed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownJob:
    """A job as stored: `seq` is its version, `read_at` when the reading it comes from began."""

    job: Job
    seq: int
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A status change that somebody saw. Identified by (job id, seq)."""

    job_id: str
    seq: int
    old: str
    new: str
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a job's tool (or the platform about it) wrote. All of it is foreign text.

    `level` is the platform's word in lower case, empty where it gave none; `at` None where no time was given.
    """

    message: str
    at: datetime | None = None
    level: str = ""
    tool_key: str | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """A channel or a DM (`thread_ts` None), or a thread of one."""

    channel_id: str
    thread_ts: str | None = None

    @property
    def key(self) -> str:
        """One string that names it."""
        return self.channel_id if self.thread_ts is None else f"{self.channel_id}:{self.thread_ts}"

    @property
    def is_dm(self) -> bool:
        """Whether it is a direct message with one person (Slack ids of these start with D)."""
        return self.channel_id.startswith("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A standing wish: tell `user_id` in `destination` when the job reaches a terminal status.

    It is paused while nothing can be posted there; `paused_because` is Slack's word for why.
    `failures_only`: it is about failures alone, and those are told at once, whatever else waits there.
    """

    id: int
    user_id: str
    job_id: str
    destination: Destination
    created_at: datetime
    paused_at: datetime | None = None
    paused_because: str = ""
    failures_only: bool = False


class BatchKind(StrEnum):
    """What makes jobs a batch: a tag, a session, having been started together, or words somebody typed."""

    TAG = "tag"
    SESSION = "session"
    TOGETHER = "together"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs that share one live card. `key`: the tag, the session, or what `batches` makes of the other kinds.

    It holds foreign text. Jobs that get the tag or the session later belong to it, too; the other kinds are
    the jobs of a moment.
    """

    kind: BatchKind
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A live card of one job, or of a `batch`, in one destination. `ts` is None until it is posted.

    Of a batch, `job_id` is one that belongs to it.

    `shown` is the fingerprint of what it shows; `wanted` counts the changes that it should show, so that an
    edit which was overtaken by a newer change is not taken for the last word.
    """

    id: int
    job_id: str
    destination: Destination
    user_id: str
    created_at: datetime
    ts: str | None = None
    shown: str = ""
    wanted: int = 0
    note: str = ""
    closing: bool = False
    batch: Batch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one destination is owed because of one transition. `mentions`: every subscriber there.

    `note`: a sentence of ours, mrkdwn, on why it comes there, when nobody asked for it there.
    `urgent`: somebody there asked to be told of failures, so it is told first.
    """

    id: int
    transition: Transition
    destination: Destination
    mentions: tuple[str, ...]
    snapshot: Job
    note: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery before it has a row: where to, and whom it mentions.

    `held`: it is not sent before somebody whom it mentions says so, since nothing could be posted there.
    `urgent`: see Delivery.
    """

    destination: Destination
    mentions: tuple[str, ...]
    held: bool = False
    urgent: bool = False


class PostKind(StrEnum):
    """What a post is.

    A notice (carries deliveries), a watch's card, a card that somebody shared, word to somebody that nothing
    can be posted where they wanted it, or what became of something that one person asked for.
    """

    NOTICE = "notice"
    CARD = "card"
    SHARE = "share"
    CLOSED = "closed"
    WORDS = "words"


LOOKS_AFTER_SILENCE = 3
"""At once, when the request must be over, and once more; after an error reply there are only two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message to one destination, frozen before it is sent; `id` travels in its metadata.

    `attempted_at` is None while it is certainly not there. Else it may be, and is to be looked for so many
    times (`looks_left`) before it is sent again.
    """

    id: str
    destination: Destination
    kind: PostKind
    payload: dict[str, object]
    created_at: datetime
    attempted_at: datetime | None = None
    looks_left: int = 0
    deliveries: tuple[int, ...] = ()
    watch_id: int | None = None


class ActionKind(StrEnum):
    """What a person can do to a job."""

    CANCEL = "cancel"
    APPROVE = "approve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A cancel or an approval that somebody asked for; open until the platform confirms it or refuses."""

    id: int
    job_id: str
    kind: ActionKind
    user_id: str
    asked_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """What to list: statuses (normalised), and jobs created after a moment. Empty means everything."""

    statuses: frozenset[str] = field(default_factory=frozenset)
    created_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listing, newest first.

    `total` is how many match on the platform, `bad_rows` how many were left out because they could not be
    read, `server_time` the platform's own clock when it answered.
    """

    readings: tuple[Reading, ...]
    total: int
    bad_rows: int = 0
    server_time: datetime | None = None

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The jobs alone."""
        return tuple(reading.job for reading in self.readings)
