"""What exports ask of the outside: who makes files, and what keeps the promise of one. See `ports`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from dojobbot.domain import Post
from dojobbot.orders import Exported, Figures, FiguresOrder, FileOrder, OpenExport

__all__ = ["Exporter", "Promises", "Seen"]

Seen = Callable[[int, int | None], None]
"""Hears how many of the platform's jobs were looked at, and in all where that is known."""


class Exporter(Protocol):
    """Makes files and figures of jobs where it takes nothing from those who press.

    Any method may raise ExportFailed, with words on what to do.
    """

    def making(self, order: FileOrder, seen: Seen) -> AbstractAsyncContextManager[Exported]:
        """Make a file that is there until the block is left."""
        ...

    async def figures(self, order: FiguresOrder, seen: Seen) -> Figures:
        """Add up jobs."""
        ...


class Promises(Protocol):
    """The part of the store that remembers who was promised a file. Each method is one transaction."""

    async def begin_export(self, export: OpenExport, now: datetime, *, stale_before: datetime) -> bool:
        """Promise somebody a file. False, and nothing is promised, when they wait for another one.

        One that nobody has worked on since `stale_before` does not count.
        """
        ...

    async def work_on_exports(self, export_ids: Collection[str], now: datetime) -> None:
        """Note that these exports are being made, or wait their turn."""
        ...

    async def end_export(self, export_id: str, now: datetime, *, post: Post | None = None) -> bool:
        """End a promise, and queue the post that says why it was not kept, if there is one.

        False, and nothing is queued, when it is over already.
        """
        ...

    async def stale_exports(self, before: datetime) -> tuple[OpenExport, ...]:
        """Give the promises that nobody has worked on since a moment, oldest first."""
        ...
