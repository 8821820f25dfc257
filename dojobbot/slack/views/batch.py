"""The live card of many jobs that belong together: how many are where, what failed, how long it takes."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dojobbot.batches import typed_words
from dojobbot.domain import ENDED, Batch, BatchKind, Job, Watch
from dojobbot.slack.text import duration, foreign, plural, ran, stamp
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.describe import short_id, title, tool_word
from dojobbot.slack.views.joblist import option
from dojobbot.slack.views.progress import bar
from dojobbot.slack.views.status import LOOKS, ORDER, OTHER, look
from dojobbot.slack.views.structures import without_structures

__all__ = ["BatchCard", "batch_card", "batch_fingerprint", "batch_name"]

_FAILED = ("Failed", "FailedQuotation", "InsufficientFunds")
_MOST_FAILURES = 8
_MOST_OPTIONS = 100
_FEWEST_FOR_A_RATE = 3
_LATELY = timedelta(days=1)
_SHORTEST_FOR_A_RATE = timedelta(seconds=30)
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchCard:
    """What a batch's card shows: its watch, the jobs that belong to it (at least one), and when."""

    watch: Watch
    batch: Batch
    jobs: tuple[Job, ...]
    now: datetime


def batch_name(batch: Batch, example: Job) -> str:
    """Name a batch in mrkdwn.

    Args:
        batch: what to name.
        example: a job of it, whose tool stands for that of all which were started together.
    """
    match batch.kind:
        case BatchKind.TAG:
            return f"Tag {foreign(batch.key, 60)}"
        case BatchKind.SESSION:
            return f"Session {foreign(batch.key, 8)}"
        case BatchKind.TOGETHER:
            return f"{foreign(tool_word(example), 30)} jobs started together"
        case BatchKind.WORDS:
            return foreign(typed_words(batch), 100)


def batch_card(view: BatchCard) -> Payload:
    """Draw the card: a headline as `text`, numbers and failures under one bar, a menu that opens a job."""
    counts = Counter(job.status for job in view.jobs)
    body = [blocks.section("\n".join(filter(None, [_progress(view), _statuses(counts)])))]
    failures = _failures(view.jobs)
    if failures:
        body.append(blocks.section(failures))
    row = [blocks.select(ids.CHOOSE, "Open a job…", options)] if (options := _options(view.jobs)) else []
    if not view.watch.closing and not _all_ended(view.jobs):
        row.append(blocks.button("Stop watching", ids.STOP_BATCH, str(view.watch.id)))
    if row:
        body.append(blocks.actions(row))
    said = [view.watch.note, f"As of {stamp(view.now)}"]
    body.append(blocks.context(" · ".join(filter(None, said))))
    return blocks.message(_headline(view, counts), [blocks.attachment(_color(counts), body)])


def batch_fingerprint(view: BatchCard) -> str:
    """Give a digest of what the card shows, the mere passing of time apart."""
    seen = batch_card(replace(view, now=_NO_TIME))
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def _headline(view: BatchCard, counts: Counter[str]) -> str:
    name, total = batch_name(view.batch, view.jobs[0]), len(view.jobs)
    ended = sum(job.has_ended for job in view.jobs)
    failed = sum(counts[status] for status in _FAILED)
    lost = f", {failed:,} failed" if failed else ""
    if ended == total:
        return f"{name}: {'the job has' if total == 1 else f'all {total:,} jobs have'} ended{lost}"
    return f"{name}: {ended:,} of {plural(total, 'job')} done{lost}"


def _progress(view: BatchCard) -> str:
    jobs = view.jobs
    ended = sum(job.has_ended for job in jobs)
    if ended == len(jobs):
        took = _took(jobs)
        return f"Took {ran(took)} from the first start to the last end" if took else ""
    work = ended + sum(map(_share, jobs))
    left = _left(jobs, len(jobs) - work, since=view.watch.created_at - _LATELY)
    return bar(work / len(jobs)) + (f"  about {duration(left)} left" if left is not None else "")


def _share(job: Job) -> float:
    """Say how much of a job under way is done; a job with steps reports only on the one it is at."""
    report = job.progress
    if job.status != "Running" or report is None or report.step or report.fraction is None:
        return 0.0
    return min(1.0, max(0.0, report.fraction))


def _left(jobs: Sequence[Job], work: float, *, since: datetime) -> timedelta | None:
    """Guess how long the rest takes at the pace so far, in whole minutes.

    Measured up to the newest of the platform's own stamps, so that a card says the same until there is news.

    Args:
        jobs: all of them.
        work: how many jobs' worth of work is left.
        since: what started before that says nothing about the pace of today.
    """
    starts = [(job.started_at, job.has_ended) for job in jobs if job.started_at and job.started_at >= since]
    newest = max((job.updated_at for job in jobs if job.updated_at is not None), default=None)
    ended = sum(has_ended for _, has_ended in starts)
    if newest is None or ended < _FEWEST_FOR_A_RATE:
        return None
    took = newest - min(started_at for started_at, _ in starts)
    if took < _SHORTEST_FOR_A_RATE:
        return None
    seconds = took.total_seconds() * work / ended
    return timedelta(minutes=-(-min(seconds, 8_640_000) // 60))


def _took(jobs: Sequence[Job]) -> timedelta | None:
    starts = [job.started_at for job in jobs if job.started_at is not None]
    ends = [job.completed_at for job in jobs if job.completed_at is not None]
    return max(ends) - min(starts) if starts and ends else None


def _statuses(counts: Counter[str]) -> str:
    """Count the jobs at each status, in the order of a list; those never heard of together."""
    said = [f"{LOOKS[each].emoji} {counts[each]:,} {LOOKS[each].word}" for each in ORDER if counts[each]]
    others = sum(count for status, count in counts.items() if status not in LOOKS)
    if others:
        said.append(f"{OTHER.emoji} {others:,} {OTHER.word}")
    return "  ".join(said)


def _failures(jobs: Sequence[Job]) -> str:
    failed = [job for job in jobs if job.status in _FAILED]
    lines = [_failure(job) for job in failed[:_MOST_FAILURES]]
    if len(failed) > len(lines):
        lines.append(f"… and {len(failed) - len(lines):,} more that failed")
    return "\n".join(lines)


def _failure(job: Job) -> str:
    reason = foreign(without_structures(job.reason or ""), 120)
    return f"{look(job.status).emoji} {short_id(job)}  {title(job, 60)}" + (f": {reason}" if reason else "")


def _options(jobs: Sequence[Job]) -> list[Block]:
    """Offer the jobs to open: what failed first, then what is under way, then the rest."""
    order = sorted(jobs, key=lambda job: (job.status not in _FAILED, job.status in ENDED))
    return [option(job) for job in order if ids.carriable(job.id)][:_MOST_OPTIONS]


def _color(counts: Counter[str]) -> str:
    """Blue while anything is under way; then red if something failed, green if all is well."""
    if any(status not in ENDED for status in counts):
        return LOOKS["Running"].color
    if any(counts[status] for status in _FAILED):
        return LOOKS["Failed"].color
    return LOOKS["Succeeded" if set(counts) == {"Succeeded"} else "Cancelled"].color


def _all_ended(jobs: Sequence[Job]) -> bool:
    return all(job.has_ended for job in jobs)
