"""What a job's card says, in plain words, for notebook and terminal alike: the six tabs. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from dojobbot.domain import Job, LogLine, Snapshot
from dojobbot.fields import billed, json_head, number, text, transactions
from dojobbot.slack.text import duration, money, plain, plural, ran, unit_price
from dojobbot.slack.views import progress, why
from dojobbot.slack.views.describe import plain_title, tool_word
from dojobbot.slack.views.quote import ASK_AGAIN, gap
from dojobbot.slack.views.status import LOOKS, OTHER

__all__ = [
    "TAB_NAMES",
    "Badge",
    "Fact",
    "Tab",
    "badge",
    "headline",
    "log_line",
    "one_line",
    "status_lines",
    "tab",
    "tabs",
    "title",
]

TAB_NAMES = ("Status", "Details", "Inputs", "Outputs", "Billing", "Raw progress")
_LONGEST_VALUE = 300
_MOST_FIELDS = 100
_LEVELS = 2
"""How deep the fields of objects inside are shown beside the others; what is deeper is one line of JSON."""
_LONGEST_JSON = 20_000
_CUT = f"\n... cut after {_LONGEST_JSON:,} characters"
_NO_PRICE = "The platform gave no price: approve it on Deep Origin's own page."


@dataclass(frozen=True, slots=True)
class Badge:
    """A status as it is shown: its word and its documented colour."""

    word: str
    color: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled value; one that is a `moment` can be shown in the reader's own time zone."""

    label: str
    value: str
    moment: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A tab: facts first, then lines of text, then the raw data. `strong` is the heading of what matters."""

    name: str
    strong: str = ""
    facts: tuple[Fact, ...] = ()
    lines: tuple[str, ...] = ()
    raw: str = ""


def badge(job: Job) -> Badge:
    """Give the badge of the job's status; one never heard of keeps its own word."""
    look = LOOKS.get(job.status)
    return Badge(job.status, look.color) if look else Badge(plain(job.status, 40) or "Unknown", OTHER.color)


def title(job: Job) -> str:
    """Name the job: its name, or its tool and short id."""
    return plain_title(job, 120)


def headline(job: Job) -> str:
    """Say what it is: tool, key and version, id."""
    parts = [tool_word(job), plain(job.tool_key or "", 80), plain(job.tool_version or "", 40), job.id]
    return "  ".join(part for part in parts if part)


def one_line(snapshot: Snapshot, note: str = "") -> str:
    """Say in one line which job is where, as it was when it was read."""
    job = snapshot.job
    far = _plain(progress.summary(job, snapshot.began_at, private=True))
    words = [f"{title(job)}: {badge(job).word}", far, note]
    return "  ".join(word for word in words if word)


def status_lines(snapshot: Snapshot, now: datetime) -> tuple[str, ...]:
    """Say where the job stands: how long, how far, why, and its tree of steps."""
    job = snapshot.job
    done = [_plain(progress.summary(job, now, private=True)), _plain(progress.chain(job))]
    lines = [_took(job, now), *done, *(plain(said, 600) for said in why.words(job))]
    lines += _plain(progress.tree(job, private=True)).strip("\n").split("\n")
    return tuple(line for line in lines if line)


def tabs(snapshot: Snapshot, now: datetime, log: Sequence[LogLine] | None = None) -> tuple[Tab, ...]:
    """Give the six tabs in their order, and one more for the log's lines where these were read."""
    logs = () if log is None else (_log(log),)
    return (*(tab(name, snapshot, now) for name in TAB_NAMES), *logs)


def tab(name: str, snapshot: Snapshot, now: datetime) -> Tab:
    """Give one of the six tabs, by its name in `TAB_NAMES`."""
    match name:
        case "Status":
            return _status(snapshot, now)
        case "Details":
            return _details(snapshot, now)
        case "Inputs":
            return _object(name, snapshot.mapping("userInputs"), "No inputs.")
        case "Outputs":
            nothing = "No outputs." if snapshot.job.has_ended else "No outputs yet."
            return _object(name, snapshot.mapping("userOutputs"), nothing)
        case "Billing":
            return _billing(snapshot)
        case _:
            return _raw_progress(snapshot)


