"""Progress reports of every known shape, read into one form. Pure, and never raises.

The shapes were recorded in September 2025 (docking text, the JSON strings of free-energy runs, counts of
pages) or are those that the official client 5.4.0 draws (`execution_display.py`: percentages and batches;
`progress_tree_display.py`: trees, in `tree`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from dojobbot.deeporigin import tree
from dojobbot.domain import Progress
from dojobbot.fields import count, number, percent, text

DOCKED, FAILED = "ligand docked:", "ligand failed:"
TOTAL_LIGANDS = re.compile(r"total_num_ligands\s*=\s*(\d{1,12})", re.ASCII)

FREE_ENERGY_STEPS = ("EMEQ", "MD", "Solvation FEP", "Binding FEP")
"""What an ABFE or RBFE run goes through, in its own words (`cmd`)."""
FREE_ENERGY_RESULT = "FEP Results"
FREE_ENERGY_OPTIONS = {
    "EMEQ": ("emeq", "emeq_md_options"),
    "MD": ("md", "md_options"),
    "Solvation FEP": ("solvation", "prod_md_options"),
    "Binding FEP": ("binding", "prod_md_options"),
}
"""Where the inputs hold the time step of what a step runs (`dt`, in picoseconds; all recorded are 0.004)."""
NOT_IN_TIME = "minimization"
"""A sub-step that moves downhill, not through time: its steps have no nanoseconds."""
LONGEST_TIME_STEP = 1.0
PICOSECONDS = 1e-3
LONGEST_JSON = 1_000_000
"""Characters of a text that may be JSON inside; the longest recorded has a few hundred."""
LONGEST_REMAINING = 10 * 365 * 86_400.0


def parse(
    report: object, *, ligands: int | None = None, inputs: Mapping[str, object] | None = None
) -> Progress | None:
    """Read a progress report.

    Args:
        report: `progressReport` as decoded from JSON: null, a string (text, or JSON again) or an object.
        ligands: how many ligands the job's inputs name; counts where a docking text gives no total.
        inputs: the options of a free-energy run's steps, as far as they are known (`userInputs`).

    Returns:
        What it says. None when it says nothing that is known; an unknown text becomes the note. For docking
        `done` counts the ligands that are through, the failed among them. For free energies the fraction is
        that of the sub-step.
    """
    if isinstance(report, str):
        return _from_text(report, ligands, inputs or {})
    return _from_object(report, inputs or {}) if isinstance(report, Mapping) else None


def _from_text(report: str, ligands: int | None, inputs: Mapping[str, object]) -> Progress | None:
    if "total_num_ligands" in report or DOCKED in report or FAILED in report:
        return _docking(report, ligands)
    if len(report) > LONGEST_JSON:
        return _note(report)
    try:
        # The standard decoder, because Python tools write NaN into their reports.
        found = json.loads(report)
    except (ValueError, RecursionError):
        return _note(report)
    return _from_object(found, inputs) if isinstance(found, Mapping) else None


def _note(report: str) -> Progress | None:
    note = text(report[:LONGEST_JSON].strip().partition("\n")[0])
    return Progress(note=note) if note else None


def _from_object(report: Mapping[str, object], inputs: Mapping[str, object]) -> Progress | None:
    if tree.is_tree(report):
        return tree.parse(report)
    if "cmd" in report:
        return _free_energy(report, inputs)
    counts = report.get("counts")
    if isinstance(counts, Mapping):
        return _counts(counts)
    if "complete" in report:
        fraction = percent(report["complete"])
        return None if fraction is None else Progress(fraction=fraction)
    return _batch(report)


def _docking(report: str, ligands: int | None) -> Progress:
    named = TOTAL_LIGANDS.search(report)
    total = int(named.group(1)) if named else ligands
    failed = report.count(FAILED)
    done = report.count(DOCKED) + failed
    fraction = min(done / total, 1.0) if total else None
    return Progress(fraction=fraction, done=done, failed=failed, total=total, unit="ligands")


def _batch(report: Mapping[str, object]) -> Progress | None:
    """Average a batch of workflows; one that has not said anything yet counts as 0."""
    shares = [
        percent(part.get("complete")) or 0.0
        for name, part in report.items()
        if isinstance(part, Mapping) and ("workflow" in name.lower() or "complete" in part)
    ]
    if not shares or len(shares) < len(report):
        return None
    done = sum(share == 1 for share in shares)
    return Progress(fraction=sum(shares) / len(shares), done=done, total=len(shares), unit="workflows")


def _counts(counts: Mapping[object, object]) -> Progress | None:
    """Add up what a patent extraction has processed, by item: `{item: {total, description}}`."""
    done: list[int] = []
    expected: list[int | None] = []
    notes: list[str] = []
    for item in counts.values():
        description = item.get("description") if isinstance(item, Mapping) else None
        processed = count(item.get("total")) if isinstance(item, Mapping) else None
        if processed is None:
            continue
        done.append(processed)
        expected.append(
            count(description.get("expected_count")) if isinstance(description, Mapping) else None
        )
        note = text(description.get("message")) if isinstance(description, Mapping) else None
        notes.extend([note] if note else [])
    if not done:
        return None
    known = [number for number in expected if number is not None]
    total = sum(known) if len(known) == len(done) else None
    return Progress(
        fraction=min(sum(done) / total, 1.0) if total else None,
        done=sum(done),
        total=total,
        unit="pages",
        # The message says in words what the two numbers say.
        note=notes[0] if len(notes) == 1 and total is None else "",
    )


def _free_energy(report: Mapping[str, object], inputs: Mapping[str, object]) -> Progress:
    step = text(report.get("cmd")) or ""
    if step == FREE_ENERGY_RESULT:
        return Progress(step=step, result=_free_energy_result(report))
    done, target = number(report.get("current_avg_step")), number(report.get("target_step"))
    measured = done is not None and target is not None and done >= 0 and target > 0
    known = step in FREE_ENERGY_STEPS
    sub_step = text(report.get("sub_step")) or ""
    error = text(report.get("error_msg"))
    return Progress(
        fraction=min(done / target, 1.0) if measured and done is not None and target else None,
        done=count(done) if measured else None,
        total=count(target) if measured else None,
        unit="steps" if measured else "",
        step=step,
        step_number=FREE_ENERGY_STEPS.index(step) + 1 if known else None,
        step_count=len(FREE_ENERGY_STEPS) if known else None,
        steps=FREE_ENERGY_STEPS if known else (),
        sub_step=sub_step,
        note=_free_energy_note(report, target),
        ns_per_step=_ns_per_step(step, sub_step, inputs) if measured else None,
        failure=f"{step}: {error}" if error and step else error or "",
        seconds_left=_remaining(report.get("time_remaining_curr_stage_s")),
    )


def _free_energy_note(report: Mapping[str, object], target: float | None) -> str:
    """Say what it does when that is not plain running."""
    status = text(report.get("status")) or ""
    if status == "Initiating" or (target is not None and target < 0):
        return "initialising"
    return "" if status == "Running" else status.lower()


def _ns_per_step(step: str, sub_step: str, inputs: Mapping[str, object]) -> float | None:
    """Give the simulated time of a step of the dynamics, from the options that the run was given."""
    if step not in FREE_ENERGY_OPTIONS or sub_step.lower() == NOT_IN_TIME:
        return None
    section, options = FREE_ENERGY_OPTIONS[step]
    given = inputs.get(section)
    chosen = given.get(options) if isinstance(given, Mapping) else None
    picoseconds = number(chosen.get("dt")) if isinstance(chosen, Mapping) else None
    usable = picoseconds is not None and 0 < picoseconds <= LONGEST_TIME_STEP
    return picoseconds * PICOSECONDS if usable and picoseconds is not None else None


def _free_energy_result(report: Mapping[str, object]) -> str:
    total, spread = number(report.get("Total")), number(report.get("Std"))
    if total is None:
        return ""
    # A run without repeats says 0.0, as all recorded ones do: nobody measured a spread.
    measured = f"{_plain(total)} ± {_plain(spread)}" if spread else _plain(total)
    return f"{measured} {text(report.get('unit'), 40) or ''}".rstrip()


def _plain(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1e6 else f"{value:.3g}"


def _remaining(value: object) -> float | None:
    seconds = number(value)
    return seconds if seconds is not None and 0 <= seconds <= LONGEST_REMAINING else None
