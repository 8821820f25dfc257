"""The calls that dojobbot makes, as values: method, path, query, headers, patience. Pure.

Paths, parameters and the filter grammar are those of the official client 5.4.0 (`platform/executions.py`) and
of the generated SDK 6.3.0 (`tools_api`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import quote

from dojobbot.domain import GONE, SYNONYMS, JobFilter, require_aware
from dojobbot.errors import JobNotFound

JSON = "application/json"
EVENTS = "text/event-stream"
JSON_WITH_TREE = "application/json;v=2.0"
"""Version 2 of an execution has a tree as its progress report; lists and other calls speak version 1."""

ID_PATTERN = r"\A[A-Za-z0-9_-]{1,64}\Z"
"""Ids are UUIDs today. This much must hold for one to be put into a path, a button or a database key."""

READ_SECONDS = 10.0
MOMENT_SECONDS = 1.0
CONFIRM_SECONDS = 600.0


class Purpose(Enum):
    """What a call does. Only reads may be repeated."""

    READ = "read"
    CANCEL = "cancel"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call, without the token.

    `seconds`: how long a silence is waited out; `job_id`: whom it is about, so that a 404 means that job;
    `body`: JSON.
    """

    path: str
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    accept: str = JSON
    seconds: float = READ_SECONDS
    purpose: Purpose = Purpose.READ
    job_id: str | None = None


def listing(
    org_key: str,
    wanted: JobFilter,
    *,
    page: int,
    page_size: int,
    project_id: str | None = None,
    tool_key: str | None = None,
) -> Request:
    """List one page of jobs, newest first; pages count from 0. The platform knows tools by their whole key.

    Raises:
        ValueError: `created_after` has no zone.
    """
    query = [("page", str(page)), ("pageSize", str(page_size)), ("order", "createdAt desc")]
    conditions = _conditions(wanted, project_id)
    if tool_key is not None:
        conditions["tool"] = {"toolManifest": {"key": tool_key}}
    if conditions:
        query.append(("filter", json.dumps(conditions, separators=(",", ":"))))
    return Request(path=_executions(org_key), query=tuple(query))


def job(org_key: str, job_id: str) -> Request:
    """Read one job with its progress tree. Raises JobNotFound for what cannot be an id."""
    return Request(path=_execution(org_key, job_id), accept=JSON_WITH_TREE, job_id=job_id)


def flat_job(org_key: str, job_id: str) -> Request:
    """Read one job with its flat report, if that takes no more than a moment."""
    return Request(path=_execution(org_key, job_id), seconds=MOMENT_SECONDS, job_id=job_id)


def cancel(org_key: str, job_id: str) -> Request:
    """Cancel a job. Raises JobNotFound for what cannot be an id."""
    path = f"{_execution(org_key, job_id)}:cancel"
    return Request(method="PATCH", path=path, purpose=Purpose.CANCEL, job_id=job_id)


def confirm(org_key: str, job_id: str) -> Request:
    """Approve a job's quote. Raises JobNotFound for what cannot be an id."""
    path = f"{_execution(org_key, job_id)}:confirm"
    return Request(method="PATCH", path=path, purpose=Purpose.CONFIRM, seconds=CONFIRM_SECONDS, job_id=job_id)


def logs(org_key: str, job_id: str, *, limit: int, offset: int) -> Request:
    """Search the log of a job, in the grammar of the data platform (client 5.4.0, `platform/user_logs.py`).

    It is a POST that changes nothing. Raises JobNotFound for what cannot be an id.
    """
    _checked_id(job_id)
    about_it = {"column": "execution_id", "op": "eq", "value": job_id}
    search = {"filter": {"props": [about_it]}, "limit": limit, "offset": offset, "with_total_count": True}
    return Request(
        method="POST",
        path=f"/data-platform/{quote(org_key, safe='')}/user_logs/search",
        body=json.dumps(search).encode(),
    )


def users(org_key: str) -> Request:
    """List the members of the organisation."""
    return Request(path=f"/entities/{quote(org_key, safe='')}/organizations/users")


def stream(org_key: str, project_id: str, filters: Mapping[str, str], *, seconds: float) -> Request:
    """Listen to jobs of one project. `filters`: their ids, by names of our choosing that events repeat."""
    path = f"/sse/{quote(org_key, safe='')}/stream/{quote(project_id, safe='')}"
    query = tuple(("filter", f"{name}=execution:{job_id}") for name, job_id in filters.items())
    return Request(path=path, query=query, accept=EVENTS, seconds=seconds)


def health() -> Request:
    """Ask how the service that runs the tools is."""
    return Request(path="/tools/health")


def _conditions(wanted: JobFilter, project_id: str | None) -> dict[str, object]:
    conditions: dict[str, object] = {}
    if wanted.statuses:
        conditions["status"] = {"$in": _platform_words(wanted.statuses)}
    if wanted.created_after is not None:
        conditions["createdAt"] = {"$gt": _stamp(require_aware(wanted.created_after))}
    if project_id:
        conditions["projectId"] = project_id
    return conditions


def _platform_words(statuses: frozenset[str]) -> list[str]:
    """Name each status as the platform does: by both words where it has two, and none of our own."""
    asked = sorted(statuses - {GONE})
    other_words = [word for word, status in SYNONYMS.items() if status in statuses]
    return asked + [word for word in other_words if word not in statuses]


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _executions(org_key: str) -> str:
    return f"/tools/{quote(org_key, safe='')}/tools/executions"


def _execution(org_key: str, job_id: str) -> str:
    return f"{_executions(org_key)}/{_checked_id(job_id)}"


def _checked_id(job_id: str) -> str:
    if not re.search(ID_PATTERN, job_id):
        raise JobNotFound(job_id[:64])
    return job_id
