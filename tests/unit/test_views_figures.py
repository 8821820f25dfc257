"""What `/jobs stats` shows: words, charts within Slack's limits, and tables where charts are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.orders import Day, Figures, ToolFigures
from dojobbot.simulator.slack_api.content import read_content
from dojobbot.slack.views.blocks import Payload, plainer
from dojobbot.slack.views.figures import figures

FIRST = date(2026, 11, 9)
DOCKING = ToolFigures(
    key="deeporigin.docking",
    jobs=30,
    succeeded=20,
    failed=5,
    timed=18,
    median_seconds=540,
    p90_seconds=5400,
    billed=4.5,
    bills=1,
    quoted=8.0,
    quotes=3,
)
RBFE = ToolFigures(key="deeporigin.rbfe", jobs=2)
WEEKS = tuple(Day(FIRST + timedelta(days=number), succeeded=1, failed=number % 2) for number in range(14))
FOUND = Figures(
    jobs=32,
    by_status=(("Succeeded", 20), ("Failed", 5), ("Running", 4), ("Cancelled", 3)),
    days=WEEKS,
    covered_days=13.5,
    tools=(DOCKING, RBFE),
)


def shown(found: Figures = FOUND, scope: str = "last 14 days") -> Payload:
    """The answer, which the simulated Slack takes as the real one would."""
    payload = figures(found, scope=scope, tz="Europe/Paris")
    read_content(json.loads(json.dumps(payload)))
    return payload


def words(payload: Payload) -> str:
    """All that is said outside charts."""
    return "\n".join(_texts([block for block in _blocks(payload) if block["type"] != "data_visualization"]))


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    if not isinstance(value, dict):
        return []
    own = [value["text"]] if isinstance(value.get("text"), str) else []
    return own + [text for each in value.values() for text in _texts(each)]


def _blocks(payload: Payload) -> list[Any]:
    blocks = payload["blocks"]
    assert isinstance(blocks, list)
    return blocks


def charts(payload: Payload) -> list[Any]:
    """The charts, in order."""
    return [block for block in _blocks(payload) if block["type"] == "data_visualization"]


def test_tools_that_have_the_same_words_are_told_apart_by_their_keys() -> None:
    """`ABFE` twice would say nothing; the others keep their words."""
    alike = [ToolFigures(key=key, jobs=3) for key in ("deeporigin.abfe", "deeporigin.abfe-end-to-end", "")]
    (table,) = [
        block for block in _blocks(shown(replace(FOUND, tools=(DOCKING, *alike)))) if block["type"] == "table"
    ]
    first = [row[0] for row in table["rows"]]
    assert [_texts(cell)[0] for cell in first] == [
        "Tool",
        "Docking",
        "deeporigin.abfe",
        "deeporigin.abfe-end-to-end",
        "No tool",
    ]


def test_the_words_carry_what_the_charts_show() -> None:
    """Whoever sees no chart misses nothing."""
    said = words(shown())
    for part in (
        "*32 jobs (last 14 days)*",
        ":white_check_mark: Succeeded: 20 (63 %)",
        ":x: Failed: 5 (16 %)",
        "*Success rate*: 80 %, 20 of the 25 jobs that succeeded or failed.",
        "*Created by day*: 1.6 on average, the most on Tue 10 Nov (2).",
        "*Spend*: $12.50: $4.50 billed for 1 job, $8.00 quoted for 3 jobs started without a bill so far.",
        "Europe/Paris, the first is Mon 9 Nov; today counts as far as it has gone.",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("succeeded", "failed", "said"),
    [
        (28, 33, "46 %"),
        (1, 1, "50 %"),
        (1, 7, "13 %"),
        (0, 5, "0 %"),
        (5, 0, "100 %"),
        (1, 400, "under 1 %"),
        (400, 1, "over 99 %"),
        (1, 99, "1 %"),
    ],
)
def test_a_share_is_rounded_and_only_none_and_all_are_said_to_be_so(
    succeeded: int, failed: int, said: str
) -> None:
    """A bar that grows rounds down; what is over does not."""
    over = succeeded + failed
    tool = ToolFigures(key="a", jobs=over, succeeded=succeeded, failed=failed)
    statuses = tuple(each for each in (("Succeeded", succeeded), ("Failed", failed)) if each[1])
    drawn = words(shown(Figures(jobs=over, by_status=statuses, tools=(tool,))))
    assert not succeeded or f"Succeeded: {succeeded:,} ({said})" in drawn
    assert f"*Success rate*: {said}, " in drawn
    assert f"{said} ({over:,})" in drawn


def test_the_table_has_a_row_for_each_tool() -> None:
    """Durations and prices where there are any."""
    table = next(block for block in _blocks(shown()) if block["type"] == "table")
    head, docking, rbfe = [[cell["text"] for cell in row] for row in table["rows"]]
    assert head == ["Tool", "Jobs", "Success", "Median", "90 % within", "Billed or quoted"]
    assert docking == ["Docking", "30", "80 % (25)", "9 min (18)", "1 h 30 min", "$12.50"]
    assert rbfe[:2] == ["RBFE", "2"]
    assert len(set(rbfe[2:])) == 1


@pytest.mark.parametrize(
    ("tool", "head", "said"),
    [
        (ToolFigures(key="a", jobs=1), "Quoted", "none of these jobs has a bill"),
        (ToolFigures(key="a", jobs=1, quoted=2.5, quotes=1), "Quoted", "$2.50 quoted for 1 job"),
        (ToolFigures(key="a", jobs=1, billed=2.5, bills=1), "Billed", "$2.50 billed for 1 job."),
    ],
)
def test_prices_say_what_they_are(tool: ToolFigures, head: str, said: str) -> None:
    """A quote is no bill."""
    payload = shown(replace(FOUND, tools=(tool,)))
    table = next(block for block in _blocks(payload) if block["type"] == "table")
    assert table["rows"][0][-1]["text"] == head
    assert said in words(payload)


def test_labels_are_plain_and_distinct() -> None:
    """Nothing is read as markup in a chart, and a name that is cut is no other name."""
    long = "AwaitingScientificReviewBy"
    found = replace(
        FOUND, jobs=10, by_status=(("A&B <x>", 4), (f"{long}Ada", 3), (f"{long}Boris", 2), ("Others", 1))
    )
    (pie, _) = charts(shown(found))
    assert [each["label"] for each in pie["chart"]["segments"]] == [
        "A&B <x>",
        "AwaitingScientificR…",
        "AwaitingScientifi… 2",
        "Others",
    ]


def test_the_charts_are_a_pie_of_statuses_and_bars_of_days() -> None:
    """A bar for each outcome that there is, over the same days."""
    pie, bars = (block["chart"] for block in charts(shown()))
    assert [(each["label"], each["value"]) for each in pie["segments"]][:2] == [
        ("Succeeded", 20),
        ("Failed", 5),
    ]
    assert [series["name"] for series in bars["series"]] == ["Succeeded", "Failed"]
    assert bars["axis_config"]["categories"][:2] == ["9 Nov", "10 Nov"]


def test_many_days_share_bars_and_many_statuses_a_segment() -> None:
    """20 bars and 6 segments at most; nothing is lost."""
    days = tuple(Day(FIRST + timedelta(days=number), other=1) for number in range(100))
    found = Figures(
        jobs=100,
        by_status=tuple((f"Status {number}", 10) for number in range(10)),
        days=days,
        covered_days=100,
        tools=tuple(ToolFigures(key=f"tool-{number}", jobs=5) for number in range(20)),
    )
    payload = shown(found)
    pie, bars = charts(payload)
    assert bars["title"] == "Jobs created, 5 days a bar"
    assert sum(point["value"] for point in bars["chart"]["series"][0]["data"]) == 100
    assert len(pie["chart"]["segments"]) == 6
    assert pie["chart"]["segments"][-1] == {"label": "Others", "value": 50}
    assert "8 others" in words(payload)


def test_no_jobs_are_a_sentence() -> None:
    """With what to type next."""
    said = str(figures(Figures(jobs=0), scope="mine, last 14 days", tz="UTC")["text"])
    assert "`mine, last 14 days`" in said
    assert "since:90d" in said


def test_where_charts_are_refused_they_are_tables_in_text() -> None:
    """The same numbers, none of the newer blocks."""
    plain = plainer(shown())
    assert plain is not None
    read_content(json.loads(json.dumps(plain)), frozenset({"data_visualization", "table"}))
    said = words(plain)
    assert "*Jobs by status*\n```\nSucceeded  20" in said
    assert "9 Nov   1          0" in said
    assert "Docking  30" in said


def test_a_day_of_another_year_says_which() -> None:
    """In January, December is last year's; a day of this year is read without."""
    days = tuple(Day(date(2026, 12, 28) + timedelta(days=number), other=1) for number in range(6))
    payload = shown(replace(FOUND, days=(replace(days[0], other=9), *days[1:]), covered_days=6))
    said = words(payload)
    assert "the most on Mon 28 Dec 2026 (9)" in said
    assert "the first is Mon 28 Dec 2026; today" in said
    assert charts(payload)[1]["chart"]["axis_config"]["categories"] == [
        "28 Dec 2026",
        "29 Dec 2026",
        "30 Dec 2026",
        "31 Dec 2026",
        "1 Jan",
        "2 Jan",
    ]