def log_line(line: LogLine) -> str:
    """Write a line of a log as a file has it: its time, level, tool and message."""
    at = "" if line.at is None else f"{line.at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    return "  ".join(part for part in (at, line.level.upper(), line.tool_key, line.message) if part)


def _log(lines: Sequence[LogLine]) -> Tab:
    if not lines:
        return Tab(name="Logs", lines=("There is nothing in the log.",))
    return Tab(name="Logs", raw=_cut("\n".join(map(log_line, lines))))


def _status(snapshot: Snapshot, now: datetime) -> Tab:
    job = snapshot.job
    if job.status != "Quoted":
        return Tab(name="Status", lines=status_lines(snapshot, now))
    amount = job.quote.amount if job.quote else None
    cost = None if amount is None else Fact("Estimated cost", money(amount))
    how = "See the Billing tab for details. To approve it and start the job, call confirm()."
    if cost is None:
        how = f"{gap(job.quote)} {ASK_AGAIN}" if job.quote else _NO_PRICE
    return Tab(
        name="Status",
        strong="Job Quoted",
        facts=(cost,) if cost else (),
        lines=(how, *status_lines(snapshot, now)),
    )


def _details(snapshot: Snapshot, now: datetime) -> Tab:
    job, metadata = snapshot.job, snapshot.mapping("metadata")
    version = f"{job.tool_key or ''} {job.tool_version or ''}".strip()
    facts = [
        _fact("Job ID", job.id),
        _fact("Execution ID", job.resource_id),
        _fact("Name", job.name),
        _fact("Status", job.raw_status),
        _fact("Tool", version),
        _fact("Started by", job.created_by),
        _fact("Project", job.project_id),
        Fact("Created at", _stamp(job.created_at), job.created_at),
        Fact("Started at", _stamp(job.started_at), job.started_at),
        Fact("Completed at", _stamp(job.completed_at), job.completed_at),
        _fact("Running time", _took(job, now).removeprefix("ran ")),
    ]
    given, lines = _fields(metadata, "metadata: ")
    shown = tuple(fact for fact in (*facts, *given) if fact.value)
    return Tab(name="Details", facts=shown, lines=lines, raw=_json(metadata))


def _fact(label: str, value: str | None) -> Fact:
    return Fact(plain(label, 80), plain(value or "", _LONGEST_VALUE))


def _object(name: str, found: Mapping[str, Any], nothing: str) -> Tab:
    if not found:
        return Tab(name=name, lines=(nothing,))
    facts, lines = _fields(found)
    return Tab(name=name, facts=facts, lines=lines, raw=_json(found))


def _fields(found: Mapping[str, Any], prefix: str = "") -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Give an object's fields, the first hundred of them, and a line that says so where there are more."""
    leaves = list(islice(_leaves(found, _LEVELS), _MOST_FIELDS + 1))
    facts = tuple(Fact(plain(prefix + name, 80), _short(value)) for name, value in leaves[:_MOST_FIELDS])
    more = len(leaves) > _MOST_FIELDS
    return facts, (f"These are the first {_MOST_FIELDS} fields.",) if more else ()


def _leaves(found: Mapping[str, Any], levels: int) -> Iterator[tuple[str, Any]]:
    """Give an object's fields, and in the place of an object inside it that one's: `solvation.steps`."""
    for name, value in found.items():
        if levels and value and isinstance(value, Mapping) and not isinstance(value.get("key"), str):
            yield from ((f"{name}.{inner}", each) for inner, each in _leaves(value, levels - 1))
        else:
            yield name, value


