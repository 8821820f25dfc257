"""Putting a listing together from pages that may shift while they are fetched. Pure.

The platform pages by number and has no cursor: a job created meanwhile pushes rows onto the next page, where
they are seen twice, and the last of them onto a page that nobody thought of at the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dojobbot.deeporigin.wire import BadRow
from dojobbot.domain import Job, Listing, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedPage:
    """A page as read. `server_time`: the platform's clock when it answered."""

    readings: tuple[Reading, ...]
    bad_rows: tuple[BadRow, ...]
    count: int | None
    server_time: datetime | None

    @property
    def row_count(self) -> int:
        """How many rows it had, readable or not."""
        return len(self.readings) + len(self.bad_rows)


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


class Gathered:
    """The pages of one listing so far.

    Args:
        limit: how many jobs are wanted.
        size: how many rows a page was asked for.
    """

    def __init__(self, *, limit: int, size: int) -> None:
        self._limit = limit
        self._size = size
        self._pages: dict[int, FetchedPage] = {}
        self._seen: set[str] = set()
        self._grew = True

    @property
    def bad_rows(self) -> tuple[BadRow, ...]:
        """The rows that could not be read, each once."""
        found = {row.name: row for page in self._pages.values() for row in page.bad_rows}
        return tuple(found.values())

    def missing(self) -> tuple[int, ...]:
        """Give the numbers of the pages to fetch next, none when the listing is complete.

        The first page alone at first: it tells how many match. As in the official client, a first page that
        is not full is the only one. Where no count is given, one page follows another for as long as they are
        full. Pages that bring nothing new are the end.
        """
        if not self._pages:
            return (0,)
        wanted = self._limit - len(self._seen)
        if wanted <= 0 or not self._grew or self._pages[0].row_count < self._size:
            return ()
        total = self._count()
        if total is None:
            last = max(self._pages)
            return (last + 1,) if self._pages[last].row_count >= self._size else ()
        pages = range(-(-total // self._size))
        return tuple(number for number in pages if number not in self._pages)[: -(-wanted // self._size)]

    def add(self, pages: Mapping[int, FetchedPage]) -> None:
        """Take in the pages that were missing."""
        before = len(self._seen)
        for page in pages.values():
            self._seen.update(reading.job.id for reading in page.readings)
            self._seen.update(row.name for row in page.bad_rows)
        self._pages.update(pages)
        self._grew = len(self._seen) > before

    def listing(self) -> Listing:
        """Give the listing as it stands, each job once and where it was seen first, cut to the limit."""
        found: dict[str, Reading] = {}
        for _, page in sorted(self._pages.items()):
            for reading in page.readings:
                found.setdefault(reading.job.id, reading)
        readings = tuple(found.values())[: self._limit]
        bad = len(self.bad_rows)
        clocks = [page.server_time for page in self._pages.values() if page.server_time is not None]
        return Listing(
            readings=readings,
            total=max(self._count() or 0, len(readings) + bad),
            bad_rows=bad,
            server_time=min(clocks, default=None),
        )

    def _count(self) -> int | None:
        return max((page.count for page in self._pages.values() if page.count is not None), default=None)
