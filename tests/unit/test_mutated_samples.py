"""Whatever becomes of what the platform sends, it is drawn everywhere, within Slack's budgets, and escaped.

Recorded and constructed executions, with keys dropped, nulls, wrong types, huge and hostile strings in any
place of them, go the whole way: wire, domain, store, every view in Slack, the cards of notebook and terminal,
dataframes, files and figures.
"""

from __future__ import annotations

import copy
import json
import pathlib
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from tempfile import TemporaryDirectory
from typing import Any, cast
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dojobbot.deeporigin import snapshot, wire
from dojobbot.deeporigin.columns import Columns, Extras
from dojobbot.deeporigin.exchange import Answer
from dojobbot.deeporigin.replies import Reply
from dojobbot.deeporigin.requests import ID_PATTERN
from dojobbot.domain import (
    Batch,
    BatchKind,
    Delivery,
    Destination,
    Job,
    KnownJob,
    LogLine,
    Transition,
    Watch,
)
from dojobbot.errors import MalformedReply
from dojobbot.exporting import worker
from dojobbot.exporting.figures import figures
from dojobbot.exporting.writers import write_csv, write_json, write_xlsx
from dojobbot.fates import Fate, Fates, Stranded, Wish
from dojobbot.fields import text
from dojobbot.frames import build, records
from dojobbot.job_card import live_picture, notebook_card, picture, terminal_card
from dojobbot.job_words import one_line
from dojobbot.simulator.slack_api.content import read_content
from dojobbot.slack.views import answers, blocks, ids
from dojobbot.slack.views.batch import BatchCard, batch_card, batch_fingerprint
from dojobbot.slack.views.blocks import Payload
from dojobbot.slack.views.card import Card, card, fingerprint
from dojobbot.slack.views.closed import closed
from dojobbot.slack.views.details import Details, details
from dojobbot.slack.views.digest import digest
from dojobbot.slack.views.documents import document
from dojobbot.slack.views.fates import FatesView, deliveries
from dojobbot.slack.views.figures import figures as figures_view
from dojobbot.slack.views.joblist import JobList, job_list
from dojobbot.slack.views.notice import notice
from dojobbot.store import rows
from tests.conftest import samples
from tests.unit.slack_budgets import problems, view_problems

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
HOSTILE = (
    "<!channel> <@U0123456789> *bold* `code` <https://evil.example|free> & @here #general",
    "</style><script>alert(1)</script><img src=x onerror=alert(1)>\"'",
    "```\n<!here>\n```",
    "\u202e\u200b\x00\x07\n\t\ud83d",
    "&lt;!channel&gt;",
    "%s%n{0}${x}\\",
)
HUGE = (
    "<" * 60_000,
    "&" * 60_000,
    "🧪" * 30_000,
    "ligand docked: CCO\n" * 5_000,
    '{"a":' * 20_000,
    "C" * 100_000,
)
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 3, 10**30, -1e308, 1e308, 0.5, [], {}, [None], [[]], {"": None}, "", " ",
    "2026-02-30T25:61:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "NaN",
)  # fmt: skip
NAMES = ("executions-shapes.json", "executions-recorded.json")
Path = tuple[str | int, ...]
Draw = Callable[[st.SearchStrategy[Any]], Any]
patient = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def executions() -> list[dict[str, Any]]:
    """The samples; of those recorded one of each tool, status and shape of report."""
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for name in NAMES:
        for entry in samples(name):
            row = entry.get("execution", entry)
            report = str(row.get("progressReport"))[:24]
            found[entry.get("why"), str(row.get("tool")), row["status"], report] = row
    return list(found.values())


@pytest.fixture(scope="module")
def originals() -> list[dict[str, Any]]:
    return executions()


def places(value: Any, at: Path = ()) -> Iterator[Path]:
    """Every place inside a JSON value, itself apart."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield (*at, key)
        yield from places(child, (*at, key))


def mutate(draw: Draw, row: dict[str, Any]) -> None:
    """Change one place: drop it, or put something odd, hostile or huge there."""
    everywhere = list(places(row))
    *above, last = draw(st.sampled_from(everywhere))
    holder: Any = row
    for key in above:
        holder = holder[key]
    kind = draw(st.sampled_from(("drop", "odd", "hostile", "huge", "rename")))
    if kind == "drop":
        del holder[last]
    elif kind == "odd":
        holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))  # the next change may be inside it
    elif kind == "rename" and isinstance(holder, dict):
        holder[draw(st.sampled_from(HOSTILE))] = holder.pop(last)
    else:
        holder[last] = draw(st.sampled_from(HUGE if kind == "huge" else HOSTILE))


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


class Page(HTMLParser):
    """Notes the tags of a page and whether all are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: set[str] = set()
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.kinds.add(tag)
        if tag != "input":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


OUR_TAGS = set("div style h4 input nav label section table tr th td pre footer span strong b".split())


