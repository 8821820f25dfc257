"""Putting a listing together from pages that may shift while they are fetched. Pure.

The platform pages by number and has no cursor: a job created meanwhile pushes rows onto the next page, where
they are seen twice, and the last of them onto a page that nobody thought of at the start. One that leaves the
listing, because its status is not the one asked for any more, pulls rows onto a page that was read already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, compress, islice
from operator import itemgetter

from dojobbot.deeporigin.wire import BadRow
from dojobbot.domain import Job, Listing, Reading

FIRST_ROUND = 4
"""How many pages the round after the first page has at most; each later one may have twice as many."""
MOST_AGAIN = 3
"""How often pages that do not fit together are read again: a listing that never rests has an end, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A page as read. `server_time`: the platform's clock when it answered."""

    readings: tuple[Reading, ...]
    bad_rows: tuple[BadRow, ...]
    count: int | None
    server_time: datetime | None

    @property
    def names(self) -> list[str]:
        """What its rows are called, the readable ones first."""
        return [reading.job.id for reading in self.readings] + [row.name for row in self.bad_rows]

    def fresh(self, plan: PagePlan, number: int) -> tuple[Reading, ...]:
        """Note the page in a plan, under its number; gives what no page before it had."""
        return tuple(compress(self.readings, plan.note(number, self.names, count=self.count)))


def fetched(
    entries: Sequence[Job | BadRow], *, count: int | None, began_at: datetime, server_time: datetime | None
) -> FetchedPage:
    """Give the page with these rows, whose call began at that moment."""
    return FetchedPage(
        readings=tuple(Reading(job=entry, began_at=began_at) for entry in entries if isinstance(entry, Job)),
        bad_rows=tuple(entry for entry in entries if isinstance(entry, BadRow)),
        count=count,
        server_time=server_time,
    )


class PagePlan:
    """Which pages a listing takes, learnt page by page.

    Args:
        limit: how many rows are wanted; None for all.
        size: how many rows a page is asked for.
        again: how many rounds may be of pages that were read before.

    `size` becomes smaller where the platform gives fewer rows a page; `count` is the most rows that a page
    said there are in all, None while none did; `went_back` is whether pages were read again, so that rows may
    have come in another order than that of the listing.
    """

    def __init__(self, *, limit: int | None, size: int, again: int = MOST_AGAIN) -> None:
        self.size = size
        self.count: int | None = None
        self.went_back = False
        self._limit = limit
        self._row_counts: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self._seen: set[str] = set()
        self._seen_before_round = -1
        self._round_size = FIRST_ROUND
        self._again_left = again

    @property
    def is_settled(self) -> bool:
        """Whether the pages so far fit together, or no more can be done about it."""
        return not self._torn()

    def next_round(self) -> tuple[int, ...]:
        """Give the numbers of the pages to fetch next, none when the listing is complete.

        All of them are to be noted before the next round is asked for. The first page is alone: it tells how
        many match. As in the official client, a first page that is not full is the only one, unless it says
        itself that there are more. Where no count is given, one page follows another for as long as they are
        full. A round that brings nothing new is the end: rounds are small at first, because a count may be
        wrong, or that of all jobs there are. At the end come again the pages that do not fit together.
        """
        if not self._row_counts:
            return (0,)
        return self._onward() or self._again()

    def _onward(self) -> tuple[int, ...]:
        """Give the first pages that were not fetched yet, as many as this round may have."""
        seen = len(self._seen)
        wanted = None if self._limit is None else self._limit - seen
        grew, self._seen_before_round = seen > self._seen_before_round, seen
        if (wanted is not None and wanted <= 0) or not grew or self._row_counts[0] < self.size:
            return ()
        if self.count is None:
            last = max(self._row_counts)
            return (last + 1,) if self._row_counts[last] >= self.size else ()
        most = self._round_size if wanted is None else min(self._round_size, -(-wanted // self.size))
        self._round_size *= 2
        pages = range(-(-self.count // self.size))
        return tuple(islice((number for number in pages if number not in self._row_counts), most))

    def _again(self) -> tuple[int, ...]:
        torn = self._torn()
        if torn:
            self.went_back = True
            self._again_left -= 1
        return torn

    def _torn(self) -> tuple[int, ...]:
        """Give the pages between which rows may have slipped through, while they may be read again.

        A page that counts more rows than one behind it was read in another state of the listing: rows that
        left it pulled others forward, or new ones pushed some back, onto the one of the two that was read
        first.
        """
        torn: set[int] = set()
        if self._again_left:
            for (front, more), (back, fewer) in combinations(sorted(self._counts.items()), 2):
                torn |= {front, back} if more > fewer else set()
        return tuple(sorted(torn))

    def note(self, number: int, names: Sequence[str], *, count: int | None) -> list[bool]:
        """Take in a page: its number, the names of its rows, and how many rows it says there are in all.

        Returns:
            For each row whether it was seen for the first time.
        """
        rows = len(names)
        if not self._row_counts and count is not None and 0 < rows < min(self.size, count):
            # The platform's pages are smaller than those it was asked for.
            self.size = rows
        self._row_counts[number] = rows
        if count is not None:
            self._counts[number] = count
            self.count = count if self.count is None else max(self.count, count)
        seen, fresh = self._seen, []
        for name in names:
            fresh.append(name not in seen)
            seen.add(name)
        return fresh


class Gathered:
    """The pages of one listing so far.

    Args:
        limit: how many jobs are wanted.
        size: how many rows a page was asked for.
    """

    def __init__(self, *, limit: int, size: int) -> None:
        self._limit = limit
        self._plan = PagePlan(limit=limit, size=size)
        self._newest_first: list[tuple[int, FetchedPage]] = []

    @property
    def bad_rows(self) -> tuple[BadRow, ...]:
        """The rows that could not be read, each once."""
        found = {row.name: row for _, page in self._newest_first for row in page.bad_rows}
        return tuple(found.values())

    def missing(self) -> tuple[int, ...]:
        """Give the numbers of the pages to fetch next, as `PagePlan.next_round` does."""
        return self._plan.next_round()

    def add(self, pages: Mapping[int, FetchedPage]) -> None:
        """Take in the pages that were missing."""
        for number, page in pages.items():
            self._plan.note(number, page.names, count=page.count)
        self._newest_first = [*pages.items(), *self._newest_first]

    def listing(self) -> Listing:
        """Give the listing as it stands, each job once and where it was seen first, cut to the limit.

        Of a page that was read again, the last reading comes first.
        """
        found: dict[str, Reading] = {}
        for _, page in sorted(self._newest_first, key=itemgetter(0)):
            for reading in page.readings:
                found.setdefault(reading.job.id, reading)
        readings = tuple(found.values())[: self._limit]
        bad = len(self.bad_rows)
        clocks = [page.server_time for _, page in self._newest_first if page.server_time is not None]
        return Listing(
            readings=readings,
            total=max(self._plan.count or 0, len(readings) + bad),
            bad_rows=bad,
            server_time=min(clocks, default=None),
        )
