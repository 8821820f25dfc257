"""The answer to `/jobs stats`: figures in words, and beside them as Slack's own charts. Pure.

A chart has a title of at most 50 characters and labels of 20; a message holds two of them. Pies have 1 to 6
segments above zero, bars 1 to 6 series over at most 20 categories: the lower of the numbers that Slack has
named (reference/block-kit/blocks/data-visualization-block). Charts stand outside attachments: inside they are
not documented. Where they are not drawn, `blocks.plainer` writes them as tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from dojobbot.domain import Job
from dojobbot.orders import Day, Figures, ToolFigures
from dojobbot.slack.text import code, foreign, money, plain, plural, ran
from dojobbot.slack.views import blocks
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.describe import tool_word
from dojobbot.slack.views.status import look, plain_word

__all__ = ["figures"]

MOST_SEGMENTS = 6
MOST_BARS = 20
MOST_STATUSES = 12
MOST_TOOLS = 12
MOST_LABEL = 20
NONE = "–"  # noqa: RUF001 - what a table has where there is nothing


def figures(found: Figures, *, scope: str, tz: str) -> Payload:
    """Draw what jobs amount to.

    Args:
        found: the figures.
        scope: which jobs these are, in the person's words.
        tz: the zone in which their days begin.
    """
    asked = f" ({foreign(scope, 200)})" if scope else ""
    if found.jobs == 0:
        return blocks.message(
            f"No job matches {code(scope, 200)}. To look further back, type `/jobs stats since:90d`."
        )
    headline = f"{plural(found.jobs, 'job')}{asked}"
    body = [
        blocks.section(f"*{headline}*\n{_statuses(found)}"),
        blocks.chart("Jobs by status", _pie(found)),
        blocks.section(_success(found)),
    ]
    if any(day.total for day in found.days):
        bars = _bars(found.days)
        body += [blocks.section(_days(found)), blocks.chart(bars.title, bars.drawn())]
    body += [_tools(found), blocks.section(_spend(found)), blocks.context(_foot(found, tz))]
    return {"text": headline, "blocks": body}


def _statuses(found: Figures) -> str:
    shown = found.by_status[:MOST_STATUSES]
    lines = [
        f"{look(status).emoji} {look(status).word}: {count:,} ({_share(count, found.jobs)})"
        for status, count in shown
    ]
    rest = found.jobs - sum(count for _, count in shown)
    return "\n".join([*lines, *([f"others: {rest:,}"] if rest else [])])


def _share(count: int, whole: int) -> str:
    """Give a share in per cent, rounded half up. Only what is none says 0, and only what is all says 100."""
    rounded = (200 * count + whole) // (2 * whole)
    if rounded < 1 and count:
        return "under 1 %"
    return "over 99 %" if rounded >= 100 and count < whole else f"{rounded} %"


def _pie(found: Figures) -> Block:
    whole = found.by_status
    alone = whole if len(whole) <= MOST_SEGMENTS else whole[: MOST_SEGMENTS - 1]
    parts = [(plain_word(status), count) for status, count in alone]
    rest = found.jobs - sum(count for _, count in alone)
    if rest:
        parts.append(("Others", rest))
    labels = _labels(word for word, _ in parts)
    return {
        "type": "pie",
        "segments": [_point(label, count) for label, (_, count) in zip(labels, parts, strict=True)],
    }


def _labels(words: Iterable[str]) -> list[str]:
    """Cut words to labels that stay distinct: of two that begin alike the later has a number."""
    made: list[str] = []
    for word in words:
        label, number = plain(word, MOST_LABEL) or "?", 2
        while label in made:
            label, number = f"{plain(word, MOST_LABEL - 1 - len(str(number)))} {number}", number + 1
        made.append(label)
    return made


def _success(found: Figures) -> str:
    over = found.succeeded + found.failed
    if not over:
        return "*Success rate*: none of them has succeeded or failed yet."
    return (
        f"*Success rate*: {_share(found.succeeded, over)}, "
        f"{found.succeeded:,} of the {plural(over, 'job')} that succeeded or failed."
    )


def _days(found: Figures) -> str:
    """Say the message of the bars: how many a day, and when the most."""
    days, today = found.days, found.days[-1].day
    total = sum(day.total for day in days)
    most = max(days, key=lambda day: day.total)
    if len(days) == 1:
        return f"*Created on {_named(most.day, today)}*: {plural(total, 'job')}."
    quiet = sum(day.total == 0 for day in days)
    without = f" {plural(quiet, 'day')} without any." if quiet else ""
    on_average = f"{total / found.covered_days:.1f} on average"
    busiest = f"the most on {_named(most.day, today)} ({most.total:,})"
    return f"*Created by day*: {on_average}, {busiest}.{without}"


@dataclass(frozen=True, slots=True)
class _Bars:
    """Days, as many in a bar as it takes to have room for all."""

    days: Sequence[Day]
    per_bar: int

    @property
    def title(self) -> str:
        """What the bars show."""
        return "Jobs created by day" if self.per_bar == 1 else f"Jobs created, {self.per_bar} days a bar"

    def drawn(self) -> Block:
        """Give a bar for each outcome that there is, over the same labels."""
        parts = [self.days[start : start + self.per_bar] for start in range(0, len(self.days), self.per_bar)]
        labels = [_label(part[0].day, self.days[-1].day) for part in parts]
        outcomes = (
            ("Succeeded", [sum(day.succeeded for day in part) for part in parts]),
            ("Failed", [sum(day.failed for day in part) for part in parts]),
            ("Other", [sum(day.other for day in part) for part in parts]),
        )
        series = [
            {"name": name, "data": [_point(*each) for each in zip(labels, counts, strict=True)]}
            for name, counts in outcomes
            if any(counts)
        ]
        return {"type": "bar", "series": series, "axis_config": {"categories": labels}}


def _bars(days: Sequence[Day]) -> _Bars:
    return _Bars(days, -(-len(days) // MOST_BARS))


def _tools(found: Figures) -> Block:
    """Draw a row for each tool; what is a share or a median says of how many, in brackets."""
    tools = found.tools
    names = _tool_names([tool.key for tool in tools[:MOST_TOOLS]])
    rows = [["Tool", "Jobs", "Success", "Median", "90 % within", _price_head(found)]]
    for tool, name in zip(tools, names, strict=False):
        over = tool.succeeded + tool.failed
        rows.append(
            [
                name,
                f"{tool.jobs:,}",
                f"{_share(tool.succeeded, over)} ({over:,})" if over else NONE,
                NONE if tool.median_seconds is None else f"{_span(tool.median_seconds)} ({tool.timed:,})",
                _span(tool.p90_seconds),
                _price([tool]),
            ]
        )
    rest = tools[MOST_TOOLS:]
    if rest:
        others = f"{sum(tool.jobs for tool in rest):,}"
        rows.append([f"{len(rest)} others", others, NONE, NONE, NONE, _price(rest)])
    return blocks.table(rows, right=range(1, 6))


def _tool_names(keys: Sequence[str]) -> list[str]:
    """Name each tool in a word or two, or by its key where another one has the same words."""
    words = [
        tool_word(Job(id="", status="", raw_status="", tool_key=key)) if key else "No tool" for key in keys
    ]
    return [
        plain(key, 80) or word if words.count(word) > 1 else word
        for key, word in zip(keys, words, strict=True)
    ]


def _price_head(found: Figures) -> str:
    if found.bills and found.quotes:
        return "Billed or quoted"
    return "Billed" if found.bills else "Quoted"


def _price(tools: Sequence[ToolFigures]) -> str:
    is_known = any(tool.bills or tool.quotes for tool in tools)
    return money(sum(tool.billed + tool.quoted for tool in tools)) if is_known else NONE


def _spend(found: Figures) -> str:
    """Say what is billed and what is only quoted, each of how many jobs."""
    billed = f"{money(found.billed)} billed for {plural(found.bills, 'job')}"
    quoted = f"{money(found.quoted)} quoted for {plural(found.quotes, 'job')} started without a bill so far"
    if not found.bills and not found.quotes:
        return "*Spend*: none of these jobs has a bill, or a quoted price and a start."
    if not found.quotes:
        return f"*Spend*: {billed}."
    both = f"{money(found.billed + found.quoted)}: {billed}, {quoted}" if found.bills else quoted
    return f"*Spend*: {both}. What never started is not in it; what is billed may differ from its quote."


def _foot(found: Figures, tz: str) -> str:
    said = [
        f"Days begin at midnight in {plain(tz, 60)}{_since(found.days)}.",
        "Success rates are of jobs that succeeded or failed; any other status is left out.",
        "Durations, from start to end, are of jobs that succeeded; 90 % within needs 5 of them.",
        "In brackets: of how many jobs.",
    ]
    if found.undated:
        said.append(f"{plural(found.undated, 'job')} without a credible creation time: on no day.")
    if found.bad_rows:
        said.append(f"{plural(found.bad_rows, 'job')} could not be read, and not counted.")
    return " ".join(said)


def _since(days: Sequence[Day]) -> str:
    """Say from which day on jobs are counted, which a span such as 12 hours does not."""
    if not days:
        return ""
    return f", the first is {_named(days[0].day, days[-1].day)}; today counts as far as it has gone"


def _span(seconds: float | None) -> str:
    return NONE if seconds is None else ran(timedelta(seconds=seconds))


def _point(label: str, count: int) -> Block:
    return {"label": label, "value": count}


def _named(day: date, today: date) -> str:
    return f"{day:%a} {_label(day, today)}"


def _label(day: date, today: date) -> str:
    """Give a day, of another year than this one with its year: no other bar has the same name."""
    return f"{day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"
