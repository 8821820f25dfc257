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


def add_up(
    *jobs: Counted, first: date | None = None, now: datetime = NOON, zone: ZoneInfo = PARIS
) -> Figures:
    """The figures of some jobs, in Paris unless told."""
    return figures(jobs, zone=zone, first=first, now=now, bad_rows=0)


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
    found = add_up(job("Running"), first=date(2026, 11, 18), now=NOON + timedelta(days=1))
    assert [day.total for day in found.days] == [0, 0, 1, 0]
    assert found.days[2].other == 1


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "wrong",
    [
        datetime(1815, 6, 18, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        NOON + timedelta(days=3),
        datetime(9999, 12, 31, 23, 0, tzinfo=UTC),
    ],
)
def test_a_stamp_that_cannot_be_is_on_no_day(wrong: datetime, zone: str) -> None:
    """It bends neither the days nor the durations, wherever the asker is, and is said to be undated."""
    found = add_up(
        job(created_at=wrong), job(started_at=NOON, completed_at=wrong), job(minutes=3), zone=ZoneInfo(zone)
    )
    assert [day.total for day in found.days] == [2]
    assert (found.jobs, found.undated) == (3, 1)
    assert [(tool.timed, tool.median_seconds) for tool in found.tools] == [(1, 180)]


def test_a_clock_that_goes_before_ours_is_believed() -> None:
    """By a few minutes, as clocks do: across midnight that is tomorrow."""
    late = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)
    found = add_up(job(), job(created_at=late + timedelta(minutes=3)), now=late)
    assert [day.total for day in found.days] == [1, 1]
    assert found.covered_days == 2


def test_the_day_that_is_not_over_counts_as_far_as_it_has_gone() -> None:
    """Two whole days and the 13 hours since midnight in Paris."""
    assert add_up(job(), first=date(2026, 11, 18)).covered_days == pytest.approx(2 + 13 / 24)


def test_long_ago_makes_no_ten_thousand_days() -> None:
    """What is so long ago is left off the days, and counted all the same."""
    found = add_up(job(created_at=datetime(2001, 1, 1, tzinfo=UTC)), job())
    assert len(found.days) == 3700
    assert found.jobs == 2


def test_median_and_p90_are_of_those_that_succeeded() -> None:
    """1 to 5 minutes: the median is 3, nine tenths of the way is 4.6. A failure at once says nothing."""
    found = add_up(*(job(minutes=each) for each in (5, 1, 4, 2, 3)), job("Failed", minutes=0), job())
    (docking,) = found.tools
    assert docking.median_seconds == 3 * 60
    assert docking.p90_seconds == pytest.approx(4.6 * 60)
    assert (docking.jobs, docking.succeeded, docking.failed, docking.timed) == (7, 6, 1, 5)


def test_of_few_jobs_there_is_a_median_and_no_p90() -> None:
    """Nine tenths of four are the longest of them."""
    (docking,) = add_up(*(job(minutes=each) for each in (1, 2, 3, 4))).tools
    assert (docking.median_seconds, docking.p90_seconds, docking.timed) == (150, None, 4)


def test_without_stamps_there_is_no_duration() -> None:
    """Rather than a zero."""
    (docking,) = add_up(job(), job("Running")).tools
    assert (docking.median_seconds, docking.p90_seconds) == (None, None)


def test_only_what_was_started_costs() -> None:
    """A quote that nobody approved is not spent; a failed job was paid for as quoted."""
    found = add_up(
        job(price=1.25, minutes=1),
        job("Failed", price=2.5, minutes=1),
        job("Running", price=10.0, started_at=NOON, tool="deeporigin.rbfe"),
        job("Cancelled", price=20.0),
        job("Created", price=30.0),
        job("Queued", price=40.0),
        job("Quoted", price=400.0),
        job("FailedQuotation", price=8.0),
        job("InsufficientFunds", price=9.0),
        job(),
    )
    assert (found.quoted, found.quotes, found.bills) == (13.75, 3, 0)
    assert {tool.key: tool.quoted for tool in found.tools} == {
        "deeporigin.docking": 3.75,
        "deeporigin.rbfe": 10.0,
    }


def test_what_was_billed_counts_rather_than_its_quote() -> None:
    """Whatever the status: a bill is a bill."""
    found = add_up(job(price=10.0, bill=8.5, minutes=1), job("Cancelled", price=3.0, bill=1.0), job(bill=0.0))
    assert (found.billed, found.bills, found.quoted, found.quotes) == (9.5, 3, 0, 0)


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
