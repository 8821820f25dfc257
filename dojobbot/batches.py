"""Which jobs belong together: by tag, by session, or because one person started them together. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from dojobbot.domain import Batch, BatchKind, Job

__all__ = ["STARTED_TOGETHER", "belongs", "crowded", "of_words", "typed_words"]

STARTED_TOGETHER = timedelta(minutes=10)
"""Jobs of one tool and one person, created this close to each other, were started together."""
MOST_CARDS = 3
"""So many cards of one batch stand side by side in one place; with the next they become one card."""


def crowded(job: Job, watched: Sequence[Job]) -> tuple[Batch, tuple[Job, ...]] | None:
    """Say which batch a job's card would be one card too many of, and which of the watched jobs are in it.

    Args:
        job: the job that is to be watched.
        watched: the jobs that have a card of their own in the same place.

    Returns:
        None while there is room for another card. Of several batches the one that people named comes first.
    """
    for batch in _batches(job):
        there = tuple(other for other in watched if other.id != job.id and belongs(other, batch, job))
        if len(there) >= MOST_CARDS:
            return batch, there
    return None


def belongs(other: Job, batch: Batch, job: Job) -> bool:
    """Whether another job is in a batch that `job` is in. Typed words are the jobs of a moment: no."""
    match batch.kind:
        case BatchKind.TAG:
            return other.tag == batch.key
        case BatchKind.SESSION:
            return other.session == batch.key
        case BatchKind.TOGETHER:
            return _started_together(job, other)
        case BatchKind.WORDS:
            return False


def of_words(words: str, *, whose: str | None, since: datetime | date | None) -> Batch:
    """Name the jobs that typed words found.

    The same words mean other jobs when another person types `mine`, where a day begins at another moment, or
    on the day after they spoke of the last week: what they meant is part of the key, below the words.

    Args:
        words: the filters as they were typed, in one line; empty for all jobs.
        whose: the Slack user id of the person whose jobs are meant, if it is one person's.
        since: from when on the jobs are meant to have been created, if they are; for a span that ends with
            the present, the day on which it was typed.
    """
    meant = [whose, None if since is None else since.isoformat()]
    return Batch(BatchKind.WORDS, "\n".join([words or "all jobs", *filter(None, meant)]))


def typed_words(batch: Batch) -> str:
    """Give the words that somebody typed, for people to read."""
    return batch.key.partition("\n")[0]


def _batches(job: Job) -> list[Batch]:
    """Give the batches that a job is in, those that people named first."""
    found = [Batch(BatchKind.TAG, job.tag)] if job.tag else []
    found += [Batch(BatchKind.SESSION, job.session)] if job.session else []
    if job.tool_key and job.created_by and job.created_at is not None:
        found.append(Batch(BatchKind.TOGETHER, f"{job.tool_key} {job.created_by} {job.created_at:%F %R}"))
    return found


def _started_together(one: Job, other: Job) -> bool:
    if one.created_at is None or other.created_at is None or not one.created_by:
        return False
    same = (one.tool_key, one.created_by) == (other.tool_key, other.created_by)
    return same and abs(one.created_at - other.created_at) <= STARTED_TOGETHER
