"""How far a job has come, drawn with characters: a bar with numbers, a step, a result, a tree.

A report is the tool's last word before the platform's: Succeeded jobs have been seen whose report still said
1 of 8. So the status decides about the end, and after it only what the report adds is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dojobbot.domain import Branch, Job, Progress
from dojobbot.slack.text import duration, foreign, plural
from dojobbot.slack.views.status import LOOKS
from dojobbot.slack.views.structures import without_structures
from dojobbot.standing import NOT_BEGUN, Standing, standing_of

__all__ = ["bar", "chain", "percent", "silence", "summary", "tree"]

_CELLS = 10
_COUNTED: dict[str, str] = {Standing.OTHER: "in other states"}
_MOST_LINES = 14
_MARKS = {
    Standing.FAILED: "✗",
    Standing.DONE: "✓",
    Standing.RUNNING: "▸",
    Standing.WAITING: "·",
    Standing.OTHER: "·",
}
_SHORTEST_FOR_A_RATE = timedelta(seconds=30)
_OVERDUE = 1.5
_PATIENCE = timedelta(minutes=10)
"""A report may come late by half of what the rest was to take, and by this, before the guess is given up."""


def percent(fraction: float) -> str:
    """Give a share of 0..1 in per cent. Only what is complete says 100."""
    return f"{_whole(fraction)} %"


def bar(fraction: float) -> str:
    """Draw a share of 0..1: `[######----] 62 %`, as inline code so that its cells align."""
    full = _whole(fraction) * _CELLS // 100
    return f"`[{'#' * full}{'-' * (_CELLS - full)}] {percent(fraction)}`"


def _whole(fraction: float) -> int:
    return min(100, max(0, int(fraction * 100 + 1e-9)))


def summary(job: Job, now: datetime, *, private: bool) -> str:
    """Say in one line how far it is; empty where the status says it all.

    `private` adds the tool's own free text, which a card in a channel leaves out: it may quote inputs. There
    the names of steps go without what could be a structure, too. `now` tells how old the report is.
    """
    report = job.progress
    if job.status == "Succeeded":
        return _after_success(job, report, now, private=private)
    line = _drawn(job, report, now, private=private) if report is not None else ""
    if job.has_ended:
        return f"Last report: {line}" if line else ""
    if line or job.status == "Quoted":
        return line
    return "Not started yet" if job.status in NOT_BEGUN else "No progress reported yet"


def silence(job: Job, now: datetime) -> timedelta | None:
    """Give how old its report is where the rest was to take much less; None where there is no telling."""
    if job.progress is None or job.is_terminal or job.updated_at is None:
        return None
    left, age = _left(job, job.progress), now - job.updated_at
    return age if left and age > _rough(left) * _OVERDUE + _PATIENCE else None


def _after_success(job: Job, report: Progress | None, now: datetime, *, private: bool) -> str:
    """Say what came of it: the result, or how many of what, how many of them in vain, and how fast."""
    if report is None:
        return ""
    parts = [_result(report, private=private)]
    if report.total and not report.step:
        whole = report.done is not None and report.done >= report.total
        parts.append(_counted(report.total, report))
        parts.append(f"{report.failed:,} failed" if report.failed else "")
        # A report that stopped early says how many there were, but neither how many of them nor how fast.
        parts += _pace(job, report, now) if whole else []
    elif report.failed:
        parts.append(f"{_counted(report.failed, report)} failed")
    return ", ".join(part for part in parts if part)


def _drawn(job: Job, report: Progress, now: datetime, *, private: bool) -> str:
    fraction = _fraction(report)
    step = _step(report, private=private)
    parts = [_result(report, private=private), *_numbers(report), *_pace(job, report, now)]
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


def _name(text: str, limit: int, *, private: bool) -> str:
    """Show a word of the tool's; where others read along, without what could be a structure."""
    return foreign(text if private else without_structures(text), limit)


def _step(report: Progress, *, private: bool) -> str:
    steps = dict.fromkeys(_name(each, 60, private=private) for each in (report.step, report.sub_step))
    names = ", ".join(name for name in steps if name)
    if report.result:
        return ""
    if report.step_number is None:
        return names
    of = "" if report.step_count is None else f" of {report.step_count}"
    return f"Step {report.step_number}{of}: {names}".removesuffix(": ")


def _result(report: Progress, *, private: bool) -> str:
    return f"Result: {_name(report.result, 100, private=private)}" if report.result else ""


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


