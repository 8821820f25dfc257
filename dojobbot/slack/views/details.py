"""The modal that Details opens: which job, a row of tabs, one tab's content, and what can be done with it.

Limits are those of reference/views/modal-views: title and close 24 characters, 100 blocks, 250 KB in all. The
content keeps far below them, so that it can be read on a phone; the whole of it comes as a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dojobbot.domain import Action, KnownJob, LogLine, Snapshot
from dojobbot.slack.text import clip, stamp
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.answers import ASKING
from dojobbot.slack.views.blocks import Block
from dojobbot.slack.views.card import Card, body
from dojobbot.slack.views.describe import plain_title, short_id, state, title
from dojobbot.slack.views.details_tabs import RAW_BUDGET, Content, log_content, object_content
from dojobbot.slack.views.documents import TEXT, Beginning, beginning

__all__ = ["Details", "details", "sentence", "waiting"]

TAB_LABELS = {
    ids.STATUS: "Status",
    ids.FIELDS: "Details",
    ids.INPUTS: "Inputs",
    ids.OUTPUTS: "Outputs",
    ids.BILLING: "Billing",
    ids.LOG: "Logs",
    ids.PROGRESS: "Raw progress",
}
_TITLE_BUDGET = 24
_NAME_BUDGET = 120
_LONGEST_SENTENCE = 2000
_NOT_STORED = (
    "I keep no more than a job's state, so I can show this only while Deep Origin answers. Press Refresh."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What the modal shows.

    Args:
        known: the job as stored.
        owner: the owner's name, foreign text.
        now: the time of drawing.
        tab: one of `ids.TABS`.
        snapshot: what Deep Origin said last; None when it never answered, and only what is stored is known.
        lines: the log, newest line first; None when it was not read.
        log_complete: whether there is nothing older than those lines.
        action: the job's latest cancel or approval.
        note: a sentence of ours, mrkdwn, on what just happened.
    """

    known: KnownJob
    owner: str
    now: datetime
    tab: str
    snapshot: Snapshot | None = None
    lines: tuple[LogLine, ...] | None = None
    log_complete: bool = True
    action: Action | None = None
    note: str = ""


def details(view: Details) -> Block:
    """Draw the modal as it is with one of its tabs."""
    job = view.known.job
    value = ids.encode(ids.Value(job.id, view.known.seq))
    raw = None if view.snapshot is None else beginning(view.tab, view.snapshot, RAW_BUDGET)
    content = _content(view, raw)
    heading = plain_title(job, _TITLE_BUDGET)
    drawn = _whose(view, heading)
    drawn.append(blocks.actions([_tab_button(tab, view.tab, value) for tab in ids.TABS]))
    if view.note:
        drawn.append(blocks.section(view.note))
    drawn += content.blocks
    foot = " · ".join(filter(None, [content.foot, _as_of(view)]))
    drawn += [blocks.context(foot)] if foot else []
    drawn.append(blocks.actions(_tools(view, value, raw)))
    return _modal(heading, drawn)


def waiting(job_id: str) -> Block:
    """Draw the modal while nothing is read yet."""
    return _modal(f"Job {job_id[:8]}", [blocks.section(ASKING)])


def sentence(text: str) -> Block:
    """Draw the modal with a sentence of ours (mrkdwn, foreign parts escaped by the caller) alone."""
    return _modal("Details", [blocks.section(clip(text, _LONGEST_SENTENCE))])


def _modal(heading: str, drawn: Sequence[Block]) -> Block:
    return {
        "type": "modal",
        "title": blocks.plain_text(heading),
        "close": blocks.plain_text("Close"),
        "blocks": list(drawn),
    }


def _whose(view: Details, heading: str) -> list[Block]:
    """Say which job it is where the heading cut its name, and where it is unless the tab says that itself."""
    job = view.known.job
    name = "" if heading == plain_title(job, _NAME_BUDGET) else f"*{title(job, _NAME_BUDGET)}*"
    where = "" if view.tab == ids.STATUS else f"{state(job, view.now)}  {short_id(job)}"
    said = "\n".join(filter(None, [name, where]))
    return [blocks.section(said)] if said else []


def _tab_button(tab: str, current: str, value: str) -> Block:
    """Build a tab; the current one is marked by a sign, too, because colour alone says nothing to many."""
    label = TAB_LABELS[tab]
    if tab != current:
        return blocks.button(label, ids.in_details(ids.SWITCH, tab), value)
    return blocks.button(f"▸ {label}", ids.in_details(ids.SWITCH, tab), value, style="primary")


def _tools(view: Details, value: str, raw: Beginning | None) -> list[Block]:
    tools = [blocks.button("Refresh", ids.in_details(ids.RELOAD, view.tab), value)]
    kind = raw.kind if raw is not None else TEXT if view.tab == ids.LOG and view.lines else ""
    if kind:
        tools.append(blocks.button(f"Download as {kind}", ids.in_details(ids.DOWNLOAD, view.tab), value))
    return tools


def _content(view: Details, raw: Beginning | None) -> Content:
    if view.tab == ids.STATUS:
        face = Card(known=view.known, owner=view.owner, now=view.now, private=True, action=view.action)
        return Content(body(face))
    if view.tab == ids.LOG:
        return log_content(view.lines, view.known.job, view.now, complete=view.log_complete)
    if view.snapshot is not None:
        return object_content(TAB_LABELS[view.tab], view.snapshot, view.now, raw)
    if view.tab == ids.FIELDS:
        known = view.known
        stored = Snapshot(job=known.job, raw={}, began_at=known.read_at)
        return object_content(TAB_LABELS[view.tab], stored, view.now, None)
    return Content([blocks.section(_NOT_STORED)])


def _as_of(view: Details) -> str:
    if view.tab == ids.STATUS:
        return ""  # the card says it
    read_at = view.known.read_at if view.snapshot is None else view.snapshot.began_at
    return f"As of {stamp(read_at)}"