def check_slack(job: Job, log: str) -> None:
    """Draw the job in every view, and hold what comes out against Slack's limits."""
    known = KnownJob(job=job, seq=3, read_at=NOW)
    moved = Transition(job_id=job.id, seq=3, old="Running", new=job.status, seen_at=NOW)
    owner = job.created_by or "unknown"
    lines = (LogLine(message=log, at=NOW, level=log[:40]), LogLine(message="done"))
    drawn = [
        job_list(JobList(items=((job, owner),) * 50, total=70, description=log[:200], now=NOW)),
        answers.choices(job.short_id, [job] * 10, now=NOW),
        answers.not_found(log, [job], looked_through=1_000, now=NOW),
        answers.sentence(answers.approve_below(job)),
    ]
    for private in (True, False):
        view = Card(known=known, owner=owner, now=NOW, private=private)
        drawn.append(card(view))
        assert fingerprint(view) == fingerprint(view)
        where = Destination("D1" if private else "C1")
        owed = Delivery(id=1, transition=moved, destination=where, mentions=("U1",), snapshot=job)
        drawn.append(notice(owed, owner, NOW, log=lines))
        drawn += [page.payload for page in digest([replace(owed, id=number) for number in range(1, 6)], NOW)]
    drawn += [*batch_cards(job), *on_a_closed_place(job, moved)]
    drawn += [simple for simple in map(blocks.plainer, drawn) if simple is not None]
    for payload in drawn:
        # The link to a channel of ours is meant; any other would be somebody else's.
        assert problems(json.loads(json.dumps(payload).replace("<#C1>", "#here"))) == []


def batch_cards(job: Job) -> Iterator[Payload]:
    """The card of the batch that a job makes with others, whatever makes it one."""
    jobs = (job, replace(job, id="1a2b3c4d"))
    watch = Watch(id=1, job_id=job.id, destination=Destination("C1"), user_id="U1", created_at=NOW)
    for kind, key in zip(BatchKind, (job.tag, job.session, job.tool_key, job.name), strict=True):
        view = BatchCard(watch=watch, batch=Batch(kind, key or "?"), jobs=jobs, now=NOW)
        assert batch_fingerprint(view) == batch_fingerprint(replace(view, now=NOW + timedelta(hours=1)))
        yield batch_card(view)


def on_a_closed_place(job: Job, moved: Transition) -> Iterator[Payload]:
    """What people hear when nothing can be posted any more, and when they ask what became of a message."""
    code = job.reason or "is_archived"
    stranded = Stranded(
        user_id="U1", told=(job,) * 12, watched=(job,), batches=((Batch(BatchKind.TAG, job.tag or "?"), job),)
    )
    yield closed(stranded, Destination("C1"), code)
    yield closed(replace(stranded, told=()), Destination("C1", "1.2"), code)
    fate = Fate(
        transition=moved,
        destination=Destination("C1"),
        mentions=("U1",),
        owed_at=NOW,
        next_send_at=NOW,
        dead_because=code,
    )
    wish = Wish(
        user_id="U1", destination=Destination("C1"), created_at=NOW, paused_at=NOW, paused_because=code
    )
    fates = Fates(transitions=(moved,), deliveries=(fate,) * 8, wishes=(wish,) * 3)
    yield deliveries(FatesView(job=job, fates=fates, user_id="U1", channel_id="C1", now=NOW))


def check_window(body: bytes, log: str) -> None:
    """Draw the Details window at each of its tabs, with the file that it offers there."""
    found = snapshot.read(Answer(NOW, Reply(200, {}, body)))
    known = KnownJob(job=found.job, seq=3, read_at=NOW)
    owner = found.job.created_by or "unknown"
    lines = (LogLine(message=log, at=NOW, level=log[:40], tool_key=log[:80]), LogLine(message="done")) * 30
    for tab in ids.TABS:
        view = Details(known=known, owner=owner, now=NOW, tab=tab, snapshot=found, lines=lines)
        for each in (view, replace(view, snapshot=None, lines=None)):
            assert view_problems(cast("dict[str, Any]", details(each))) == []
        file = document(tab, found.job, found, lines)
        if file is not None:
            file.content.decode("utf-8")
            assert re.fullmatch(r"[0-9A-Za-z_-]{1,8}-[a-z]+\.(json|txt)", file.filename)
            if tab in {ids.FIELDS, ids.INPUTS, ids.OUTPUTS, ids.BILLING}:
                json.loads(file.content, parse_constant=pytest.fail)


def check_python(body: bytes) -> None:
    """Draw the job's cards: they close their tags, have no foreign ones, and hold no line that is two."""
    found = snapshot.read(Answer(NOW, Reply(200, {}, body)))
    for page in (notebook_card(found, NOW), live_picture(found, NOW, note="a note").html):
        assert Page(page).kinds <= OUR_TAGS
    shown = picture(found, NOW)
    assert "\n" not in live_picture(found, NOW).news
    for drawn in (terminal_card(found, NOW), one_line(found), shown.text, shown.news):
        assert drawn.encode("utf-8")


