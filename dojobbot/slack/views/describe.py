"""One job in words: its title, what it is, where it stands and when things happened. mrkdwn, escaped."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dojobbot.domain import Job, Quote
from dojobbot.slack.text import code, date, duration, foreign, money, plain, ran
from dojobbot.slack.views.progress import percent
from dojobbot.slack.views.quote import ASK_AGAIN, gap, price
from dojobbot.slack.views.status import look, outcome

__all__ = [
    "full_title",
    "headline",
    "identity",
    "plain_title",
    "row",
    "short_id",
    "span",
    "state",
    "times",
    "title",
    "tool_word",
]

_ABBREVIATIONS = {"abfe": "ABFE", "rbfe": "RBFE", "fep": "FEP", "md": "MD", "admet": "ADMET"}
_NO_PRICE = "without a price: approve it in Deep Origin"
_VERSION_NUMBER = re.compile(r"[0-9]")


def tool_word(job: Job) -> str:
    """Give the tool in a word or two, plain: `deeporigin.abfe-end-to-end` is ABFE, no tool is Job."""
    key = plain(job.tool_key or "", 80).removesuffix("-end-to-end")
    words = key.rpartition(".")[2].replace("-", " ").replace("_", " ").split()
    said = " ".join(_ABBREVIATIONS.get(each.lower(), each) for each in words)
    return plain(said[:1].upper() + said[1:], 30) or "Job"


def short_id(job: Job) -> str:
    """Give the short id as inline code."""
    return code(job.short_id, 8)


def plain_title(job: Job, limit: int) -> str:
    """Name a job in plain text: its name, or its tool and short id (`Docking 9e9eb45e`)."""
    return plain(job.name or "", limit) or plain(f"{tool_word(job)} {job.short_id}", limit)


def title(job: Job, limit: int = 80) -> str:
    """Name a job in mrkdwn."""
    return foreign(plain_title(job, limit), limit)


def full_title(job: Job, limit: int) -> str:
    """Name a job in plain text and give its short id, once."""
    name = plain_title(job, limit)
    return name if name.endswith(job.short_id) else f"{name} ({job.short_id})"


def headline(job: Job) -> str:
    """Say which job is where, in one sentence without a full stop: `BRD series, round 3 is running`."""
    return f"{title(job, 150)} {outcome(job)}"


def identity(job: Job, owner: str) -> str:
    """Say what it is and whose: tool, key and version, short id, owner."""
    version = foreign(job.tool_version or "", 20)
    if _VERSION_NUMBER.match(version):
        version = f"v{version}"
    tool = " ".join(part for part in (foreign(job.tool_key or "", 60), version) if part)
    known_owner = foreign(owner, 60)
    parts = [tool, short_id(job), f"by {known_owner}" if known_owner else ""]
    return f"*{foreign(tool_word(job), 30)}*  " + " · ".join(part for part in parts if part)


def _elapsed(job: Job, now: datetime) -> timedelta | None:
    """Say how long it ran, or has run (or waited) so far; None where the platform's stamps do not tell."""
    if job.is_terminal:
        if job.started_at is None or job.completed_at is None:
            return None
        return job.completed_at - job.started_at
    since = job.started_at or job.created_at
    return None if since is None else max(now - since, timedelta())


def span(job: Job, now: datetime) -> str:
    """Say for how long: `16 min so far, since 09:15`, `in 32 min`, `after 4 min`; empty when unknown."""
    took = _elapsed(job, now)
    if took is None:
        return ""
    if job.is_terminal:
        return f"{'in' if job.status == 'Succeeded' else 'after'} {ran(took)}"
    since = job.started_at or job.created_at
    return f"{duration(took)} so far" + (f", since {date(since, now)}" if since else "")


def state(job: Job, now: datetime) -> str:
    """Draw the state: emoji, word, and how long or how much."""
    seen = look(job.status)
    detail = _cost(job.quote) if job.status == "Quoted" else span(job, now)
    return f"{seen.emoji} *{seen.word}*" + (f"  {detail}" if detail else "")


def _cost(quote: Quote | None) -> str:
    if quote is None:
        return _NO_PRICE
    if quote.amount is None:
        return f"{foreign(gap(quote), 400)} {ASK_AGAIN}"
    return f"{money(quote.amount)}, waits for approval"


def times(job: Job, now: datetime) -> list[str]:
    """Say when it was created, started and ended, as far as known and not said by `state` already."""
    stamps = (("Created", job.created_at), ("Started", job.started_at), ("Ended", job.completed_at))
    told = None if job.is_terminal else ("Started" if job.started_at else "Created")
    return [f"{name} {date(when, now)}" for name, when in stamps if when is not None and name != told]


def row(job: Job, owner: str, now: datetime, *, says_status: bool) -> str:
    """Write one line of a list: short id, name, tool, owner, how long and when."""
    parts = [foreign(tool_word(job), 30)]
    if plain(job.name or "", 60):
        parts.insert(0, title(job, 60))
    if says_status:
        parts.append(look(job.status).word)
    share = job.progress.fraction if job.progress is not None and job.status == "Running" else None
    # The share of a job with steps is that of one sub-step, which says nothing in a list.
    if share is not None and job.progress is not None and not job.progress.step:
        parts.append(percent(share))
    parts += [foreign(owner, 40), _when(job, now)]
    return f"{short_id(job)}  " + " · ".join(part for part in parts if part)


def _long(job: Job, took: timedelta) -> str:
    return ran(took) if job.is_terminal else duration(took)


def _when(job: Job, now: datetime) -> str:
    """Say in a few words how much or how long, and since when, or when it ended or was created."""
    took = _elapsed(job, now)
    said = [price(job) if job.status == "Quoted" else "", "" if took is None else _long(job, took)]
    if job.has_ended and job.completed_at:
        said.append(f"ended {date(job.completed_at, now)}")
    elif job.is_terminal and job.created_at:
        said.append(f"created {date(job.created_at, now)}")
    elif not job.is_terminal:
        since = job.started_at or job.created_at
        said.append(f"since {date(since, now)}" if since else "")
    return ", ".join(part for part in said if part)
