"""Which jobs each event stream follows: few are opened anew, and none becomes too long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dojobbot.listener import JOBS_PER_STREAM, MOST_STREAMS, STREAMS_PER_PROJECT, Key, allot

PROJECTS = [f"p{number}" for number in range(12)]
WANTED = st.dictionaries(st.integers(0, 400).map(str), st.sampled_from(PROJECTS), max_size=400)


def many(count: int, project: str = "p", first: int = 0) -> dict[str, str]:
    return {str(first + number): project for number in range(count)}


def carried(streams: dict[Key, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*streams.values())


@given(st.lists(WANTED, min_size=1, max_size=4))
def test_streams_stay_within_their_limits_and_follow_what_fits(history: list[dict[str, str]]) -> None:
    """However often what is followed changes."""
    held: dict[Key, frozenset[str]] = {}
    for wanted in history:
        held = allot(held, wanted)
        assert len(held) <= MOST_STREAMS
        assert all(0 < len(jobs) <= JOBS_PER_STREAM for jobs in held.values())
        for project in {key[0] for key in held}:
            of_project = [job_id for job_id, each in wanted.items() if each == project]
            streams = [jobs for key, jobs in held.items() if key[0] == project]
            assert len(streams) <= STREAMS_PER_PROJECT
            fitting = set(of_project[: JOBS_PER_STREAM * STREAMS_PER_PROJECT])
            if len(held) < MOST_STREAMS:
                assert fitting <= frozenset().union(*streams)


def test_a_job_that_ends_opens_nothing_anew() -> None:
    """Its filter stays until others make the stream anew."""
    held = allot({}, many(3))
    fewer = allot(held, many(2))
    assert fewer == held
    assert allot(fewer, {**many(2), "new": "p"}) == {("p", 0): {"0", "1", "new"}}


def test_a_new_job_opens_one_stream_anew() -> None:
    """The second is made when the first is full, and the first is left alone."""
    held = allot({}, many(JOBS_PER_STREAM))
    more = allot(held, {"new": "p", **many(JOBS_PER_STREAM)})
    assert more == {**held, ("p", 1): {"new"}}


def test_the_newest_come_first_when_there_are_too_many() -> None:
    """The rest is polling's."""
    most = JOBS_PER_STREAM * STREAMS_PER_PROJECT
    held = allot({}, many(most))
    assert "new" in carried(allot(held, {"new": "p", **many(most)}))


def test_what_nobody_follows_has_no_stream() -> None:
    assert allot(allot({}, many(3)), {}) == {}
