"""Exports from the wish to the file in somebody's direct messages: queued, made elsewhere, told about.

A promise is in the store before anybody is told that a file is coming, and ends there with the words that say
what became of it. One that nobody works on, because the bot that made it died, is ended by whoever runs next.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from dojobbot.domain import Post, PostKind
from dojobbot.errors import (
    DeliveryUnknown,
    DojobbotError,
    ExportFailed,
    SlackError,
    SlackThrottled,
    SlackUnavailable,
    StoreError,
)
from dojobbot.orders import Exported, Figures, FiguresOrder, FileOrder, OpenExport
from dojobbot.ports import Clock, Messenger
from dojobbot.promises import Exporter, Promises
from dojobbot.slack.views import exporting
from dojobbot.slack.views.blocks import Payload

__all__ = ["Exports", "Pace"]

AT_ONCE = 2
"""Files that are made at once; figures, which somebody waits for, have as many places of their own."""
MOST_WAITING = 20
MOST_WAITING_FIGURES = 6
"""The last of them waits eight minutes at most: a response_url, which brings its answer, lives thirty."""
MOST_PATIENCE = 900.0
"""Seconds that a finished file waits for a Slack that takes none at the moment."""
PASSING = frozenset({"unreachable", "not_shared"})
"""What goes by itself, of the reasons for which nothing was shared; a token that lacks a scope stays so."""
CLOSING_SECONDS = 1.5
"""Part of the five seconds that an end may take; a database that somebody has locked lets wait for longer."""
STALE = timedelta(seconds=90)
"""A promise that nobody worked on for so long was the promise of a bot that is gone."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: until a note says how far an export is, between its edits, and between looks at promises.

    `again`: until a file that Slack did not take is brought again, and twice as long each time.
    """

    first_note: float = 5.0
    next_note: float = 15.0
    look: float = 20.0
    again: float = 5.0


class Exports:
    """Makes the files that people ask for, two at a time, in order.

    Args:
        exporter: makes files and figures.
        store: keeps promises.
        messenger: brings files and notes.
        clock: the time.
        wake: called when something was queued for the outbox.
        pace: how often it says something.
    """

    def __init__(
        self,
        exporter: Exporter,
        store: Promises,
        messenger: Messenger,
        clock: Clock,
        *,
        wake: Callable[[], None],
        pace: Pace | None = None,
    ) -> None:
        self._exporter = exporter
        self._store = store
        self._messenger = messenger
        self._clock = clock
        self._wake = wake
        self._pace = pace or Pace()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._figures_room = asyncio.Semaphore(AT_ONCE)
        self._figures_asked = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(self, export: OpenExport, order: FileOrder) -> str:
        """Promise a file and begin to make it; returns the sentence (mrkdwn) that says so, or why not."""
        waiting = len(self._tasks) - AT_ONCE + 1
        if waiting > MOST_WAITING:
            return exporting.TOO_MANY
        now = self._clock.now()
        if not await self._store.begin_export(export, now, stale_before=now - STALE):
            return exporting.ONE_AT_A_TIME
        task = asyncio.create_task(self._keep(export, order))
        self._tasks[export.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(export.id, None))
        return exporting.preparing(order, waiting=max(0, waiting))

    async def figures(self, order: FiguresOrder) -> Figures:
        """Add up jobs. Raises ExportFailed, also when too many others wait."""
        if self._figures_asked >= AT_ONCE + MOST_WAITING_FIGURES:
            raise ExportFailed("Too many figures are asked for at the moment.", hint="Try again in a minute.")
        self._figures_asked += 1
        try:
            async with self._figures_room:
                return await self._exporter.figures(order, lambda _seen, _total: None)
        finally:
            self._figures_asked -= 1

    async def run(self) -> None:
        """Look after promises for as long as the bot runs."""
        while True:
            try:
                await self.tick()
            except StoreError as error:
                log.warning("promised exports can't be looked at: %s", error)
            await asyncio.sleep(self._pace.look)

    async def tick(self) -> None:
        """Say of the promises in hand that they are, and end those that nobody works on."""
        now = self._clock.now()
        await self._store.work_on_exports(tuple(self._tasks), now)
        for export in await self._store.stale_exports(now - STALE):
            await self._end(export, exporting.interrupted(export))

    async def close(self) -> None:
        """Give up what is being made; everybody who waits is told when the bot is back.

        Where the database does not take that in now, whoever looks at stale promises does it.
        """
        tasks = set(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_SECONDS)

    async def _keep(self, export: OpenExport, order: FileOrder) -> None:
        """Keep a promise, or say why not; whatever happens, it ends."""
        words: Payload | None = exporting.interrupted(export)
        try:
            words = await self._make(export, order)
        except DeliveryUnknown:
            words = exporting.maybe(export)
        except DojobbotError as error:
            words = exporting.failed(export, error)
        except Exception:
            # Somebody waits for a file, and must hear of it, whatever broke; the log has the rest.
            log.exception("an export failed unexpectedly")
            words = exporting.broken(export)
        finally:
            await asyncio.shield(self._end(export, words))

    async def _make(self, export: OpenExport, order: FileOrder) -> Payload | None:
        """Make the file and bring it; returns what else is to be said."""
        async with self._room:
            note = _Note(self._messenger, export, order, self._pace)
            telling = asyncio.create_task(note.keep())
            arrived = False
            try:
                async with self._exporter.making(order, note.hear) as made:
                    if made.rows == 0:
                        return exporting.nothing(order)
                    await self._bring(export, order, made)
                arrived = True
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                await note.close(arrived=arrived)
        return None

    async def _bring(self, export: OpenExport, order: FileOrder, made: Exported) -> None:
        """Bring a file, again and again while it is certain that nothing was shared and waiting may help."""
        pause, waited = self._pace.again, 0.0
        while True:
            try:
                return await self._upload(export, order, made)
            except SlackThrottled as error:
                wait = max(pause, error.retry_after)
                if waited + wait > MOST_PATIENCE:
                    raise
            except SlackUnavailable as error:
                wait = pause
                if error.code not in PASSING or waited + wait > MOST_PATIENCE:
                    raise
            await asyncio.sleep(wait)
            pause, waited = 2 * pause, waited + wait

    async def _upload(self, export: OpenExport, order: FileOrder, made: Exported) -> None:
        await self._messenger.upload(
            export.destination.channel_id,
            filename=exporting.filename(order, self._clock.now()),
            title=exporting.title(order),
            content=made.path,
            comment=exporting.comment(order, made),
        )

    async def _end(self, export: OpenExport, words: Payload | None) -> None:
        """End a promise, with words for the outbox if there are any."""
        now = self._clock.now()
        post = None
        if words is not None:
            post = Post(
                id=uuid.uuid4().hex,
                destination=export.destination,
                kind=PostKind.WORDS,
                payload=words,
                created_at=now,
            )
        try:
            await self._store.end_export(export.id, now, post=post)
        except StoreError as error:
            # It stays open, and is ended as one that nobody works on.
            log.error("the end of an export could not be noted: %s", error)
        self._wake()


class _Note:
    """A message in the DM that says how far an export is, when it takes long. Nothing depends on it."""

    def __init__(self, messenger: Messenger, export: OpenExport, order: FileOrder, pace: Pace) -> None:
        self._messenger = messenger
        self._destination = export.destination
        self._order = order
        self._pace = pace
        self._seen: tuple[int, int | None] = (0, None)
        self._ts: str | None = None

    def hear(self, seen: int, total: int | None) -> None:
        """Take in how far it is."""
        self._seen = (seen, total)

    async def keep(self) -> None:
        """Post after a while, and edit now and then, less and less often, for as long as this runs."""
        pause = self._pace.first_note
        while True:
            await asyncio.sleep(pause)
            await self._show(exporting.progress(self._order, *self._seen))
            pause = self._pace.next_note if pause == self._pace.first_note else 2 * pause

    async def close(self, *, arrived: bool) -> None:
        """Say what came of it, where something was said."""
        if self._ts is not None:
            done = exporting.finished if arrived else exporting.unfinished
            await self._show(done(self._order))

    async def _show(self, payload: Payload) -> None:
        with contextlib.suppress(SlackError):
            if self._ts is None:
                self._ts = await self._messenger.post(self._destination, payload, uuid.uuid4().hex)
            else:
                await self._messenger.edit(self._destination.channel_id, self._ts, payload)
