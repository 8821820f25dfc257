"""How far a job has come, drawn with characters: a bar with numbers, a step, a result, a tree.

A report is the tool's last word before the platform's: Succeeded jobs have been seen whose report still said
1 of 8. So the status decides about the end, and after it only what the report adds is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from dojobbot.domain import ENDED, Branch, Job, Progress
from dojobbot.slack.text import duration, foreign, plural
from dojobbot.slack.views.status import LOOKS

__all__ = ["bar", "chain", "percent", "summary", "tree"]

_CELLS = 10
_MOST_LINES = 14
_WAITING = frozenset({"Created", "Queued", "Accepted", ""})
_GOOD = frozenset({"Succeeded"})
_BAD = ENDED - _GOOD
_SHORTEST_FOR_A_RATE = timedelta(seconds=30)


def percent(fraction: float) -> str:
    """Give a share of 0..1 in per cent. Only what is complete says 100."""
    return f"{_whole(fraction)} %"


def bar(fraction: float) -> str:
    """Draw a share of 0..1: `[######----] 62 %`, as inline code so that its cells align."""
    full = _whole(fraction) * _CELLS // 100
    return f"`[{'#' * full}{'-' * (_CELLS - full)}] {percent(fraction)}`"


def _whole(fraction: float) -> int:
    return min(100, max(0, int(fraction * 100 + 1e-9)))


def summary(job: Job, *, private: bool) -> str:
    """Say in one line how far it is; empty where the status says it all.

    `private` adds the tool's own free text, which a card in a channel leaves out: it may quote inputs.
    """
    report = job.progress
    if job.status == "Succeeded":
        return _after_success(job, report)
    line = _drawn(job, report, private=private) if report is not None else ""
    if job.has_ended:
        return f"Last report: {line}" if line else ""
    if line or job.status == "Quoted":
        return line
    return "Not started yet" if job.status in _WAITING else "No progress reported yet"


def _after_success(job: Job, report: Progress | None) -> str:
    """Say what came of it: the result, or how many of what, how many of them in vain, and how fast."""
    if report is None:
        return ""
    parts = [_result(report)]
    if report.total and not report.step:
        whole = report.done is not None and report.done >= report.total
        parts.append(_counted(report.total, report))
        parts.append(f"{report.failed:,} failed" if report.failed else "")
        # A report that stopped early says how many there were, but neither how many of them nor how fast.
        parts += _pace(job, report) if whole else []
    elif report.failed:
        parts.append(f"{_counted(report.failed, report)} failed")
    return ", ".join(part for part in parts if part)


def _drawn(job: Job, report: Progress, *, private: bool) -> str:
    fraction = _fraction(report)
    step = _step(report)
    parts = [_result(report), *_numbers(report), *_pace(job, report)]
    if private:
        parts.append(foreign(report.note, 150))
    words = ", ".join(part for part in parts if part)
    drawn = "" if fraction is None else bar(fraction)
    # The share of a job with steps is that of its sub-step, so the bar stands behind the sub-step's name.
    pieces = (step, drawn, words) if step else (drawn, words)
    return "  ".join(piece for piece in pieces if piece)


def _fraction(report: Progress) -> float | None:
    if report.fraction is not None:
        return report.fraction
    return report.done / report.total if report.done is not None and report.total else None


def _step(report: Progress) -> str:
    steps = dict.fromkeys((foreign(report.step, 60), foreign(report.sub_step, 60)))
    names = ", ".join(name for name in steps if name)
    if report.result:
        return ""
    if report.step_number is None:
        return names
    of = "" if report.step_count is None else f" of {report.step_count}"
    return f"Step {report.step_number}{of}: {names}".removesuffix(": ")


def _result(report: Progress) -> str:
    return f"Result: {foreign(report.result, 100)}" if report.result else ""


def _numbers(report: Progress) -> list[str]:
    """Count what is done (the failed among them) and what failed; of a simulation, the time if known."""
    if report.ns_per_step is not None and report.done is not None and report.total is not None:
        return [f"{_ns(report.done * report.ns_per_step)} of {_ns(report.total * report.ns_per_step)} ns"]
    said = [f"{report.failed:,} failed"] if report.failed else []
    if report.done is None:
        return said
    if report.total is None:
        return [_counted(report.done, report), *said]
    return [f"{report.done:,} of {_counted(report.total, report)}", *said]


def _ns(nanoseconds: float) -> str:
    return f"{nanoseconds:,.2f}".rstrip("0").rstrip(".") if nanoseconds < 1e6 else f"{nanoseconds:.3g}"


def _counted(count: int, report: Progress) -> str:
    return plural(count, (foreign(report.unit, 20) or "item").removesuffix("s"))


def _pace(job: Job, report: Progress) -> list[str]:
    """Say how fast it goes and how long it still takes; after the end, how fast it went.

    Measured up to the report's own time, not to now, so that a card says the same until there is news.
    """
    rate = _rate(job, report)
    if job.is_terminal:
        return [] if rate is None else [_per(rate)]
    left = report.seconds_left
    if left is None and rate and report.total is not None and report.done is not None:
        left = max(0, report.total - report.done) / rate
    said = [] if rate is None else [_per(rate)]
    return [*said, f"about {duration(_rough(left))} left"] if left else said


def _rate(job: Job, report: Progress) -> float | None:
    """Count what was done in a second of the run; None for a job with steps, whose count begins anew."""
    until = job.completed_at if job.has_ended and job.completed_at else job.updated_at
    if not report.done or report.step or job.started_at is None or until is None:
        return None
    took = until - job.started_at
    return report.done / took.total_seconds() if took >= _SHORTEST_FOR_A_RATE else None


def _per(per_second: float) -> str:
    per_minute = per_second * 60
    if per_minute >= 10:
        return f"{per_minute:,.0f}/min"
    return f"{per_minute:.1f}/min" if per_minute >= 1 else f"{per_minute * 60:.1f}/h"


def _rough(seconds: float) -> timedelta:
    """Round a guess up to whole minutes; nobody believes its seconds. At most 100 days."""
    return timedelta(minutes=-(-min(seconds, 8_640_000) // 60))


def chain(job: Job) -> str:
    """Draw the steps of a free-energy run up to where it is and beyond, or nothing.

    Nothing after success, where every step is through, nor beside a tree, which says more.
    """
    report = job.progress
    if report is None or job.status == "Succeeded" or report.branches or report.step_number is None:
        return ""
    here = "✗" if job.has_ended else "▸"
    marked = (
        (at < report.step_number and "✓") or (at == report.step_number and here) or "○"
        for at in range(1, len(report.steps) + 1)
    )
    return "  ".join(f"{mark} {foreign(name, 40)}" for mark, name in zip(marked, report.steps, strict=True))


def tree(job: Job, *, private: bool) -> str:
    """Draw a progress tree in a code block, or nothing.

    A long one is collapsed to what fails and what runs, with the branches above those, and a count of the
    rest. After the end only what failed is worth a look. `private` adds what the failed ones say.
    """
    ended = job.has_ended
    rows = _without_lone_root(job.progress.branches if job.progress is not None else ())
    keep = set(range(len(rows)))
    if ended or len(rows) > _MOST_LINES:
        keep = _notable(rows, ended=ended)
    if not keep:
        return ""
    lines = [_row(rows[index], private=private) for index in sorted(keep)]
    rest = [branch for index, branch in enumerate(rows) if index not in keep]
    if rest and not ended:
        lines.append(_left_out(rest))
    return "```\n" + "\n".join(lines) + "\n```"


def _without_lone_root(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Drop a root that everything hangs on: it is the job itself, and the card says all about that."""
    if len(branches) > 1 and [branch.depth for branch in branches].count(0) == 1 and branches[0].depth == 0:
        return tuple(replace(branch, depth=branch.depth - 1) for branch in branches[1:])
    return tuple(branches)


