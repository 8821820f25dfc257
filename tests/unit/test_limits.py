"""How long a caller waits between tries."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.limits import CHANNEL_POSTS, POSTS, TIER_3, Budget, backoff

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_the_pause_doubles_up_to_the_cap() -> None:
    pauses = [backoff(attempt, jitter=1.0) for attempt in range(8)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_jitter_shortens_the_pause_and_never_lengthens_it() -> None:
    assert backoff(2, jitter=0.5) == 2.0


def test_what_the_server_asks_for_is_never_undercut() -> None:
    assert backoff(0, jitter=0.5, retry_after=7) == 7
    assert backoff(5, jitter=1.0, retry_after=7) == 32
    assert backoff(0, jitter=0.5, cap=60, retry_after=90) == 90


def test_jitter_out_of_range_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="outside"):
        backoff(0, jitter=0.1)


@given(st.integers(0, 10**9), st.floats(0.5, 1))
def test_any_number_of_failures_waits_a_sane_time(attempt: int, jitter: float) -> None:
    """However long an outage lasts, the pause is between half a second and the cap."""
    assert 0.5 <= backoff(attempt, jitter=jitter) <= 60


def moments(budget: Budget, wanted: list[float]) -> list[float]:
    """When calls that are wanted at some moments are made."""
    opens_at: datetime | None = None
    made = []
    for each in sorted(wanted):
        now = NOW + timedelta(seconds=each)
        now = now if opens_at is None else max(now, opens_at)
        opens_at = budget.after(opens_at, now)
        made.append((now - NOW).total_seconds())
    return made


def test_a_burst_goes_at_once_and_then_one_by_one() -> None:
    assert moments(CHANNEL_POSTS, [0.0] * 6) == [0, 0, 0, 1, 2, 3]
    assert moments(CHANNEL_POSTS, [0.0] * 3 + [1.5] * 3) == [0, 0, 0, 1.5, 2, 3]


@given(st.lists(st.floats(0, 100), max_size=300))
def test_no_span_holds_more_than_its_share_and_the_burst(wanted: list[float]) -> None:
    made = moments(POSTS, wanted)
    for first, start in enumerate(made):
        for last in range(first, len(made)):
            span = made[last] - start
            assert last - first + 1 <= POSTS.burst + span / POSTS.every.total_seconds() + 1e-6


def test_tier_three_is_fifty_a_minute() -> None:
    made = moments(TIER_3, [0.0] * 200)
    assert max(sum(start <= each < start + 60 for each in made) for start in made) == 50


def test_what_was_not_used_is_not_saved_up_beyond_the_burst() -> None:
    assert moments(CHANNEL_POSTS, [0.0, *[1000.0] * 4]) == [0, 1000, 1000, 1000, 1001]
