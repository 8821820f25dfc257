"""Why a job is where it is: the platform's reason, and the innermost message of the step that failed.

Both are what people wait for, so they are shown in channels as well. But a message may quote the molecule it
is about, and what others see carries no inputs: there, whatever could be a structure is hidden.
"""

from __future__ import annotations

from dojobbot.domain import FAILED, Job
from dojobbot.slack.text import foreign
from dojobbot.slack.views.structures import without_structures

__all__ = ["quoted", "words"]

_LONGEST = 600


def words(job: Job) -> tuple[str, ...]:
    """Give the platform's reason and, of a job that failed, the innermost message that is not in it.

    Foreign text, unescaped.
    """
    reason = job.reason or ""
    failure = job.progress.failure if job.progress is not None and job.status in FAILED else ""
    message = failure.partition(": ")[2] or failure
    return tuple(said for said in (reason, "" if message in reason else failure) if said)


def quoted(job: Job, *, private: bool, innermost: bool = True) -> str:
    """Quote why, in mrkdwn, a line each; empty when nobody says anything.

    Args:
        job: the job.
        private: for one person's eyes, so nothing is hidden.
        innermost: whether to quote the failed step, too; without it the platform's reason alone.
    """
    said = words(job) if innermost else (job.reason or "",)
    shown = said if private else tuple(without_structures(each) for each in said)
    return "\n".join(f">{line}" for line in (foreign(each, _LONGEST) for each in shown) if line)
