"""How long a caller waits between tries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.limits import backoff


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
