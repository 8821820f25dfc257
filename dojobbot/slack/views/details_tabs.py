"""What stands in the tabs of the Details modal: fields to read, raw data in a block, a log. Pure.

Foreign text is one escaped line (`foreign`) in mrkdwn, and literal in a preformatted block, where Slack reads
nothing into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from dojobbot.domain import Job, LogLine, Snapshot
from dojobbot.job_words import Fact
from dojobbot.job_words import tab as tab_of
from dojobbot.slack.text import SECTION_BUDGET, clock, foreign, plural, stamp
from dojobbot.slack.views import blocks
from dojobbot.slack.views.blocks import Block
from dojobbot.slack.views.documents import Beginning

__all__ = ["RAW_BUDGET", "Content", "log_content", "object_content"]

FACTS_BUDGET = 4_000
LINES_BUDGET = 4_000
RAW_BUDGET = 3_000
LOG_BUDGET = 8_000
MOST_LOG_LINES = 40
_LONGEST_MESSAGE = 300
_LONGEST_VALUE = 300
_LEVELS = {
    "error": ":x:",
    "critical": ":x:",
    "fatal": ":x:",
    "warning": ":warning:",
    "warn": ":warning:",
    "info": ":information_source:",
    "notice": ":information_source:",
    "debug": ":mag:",
    "trace": ":mag:",
}
_OTHER_LEVEL = ":speech_balloon:"


@dataclass(frozen=True, slots=True)
class Content:
    """What is between the tabs and the foot, and what the foot says about it."""

    blocks: list[Block]
    foot: str = ""


def object_content(name: str, snapshot: Snapshot, now: datetime, raw: Beginning | None) -> Content:
    """Draw a tab of the notebook's card: fields first, then lines, then the raw data as far as it fits.

    Args:
        name: the tab's name.
        snapshot: the job.
        now: the time of drawing.
        raw: how its raw data begins, where there is some.
    """
    tab = tab_of(name, snapshot, now)
    facts = [f"*{foreign(fact.label, 80)}*  {_value(fact)}" for fact in tab.facts]
    shown, left_out = _within(facts, FACTS_BUDGET)
    drawn = _sections(shown)
    lines, more = _within([foreign(line, _LONGEST_VALUE) for line in tab.lines], LINES_BUDGET)
    drawn += _sections(lines)
    if left_out or more:
        drawn.append(blocks.context(f"{plural(left_out + more, 'more field')} below, or in the file."))
    if raw is None:
        return Content(drawn or [blocks.section("Nothing to show.")])
    drawn.append(blocks.preformatted(raw.text))
    if raw.whole:
        return Content(drawn)
    return Content(drawn, f"The first {len(raw.text):,} characters; *Download as {raw.kind}* has all of it")


def log_content(lines: tuple[LogLine, ...] | None, job: Job, now: datetime, *, complete: bool) -> Content:
    """Draw a log, newest line first, as much of it as can be read at a glance."""
    if lines is None:
        return Content([blocks.section("The log could not be read. Press Refresh to try again.")])
    if not lines:
        return Content([blocks.section(_silent(job))])
    drawn = [_log_line(line, job, now) for line in lines[:MOST_LOG_LINES]]
    shown, _ = _within(drawn, LOG_BUDGET)
    return Content(_sections(shown), _how_much(len(shown), len(lines), complete=complete))


def _how_much(shown: int, read: int, *, complete: bool) -> str:
    if shown == read and complete:
        return f"All {plural(read, 'line')}, the newest first" if read > 1 else ""
    of = f"{read:,}" if complete else f"more than {read:,}"
    return f"The newest {shown:,} of {of} lines; *Download as text* has {'all' if complete else 'more'}"


def _silent(job: Job) -> str:
    if job.has_ended:
        return "Deep Origin has no log of this job."
    return "There is nothing in the log yet. Press Refresh to look again."


def _log_line(line: LogLine, job: Job, now: datetime) -> str:
    """Write a line: sign and word of its level, its time, what it says, and whose it is if not the job's."""
    word = foreign(line.level, 20).capitalize() or "Said"
    tool = foreign(line.tool_key or "", 60) if line.tool_key not in (None, job.tool_key) else ""
    when = "" if line.at is None else f"  {clock(line.at, now)}"
    said = foreign(line.message, _LONGEST_MESSAGE)
    return f"{_LEVELS.get(line.level, _OTHER_LEVEL)} *{word}*{when}  {said}" + (f" ({tool})" if tool else "")


def _value(fact: Fact) -> str:
    return foreign(fact.value, _LONGEST_VALUE) if fact.moment is None else stamp(fact.moment)


def _within(lines: Sequence[str], budget: int) -> tuple[list[str], int]:
    """Take lines while they fit; gives them, and how many there were more."""
    taken: list[str] = []
    for line in lines:
        budget -= len(line) + 1
        if budget < 0:
            break
        taken.append(line)
    return taken, len(lines) - len(taken)


def _sections(lines: Iterable[str]) -> list[Block]:
    """Put lines into as few paragraphs as Slack allows."""
    paragraphs: list[str] = []
    for line in filter(None, lines):
        if paragraphs and len(paragraphs[-1]) + 1 + len(line) <= SECTION_BUDGET:
            paragraphs[-1] += f"\n{line}"
        else:
            paragraphs.append(line)
    return [blocks.section(paragraph) for paragraph in paragraphs]
