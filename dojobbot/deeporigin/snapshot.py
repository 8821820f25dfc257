"""One job with all that the platform says about it: what we understand, and the object as it came. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dojobbot.deeporigin import wire
from dojobbot.deeporigin.exchange import Answer
from dojobbot.domain import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A job as one call returned it. `raw`: its execution object; `began_at`: when that call began."""

    job: Job
    raw: Mapping[str, Any]
    began_at: datetime

    def mapping(self, key: str) -> dict[str, Any]:
        """Give a field that should hold an object; an empty one where it does not."""
        found = self.raw.get(key)
        return found if isinstance(found, dict) else {}


def read(answer: Answer) -> Snapshot:
    """Read the answer to a cancel or a confirm.

    Raises:
        MalformedReply: it is no job.
    """
    return of(answer, wire.decode_job(answer.reply.body))


def of(answer: Answer, job: Job) -> Snapshot:
    """Put a job together with the answer that it was read from."""
    return Snapshot(job=job, raw=wire.decode_execution(answer.reply.body), began_at=answer.began_at)
