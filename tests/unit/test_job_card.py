"""A job's card in notebook and terminal: its colours, its tabs, its manners with foreign text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin import snapshot
from dojobbot.deeporigin.exchange import Answer
from dojobbot.deeporigin.replies import Reply
from dojobbot.domain import KNOWN_STATUSES, LogLine, Snapshot
from dojobbot.job_card import live_picture, notebook_card, terminal_card
from dojobbot.job_words import badge, one_line, tabs
from dojobbot.screen import Picture
from tests.conftest import samples

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror=alert(1)>&'`</style></div>"
TABS = ["Status", "Details", "Inputs", "Outputs", "Billing", "Raw progress"]
QUOTE = {
    "successfulQuotations": [
        {"itemCode": "DOCK-001", "qty": 8, "priceEach": 1.25, "priceTotal": 10.0},
        {"itemCode": "DISK", "qty": 1, "priceEach": 2.5, "priceTotal": 2.5},
    ]
}


def a_job(**fields: Any) -> Snapshot:
    raw = {"executionId": "9e9eb45e-93a6", "status": "Running", "createdAt": "2026-11-20T09:00:00Z", **fields}
    return snapshot.read(Answer(NOW, Reply(200, {}, json.dumps(raw).encode())))


class Page(HTMLParser):
    """Collects the tags of a page, and the text outside of its style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == [], "tags that are left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "input":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data


@pytest.mark.parametrize(
    ("status", "color"),
    [
        ("Running", "#0d6efd"),
        ("Succeeded", "#198754"),
        ("Completed", "#198754"),
        ("Failed", "#dc3545"),
        ("FailedQuotation", "#dc3545"),
        ("InsufficientFunds", "#dc3545"),
        ("Cancelled", "#343a40"),
        ("Created", "#6c757d"),
        ("Queued", "#0dcaf0"),
        ("Quoted", "#ffc107"),
        ("Accepted", "#adb5bd"),
        ("Suspended", "#adb5bd"),
        ("NeverHeardOf", "#adb5bd"),
    ],
)
def test_the_badge_has_the_documented_colour_and_says_the_status(status: str, color: str) -> None:
    found = a_job(status=status)
    assert badge(found.job).color == color
    page = Page(notebook_card(found, NOW))
    colours = [attrs["style"] for tag, attrs in page.tags if attrs.get("class") == "badge"]
    assert colours[0] is not None
    assert colours[0].startswith(f"background:{color};")
    assert badge(found.job).word in page.text
    assert badge(found.job).word in terminal_card(found, NOW)


def test_the_card_has_the_documented_tabs_in_their_order() -> None:
    page = Page(notebook_card(a_job(), NOW))
    assert [tab.name for tab in tabs(a_job(), NOW)] == TABS
    assert [tag for tag, _ in page.tags].count("section") == len(TABS)
    places = [page.text.index(name) for name in TABS]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("hours", "said"), [(0, "09:31:00 UTC"), (3, "09:31:00 UTC"), (15, "2026-11-20 09:31:00 UTC")]
)
def test_the_card_says_when_it_was_read_and_not_when_it_was_drawn(hours: int, said: str) -> None:
    """With the day once that is not today. A job that was not read since is not said to have run on."""
    found, later = a_job(startedAt="2026-11-20T09:15:00Z"), NOW + timedelta(hours=hours)
    pages = [Page(page).text for page in (notebook_card(found, later), live_picture(found, later).html)]
    for card in (*pages, terminal_card(found, later)):
        assert f"last updated {said}" in card
        assert "16 min so far" in card


def test_a_card_of_text_has_what_matters_at_its_top() -> None:
    """A terminal with few rows cuts the end of a long tree."""
    rows = terminal_card(a_job(), NOW, note="a note").split("\n")
    assert rows[2:4] == ["  ● Running  last updated 09:31:00 UTC", "  a note"]


def test_a_log_that_was_read_is_one_more_tab_and_escaped() -> None:
    lines = (LogLine(message=HOSTILE, at=NOW, level="error", tool_key="a.b"),)
    page = Page(notebook_card(a_job(), NOW, log=lines))
    assert f"2026-11-20T09:31:00Z  ERROR  a.b  {HOSTILE}" in page.text
    assert [tab.name for tab in tabs(a_job(), NOW, lines)] == [*TABS, "Logs"]
    assert "nothing in the log" in Page(notebook_card(a_job(), NOW, log=())).text


def test_the_card_is_self_contained() -> None:
    """No script, no style sheet, no picture, no font from anywhere: it works without a network."""
    page = notebook_card(a_job(userInputs={"a": 1}), NOW)
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<img|\bon\w+=", page)


def test_two_cards_on_one_page_do_not_share_their_tabs() -> None:
    groups = {
        attrs["name"]
        for _ in range(2)
        for tag, attrs in Page(notebook_card(a_job(), NOW)).tags
        if tag == "input"
    }
    assert len(groups) == 2


