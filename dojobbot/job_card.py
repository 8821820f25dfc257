"""A job's card: self-contained HTML for a notebook, text for a terminal. Pure; foreign words are escaped.

A card is about the moment at which the job was read, and names it: what is old must not seem to go on.
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

from dojobbot.domain import LogLine, Progress, Snapshot
from dojobbot.job_words import Badge, Tab, badge, headline, one_line, status_lines, tab, tabs, title
from dojobbot.screen import Picture
from dojobbot.slack.views import progress

__all__ = ["live_picture", "notebook_card", "picture", "terminal_card"]

_STYLE = """
.dojobbot{font:14px/1.45 system-ui,sans-serif;border:1px solid rgba(128,128,128,.4);border-left:4px solid;
border-radius:6px;padding:10px 14px;max-width:860px;overflow-wrap:anywhere}
.dojobbot h4{margin:0 0 2px;font-size:16px}.dojobbot .what,.dojobbot footer{opacity:.75;font-size:12px}
.dojobbot .badge{display:inline-block;padding:1px 8px;border-radius:10px;font-weight:600;font-size:12px}
.dojobbot footer{margin-top:8px;opacity:1}.dojobbot footer span+span{margin-left:8px;opacity:.75}
.dojobbot nav{display:flex;flex-wrap:wrap;gap:2px;margin:8px 0 0;border-bottom:1px solid rgba(128,128,128,.4)}
.dojobbot nav label{padding:4px 10px;cursor:pointer;border-bottom:2px solid transparent}
.dojobbot input{position:absolute;opacity:0;pointer-events:none}
.dojobbot section{padding:8px 0 0}.dojobbot .tabbed section{display:none}
.dojobbot table{border-collapse:collapse;margin:0;font-size:13px}
.dojobbot td,.dojobbot th{text-align:left;vertical-align:top;padding:2px 14px 2px 0;border:0;background:none}
.dojobbot th{font-weight:500;opacity:.75;white-space:nowrap}
.dojobbot pre{margin:6px 0 0;padding:8px;max-height:320px;overflow:auto;white-space:pre-wrap;font-size:12px;
background:rgba(128,128,128,.12);color:inherit}
.dojobbot .lines{white-space:pre-wrap;font-family:ui-monospace,monospace;font-size:12.5px}
.dojobbot .note{margin:6px 0;padding:4px 8px;background:rgba(255,193,7,.25);border-radius:4px}
"""
_DARK_TEXT_ON = frozenset({"#0dcaf0", "#ffc107", "#adb5bd"})


def notebook_card(
    snapshot: Snapshot, now: datetime, *, note: str = "", log: Sequence[LogLine] | None = None
) -> str:
    """Draw the card with its tabs, which work without a script, as HTML.

    `note` is a sentence of ours on what just happened; `log`: the lines of the log, where these were read.
    """
    group = f"dojobbot-{uuid.uuid4().hex[:12]}"
    shown = tabs(snapshot, snapshot.began_at, log)
    inputs, labels, sections, rules = [], [], [], []
    for at, each in enumerate(shown):
        name = f"{group}-{at}"
        checked = " checked" if at == 0 else ""
        inputs.append(f'<input type="radio" name="{group}" id="{name}"{checked}>')
        labels.append(f'<label for="{name}">{_escape(each.name)}</label>')
        sections.append(f'<section class="{name}">{_tab(each)}</section>')
        rules.append(
            f"#{name}:checked~section.{name}{{display:block}}"
            f'#{name}:checked~nav label[for="{name}"]{{border-bottom-color:currentColor;font-weight:600}}'
            f'#{name}:focus-visible~nav label[for="{name}"]{{outline:2px solid #0d6efd}}'
        )
    body = f'<div class="tabbed">{"".join(inputs)}<nav>{"".join(labels)}</nav>{"".join(sections)}</div>'
    return _frame(snapshot, now, body, note=note, rules="".join(rules))


def terminal_card(snapshot: Snapshot, now: datetime, *, note: str = "") -> str:
    """Draw the card as lines of text."""
    job = snapshot.job
    status = tab("Status", snapshot, snapshot.began_at)
    lines = [title(job), headline(job), f"{_spot(badge(job))}  last updated {_read_at(snapshot, now)}"]
    lines += [line for line in (note, status.strong, *_rows(status), *status.lines) if line]
    return "\n".join([lines[0], *(f"  {line}" for line in lines[1:])])


def picture(
    snapshot: Snapshot, now: datetime, *, note: str = "", log: Sequence[LogLine] | None = None
) -> Picture:
    """Give the whole card for every kind of place."""
    page = notebook_card(snapshot, now, note=note, log=log)
    return _picture(snapshot, now, page, note, whole=True)


def live_picture(snapshot: Snapshot, now: datetime, *, note: str = "") -> Picture:
    """Give the card while it is watched.

    In a notebook it has its status alone: redrawing the tabs would each time close the one being read.
    """
    lines = "\n".join(status_lines(snapshot, snapshot.began_at))
    body = f'<section><div class="lines">{_escape(lines)}</div></section>'
    return _picture(snapshot, now, _frame(snapshot, now, body, note=note), note, whole=False)


def _picture(snapshot: Snapshot, now: datetime, page: str, note: str, *, whole: bool) -> Picture:
    seen, card = badge(snapshot.job), terminal_card(snapshot, now, note=note)
    return Picture(
        text=card,
        html=page,
        badge=_spot(seen),
        color=seen.color,
        news=card if whole and snapshot.job.is_terminal else _line(snapshot, note),
        mark=(whole, bool(note), _stage(snapshot)),
    )


def _line(snapshot: Snapshot, note: str) -> str:
    """Say in one line which job is where, with the spot of its badge."""
    head = f"{title(snapshot.job)}: "
    return f"{head}● {one_line(snapshot, note).removeprefix(head)}"


def _stage(snapshot: Snapshot) -> Hashable:
    """Give what is news when it changes: status, step, tenth of the way, silence; not rates, nor guesses."""
    job = snapshot.job
    report = job.progress or Progress()
    tenth = None if report.fraction is None else int(report.fraction * 10)
    is_silent = progress.silence(job, snapshot.began_at) is not None
    return (job.status, report.step, tenth, is_silent)


def _spot(seen: Badge) -> str:
    return f"● {seen.word}"


def _frame(snapshot: Snapshot, now: datetime, body: str, *, note: str, rules: str = "") -> str:
    job, seen = snapshot.job, badge(snapshot.job)
    ink = "#212529" if seen.color in _DARK_TEXT_ON else "#ffffff"
    warning = f'<div class="note">{_escape(note)}</div>' if note else ""
    footer = (
        f'<footer><span class="badge" style="background:{seen.color};color:{ink}">{_escape(seen.word)}</span>'
        f"<span>last updated {_read_at(snapshot, now)}</span></footer>"
    )
    return (
        f'<div class="dojobbot" style="border-left-color:{seen.color}"><style>{_STYLE}{rules}</style>'
        f'<h4>{_escape(title(job))}</h4><div class="what">{_escape(headline(job))}</div>'
        f"{warning}{body}{footer}</div>"
    )


def _read_at(snapshot: Snapshot, now: datetime) -> str:
    """Say when the job was read, often long before the card is drawn; with the day unless it is today."""
    at, today = snapshot.began_at.astimezone(UTC), now.astimezone(UTC).date()
    return f"{at:%H:%M:%S} UTC" if at.date() == today else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _tab(tab: Tab) -> str:
    parts = [f"<strong>{_escape(tab.strong)}</strong>"] if tab.strong else []
    if tab.facts:
        rows = "".join(
            f"<tr><th>{_escape(fact.label)}</th><td>{_value(fact.value, strong=bool(tab.strong))}</td></tr>"
            for fact in tab.facts
        )
        parts.append(f"<table>{rows}</table>")
    if tab.lines:
        text = "\n".join(tab.lines)
        parts.append(f'<div class="lines">{_escape(text)}</div>')
    if tab.raw:
        parts.append(f"<pre>{_escape(tab.raw)}</pre>")
    return "".join(parts)


def _value(value: str, *, strong: bool) -> str:
    return f"<b>{_escape(value)}</b>" if strong else _escape(value)


def _rows(tab: Tab) -> list[str]:
    return [f"{fact.label}: {fact.value}" for fact in tab.facts]


def _escape(text: str) -> str:
    return html.escape(text, quote=True)
