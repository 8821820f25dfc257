"""Counts, durations and spend, worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.exporting.figures import Counted, figures, quantile
from dojobbot.orders import Day, Figures

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


def job(status: str = "Succeeded", *, minutes: float | None = None, **fields: object) -> Counted:
    """A docking of the twentieth that ran so many minutes."""
    given: dict[str, object] = {
        "tool": "deeporigin.docking",
        "created_at": NOON,
        "started_at": None if minutes is None else NOON,
        "completed_at": None if minutes is None else NOON + timedelta(minutes=minutes),
        "price": None,
        **fields,
    }
    return Counted(status=status, **given)  # type: ignore[arg-type]  # what a test gives is right


def add_up(*jobs: Counted, first: date | None = None, last: date = TODAY) -> Figures:
    """The figures of some jobs, in Paris."""
    return figures(jobs, zone=PARIS, first=first, last=last, bad_rows=0)


def test_statuses_are_counted_the_most_frequent_first() -> None:
    """And by their names where as many have one."""
    found = add_up(job("Running"), job("Failed"), job(), job())
    assert found.by_status == (("Succeeded", 2), ("Failed", 1), ("Running", 1))
    assert (found.jobs, found.succeeded, found.failed) == (4, 2, 1)


def test_a_day_begins_at_midnight_of_the_asker() -> None:
    """Half past eleven in the evening, UTC, is the next day in Paris."""
    late = datetime(2026, 11, 19, 23, 30, tzinfo=UTC)
    found = add_up(job(created_at=late), job("Failed", created_at=late - timedelta(hours=1)))
    assert found.days == (Day(date(2026, 11, 19), failed=1), Day(date(2026, 11, 20), succeeded=1))


def test_days_without_a_job_are_days() -> None:
    """From the first that was asked for to the last."""
    found = add_up(job("Running"), first=date(2026, 11, 18), last=date(2026, 11, 21))
    assert [day.total for day in found.days] == [0, 0, 1, 0]
    assert found.days[2].other == 1


def test_a_stamp_from_another_century_makes_no_thousand_days() -> None:
    """What is so long ago is left off the days, and counted all the same."""
    found = add_up(job(created_at=datetime(1815, 6, 18, tzinfo=UTC)), job())
    assert len(found.days) == 3700
    assert found.jobs == 2


def test_median_and_p90_are_of_those_that_succeeded() -> None:
    """1 to 5 minutes: the median is 3, nine tenths of the way is 4.6. A failure at once says nothing."""
    found = add_up(*(job(minutes=each) for each in (5, 1, 4, 2, 3)), job("Failed", minutes=0), job())
    (docking,) = found.tools
    assert docking.median_seconds == 3 * 60
    assert docking.p90_seconds == pytest.approx(4.6 * 60)
    assert (docking.jobs, docking.succeeded, docking.failed) == (7, 6, 1)


def test_without_stamps_there_is_no_duration() -> None:
    """Rather than a zero."""
    (docking,) = add_up(job(), job("Running")).tools
    assert (docking.median_seconds, docking.p90_seconds) == (None, None)


def test_only_what_was_started_costs() -> None:
    """A quote that nobody approved is not spent; a failed job was paid for as quoted."""
    found = add_up(
        job(price=1.25),
        job("Failed", price=2.5),
        job("Running", price=10.0, tool="deeporigin.rbfe"),
        job("Quoted", price=400.0),
        job("FailedQuotation", price=8.0),
        job("InsufficientFunds", price=9.0),
        job(),
    )
    assert (found.spend, found.priced) == (13.75, 3)
    assert {tool.key: tool.spend for tool in found.tools} == {
        "deeporigin.docking": 3.75,
        "deeporigin.rbfe": 10.0,
    }


def test_a_job_without_a_date_is_on_no_day() -> None:
    """It is counted, and said to be undated."""
    found = add_up(job(created_at=None))
    assert (found.jobs, found.undated, found.days) == (1, 1, ())


def test_no_jobs_are_no_figures() -> None:
    """Nothing to divide by."""
    found = add_up(first=date(2026, 11, 1))
    assert found == Figures(jobs=0)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.floats(0, 1))
def test_a_quantile_lies_between_the_least_and_the_greatest(numbers: list[float], share: float) -> None:
    """And grows with its share."""
    ordered = sorted(numbers)
    found = quantile(ordered, share)
    assert ordered[0] - 1e-6 <= found <= ordered[-1] + 1e-6
    assert quantile(ordered, share / 2) <= found + 1e-6
