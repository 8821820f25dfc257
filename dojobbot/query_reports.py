"""`/jobs export ...` and `/jobs stats ...`, read into what is wanted. Pure; see `query` for the manner.

The other words are those of `/jobs`, and mean the same jobs.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from dojobbot.errors import InvalidQuery
from dojobbot.orders import EXTRAS, FileKind
from dojobbot.query import JobsQuery, parse_jobs
from dojobbot.query_words import shown, split_words, value_of, zone

__all__ = ["STATS_DAYS", "Report", "ReportQuery", "parse_report"]

MOST_ROWS = 1_000_000
"""More than that does not fit into a sheet."""
STATS_DAYS = 14
"""How many days `/jobs stats` looks at unless told; today is one of them."""

_KINDS = {"excel": FileKind.XLSX, **{kind.value: kind for kind in FileKind}}
_WITH = re.compile(r"(?<!\S)with:([^\s,]*(?:,\s*(?:metadata|inputs|outputs)\b|,[^\s,]+)*)", re.IGNORECASE)
_WITH_HINT = "For example `/jobs export with:metadata,inputs,outputs`."
_AS_HINT = "Type `/jobs export as:csv`, `as:xlsx` or `as:json`."
_LIMIT_HINT = "For example `/jobs export limit:500`."


class Report(StrEnum):
    """What is to be made of the jobs, by the word for it."""

    EXPORT = "export"
    STATS = "stats"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportQuery:
    """What is to be made of which `jobs`. Of an export: `limit`, the `kind` of file, `extras` (of EXTRAS)."""

    report: Report
    jobs: JobsQuery
    limit: int | None = None
    kind: FileKind = FileKind.CSV
    extras: tuple[str, ...] = ()


def parse_report(text: str, *, now: datetime, tz: str) -> ReportQuery | None:
    """Read the words after `/jobs`, if `export` or `stats` is one of them; None for any others.

    Args:
        text: what was typed.
        now: the present, to count `since:` from.
        tz: the person's IANA zone, in which a day begins.

    Raises InvalidQuery for a word that is not understood, or two that contradict each other.
    """
    typed = _WITH.findall(text)
    words = split_words(_WITH.sub(" ", text).replace(",", " "))
    found = [report for report in Report if report in words]
    if "help" in words:
        return None
    if len(found) > 1:
        raise InvalidQuery("I can't do both `export` and `stats` at once.", hint="Type one of them.")
    as_words = [word for word in words if word.startswith("as:")]
    if found != [Report.EXPORT] and (typed or as_words):
        raise InvalidQuery("`with:` and `as:` belong to `/jobs export`.", hint=_WITH_HINT)
    if not found:
        return None
    others = [word for word in words if word not in found and word not in as_words]
    if found == [Report.STATS]:
        return _stats(others, now, tz)
    limit = _limit(others)
    others = [word for word in others if not word.startswith("limit:")]
    return ReportQuery(
        report=Report.EXPORT,
        jobs=_jobs(others, now, tz),
        limit=limit,
        kind=_kind(as_words),
        extras=_extras(typed),
    )


def _jobs(words: list[str], now: datetime, tz: str) -> JobsQuery:
    jobs = parse_jobs(" ".join(words), now=now, tz=tz)
    if jobs.watch:
        raise InvalidQuery("I can't do that and `watch` at once.", hint="Type one of them.")
    return jobs


def _stats(words: list[str], now: datetime, tz: str) -> ReportQuery:
    if any(word.startswith("limit:") for word in words):
        raise InvalidQuery("`limit:` is for lists and exports.", hint="Narrow figures with `since:7d`.")
    jobs = _jobs(words, now, tz)
    days = zone(tz)
    if jobs.since is None:
        said = [jobs.description] if jobs.description else []
        jobs = replace(jobs, description=", ".join([*said, f"last {STATS_DAYS} days"]))
        first = now.astimezone(days).date() - timedelta(days=STATS_DAYS - 1)
    else:
        first = jobs.since.astimezone(days).date()
    # Half a first day would look like a quiet one.
    since = datetime.combine(first, time(), days).astimezone(UTC)
    return ReportQuery(report=Report.STATS, jobs=replace(jobs, since=since))


def _limit(words: list[str]) -> int | None:
    value = value_of(words, "limit:")
    if value is None:
        return None
    is_number = value.isascii() and value.isdigit() and len(value) <= 7
    if not is_number or not 1 <= int(value) <= MOST_ROWS:
        raise InvalidQuery(
            f"`limit:{shown(value)}` is not a number from 1 to {MOST_ROWS:,}.", hint=_LIMIT_HINT
        )
    return int(value)


def _kind(words: list[str]) -> FileKind:
    name = value_of(words, "as:")
    if name is not None and name not in _KINDS:
        raise InvalidQuery(f"I can't make a file `as:{shown(name)}`.", hint=_AS_HINT)
    return _KINDS[name or "csv"]


def _extras(typed: list[str]) -> tuple[str, ...]:
    """Read what follows each `with:`."""
    if not typed:
        return ()
    names = {name for value in typed for name in split_words(value.replace(",", " "))}
    if not names:
        raise InvalidQuery("`with:` needs a value right behind the colon.", hint=_WITH_HINT)
    for name in sorted(names - set(EXTRAS)):
        near = difflib.get_close_matches(name, EXTRAS, n=1, cutoff=0.6)
        suggestion = f" Did you mean `with:{near[0]}`?" if near else ""
        raise InvalidQuery(f"I can't add `{shown(name)}`.{suggestion}", hint=_WITH_HINT)
    return tuple(name for name in EXTRAS if name in names)
