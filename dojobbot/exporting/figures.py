"""What jobs amount to: counts by status and by day, durations by tool, spend. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dojobbot.orders import Day, Figures, ToolFigures

__all__ = ["Counted", "figures", "quantile"]

NOT_STARTED = frozenset({"Quoted", "FailedQuotation", "InsufficientFunds"})
"""Where a price was only asked for: nothing was spent."""
MOST_DAYS = 3700
LEAST_FOR_P90 = 5
"""Of fewer, nine tenths are no more than the longest."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
"""How far the platform's clock may go before ours. Stamps outside are wrong, and would bend every figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What figures need to know of a job. `price`: its quote in US dollars; `bill`: what it cost."""

    status: str
    tool: str
    created_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    price: float | None
    bill: float | None = None


@dataclass(slots=True)
class _Tool:
    jobs: int = 0
    succeeded: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)
    bills: list[float] = field(default_factory=list)
    quotes: list[float] = field(default_factory=list)


def figures(
    jobs: Iterable[Counted], *, zone: ZoneInfo, first: date | None, now: datetime, bad_rows: int
) -> Figures:
    """Add up jobs, seen once.

    Args:
        jobs: the jobs.
        zone: in which a day begins.
        first: the first day of those asked for; None for that of the first job.
        now: the present; its day is the last.
        bad_rows: how many of the platform's rows could not be read.
    """
    statuses: Counter[str] = Counter()
    days: dict[date, Counter[str]] = {}
    tools: dict[str, _Tool] = {}
    undated = 0
    for job in jobs:
        statuses[job.status] += 1
        outcome = {"Succeeded": "succeeded", "Failed": "failed"}.get(job.status, "other")
        created_at = _sound(job.created_at, now)
        if created_at is None:
            undated += 1
        else:
            days.setdefault(created_at.astimezone(zone).date(), Counter())[outcome] += 1
        _add(tools.setdefault(job.tool, _Tool()), job, now)
    all_days = _days(days, first, now.astimezone(zone).date())
    return Figures(
        jobs=statuses.total(),
        by_status=tuple(sorted(statuses.items(), key=lambda item: (-item[1], item[0]))),
        days=all_days,
        covered_days=_covered(all_days, zone, now),
        tools=tuple(
            sorted(
                (_of_tool(key, tool) for key, tool in tools.items()), key=lambda each: (-each.jobs, each.key)
            )
        ),
        undated=undated,
        bad_rows=bad_rows,
    )


def _sound(moment: datetime | None, now: datetime) -> datetime | None:
    """Give a moment that can be, None for any other."""
    return moment if moment is not None and EARLIEST <= moment <= now + AHEAD else None


def _add(tool: _Tool, job: Counted, now: datetime) -> None:
    tool.jobs += 1
    tool.succeeded += job.status == "Succeeded"
    tool.failed += job.status == "Failed"
    started_at, completed_at = _sound(job.started_at, now), _sound(job.completed_at, now)
    if job.status == "Succeeded" and started_at is not None and completed_at is not None:
        tool.seconds.append(max(0.0, (completed_at - started_at).total_seconds()))
    if job.bill is not None:
        tool.bills.append(job.bill)
    elif job.price is not None and job.started_at is not None and job.status not in NOT_STARTED:
        tool.quotes.append(job.price)


def _of_tool(key: str, tool: _Tool) -> ToolFigures:
    seconds = sorted(tool.seconds)
    return ToolFigures(
        key=key,
        jobs=tool.jobs,
        succeeded=tool.succeeded,
        failed=tool.failed,
        timed=len(seconds),
        median_seconds=quantile(seconds, 0.5) if seconds else None,
        p90_seconds=quantile(seconds, 0.9) if len(seconds) >= LEAST_FOR_P90 else None,
        billed=math.fsum(tool.bills),
        bills=len(tool.bills),
        quoted=math.fsum(tool.quotes),
        quotes=len(tool.quotes),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give the value below which that share of ordered numbers lies, between two of them in proportion."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def _covered(days: Sequence[Day], zone: ZoneInfo, now: datetime) -> float:
    """Say how many days these are. One that the platform's clock began before ours is a whole one."""
    if not days:
        return 0.0
    begin = datetime.combine(days[0].day, time(), zone).astimezone(UTC)
    last = days[-1].day
    end = now if last <= now.astimezone(zone).date() else datetime.combine(last + AHEAD, time(), zone)
    return (end.astimezone(UTC) - begin) / timedelta(days=1)


def _days(counted: dict[date, Counter[str]], first: date | None, last: date) -> tuple[Day, ...]:
    """Give every day from the first to the last, or to the last job's where clocks differ."""
    if not counted:
        return ()
    begin = min(counted) if first is None else min(first, *counted)
    end = max(last, *counted)
    if (end - begin).days >= MOST_DAYS:
        # A stamp from long ago would make a day of each between.
        begin = end - timedelta(days=MOST_DAYS - 1)
    return tuple(
        Day(day, **counted.get(day, Counter()))
        for day in (begin + timedelta(days=number) for number in range((end - begin).days + 1))
    )
