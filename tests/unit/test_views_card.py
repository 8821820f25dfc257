"""What a card says and offers, as somebody reads it in Slack."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from dojobbot.domain import GONE, Action, ActionKind, Branch, Job, KnownJob, Progress, Quote
from dojobbot.slack.views import ids
from dojobbot.slack.views.card import Card, card, fingerprint

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
STARTED = NOW - timedelta(minutes=16)
JOB = Job(
    id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
    status="Running",
    raw_status="Running",
    name="BRD series, round 3",
    tool_key="deeporigin.rbfe",
    tool_version="2",
    created_at=STARTED,
    started_at=STARTED,
    updated_at=STARTED + timedelta(minutes=14),
    progress=Progress(fraction=17 / 27, done=17, total=27, unit="ligands"),
)
QUOTED = replace(JOB, status="Quoted", started_at=None, progress=None, quote=Quote(184.5, "abc123"))
ASKED = Action(id=1, job_id=JOB.id, kind=ActionKind.CANCEL, user_id="U1", asked_at=NOW)


def view(job: Job = JOB, *, seq: int = 3, **more: Any) -> Card:
    known = KnownJob(job=job, seq=seq, read_at=NOW)
    return Card(**{"known": known, "owner": "Ada Osei", "now": NOW, "private": True, **more})


def blocks(drawn: dict[str, object]) -> list[dict[str, Any]]:
    (attachment,) = cast("list[dict[str, Any]]", drawn["attachments"])
    return cast("list[dict[str, Any]]", attachment["blocks"])


def said(drawn: dict[str, object]) -> str:
    """All sentences of a card below its headline."""
    lines = [block["text"]["text"] for block in blocks(drawn) if block["type"] == "section"]
    lines += [
        each["text"] for block in blocks(drawn) if block["type"] == "context" for each in block["elements"]
    ]
    return "\n".join(lines)


def buttons(drawn: dict[str, object]) -> dict[str, dict[str, Any]]:
    (row,) = [block["elements"] for block in blocks(drawn) if block["type"] == "actions"]
    return {each["text"]["text"]: each for each in row if each["type"] == "button"}


def menu(drawn: dict[str, object]) -> dict[str, str]:
    (row,) = [block["elements"] for block in blocks(drawn) if block["type"] == "actions"]
    (found,) = [each for each in row if each["type"] == "overflow"]
    return {each["text"]["text"]: each["value"] for each in found["options"]}


def test_a_running_card_reads_as_drawn_in_the_design() -> None:
    drawn = card(view())
    since = f"<!date^{int(STARTED.timestamp())}^{{time}}|09:15 UTC>"
    assert drawn["text"] == "BRD series, round 3 is running"
    assert blocks(drawn)[0]["text"]["text"].split("\n") == [
        "*RBFE*  deeporigin.rbfe v2 · `9e9eb45e` · by Ada Osei",
        f":large_blue_circle: *Running*  16 min so far, since {since}",
        "`[######----] 62 %`  17 of 27 ligands, 1.2/min, about 9 min left",
    ]
    assert list(buttons(drawn)) == ["Notify me", "Watch", "Cancel job", "Details"]
    assert list(menu(drawn)) == ["Refresh", "Share", "Tell me only if it fails"]


@pytest.mark.parametrize(
    ("status", "color"),
    [
        ("Running", "#0d6efd"),
        ("Succeeded", "#198754"),
        ("Failed", "#dc3545"),
        ("FailedQuotation", "#dc3545"),
        ("InsufficientFunds", "#dc3545"),
        ("Cancelled", "#343a40"),
        ("Created", "#6c757d"),
        ("Queued", "#0dcaf0"),
        ("Quoted", "#ffc107"),
        ("Suspended", "#adb5bd"),
        ("Hibernating", "#adb5bd"),
        (GONE, "#adb5bd"),
    ],
)
def test_the_bar_has_the_colour_of_the_status(status: str, color: str) -> None:
    (attachment,) = cast("list[dict[str, Any]]", card(view(replace(JOB, status=status)))["attachments"])
    assert attachment["color"] == color


def test_the_headline_is_not_repeated_below() -> None:
    assert "BRD series" not in said(card(view()))


def test_following_turns_the_buttons_round() -> None:
    assert list(buttons(card(view(notifying=True, watching=True)))) == [
        "Stop notifying",
        "Stop watching",
        "Cancel job",
        "Details",
    ]


def test_cancel_asks_first_and_names_the_job() -> None:
    button = buttons(card(view()))["Cancel job"]
    assert button["style"] == "danger"
    assert button["confirm"]["text"]["text"].startswith("BRD series, round 3 (9e9eb45e) will stop.")


def test_approve_names_the_price_and_carries_the_quote() -> None:
    button = buttons(card(view(QUOTED)))["Approve"]
    assert button["style"] == "primary"
    assert "$184.50" in button["confirm"]["text"]["text"]
    assert ids.decode(button["value"]) == ids.Value(JOB.id, 3, "abc123", 184.5)


def test_a_quoted_card_shows_its_cost_and_no_cancel() -> None:
    drawn = card(view(QUOTED))
    assert drawn["text"] == "BRD series, round 3 has a quote: $184.50"
    assert list(buttons(drawn)) == ["Approve", "Notify me", "Watch", "Details"]


def test_a_quote_without_a_price_cannot_be_approved_here() -> None:
    drawn = card(view(replace(QUOTED, quote=None)))
    assert "Approve" not in buttons(drawn)
    assert "without a price: approve it in Deep Origin" in said(drawn)


@pytest.mark.parametrize(
    "status", ["Succeeded", "Failed", "Cancelled", "FailedQuotation", "InsufficientFunds", GONE]
)
def test_an_ended_job_offers_only_details_refresh_and_share(status: str) -> None:
    drawn = card(view(replace(JOB, status=status)))
    assert list(buttons(drawn)) == ["Details"]
    assert list(menu(drawn)) == ["Refresh", "Share"]


def test_a_failed_card_says_why_when_and_after_how_long() -> None:
    failed = replace(JOB, status="Failed", completed_at=NOW, reason="OOMKilled:\nworker 3", progress=None)
    drawn = card(view(failed))
    assert ":x: *Failed*  after 16 min\n>OOMKilled: worker 3" in said(drawn)
    assert all(word in said(drawn) for word in ("Created", "Started", "Ended"))


def test_an_open_cancel_is_shown_and_cannot_be_asked_twice() -> None:
    drawn = card(view(action=ASKED, private=False))
    assert "Cancel requested by <@U1>, " in said(drawn)
    assert "Cancel job" not in buttons(drawn)


def test_an_open_approval_cannot_be_asked_twice() -> None:
    drawn = card(view(QUOTED, action=replace(ASKED, kind=ActionKind.APPROVE)))
    assert "Approval requested by <@U1>, " in said(drawn)
    assert "Approve" not in buttons(drawn)


def test_a_cancel_that_stays_unanswered_can_be_asked_again() -> None:
    drawn = card(view(action=replace(ASKED, asked_at=NOW - timedelta(minutes=3))))
    assert "Cancel requested by <@U1>, " in said(drawn)
    assert "Cancel job" in buttons(drawn)


@pytest.mark.parametrize(
    ("kind", "outcome", "status", "words"),
    [
        (ActionKind.CANCEL, "cancelled", "Cancelled", "Cancelled by <@U1>, "),
        (ActionKind.CANCEL, "too late", "Succeeded", "too late"),
        (ActionKind.APPROVE, "approved", "Running", "Approved by <@U1>, "),
        (ActionKind.CANCEL, "refused: no", "Running", "without success"),
    ],
)
def test_a_card_tells_what_came_of_an_action(kind: ActionKind, outcome: str, status: str, words: str) -> None:
    done = replace(ASKED, kind=kind, closed_at=NOW, outcome=outcome)
    assert words in said(card(view(replace(JOB, status=status), action=done)))


def test_a_posted_card_offers_no_share_and_says_its_time() -> None:
    drawn = card(view(private=False, shared_by="U7"))
    assert list(menu(drawn)) == ["Refresh", "Tell me only if it fails"]
    assert "As of <!date^" in said(drawn)
    assert "Shared by <@U7>" in said(drawn)


def test_what_just_happened_stands_at_the_top() -> None:
    assert blocks(card(view(note="I'll tell you here.")))[0]["text"]["text"] == "I'll tell you here."


def test_a_hostile_name_stays_text_everywhere() -> None:
    name = "<!channel> `code` <https://evil.example|free>"
    text = json.dumps(card(view(replace(JOB, name=name), owner="<!here>")) | {"attachments": []})
    assert "<!channel>" not in text
    assert "<!here>" not in said(card(view(owner="<!here>")))


def test_a_job_without_a_name_is_called_by_tool_and_id() -> None:
    assert card(view(replace(JOB, name=None)))["text"] == "RBFE 9e9eb45e is running"
    assert card(view(replace(JOB, name=" ", tool_key=None)))["text"] == "Job 9e9eb45e is running"


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("deeporigin.abfe-end-to-end", "ABFE"),
        ("deeporigin.bulk-docking", "Bulk docking"),
        ("deeporigin.docking", "Docking"),
        ("draco", "Draco"),
    ],
)
def test_tools_are_called_as_people_call_them(key: str, word: str) -> None:
    assert said(card(view(replace(JOB, tool_key=key)))).startswith(f"*{word}*  {key} v2")


def test_an_odd_id_gets_no_buttons_and_breaks_nothing() -> None:
    assert [block["type"] for block in blocks(card(view(replace(JOB, id="a|b <c>"))))] == [
        "section",
        "context",
    ]


# --- fingerprints


def test_the_passing_of_time_and_unseen_versions_change_nothing() -> None:
    later = view(seq=9, now=NOW + timedelta(days=3))
    assert fingerprint(later) == fingerprint(view())


@pytest.mark.parametrize(
    "changed",
    [
        view(replace(JOB, status="Succeeded")),
        view(replace(JOB, progress=Progress(fraction=0.9))),
        view(replace(JOB, progress=Progress(branches=(Branch(0, "Dock", "Failed"),)))),
        view(watching=True),
        view(action=ASKED),
        view(note="Watching stopped."),
    ],
)
def test_whatever_can_be_seen_changes_the_fingerprint(changed: Card) -> None:
    assert fingerprint(changed) != fingerprint(view())


def test_a_posted_card_keeps_what_the_report_quotes_to_its_owner() -> None:
    """Notes and messages of a report may hold inputs, such as a SMILES: only private cards show them."""
    smiles = "CCn1cc(-c2ccccc2)c2cc[nH]c2c1=O"
    telling = Progress(
        note=f"docking {smiles}", branches=(Branch(0, "dock", "Failed", message=f"bad {smiles}"),)
    )
    known = KnownJob(job=replace(JOB, progress=telling), seq=1, read_at=NOW)
    private, posted = (
        json.dumps(card(Card(known=known, owner="", now=NOW, private=private))) for private in (True, False)
    )
    assert smiles in private
    assert smiles not in posted


def test_a_private_card_says_what_its_reader_is_told_and_offers_the_other() -> None:
    told = card(view(notifying=True))
    assert "I tell you when it ends" in blocks(told)[-2]["elements"][0]["text"]
    assert "Tell me only if it fails" in menu(told)
    of_failures = card(view(notifying=True, failures_only=True))
    assert "I tell you only if it fails" in blocks(of_failures)[-2]["elements"][0]["text"]
    assert menu(of_failures)["Tell me however it ends"].startswith("notify|")