def _notable(rows: Sequence[Branch], *, ended: bool) -> set[int]:
    """Choose the failing branches, then the running ones, each with those above it, up to the limit."""
    failing = [index for index, row in enumerate(rows) if row.status in _BAD]
    running = [] if ended else [index for index, row in enumerate(rows) if _is_moving(row)]
    keep: set[int] = set()
    for index in (*failing, *running):
        wanted = keep | {index, *_above(rows, index)}
        if len(wanted) <= _MOST_LINES:
            keep = wanted
    return keep


def _above(rows: Sequence[Branch], index: int) -> list[int]:
    above: list[int] = []
    depth = rows[index].depth
    for candidate in range(index - 1, -1, -1):
        if rows[candidate].depth < depth:
            above.append(candidate)
            depth = rows[candidate].depth
    return above


def _is_moving(row: Branch) -> bool:
    return row.status not in _BAD | _GOOD | _WAITING


def _row(row: Branch, *, private: bool) -> str:
    mark = "✗" if row.status in _BAD else "✓" if row.status in _GOOD else "▸" if _is_moving(row) else "·"
    name = foreign(row.name, 40) or "?"
    detail = foreign(row.status, 20).lower() if row.status in _BAD else ""
    if _is_moving(row):
        detail = percent(row.fraction) if row.fraction is not None else _moving_word(row.status)
    said = foreign(row.message, 60) if private and row.status in _BAD else ""
    return "  " * min(max(row.depth, 0), 6) + "  ".join(
        part for part in (f"{mark} {name}", detail, said) if part
    )


def _moving_word(status: str) -> str:
    return LOOKS[status].word.lower() if status in LOOKS else foreign(status, 20).lower()


def _left_out(rest: Sequence[Branch]) -> str:
    counts = Counter(
        "failed"
        if row.status in _BAD
        else "done"
        if row.status in _GOOD
        else "running"
        if _is_moving(row)
        else "waiting"
        for row in rest
    )
    return f"… {len(rest):,} more: " + ", ".join(f"{count:,} {kind}" for kind, count in counts.most_common())