def test_a_quoted_job_says_what_it_costs_and_how_to_approve_it() -> None:
    found = a_job(status="Quoted", quotationResult=QUOTE)
    page = notebook_card(found, NOW)
    assert "<b>$12.50</b>" in page
    for words in ("Job Quoted", "Billing tab", "confirm()", "DOCK-001  8 x $1.25  = $10.00"):
        assert words in Page(page).text
    assert "Estimated cost: $12.50" in terminal_card(found, NOW)


def test_the_details_have_both_ids_and_the_times() -> None:
    found = a_job(resourceId="qu7q", startedAt="2026-11-20T09:15:00Z", metadata={"protein_name": "brd"})
    facts = {fact.label: fact.value for fact in tabs(found, NOW)[1].facts}
    assert (facts["Job ID"], facts["Execution ID"]) == ("9e9eb45e-93a6", "qu7q")
    assert facts["Started at"] == "2026-11-20 09:15:00 UTC"
    assert facts["Running time"] == "16 min so far"
    assert facts["metadata: protein_name"] == "brd"


def test_foreign_words_stay_words() -> None:
    """A name cannot become markup, whatever field it stands in."""
    found = a_job(
        name=HOSTILE,
        tool={"key": HOSTILE, "version": HOSTILE},
        status="Failed",
        statusReason=HOSTILE,
        userInputs={HOSTILE: HOSTILE},
        metadata={HOSTILE: {HOSTILE: [HOSTILE]}},
        progressReport=HOSTILE,
        billingTransaction={HOSTILE: HOSTILE},
        quotationResult={"successfulQuotations": [{"itemCode": HOSTILE, "priceTotal": 1}]},
    )
    page = Page(notebook_card(found, NOW, note=HOSTILE))
    plain = {tag for tag, _ in Page(notebook_card(a_job(userInputs={"a": 1}), NOW, note="x")).tags}
    assert {tag for tag, _ in page.tags} <= plain | {"b"}
    assert "alert(1)" in page.text


def test_a_finished_job_is_not_said_to_be_at_one_of_eight() -> None:
    """The status decides about the end, not the tool's last report."""
    report = "total_num_ligands = 8\nligand docked: C\n"
    found = a_job(status="Succeeded", progressReport=report)
    assert "1 of 8" not in terminal_card(found, NOW)
    assert "1 of 8" in terminal_card(a_job(progressReport=report), NOW)
    assert report in tabs(found, NOW)[5].raw


def test_a_long_value_is_cut_and_says_so() -> None:
    found = a_job(userInputs={"smiles_list": ["C" * 40] * 2_000})
    shown = tabs(found, NOW)[2]
    assert shown.facts[0].value.startswith("2,000 entries")
    assert "cut after 20,000 characters" in shown.raw


def test_one_line_says_which_job_is_where() -> None:
    found = a_job(name="BRD <series>", progressReport={"complete": 62})
    assert one_line(found) == "BRD <series>: Running  [######----] 62 %"


def test_a_job_that_goes_silent_is_news_once() -> None:
    """A terminal adds a line when the mark is another one: not for each minute that passes."""

    def after(minutes: int) -> Picture:
        found = a_job(
            startedAt="2026-11-20T09:00:00Z",
            updatedAt="2026-11-20T09:31:00Z",
            progressReport="total_num_ligands=12\n" + "ligand docked: x\n" * 6,
        )
        return live_picture(replace(found, began_at=NOW + timedelta(minutes=minutes)), NOW)

    early, soon, late, later = (after(minutes) for minutes in (0, 20, 120, 180))
    assert early.mark == soon.mark != late.mark == later.mark
    assert "left" in soon.news
    assert "last report 2 h ago" in late.news


def test_every_sample_has_a_card() -> None:
    for name in ("executions-shapes.json", "executions-recorded.json"):
        for entry in samples(name):
            found = a_job(**entry.get("execution", entry))
            Page(notebook_card(found, NOW))
            assert terminal_card(found, NOW)


hostile = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just(HOSTILE),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "name tool metadata userInputs userOutputs progressReport quotationResult billingTransaction "
    "statusReason startedAt completedAt createdBy resourceId data"
).split()


@given(
    st.dictionaries(st.sampled_from(FIELDS), hostile, max_size=5),
    st.sampled_from((*KNOWN_STATUSES, "Completed", "NeverHeardOf")),
)
def test_whatever_a_job_holds_it_has_a_card(fields: dict[str, Any], status: str) -> None:
    """Wrong types, hostile strings anywhere: the card is drawn, and closes every tag that it opens."""
    found = a_job(**fields, status=status)
    later = NOW + timedelta(hours=1)
    Page(notebook_card(found, later))
    drawn = live_picture(found, later, note="a note")
    Page(drawn.html)
    assert "\n" not in drawn.news
    assert drawn.badge in drawn.text


@pytest.mark.parametrize(("status", "said"), [("Running", "No outputs yet."), ("Failed", "No outputs.")])
def test_nobody_waits_for_outputs_of_a_job_that_ended_without_any(status: str, said: str) -> None:
    (outputs,) = (each for each in tabs(a_job(status=status), NOW) if each.name == "Outputs")
    assert said in str(outputs)
