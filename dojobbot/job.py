"""`Job`: one job of the platform, to look at, follow, approve and cancel from Python."""

from __future__ import annotations

import contextlib
import re
import sys
import threading
import time
import uuid
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Unpack

from dojobbot import arguments
from dojobbot.credentials import Credentials, account_for
from dojobbot.decide import is_older
from dojobbot.deeporigin.blocking import BlockingClient
from dojobbot.domain import LogLine, Progress, Snapshot
from dojobbot.errors import PlatformError, PlatformRefused, PlatformRestricted, PlatformUnavailable
from dojobbot.job_card import notebook_card, terminal_card
from dojobbot.job_follow import Follower
from dojobbot.job_words import badge, one_line
from dojobbot.screen import Screen, find_screen, paint
from dojobbot.slack.text import money
from dojobbot.slack.views.quote import ASK_AGAIN, gap, waits

__all__ = ["Job"]

WATCH_SECONDS = 5.0
_CONFLICT = 409
_LINES = "a whole number of lines, at least 1"
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class Job:
    """One job, as it was last read from the platform.

    Make one with `Job.from_id` or `Job.from_ids`. Its properties show the last reading, without a call;
    `refresh`, `watch` and `wait` read again. As the last value of a notebook cell it is a card with tabs, at
    a Python prompt a card of text. Every method that calls the platform may raise PlatformError.
    """

    def __init__(self, snapshot: Snapshot, client: BlockingClient) -> None:
        self._snapshot = snapshot
        self._client = client
        self._lock = threading.Lock()
        self._watch: Follower | None = None
        self._log: tuple[LogLine, ...] | None = None

    @classmethod
    def from_id(cls, job_id: str | uuid.UUID, **credentials: Unpack[Credentials]) -> Job:
        """Read one job.

        Args:
            job_id: the job's whole id, as in the column `id` of `get_dataframe`.
            **credentials: `token`, `org_key`, `base_url`, `project_id`, each instead of its environment
                variable (`DO_AUTH_TOKEN`, `DO_ORG_KEY`, `DO_BASE_URL` or `DO_ENV`, `DO_PROJECT_ID`).

        Raises:
            JobNotFound: the platform knows no such job.
            SettingsError: a credential is missing or wrong.
            TypeError: the id is no text, or a keyword is not one of these.
        """
        wanted = _clean(job_id)
        client = BlockingClient(account_for(cls.from_id, credentials))
        return cls(client.get(wanted), client)

    @classmethod
    def from_ids(cls, job_ids: Iterable[str | uuid.UUID], **credentials: Unpack[Credentials]) -> list[Job]:
        """Read several jobs, side by side; they come in the order of their ids.

        Raises:
            JobNotFound: the platform does not know one of them; the error names it.
            TypeError: a single id: that is `from_id`; or as there.
        """
        if isinstance(job_ids, str) or not isinstance(job_ids, Iterable):
            raise TypeError("from_ids takes several ids; for one there is Job.from_id")
        wanted = [_clean(job_id) for job_id in job_ids]
        client = BlockingClient(account_for(cls.from_ids, credentials))
        return [cls(snapshot, client) for snapshot in client.get_all(wanted)]

    @property
    def id(self) -> str:
        """The job's id."""
        return self._snapshot.job.id

    @property
    def name(self) -> str | None:
        """The name that somebody gave it."""
        return self._snapshot.job.name

    @property
    def status(self) -> str:
        """Where it is: the platform's word; the newer `Completed` is given as `Succeeded`."""
        return self._snapshot.job.status

    @property
    def progress(self) -> Progress | None:
        """What its progress report says, whatever its shape; None while it says nothing that is known."""
        return self._snapshot.job.progress

    @property
    def inputs(self) -> dict[str, Any]:
        """What it was given (`userInputs`); empty where the platform has none."""
        return self._snapshot.mapping("userInputs")

    @property
    def outputs(self) -> dict[str, Any]:
        """What it made (`userOutputs`); empty until there is something."""
        return self._snapshot.mapping("userOutputs")

    @property
    def metadata(self) -> dict[str, Any]:
        """What its maker noted about it; empty where there is nothing."""
        return self._snapshot.mapping("metadata")

    @property
    def cost(self) -> float | None:
        """Its quote in US dollars, the sum of all items; None without one, or where an item has no price."""
        quote = self._snapshot.job.quote
        return quote.amount if quote else None

    @property
    def raw(self) -> dict[str, Any]:
        """The platform's whole execution object, as it came."""
        return dict(self._snapshot.raw)

    def refresh(self) -> Job:
        """Read it again; returns itself, so that a notebook shows the new card."""
        self._read()
        return self

    def logs(self, *, limit: int = 100) -> tuple[LogLine, ...]:
        """Read its log: the newest lines, newest first; each has `at`, `level`, `message` and `tool_key`.

        From then on its card in a notebook has them in a tab.

        Args:
            limit: how many lines at most.

        Raises:
            ValueError: the limit is less than 1.
            TypeError: it is no whole number.
        """
        most = arguments.at_least_one("limit", limit, _LINES)
        self._log = self._client.logs(self.id, limit=most)
        return self._log

    def cancel(self) -> None:
        """Cancel it.

        Raises:
            PlatformRefused: it has ended (perhaps just now) or waits for its quote to be approved, and the
                message says so.
            PlatformUnavailable: the platform did not answer and the job is not seen to be cancelled.
        """
        job = self._read().job
        if job.status == "Quoted":
            raise self._nothing_to_cancel(waits(job))
        if job.has_ended:
            raise self._nothing_to_cancel(f"is already {job.status}")
        try:
            reply = self._take_answer(self._client.cancel(self.id)).job
        except PlatformUnavailable as lost:
            if self._status_after(lost) != "Cancelled":
                raise
        else:
            if reply.has_ended and reply.status != "Cancelled":
                raise self._nothing_to_cancel(f"has ended meanwhile, and is {reply.status}")

    def _nothing_to_cancel(self, why: str) -> PlatformRefused:
        message = f"Job {self.id} {why}: there is nothing to cancel."
        return PlatformRefused(message, status=_CONFLICT, hint="Nothing needs to be done.")

    def confirm(self) -> None:
        """Approve the quote that was last read, so that it starts; then `watch` can be called again.

        The approval is sent once and never again: where no answer comes, the job is read to see what became
        of it.

        Raises:
            PlatformRefused: it is not Quoted, an item of its quote has no price, or its price is not the one
                that was last read: then the message says what it costs now, and a second call approves that.
            PlatformRestricted: funds, licence or tier do not allow it; the message says what to do.
            PlatformUnavailable: the platform did not answer and the job still waits.
        """
        seen = self._snapshot.job.quote
        job = self._read().job
        if job.status != "Quoted":
            message = f"Job {self.id} is {job.status}, not Quoted: there is nothing to approve."
            raise PlatformRefused(message, status=_CONFLICT, hint="Only a quoted job can be approved.")
        if job.quote is None:
            raise PlatformRefused(
                f"Deep Origin sent no price with the quote of job {self.id}, so it can't be approved here.",
                status=_CONFLICT,
                hint="Approve it on Deep Origin's own page.",
            )
        amount = job.quote.amount
        if amount is None:
            raise PlatformRefused(f"Job {self.id}: {gap(job.quote)}", status=_CONFLICT, hint=ASK_AGAIN)
        if seen is None or job.quote.digest != seen.digest:
            before = None if seen is None else seen.amount
            news = "is new" if before is None else f"has changed from {money(before)}"
            raise PlatformRefused(
                f"The quote of job {self.id} {news}. "
                f"It now costs {money(amount)}: call confirm() again to approve that.",
                status=_CONFLICT,
                hint="The job's card says what is in the price.",
            )
        try:
            self._take_answer(self._client.confirm(self.id))
        except PlatformRestricted:
            # The refusal is the news. Where the job stands now is worth a try, but not another error.
            with contextlib.suppress(PlatformError):
                self._read()
            raise
        except PlatformUnavailable as lost:
            if self._status_after(lost) == "Quoted":
                raise

    def _status_after(self, lost: PlatformUnavailable) -> str:
        """Read what became of a call whose answer is lost; raises `lost` when that cannot be read either."""
        try:
            return self._read().job.status
        except PlatformError:
            raise lost from None

    def watch(self, *, interval: float = WATCH_SECONDS) -> None:
        """Follow it in the background and return at once; does nothing while it is being watched already.

        In a notebook a card redraws itself below the cell. In a terminal a line is added when something
        notable changes, and the whole card at the end; while `wait` blocks, the card is written over in
        place. It ends by itself at a terminal status, survives network trouble with a visible note, and never
        keeps Python from exiting.

        Args:
            interval: the seconds between two readings.

        Raises:
            ValueError: the interval is shorter than 0.05 s, or not finite.
            TypeError: it is no number.
        """
        pause = arguments.interval(interval)
        with self._lock:
            if self._watch is None or self._watch.over.is_set():
                screen = find_screen(background=True)
                self._watch = self._follow(pause, screen)

    def stop_watching(self) -> None:
        """End the watching, if there is any; what is drawn stays."""
        with self._lock:
            watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def wait(self, timeout: float | None = None, *, interval: float = WATCH_SECONDS) -> str:
        """Block until its status is terminal (Quoted counts: it waits for `confirm`); gives the status.

        Args:
            timeout: give up after that many seconds; None, like infinitely many, waits as long as it takes.
            interval: the seconds between two readings, where it is not being watched anyhow.

        Raises:
            TimeoutError: the time is up; the job goes on.
            TokenRejected, JobNotFound: what no waiting will mend. Network trouble is survived.
            DojobbotError: following it broke in a way that nobody foresaw; its cause says how.
            ValueError: the timeout is NaN, or the interval as in `watch`.
            TypeError: one of them is no number.
        """
        pause, patience = arguments.interval(interval), arguments.patience(timeout)
        began = time.monotonic()

        def left() -> float | None:
            return None if patience is None else max(0.0, began + patience - time.monotonic())

        watch = self._watch
        if watch is not None and not watch.over.is_set() and watch.wait(left()) and self._rests():
            return self.status
        if left() != 0:
            follower = self._follow(pause, None)
            try:
                follower.over.wait(left())
            finally:
                follower.stop()
            if follower.error is not None:
                raise follower.error
        if not self._rests():
            raise TimeoutError(f"Job {self.id} is still {self.status} after {timeout} s.")
        return self.status

    def _rests(self) -> bool:
        return self._snapshot.job.is_terminal

    def _follow(self, interval: float, screen: Screen | None) -> Follower:
        return Follower(
            self._client,
            self._snapshot,
            self._take,
            lines=lambda: self._log,
            screen=screen,
            interval=interval,
        )

    def __str__(self) -> str:
        return one_line(self._snapshot)

    def __repr__(self) -> str:
        card = terminal_card(self._snapshot, self._client.now())
        if hasattr(sys, "ps1") and sys.stdout.isatty():
            seen = badge(self._snapshot.job)
            return card.replace(f"● {seen.word}", paint(f"● {seen.word}", seen.color), 1)
        return card

    def _repr_html_(self) -> str:
        """Give Jupyter the card."""
        return notebook_card(self._snapshot, self._client.now(), log=self._log)

    def _read(self) -> Snapshot:
        return self._take(self._client.get(self.id))

    def _take(self, snapshot: Snapshot) -> Snapshot:
        """Take a reading in, unless a newer one came first; gives the one that counts."""
        with self._lock:
            if not is_older(snapshot, self._snapshot):
                self._snapshot = snapshot
            return self._snapshot

    def _take_answer(self, snapshot: Snapshot) -> Snapshot:
        """Take in what the platform said to a request to act: how the job is after it, not when it was sent.

        A poll that began meanwhile may have seen the job as it was before.
        """
        return self._take(replace(snapshot, began_at=self._client.now()))


def _clean(job_id: object) -> str:
    """Give an id as the platform writes it: without blanks around it, and a UUID in small letters."""
    if not isinstance(job_id, str | uuid.UUID):
        raise TypeError(
            f"{job_id!r:.60} is no job's id: that is text, as in the column `id` of get_dataframe()"
        )
    text = str(job_id).strip()
    return text.lower() if _UUID.fullmatch(text) else text
