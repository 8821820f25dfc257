"""The data platform's searches over executions and their logs, as far as the official client uses them."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from dojobbot.simulator.platform_errors import bad_field
from dojobbot.simulator.world import Execution, StoredJob

Row = dict[str, Any]

KNOWN_KEYS = frozenset({"filter", "limit", "offset", "select", "with_total_count", "with_history"})
OPERATORS = frozenset({"eq", "neq", "in"})


def execution_rows(executions: Iterable[Execution], *, include_hidden: bool) -> list[Row]:
    """The executions as rows of the data platform; hidden ones only when asked for."""
    return [
        _execution_row(execution)
        for execution in executions
        if include_hidden or execution.get("visibility") != "hidden"
    ]


def log_rows(jobs: Iterable[StoredJob]) -> list[Row]:
    """The lines that jobs have written, each job's in the order of time.

    What a tool wrote has its `date`; what the platform noted has only the time at which it was stored.
    """
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{job.execution['executionId']}/log/{number}")),
            "execution_id": job.execution["executionId"],
            "tool_key": (job.execution.get("tool") or {}).get("key") if line.by_tool else None,
            "log_level": line.level,
            "date": line.at if line.by_tool else None,
            "created_at": line.at,
            "message": line.message,
        }
        for job in jobs
        for number, line in enumerate(job.log)
    ]


def search(rows: list[Row], body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a search.

    Args:
        rows: all rows there are.
        body: the request: `filter` as `{"props": [{column, op, value}]}` or `{column: {op: value}}`, `limit`,
            `offset`, `select`, `with_total_count`.

    Returns:
        The answer's `data` and `meta`.

    Raises:
        ApiError: 400 for a key, column or operator that is unknown.
    """
    for key in body:
        if key not in KNOWN_KEYS:
            raise bad_field(key, f"{key} is not allowed")
    found = rows
    for column, operator, value in _conditions(body.get("filter", {})):
        if rows and column not in rows[0]:
            raise bad_field("filter", f"unknown column {column}")
        if operator not in OPERATORS:
            raise bad_field("filter", f"unknown operator {operator}")
        found = [row for row in found if _holds(row[column], operator, value)]
    offset, limit = body.get("offset", 0), body.get("limit", 100)
    page = found[offset : offset + limit]
    if "select" in body:
        page = [{column: row[column] for column in body["select"] if column in row} for row in page]
    meta = {"limit": limit, "offset": offset}
    if body.get("with_total_count"):
        meta["total_count"] = len(found)
    return {"data": page, "meta": meta}


def _conditions(asked: Mapping[str, Any]) -> Iterable[tuple[str, str, Any]]:
    if "props" in asked:
        for prop in asked["props"]:
            yield prop["column"], prop["op"], prop["value"]
        return
    for column, condition in asked.items():
        for operator, value in condition.items():
            yield column, operator, value


def _holds(actual: object, operator: str, value: Any) -> bool:
    match operator:
        case "eq":
            return bool(actual == value)
        case "neq":
            return bool(actual != value)
    return actual in value


def _execution_row(execution: Execution) -> Row:
    tool = execution.get("tool") or {}
    job_id = execution["executionId"]
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, job_id)),
        "compute_job_id": job_id,
        "tool_key": tool.get("key"),
        "tool_version": tool.get("version"),
        "status": execution["status"],
        "created_at": execution.get("createdAt"),
        "started_at": execution.get("startedAt"),
        "completed_at": execution.get("completedAt"),
        "project_id": execution.get("projectId"),
        "tags": {"app": execution.get("app"), "session": execution.get("session")},
        "compute_metadata": {"userInputs": execution.get("userInputs")},
        "progress_report": execution.get("progressReport"),
    }