def _pace(job: Job, report: Progress, now: datetime) -> list[str]:
    """Say how fast it goes and how long it still takes; after the end, how fast it went.

    Measured up to the report's own time, not to now, so that a card says the same until there is news. Where
    that stays out for much longer than the rest was to take, it says since when in place of a guess.
    """
    rate, left = _rate(job, report), _left(job, report)
    said = [] if rate is None else [_per(rate)]
    if job.is_terminal or not left:
        return said
    age = silence(job, now)
    return [
        *said,
        f"about {duration(_rough(left))} left" if age is None else f"last report {duration(age)} ago",
    ]


def _left(job: Job, report: Progress) -> float | None:
    """Give the seconds that it still takes: what the tool says, else a guess from its pace."""
    rate, through = _rate(job, report), _through(report)
    if report.seconds_left is None and rate and report.total is not None and through is not None:
        return max(0.0, report.total - through) / rate
    return report.seconds_left


def _rate(job: Job, report: Progress) -> float | None:
    """Count what was done in a second of the run; None for a job with steps, whose count begins anew."""
    until = job.completed_at if job.has_ended and job.completed_at else job.updated_at
    through = _through(report)
    if not through or report.step or job.started_at is None or until is None:
        return None
    took = until - job.started_at
    return through / took.total_seconds() if took >= _SHORTEST_FOR_A_RATE else None


def _through(report: Progress) -> float | None:
    """Count what is done and what is half done: each of a few workflows takes long, and they run at once."""
    if report.fraction is None or report.total is None:
        return report.done
    return max(report.fraction * report.total, report.done or 0)


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

    A long one is collapsed to what fails, what runs and what has a word never heard of, with the branches
    above those, and a count of the rest. After the end only what failed is worth a look. `private` adds what
    the failed ones say, and which ligands the branches are about.
    """
    ended, report = job.has_ended, job.progress or Progress()
    rows = _without_lone_root(report.branches)
    keep = set(range(len(rows)))
    if ended or len(rows) > _MOST_LINES:
        keep = _notable(rows, ended=ended)
    if not keep and (ended or not rows):
        return ""
    lines = [_row(rows[index], private=private) for index in sorted(keep)]
    rest = Counter(dict(report.left_out))
    rest.update(standing_of(row.status) for index, row in enumerate(rows) if index not in keep)
    if rest and not ended:
        lines.append(_left_out(rest))
    return "```\n" + "\n".join(lines) + "\n```"


def _without_lone_root(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Drop a root that everything hangs on: it is the job itself, and the card says all about that."""
    if len(branches) > 1 and [branch.depth for branch in branches].count(0) == 1 and branches[0].depth == 0:
        return tuple(replace(branch, depth=branch.depth - 1) for branch in branches[1:])
    return tuple(branches)


def _notable(rows: Sequence[Branch], *, ended: bool) -> set[int]:
    """Choose the failing branches, the running ones, then those whose word nobody knows, up to the limit.

    Each with those above it.
    """
    stand = [standing_of(row.status) for row in rows]
    wanted_most = [Standing.FAILED] if ended else [Standing.FAILED, Standing.RUNNING, Standing.OTHER]
    keep: set[int] = set()
    for index in (at for standing in wanted_most for at, each in enumerate(stand) if each is standing):
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


def _row(row: Branch, *, private: bool) -> str:
    standing = standing_of(row.status)
    name = _name(row.name, 40, private=private) or "?"
    ligand = foreign(row.ligand, 40) if private else ""
    named = f"{_MARKS[standing]} {name}" + (f" ({ligand})" if ligand else "")
    said = foreign(row.message, 60) if private and standing is Standing.FAILED else ""
    parts = (named, _detail(row, standing, private=private), said)
    return "  " * min(max(row.depth, 0), 6) + "  ".join(part for part in parts if part)


def _detail(row: Branch, standing: Standing, *, private: bool) -> str:
    if standing is Standing.DONE or row.status in NOT_BEGUN:
        return ""
    if standing is Standing.FAILED:
        return row.status.lower()
    share = "" if row.fraction is None else percent(row.fraction)
    if share and standing is Standing.RUNNING:
        return share
    word = LOOKS[row.status].word if row.status in LOOKS else row.status
    return ", ".join(filter(None, [_name(word, 20, private=private).lower(), share]))


def _left_out(rest: Counter[str]) -> str:
    kinds = ", ".join(f"{count:,} {_COUNTED.get(kind, kind)}" for kind, count in rest.most_common())
    return f"… {rest.total():,} more: {kinds}"
