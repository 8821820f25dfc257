"""Listings put together from pages that may shift while they are fetched."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin.paging import MOST_AGAIN, FetchedPage, Gathered, PagePlan
from dojobbot.deeporigin.wire import BadRow
from dojobbot.domain import Job, Reading

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def page(ids: str, count: int | None, bad: tuple[str, ...] = (), seconds: float = 0) -> FetchedPage:
    """A page of jobs with one-letter ids."""
    return FetchedPage(
        readings=tuple(
            Reading(job=Job(id=name, status="Running", raw_status="Running"), began_at=NOW) for name in ids
        ),
        bad_rows=tuple(BadRow(name, "why") for name in bad),
        count=count,
        server_time=NOW + timedelta(seconds=seconds),
    )


def ids(gathered: Gathered) -> str:
    return "".join(job.id for job in gathered.listing().jobs)


def test_the_first_page_tells_which_others_there_are() -> None:
    gathered = Gathered(limit=100, size=2)
    assert gathered.missing() == (0,)
    gathered.add({0: page("ab", 5, seconds=3)})
    assert gathered.missing() == (1, 2)
    gathered.add({2: page("e", 5), 1: page("cd", 5, seconds=1)})
    assert gathered.missing() == ()
    assert ids(gathered) == "abcde"
    assert (gathered.listing().total, gathered.listing().server_time) == (5, NOW)


def test_no_more_pages_are_fetched_than_the_limit_needs() -> None:
    gathered = Gathered(limit=3, size=2)
    gathered.add({0: page("ab", 50)})
    assert gathered.missing() == (1,)
    gathered.add({1: page("cd", 50)})
    assert gathered.missing() == ()
    assert (ids(gathered), gathered.listing().total) == ("abc", 50)


@pytest.mark.parametrize("count", [None, 1])
def test_a_page_that_is_not_full_is_the_only_one(count: int | None) -> None:
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("a", count)})
    assert gathered.missing() == ()


def test_a_first_page_that_is_not_full_and_says_that_there_are_more_tells_how_long_pages_are() -> None:
    """A platform may give fewer rows a page than it is asked for; nothing is lost by that."""
    gathered = Gathered(limit=7, size=1_000)
    gathered.add({0: page("abc", 20)})
    assert gathered.missing() == (1, 2)
    gathered.add({1: page("def", 20), 2: page("ghi", 20)})
    assert gathered.missing() == ()
    assert ids(gathered) == "abcdefg"


def test_a_first_page_without_rows_is_the_end_whatever_it_counts() -> None:
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("", 9)})
    assert gathered.missing() == ()


def test_what_slipped_onto_a_page_that_was_read_already_is_found_there() -> None:
    """`b` leaves after the first page was read and pulls `c` onto it."""
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("ab", 6)})
    assert gathered.missing() == (1, 2)
    gathered.add({1: page("de", 5), 2: page("f", 5)})
    assert gathered.missing() == (0, 1, 2)
    gathered.add({0: page("ac", 5), 1: page("de", 5), 2: page("f", 5)})
    assert gathered.missing() == ()
    assert ids(gathered) == "acbdef"


def test_what_was_pushed_onto_a_page_that_was_read_already_is_found_there() -> None:
    """Pages are read side by side: `z` is created when the third was read, and not yet the second."""
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("ab", 6)})
    assert gathered.missing() == (1, 2)
    gathered.add({2: page("ef", 6), 1: page("bc", 7)})
    assert gathered.missing() == (3,)
    gathered.add({3: page("f", 7)})
    assert gathered.missing() == (1, 2)
    gathered.add({1: page("bc", 7), 2: page("de", 7)})
    assert gathered.missing() == ()
    assert ids(gathered) == "abcdef"


def test_a_limit_is_filled_with_the_newest_and_leaves_no_hole() -> None:
    gathered = Gathered(limit=4, size=2)
    gathered.add({0: page("ab", 6)})
    assert gathered.missing() == (1,)
    gathered.add({1: page("de", 5)})
    assert gathered.missing() == (0, 1)
    gathered.add({0: page("ac", 5), 1: page("de", 5)})
    assert ids(gathered) == "acbd"


@pytest.mark.parametrize(("again", "readings"), [(MOST_AGAIN, 3 * (1 + MOST_AGAIN)), (0, 3)])
def test_a_listing_that_never_rests_has_an_end(again: int, readings: int) -> None:
    """Whoever asks again in a moment anyway reads no page twice."""
    plan, read = PagePlan(limit=None, size=8, again=again), 0
    while numbers := plan.next_round():
        for number in numbers:
            plan.note(number, [f"{read}-{row}" for row in range(8)], count=20 - read)
            read += 1
    assert (read, plan.is_settled) == (readings, True)


@given(st.data())
def test_whatever_stays_in_the_listing_while_it_is_read_is_found(data: st.DataObject) -> None:
    """Jobs are created and leave between any two pages; it rests when pages are read for the second time."""
    listed = [f"old-{number}" for number in range(data.draw(st.integers(1, 30)))]
    stayed = set(listed)
    plan, found, created = PagePlan(limit=None, size=4), set[str](), 0
    while numbers := plan.next_round():
        for number in numbers:
            if not plan.went_back:
                for _ in range(data.draw(st.integers(0, 3))):
                    created += 1
                    listed.insert(0, f"new-{created}")
                for _ in range(data.draw(st.integers(0, 3))):
                    gone = data.draw(st.sampled_from(listed)) if listed else ""
                    listed = [each for each in listed if each != gone]
                    stayed.discard(gone)
            rows = listed[number * 4 : number * 4 + 4]
            found.update(rows)
            plan.note(number, rows, count=len(listed))
    assert stayed <= found


def test_rows_that_shifted_count_once_and_the_last_is_still_found() -> None:
    """A job created between two calls pushes `b` onto the second page and `d` onto a third."""
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("ab", 4)})
    gathered.add({1: page("bc", 5)})
    assert gathered.missing() == (2,)
    gathered.add({2: page("d", 5)})
    assert gathered.missing() == ()
    assert ids(gathered) == "abcd"


def test_without_a_count_pages_follow_while_they_are_full_and_new() -> None:
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("ab", None)})
    assert gathered.missing() == (1,)
    gathered.add({1: page("c", None)})
    assert gathered.missing() == ()
    deaf = Gathered(limit=100, size=2)
    deaf.add({0: page("ab", None)})
    assert deaf.missing() == (1,)
    deaf.add({1: page("ab", None)})
    assert deaf.missing() == ()
    assert deaf.listing().total == 2


def test_a_bad_row_counts_once_and_fills_its_place() -> None:
    gathered = Gathered(limit=100, size=2)
    gathered.add({0: page("a", 3, bad=("x",))})
    gathered.add({1: page("b", 3, bad=("x",))})
    assert gathered.missing() == ()
    assert (ids(gathered), gathered.listing().bad_rows, gathered.listing().total) == ("ab", 1, 3)


def test_a_count_of_all_jobs_there_are_costs_a_few_empty_pages() -> None:
    """Where the platform counts without the filter, or counts nonsense, a round without news is the end."""
    gathered = Gathered(limit=1_000_000, size=2)
    gathered.add({0: page("ab", 10**12)})
    second = gathered.missing()
    assert second == (1, 2, 3, 4)
    gathered.add({number: page("", 10**12) for number in second})
    assert gathered.missing() == ()
    assert ids(gathered) == "ab"


def test_rounds_grow_while_they_bring_something() -> None:
    """A long listing is not waited for page by page."""
    gathered = Gathered(limit=1_000_000, size=1)
    gathered.add({0: page("a", 100)})
    rounds = []
    while numbers := gathered.missing():
        rounds.append(len(numbers))
        gathered.add({number: page(chr(200 + number), 100) for number in numbers})
    assert rounds == [4, 8, 16, 32, 39]
