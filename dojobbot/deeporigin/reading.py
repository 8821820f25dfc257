"""Reading one job: its progress tree, and the result that only its flat report has. Pure steps.

Version 2 of an execution has a tree in place of the flat report, and no recorded or documented tree holds the
free energy. So of a free-energy run that succeeded both are read.
"""

from __future__ import annotations

from dataclasses import replace

from dojobbot.deeporigin import requests, wire
from dojobbot.deeporigin.exchange import RETRIES, Answer, Exchange, Steps
from dojobbot.domain import Job
from dojobbot.errors import PlatformError

FREE_ENERGY_TOOLS = ("abfe", "rbfe", "fep")


def read_job(
    exchange: Exchange, org_key: str, job_id: str, *, retries: int = RETRIES
) -> Steps[tuple[Answer, Job]]:
    """Read one job. Raises JobNotFound, or any other PlatformError.

    The second call, where there is one, is made once and for a moment only: without it the result is missing,
    and no more than that.
    """
    answer = yield from exchange.read(requests.job(org_key, job_id), retries=retries)
    job = wire.decode_job(answer.reply.body)
    if not _hides_a_result(job):
        return answer, job
    try:
        flat = yield from exchange.read(requests.flat_job(org_key, job_id), retries=0)
        report = wire.decode_job(flat.reply.body).progress
    except PlatformError:
        return answer, job
    if job.progress is not None and report is not None and report.result:
        job = replace(job, progress=replace(job.progress, result=report.result))
    return answer, job


def _hides_a_result(job: Job) -> bool:
    progress, key = job.progress, (job.tool_key or "").lower()
    if job.status != "Succeeded" or progress is None or not progress.branches or progress.result:
        return False
    return any(word in key for word in FREE_ENERGY_TOOLS)