NAMES = st.text(min_size=1, max_size=60)
COUNTS = st.integers(0, 50)
DAYS = st.lists(st.tuples(COUNTS, COUNTS, COUNTS), max_size=900)
TOOLS = st.lists(
    st.builds(
        ToolFigures,
        key=st.text(max_size=80),
        jobs=st.integers(1, 99),
        succeeded=COUNTS,
        failed=COUNTS,
        median_seconds=st.none() | st.floats(0, 1e7),
        p90_seconds=st.none() | st.floats(0, 1e7),
        timed=COUNTS,
        billed=st.floats(0, 1e9),
        bills=COUNTS,
        quoted=st.floats(0, 1e9),
        quotes=COUNTS,
    ),
    max_size=30,
)


@given(
    st.dictionaries(NAMES, st.integers(1, 99), min_size=1, max_size=30), DAYS, TOOLS, st.text(max_size=300)
)
def test_whatever_the_figures_slack_takes_them(
    statuses: dict[str, int], days: list[tuple[int, int, int]], tools: list[ToolFigures], scope: str
) -> None:
    """Hostile names, many of everything, drawn and plainer."""
    found = Figures(
        jobs=sum(statuses.values()),
        by_status=tuple(statuses.items()),
        days=tuple(Day(FIRST + timedelta(days=number), *counts) for number, counts in enumerate(days)),
        covered_days=max(0.5, len(days)),
        tools=tuple(tools),
    )
    payload = shown(found, scope)
    labels = [each["label"] for each in charts(payload)[0]["chart"]["segments"]]
    assert len(labels) == len(set(labels))
    plain = plainer(payload)
    assert plain is not None
    read_content(json.loads(json.dumps(plain)))


@pytest.mark.parametrize("days", [0, 1])
def test_few_days_are_said_rightly(days: int) -> None:
    """One day is no average, and no day no chart."""
    found = Figures(jobs=1, by_status=(("Running", 1),), days=WEEKS[:days], covered_days=days, tools=(RBFE,))
    said = words(shown(found))
    assert ("Created on Mon 9 Nov" in said) is (days == 1)
    assert "none of them has succeeded or failed yet" in said
