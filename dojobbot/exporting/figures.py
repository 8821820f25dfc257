"""What jobs amount to: counts by status and by day, durations by tool, spend. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dojobbot.orders import Day, Figures, ToolFigures

__all__ = ["Counted", "figures", "quantile"]

NOT_STARTED = frozenset({"Quoted", "FailedQuotation", "InsufficientFunds"})
"""Where a price was only asked for: nothing was spent."""
MOST_DAYS = 3700


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What figures need to know of a job. `price`: what it was quoted at, in US dollars."""

    status: str
    tool: str
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    price: float | None


@dataclass(slots=True)
class _Tool:
    jobs: int = 0
    succeeded: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    prices: list[float] = field(default_factory=list)


def figures(
    jobs: Iterable[Counted], *, zone: ZoneInfo, first: date | None, last: date, bad_rows: int
) -> Figures:
    """Add up jobs, seen once.

    Args:
        jobs: the jobs.
        zone: in which a day begins.
        first: the first day of those asked for; None for that of the first job.
        last: the last day.
        bad_rows: how many of the platform's rows could not be read.
    """
    statuses: Counter[str] = Counter()
    days: dict[date, Counter[str]] = {}
    tools: dict[str, _Tool] = {}
    undated = 0
    for job in jobs:
        statuses[job.status] += 1
        outcome = {"Succeeded": "succeeded", "Failed": "failed"}.get(job.status, "other")
        if job.created_at is None:
            undated += 1
        else:
            days.setdefault(job.created_at.astimezone(zone).date(), Counter())[outcome] += 1
        _add(tools.setdefault(job.tool, _Tool()), job)
    return Figures(
        jobs=statuses.total(),
        by_status=tuple(sorted(statuses.items(), key=lambda item: (-item[1], item[0]))),
        days=_days(days, first, last),
        tools=tuple(
            sorted(
                (_of_tool(key, tool) for key, tool in tools.items()), key=lambda each: (-each.jobs, each.key)
            )
        ),
        undated=undated,
        bad_rows=bad_rows,
    )


def _add(tool: _Tool, job: Counted) -> None:
    tool.jobs += 1
    tool.succeeded += job.status == "Succeeded"
    tool.failed += job.status == "Failed"
    if job.status == "Succeeded" and job.started_at is not None and job.completed_at is not None:
        tool.seconds.append(max(0.0, (job.completed_at - job.started_at).total_seconds()))
    if job.price is not None and job.status not in NOT_STARTED:
        tool.prices.append(job.price)


def _of_tool(key: str, tool: _Tool) -> ToolFigures:
    seconds = sorted(tool.seconds)
    return ToolFigures(
        key=key,
        jobs=tool.jobs,
        succeeded=tool.succeeded,
        failed=tool.failed,
        median_seconds=quantile(seconds, 0.5) if seconds else None,
        p90_seconds=quantile(seconds, 0.9) if seconds else None,
        spend=math.fsum(tool.prices),
        priced=len(tool.prices),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give the value below which that share of ordered numbers lies, between two of them in proportion."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _days(counted: dict[date, Counter[str]], first: date | None, last: date) -> tuple[Day, ...]:
    """Give every day from the first to the last, or to the last job's where clocks differ."""
    if not counted:
        return ()
    begin = min(counted) if first is None else min(first, *counted)
    end = max(last, *counted)
    if (end - begin).days >= MOST_DAYS:
        # A stamp from another century would make a day of each between.
        begin = end - timedelta(days=MOST_DAYS - 1)
    return tuple(
        Day(day, **counted.get(day, Counter()))
        for day in (begin + timedelta(days=number) for number in range((end - begin).days + 1))
    )
