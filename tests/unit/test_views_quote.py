"""The quote on a private card: a table of its lines, cut with a sum of the rest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from dojobbot.deeporigin import wire
from dojobbot.domain import Job, KnownJob, Quote
from dojobbot.slack.text import unit_price
from dojobbot.slack.views import blocks
from dojobbot.slack.views.card import Card, card
from dojobbot.slack.views.quote import gap, price, table
from tests.unit.slack_budgets import problems

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def quoted(*rows: dict[str, Any], **more: Any) -> Job:
    execution = {
        "executionId": "9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
        "status": "Quoted",
        "quotationResult": {"successfulQuotations": list(rows)},
    }
    return wire.decode_job(json.dumps(execution | more).encode())


def cells(drawn: blocks.Block | None) -> list[list[str]]:
    assert drawn is not None
    rows = cast("list[list[dict[str, str]]]", drawn["rows"])
    return [[cell["text"] for cell in row] for row in rows]


def shown(job: Job, *, private: bool = True) -> dict[str, Any]:
    known = KnownJob(job=job, seq=1, read_at=NOW)
    drawn = card(Card(known=known, owner="Ada Osei", now=NOW, private=private))
    assert problems(cast("dict[str, Any]", drawn)) == []
    return cast("dict[str, Any]", drawn)


def kinds(drawn: dict[str, Any]) -> list[str]:
    return [block["type"] for block in drawn["attachments"][0]["blocks"]]


DOCKING = {"itemCode": "DOCK-001", "qty": 96, "priceEach": 1.25, "priceTotal": 120.0}
STORAGE = {"itemCode": "STORAGE-001", "qty": 1, "priceEach": 4.5, "priceTotal": 4.5}


def test_every_item_has_a_line_and_the_sum_is_the_last() -> None:
    job = quoted(DOCKING, STORAGE)
    assert job.quote is not None
    assert cells(table(job.quote)) == [
        ["Item", "Qty", "Each", "Total"],
        ["DOCK-001", "96", "$1.25", "$120.00"],
        ["STORAGE-001", "1", "$4.50", "$4.50"],
        ["Total", "-", "-", "$124.50"],
    ]


def test_an_item_is_named_as_its_price_record_names_it() -> None:
    record = {"itemKey": "DO_PATENT", "itemName": "PDF analysis", "priceEach": 0.1, "qty": 9}
    job = quoted({**DOCKING, "pricingRecords": [record]})
    assert job.quote is not None
    assert job.quote.lines[0].item == "PDF analysis"


def test_a_row_that_lacks_all_but_its_price_is_still_a_line() -> None:
    job = quoted({"priceTotal": 5, "qty": "many", "priceEach": -1})
    assert job.quote is not None
    assert cells(table(job.quote))[1] == ["Item", "-", "-", "$5.00"]


@pytest.mark.parametrize("count", [13, 100, 5_000])
def test_a_long_quote_is_cut_with_a_sum_of_the_rest(count: int) -> None:
    job = quoted(*({"itemCode": f"ITEM-{number}", "priceTotal": 0.5} for number in range(count)))
    assert job.quote is not None
    assert job.quote.amount == count / 2
    rows = cells(table(job.quote))
    assert len(rows) == 1 + 12 + 1
    left = count - 11
    assert rows[-2:] == [
        [f"{left:,} more items", "-", "-", f"${left / 2:,.2f}"],
        ["Total", "-", "-", f"${count / 2:,.2f}"],
    ]


FAILED = {"itemCode": "GPU-001", "qty": 2, "message": "No price for this item"}


def partly(*failed: dict[str, Any]) -> Job:
    quotation = {"anyFailed": True, "failedQuotations": list(failed), "successfulQuotations": [STORAGE]}
    return quoted(quotationResult=quotation)


def test_an_item_that_could_not_be_quoted_stands_in_the_table_and_leaves_no_sum() -> None:
    job = partly(FAILED)
    assert job.quote is not None
    assert cells(table(job.quote)) == [
        ["Item", "Qty", "Each", "Total"],
        ["GPU-001", "2", "-", "no price"],
        ["STORAGE-001", "1", "$4.50", "$4.50"],
        ["Total", "-", "-", "no price"],
    ]


@pytest.mark.parametrize("private", [True, False])
def test_a_quote_that_failed_in_part_offers_no_approve_and_says_what_to_do(private: bool) -> None:
    """A button with the price of the rest would spend money on what nobody has seen."""
    drawn = shown(partly(FAILED), private=private)
    assert "Approve" not in str(drawn)
    assert drawn["text"].endswith("has an incomplete quote")
    assert "Deep Origin could not quote GPU-001, so there is no sum to approve." in str(drawn)
    assert "Ask for a new quote, or look at the job on Deep Origin's own page." in str(drawn)


@pytest.mark.parametrize(
    ("count", "named"),
    [
        (0, "an unnamed item"),
        (2, "GPU-0 and GPU-1"),
        (3, "GPU-0, GPU-1 and GPU-2"),
        (9, "GPU-0, GPU-1, GPU-2 and 6 more items"),
        (120, "GPU-0, GPU-1, GPU-2 and 117 more items"),
    ],
)
def test_items_that_could_not_be_quoted_are_named_and_many_are_counted(count: int, named: str) -> None:
    job = partly(*({"itemCode": f"GPU-{number}"} for number in range(count)))
    assert job.quote is not None
    assert gap(job.quote) == f"Deep Origin could not quote {named}, so there is no sum to approve."


def test_items_of_one_name_that_could_not_be_quoted_are_named_once() -> None:
    job = partly({"itemCode": "DOCK"}, {"itemCode": "DOCK"}, {})
    assert job.quote is not None
    assert gap(job.quote).startswith("Deep Origin could not quote DOCK (2 times) and an unnamed item,")


@pytest.mark.parametrize("failed", [14, 120])
def test_what_has_no_price_is_no_part_of_a_sum(failed: int) -> None:
    job = partly(*({"itemCode": f"GPU-{number}"} for number in range(failed)))
    assert job.quote is not None
    rows = cells(table(job.quote))
    assert [f"{failed - 11} more items", "-", "-", "no price"] in rows
    assert [row[0] for row in rows if "$" in row[3]] == ["1 more item"]


def test_a_list_does_not_price_a_quote_that_failed_in_part() -> None:
    assert price(partly(FAILED)) == "incomplete quote"
    assert price(quoted(STORAGE)) == "$4.50"


def test_a_quote_without_lines_has_no_table() -> None:
    """Stored before lines were kept, until the job is read again."""
    assert table(Quote(184.5, "abc")) is None


def test_the_table_is_on_private_cards_of_quoted_jobs_alone() -> None:
    assert kinds(shown(quoted(DOCKING))).count("table") == 1
    posted = shown(quoted(DOCKING), private=False)
    assert "table" not in kinds(posted)
    assert "DOCK-001" in posted["attachments"][0]["blocks"][1]["text"]["text"], (
        "in plain lines, above Approve"
    )
    assert "table" not in kinds(shown(quoted(DOCKING, status="Running")))


def test_where_slack_draws_no_table_its_lines_are_text() -> None:
    drawn = blocks.plainer(shown(quoted({**DOCKING, "itemCode": "<DOCK> `1`"})))
    assert drawn is not None
    assert problems(drawn) == []
    (text,) = [each["text"]["text"] for each in cast("Any", drawn)["attachments"][0]["blocks"][1:2]]
    assert text.split("\n")[1:-1] == [
        "Item        Qty  Each   Total",
        "&lt;DOCK&gt; '1'  96   $1.25  $120.00",
        "Total       -    -      $120.00",
    ]
    assert blocks.plainer(shown(quoted())) is None


@pytest.mark.parametrize(
    ("amount", "said"), [(1.25, "$1.25"), (46.125, "$46.125"), (0.0125, "$0.0125"), (1234.0, "$1,234.00")]
)
def test_a_unit_price_keeps_its_decimals(amount: float, said: str) -> None:
    assert unit_price(amount) == said


def test_lines_add_up_to_the_sum() -> None:
    job = quoted(*({"priceTotal": 0.1} for _ in range(250)))
    assert job.quote is not None
    assert sum(line.total or 0 for line in job.quote.lines) == pytest.approx(25)
    last = job.quote.lines[-1]
    assert (last.item, last.items) == ("Others", 151)
    assert last.total == pytest.approx(15.1)
