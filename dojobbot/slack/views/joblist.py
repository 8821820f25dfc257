"""The answer to `/jobs`: a group per status, a menu that opens a job, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dojobbot.domain import Job
from dojobbot.query import MOST
from dojobbot.slack.text import MESSAGE_BUDGET, SECTION_BUDGET, block_text, clip, escape, plain, plural
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.describe import full_title, row
from dojobbot.slack.views.status import LOOKS, ORDER, OTHER, Look, look

__all__ = ["JobList", "grouped", "heading", "job_list", "option", "paragraphs", "searched"]

_MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JobList:
    """What a list shows.

    Args:
        items: the jobs, newest first, each with its owner's name (foreign text).
        total: how many match, shown or not.
        description: the filters in the person's words, empty for none.
        now: the time of drawing.
        looked_through: how many of the newest jobs were searched on our side; None when all were.
        bad_rows: how many jobs could not be read.
        lag: a sentence on how long the platform was not heard by the watcher.
    """

    items: tuple[tuple[Job, str], ...]
    total: int
    description: str
    now: datetime
    looked_through: int | None = None
    bad_rows: int = 0
    lag: str = ""


def job_list(view: JobList) -> Payload:
    """Draw a list, with as many of the newest jobs as one message holds; it says when that is not all."""
    if not view.items:
        return blocks.message(_nothing(view), _foot(view, 0))
    shown = min(len(view.items), _MOST_OPTIONS)
    payload = _draw(view, shown)
    while block_text(payload) > MESSAGE_BUDGET:
        shown -= 1
        payload = _draw(view, shown)
    return payload


def _draw(view: JobList, shown: int) -> Payload:
    items = view.items[:shown]
    groups = [
        blocks.attachment(seen.color, paragraphs(heading(seen), _rows(seen, rows, view.now)))
        for seen, rows in grouped(items)
    ]
    options = _options(items)
    menu = [blocks.actions([blocks.select(ids.CHOOSE, "Open a job…", options)])] if options else []
    return blocks.message(_headline(view, shown), [*groups, *_foot(view, shown, menu)])


def _headline(view: JobList, shown: int) -> str:
    which = f" that {'matches' if view.total == 1 else 'match'} `{_asked(view)}`" if view.description else ""
    if shown < view.total:
        return f"The {shown:,} newest of {plural(view.total, 'job')}{which}"
    return f"{plural(shown, 'job')}{which}"


def _nothing(view: JobList) -> str:
    if view.description:
        return (
            f"No job matches `{_asked(view)}`. Leave a word out, or type `/jobs` for everybody's newest ones."
        )
    return (
        "There are no jobs in this organisation yet. Once somebody starts one in Deep Origin, it shows here."
    )


def _asked(view: JobList) -> str:
    return clip(escape(view.description.replace("`", "'")), 200)


def grouped(items: Sequence[tuple[Job, str]]) -> Iterator[tuple[Look, list[tuple[Job, str]]]]:
    """Group by status, in the order of what matters first; statuses never heard of share the last group."""
    for status in (*ORDER, None):
        rows = [item for item in items if (item[0].status if item[0].status in LOOKS else None) == status]
        if rows:
            yield OTHER if status is None else look(status), rows


def heading(seen: Look) -> str:
    """Write the line above a group."""
    return f"{seen.emoji} *{seen.word}*"


def _rows(seen: Look, rows: Sequence[tuple[Job, str]], now: datetime) -> list[str]:
    return [row(job, owner, now, says_status=seen is OTHER) for job, owner in rows]


def paragraphs(first: str, lines: Iterable[str]) -> list[Block]:
    """Write lines below a first one, into as few paragraphs as Slack's limit allows."""
    texts = [first]
    for line in lines:
        if len(texts[-1]) + 1 + len(line) > SECTION_BUDGET:
            texts.append(line)
        else:
            texts[-1] = f"{texts[-1]}\n{line}"
    return [blocks.section(text) for text in texts]


def _options(items: Sequence[tuple[Job, str]]) -> list[Block]:
    """Offer each job once, in the order of the groups above."""
    jobs = {job.id: job for _, rows in grouped(items) for job, _ in rows if ids.carriable(job.id)}
    return [option(job) for job in jobs.values()]


def option(job: Job) -> Block:
    """Offer a job with a carriable id in a menu: at most 40 + 11 + 3 + 20 of 75 characters."""
    status = LOOKS[job.status].word if job.status in LOOKS else plain(job.status, 20)
    return blocks.option(f"{full_title(job, 40)} · {status}", ids.encode(ids.Value(job.id, 0)))


def _foot(view: JobList, shown: int, menu: Sequence[Block] = ()) -> list[Block]:
    """Say what is not shown and how to see it, above the menu."""
    said: list[str] = []
    if 0 < shown < view.total:
        said.append(_advice(view, shown))
    if view.looked_through is not None:
        said.append(searched(view.looked_through))
    if view.bad_rows:
        said.append(f"{plural(view.bad_rows, 'job')} could not be read and {_are(view.bad_rows)} left out.")
    if view.lag:
        said.append(view.lag)
    body = [*([blocks.context("\n".join(said))] if said else []), *menu]
    return [blocks.attachment(OTHER.color, body)] if body else []


def searched(count: int) -> str:
    """Say among which jobs it was looked: the newest `count`, which are not all, and the stored ones."""
    return f"I looked through the newest {count:,} jobs and those I know; older ones may match, too."


def _advice(view: JobList, shown: int) -> str:
    """Name words that narrow: kinds that were not used yet, since another status would only add jobs."""
    used = view.description.split(", ")
    kinds = {
        "`running`": all(each == "mine" or ":" in each for each in used if each),
        "`mine`": "mine" not in used,
        "`tool:docking`": not any(each.startswith("tool:") for each in used),
        "`since:7d`": not any(each.startswith("since:") for each in used),
    }
    unused = [word for word, is_unused in kinds.items() if is_unused]
    narrow = f"To narrow, add words such as {' or '.join(unused[:3])}." if unused else ""
    more = f"`limit:{MOST}` shows more." if shown < MOST else ""
    return " ".join(filter(None, [narrow, more]))


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
