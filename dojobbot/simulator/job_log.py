"""What a job's tool and the platform write into its log: a line for each thing that happens to the job."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Fields = Mapping[str, Any]

DOCKED, FAILED = "ligand docked", "ligand failed"
STATUS_WORDS = {
    "Created": "Accepted",
    "Queued": "Waiting for a worker",
    "Running": "Started on worker 3",
    "Suspended": "Suspended",
    "Completed": "Finished, results are stored",
    "Succeeded": "Finished, results are stored",
}


class Line(NamedTuple):
    """One line; `at` is a stamp as the platform writes it. The platform's own lines come from no tool."""

    at: str
    level: str
    message: str
    by_tool: bool = True


def at_first(execution: Fields) -> list[Line]:
    """The lines of a job that appears: of what its stamps tell, and why it is where it is."""
    lines = [
        Line(execution[stamp], "info", STATUS_WORDS[status], by_tool=False)
        for stamp, status in (("createdAt", "Created"), ("startedAt", "Running"))
        if execution.get(stamp)
    ]
    at = execution.get("completedAt") or execution.get("updatedAt") or execution.get("createdAt")
    status = execution["status"]
    if at and status not in {"Created", "Running"}:
        lines += _of_status(at, status, execution)
    return lines


def of_change(before: Fields, fields: Fields, at: str) -> Iterator[Line]:
    """The lines of one change; `before` is the job until then."""
    report = fields.get("progressReport")
    if report is not None and report != before.get("progressReport"):
        yield from _of_report(at, before.get("progressReport"), report)
    status = fields.get("status", before["status"])
    if status != before["status"]:
        yield from _of_status(at, status, {**before, **fields})


def _of_status(at: str, status: str, execution: Fields) -> Iterator[Line]:
    if status in {"Failed", "InsufficientFunds", "FailedQuotation"}:
        code, cause = _cause(execution)
        if "OOM" in cause:
            yield Line(at, "warning", "Memory of worker 3: 31.6 of 32.0 GiB in use")
        yield Line(at, "error", f"{cause} ({code})" if code else cause)
    elif status == "Cancelled":
        yield Line(at, "warning", "Stopped: the execution was cancelled", by_tool=False)
    else:
        yield Line(at, "info", STATUS_WORDS.get(status, f"Status is {status}"), by_tool=False)


def _cause(execution: Fields) -> tuple[str, str]:
    """The code and the words of why a job ended badly."""
    reason = execution.get("statusReason")
    if isinstance(reason, dict):
        said = [str(reason[key]) for key in ("message", "detail") if reason.get(key)]
        return str(reason.get("code") or ""), ": ".join(said)
    failed = (execution.get("quotationResult") or {}).get("failedQuotations") or []
    if failed:
        return str(failed[0].get("itemCode", "")), str(failed[0].get("message", "No quote"))
    return "", str(reason or "The tool ended with exit code 1")


def _of_report(at: str, before: Any, report: Any) -> Iterator[Line]:
    if isinstance(report, str) and report.lstrip().startswith("{"):
        yield from _of_stages(at, before, json.loads(report))
    elif isinstance(report, str):
        yield from _of_ligands(at, before if isinstance(before, str) else "", report)
    elif isinstance(report, dict) and "complete" in report:
        yield Line(at, "info", f"{report['complete']} % of the properties are calculated")


def _of_ligands(at: str, before: str, report: str) -> Iterator[Line]:
    """The ligands that are through since the report before, told by their numbers."""
    known = before.count("\n")
    for number, line in enumerate(report.splitlines()[max(known, 1) :], start=max(known, 1)):
        if line.startswith(FAILED):
            yield Line(at, "warning", f"Ligand {number}: no pose fits into the box")
        elif line.startswith(DOCKED):
            yield Line(at, "info", f"Ligand {number} docked, 9 poses")


def _of_stages(at: str, before: Any, report: Fields) -> Iterator[Line]:
    """A free-energy run: where it enters a stage, how far it is in it, and its result."""
    if report.get("cmd") == "FEP Results":
        yield Line(at, "info", f"Total {report['Total']} +/- {report['Std']} {report['unit']}")
        return
    known = json.loads(before) if isinstance(before, str) else {}
    stage = " / ".join(str(report[key]) for key in ("cmd", "sub_step") if report.get(key))
    if (report.get("cmd"), report.get("sub_step")) != (known.get("cmd"), known.get("sub_step")):
        yield Line(at, "info", f"Entering {stage}")
    step = report.get("current_avg_step", -1)
    if step >= 0:
        yield Line(at, "debug", f"{stage}: step {step:.0f} of {report.get('target_step')}")