def check_store(job: Job) -> None:
    """Write the job as the store does: all of it has a place there, and the digest is that of equal jobs."""
    written = rows.job_values(KnownJob(job=job, seq=1, read_at=NOW))
    rows.to_json(written["progress"]).encode("utf-8")
    rows.to_json(written["quote_lines"]).encode("utf-8")
    strings = [value for value in written.values() if isinstance(value, str)]
    assert not [
        each for each in strings if "\x00" in each or each.encode("utf-8", "replace").decode() != each
    ]


@settings(patient, max_examples=150)
@given(data=st.data(), log=st.sampled_from([text(each, 4_000) or "" for each in (*HOSTILE, *HUGE)]))
def test_a_mutated_job_is_drawn_everywhere(
    originals: list[dict[str, Any]], data: st.DataObject, log: str
) -> None:
    row = copy.deepcopy(data.draw(st.sampled_from(originals)))
    for _ in range(data.draw(st.integers(1, 4))):
        mutate(data.draw, row)
    body = as_json(row)
    try:
        job = wire.decode_job(body)
    except MalformedReply:
        # Without an id or a status there is no job; a listing leaves that row out, and only that one.
        assert not _has_id_and_status(row)
        return
    check_slack(job, log)
    check_window(body, log)
    check_store(job)
    check_python(body)


@settings(patient, max_examples=30)
@given(data=st.data())
def test_a_mutated_row_is_in_dataframes_files_and_figures(
    originals: list[dict[str, Any]], data: st.DataObject
) -> None:
    """Whatever was done to one row, the other is there, and each file is what its readers take."""
    row = copy.deepcopy(data.draw(st.sampled_from(originals)))
    whole = data.draw(st.sampled_from(originals))
    for _ in range(data.draw(st.integers(1, 4))):
        mutate(data.draw, row)
    everything = Extras(metadata=True, inputs=True, outputs=True, prices=True, looked_at=worker.LOOKED_AT)
    columns = Columns(everything)
    found, _, _ = columns.open(as_json({"data": [row, whole], "count": 2}))
    columns.add(found)
    frame = build(columns, {"google-apps|ada@example.org": HOSTILE[0]})
    assert repr(frame)
    assert frame["id"].iloc[-1] == whole["executionId"]
    for tz in ("Asia/Tokyo", "America/New_York"):
        counted = worker.counted(records(frame[worker.FIGURES]))
        drawn = figures(counted, zone=ZoneInfo(tz), first=None, now=NOW, bad_rows=0)
        assert drawn.jobs == len(frame)
        read_content(json.loads(json.dumps(figures_view(drawn, scope="", tz=tz))))
    with TemporaryDirectory() as folder:
        check_files(frame, pathlib.Path(folder) / "jobs")


def check_files(frame: pd.DataFrame, path: pathlib.Path) -> None:
    """Write a file of each kind, and read it as others do."""
    names = [str(name) for name in frame.columns]
    write_csv(path, names, records(frame))
    assert pd.read_csv(path, dtype=str).shape == (len(frame), len(names))
    write_json(path, names, records(frame))
    assert len(json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)) == len(frame)
    assert write_xlsx(path, names, records(frame), moments=worker.MOMENTS, about=[]).rows == len(frame)


def _has_id_and_status(row: dict[str, Any]) -> bool:
    job_id, status = row.get("executionId"), row.get("status")
    is_id = isinstance(job_id, str) and re.search(ID_PATTERN, job_id) is not None
    return is_id and isinstance(status, str) and bool(status)


@settings(patient, max_examples=40)
@given(data=st.data())
def test_a_mutated_row_costs_a_listing_no_other_row(
    originals: list[dict[str, Any]], data: st.DataObject
) -> None:
    mutated = copy.deepcopy(data.draw(st.sampled_from(originals)))
    mutate(data.draw, mutated)
    good = data.draw(st.lists(st.sampled_from(originals), min_size=1, max_size=4))
    page = wire.open_page(as_json({"data": [*good, mutated], "count": len(good) + 1}))
    read = page.read(0, len(page.rows))
    assert [each.id for each in read[:-1] if isinstance(each, Job)] == [row["executionId"] for row in good]


@given(data=st.data(), at=st.floats(0, 1), noise=st.binary(max_size=3))
@settings(patient, max_examples=60)
def test_a_body_that_arrives_damaged_is_a_job_or_says_that_it_is_none(
    originals: list[dict[str, Any]], data: st.DataObject, at: float, noise: bytes
) -> None:
    body = as_json(data.draw(st.sampled_from(originals)))
    place = int(at * len(body))
    for damaged in (body[:place], body[:place] + noise + body[place + len(noise) :]):
        try:
            job = wire.decode_job(damaged)
        except MalformedReply:
            continue
        check_slack(job, "")
        check_window(damaged, "")
        check_store(job)