def _billing(snapshot: Snapshot) -> Tab:
    job, actual = snapshot.job, snapshot.raw.get("billingTransaction") or snapshot.raw.get("billing")
    quotation = snapshot.raw.get("quotationResult")
    amount = job.quote.amount if job.quote else None
    facts = [] if amount is None else [Fact("Quote", money(amount))]
    facts += _billed(job, actual)
    rows = _quoted_rows(snapshot)
    lines = [gap(job.quote)] if job.quote and amount is None else []
    lines += [_item(row, noted) for row, noted in rows[:_MOST_FIELDS]]
    if len(rows) > _MOST_FIELDS:
        lines.append(f"... and {plural(len(rows) - _MOST_FIELDS, 'more item')}")
    if not actual:
        lines.append("The platform reports no bill yet." if quotation else "Nothing was quoted or billed.")
    elif not transactions(actual):
        lines.append("The platform's bill has an unknown form: the raw data has all of it.")
    raw = {"quotationResult": quotation, "billingTransaction": actual} if quotation or actual else {}
    return Tab(name="Billing", facts=tuple(facts), lines=tuple(lines), raw=_json(raw))


def _billed(job: Job, actual: object) -> list[Fact]:
    """Say what was billed, beside the quote where that is known, then the transactions' own fields."""
    amount, rows = billed(actual), transactions(actual)
    facts = [] if amount is None else [Fact("Billed", money(amount))]
    quoted = job.quote.amount if job.quote else None
    if amount is not None and quoted is not None:
        more = amount - quoted
        facts.append(Fact("Difference", f"+{money(more)}" if more > 0 else money(more)))
    several = {str(number): row for number, row in enumerate(rows, 1)}
    shown = several if len(rows) > 1 else dict(*rows)
    return [*facts, *_fields(shown, "billed: ")[0]]


def _quoted_rows(snapshot: Snapshot) -> list[tuple[Mapping[str, Any], str]]:
    """Give the rows of a quote, each with what is to be noted of it; those that failed first."""
    quotation = snapshot.mapping("quotationResult")
    found: list[tuple[Mapping[str, Any], str]] = []
    for key, noted in (("failedQuotations", "could not be quoted"), ("successfulQuotations", "")):
        rows = quotation.get(key)
        found += [(row, noted) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return found


def _item(row: Mapping[str, Any], noted: str) -> str:
    """Write one row of a quote: `DOCK-001  8 x $1.25 = $10.00`."""
    each, total, count = number(row.get("priceEach")), number(row.get("priceTotal")), number(row.get("qty"))
    parts = [plain(text(row.get("itemCode")) or "item", 60)]
    if each is not None and count is not None:
        parts.append(f"{count:g} x {unit_price(each)}")
    if total is not None:
        parts.append(f"= {money(total)}")
    parts += [noted, plain(text(row.get("message")) or "", 200)]
    return "  ".join(part for part in parts if part)


def _raw_progress(snapshot: Snapshot) -> Tab:
    report = snapshot.raw.get("progressReport")
    if report is None or report == "":
        return Tab(name="Raw progress", lines=("No progress reported yet.",))
    return Tab(name="Raw progress", raw=_cut(report) if isinstance(report, str) else _json(report))


def _took(job: Job, now: datetime) -> str:
    """Say how long it ran, or has run so far; empty where the platform's stamps do not tell."""
    if job.started_at is None:
        return ""
    if job.is_terminal:
        return "" if job.completed_at is None else f"ran {ran(job.completed_at - job.started_at)}"
    return f"{duration(now - job.started_at)} so far"


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _plain(mrkdwn: str) -> str:
    """Undo what the drawing of progress does for Slack: inline code, and the escaping of `& < >`."""
    return html.unescape(mrkdwn.replace("`", ""))


def _short(value: object) -> str:
    """Give a value in one line that can be read at a glance."""
    if isinstance(value, str):
        return plain(value, _LONGEST_VALUE)
    if isinstance(value, Mapping) and isinstance(value.get("key"), str):
        return plain(value["key"], _LONGEST_VALUE)
    if isinstance(value, Sequence) and len(value) > 8:
        first, _ = json_head(value[:3], _LONGEST_VALUE, indent=None)
        return plain(f"{len(value):,} entries: {first}", _LONGEST_VALUE)
    first, _ = json_head(value, 2 * _LONGEST_VALUE, indent=None)
    return plain(first, _LONGEST_VALUE)


def _json(value: object) -> str:
    if not value:
        return ""
    text, whole = json_head(value, _LONGEST_JSON)
    return text if whole else text + _CUT


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_JSON else text[:_LONGEST_JSON] + _CUT
