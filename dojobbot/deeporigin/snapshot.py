"""The answer about one job, read with all that it holds. Pure."""

from __future__ import annotations

from dojobbot.deeporigin import wire
from dojobbot.deeporigin.exchange import Answer
from dojobbot.domain import Job, Snapshot


def read(answer: Answer) -> Snapshot:
    """Read the answer to a cancel or a confirm.

    Raises:
        MalformedReply: it is no job.
    """
    return of(answer, wire.decode_job(answer.reply.body))


def of(answer: Answer, job: Job) -> Snapshot:
    """Put a job together with the answer that it was read from."""
    return Snapshot(job=job, raw=wire.decode_execution(answer.reply.body), began_at=answer.began_at)
