"""Promised files: queued, told about, delivered or explained, never forgotten. Only the making is played."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dojobbot.domain import Destination
from dojobbot.errors import ExportFailed
from dojobbot.exports import Exports, Pace
from dojobbot.orders import Exported, Figures, FiguresOrder, FileOrder, JobsOrder, OpenExport
from dojobbot.promises import Seen
from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack.messenger import SlackMessenger
from tests.integration.middle import DEADLINE, Middle, middle, until

ORDER = FileOrder(jobs=JobsOrder(), scope="failed")
QUICK = Pace(first_note=0.05, next_note=0.05, look=60)
PEOPLE = [lab.ADA, lab.BORIS, lab.CHEN]


@dataclass
class Workshop:
    """Makes files when it is told to. Implements promises.Exporter."""

    folder: Path
    rows: int = 3
    fails: Exception | None = None
    seen: list[Seen] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0

    @contextlib.asynccontextmanager
    async def making(self, _order: FileOrder, seen: Seen) -> AsyncIterator[Exported]:
        """See promises.Exporter."""
        self.seen.append(seen)
        await self.go.wait()
        if self.fails is not None:
            raise self.fails
        path = self.folder / f"made-{len(self.seen)}"
        path.write_bytes(b"id\r\njob-1\r\n")
        yield Exported(path=path, rows=self.rows, columns=("id",), size=11)
        self.finished += 1

    async def figures(self, _order: FiguresOrder, _seen: Seen) -> Figures:
        """See promises.Exporter."""
        await self.go.wait()
        return Figures(jobs=0)


@dataclass
class Set:
    """Everything but the making of files is real."""

    built: Middle
    workshop: Workshop
    exports: Exports
    asked: int = 0

    async def ask(self, user: str = lab.ADA) -> str:
        """Ask for a file; returns the sentence that is said at once."""
        self.asked += 1
        dm = Destination(await self.built.messenger.open_dm(user))
        export = OpenExport(
            id=f"export-{self.asked}",
            user_id=user,
            destination=dm,
            typed="export failed",
            asked_at=self.built.clock.now(),
        )
        return await self.exports.ask(export, ORDER)

    async def dm(self, user: str = lab.ADA) -> list[dict[str, Any]]:
        """What a person finds in the direct messages, once the outbox is empty."""
        await self.built.deliver()
        return self.built.messages(await self.built.messenger.open_dm(user), user)

    async def over(self, user: str = lab.ADA) -> None:
        """Wait until the person may ask again."""
        channel = await self.built.messenger.open_dm(user)

        async def nobody_waits() -> bool:
            stale = await self.built.store.stale_exports(self.built.clock.now().replace(year=2100))
            return all(each.destination.channel_id != channel for each in stale)

        async with asyncio.timeout(DEADLINE):
            while not await nobody_waits():  # noqa: ASYNC110 - there is no event to wait for
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Set]:
    """A bot that was just asked for nothing."""
    async with middle(tmp_path) as built:
        workshop = Workshop(tmp_path)
        yield (made := Set(built, workshop, exports_of(built, workshop)))
        await made.exports.close()


def exports_of(built: Middle, workshop: Workshop, pace: Pace | None = None) -> Exports:
    """What one process makes files with."""
    slow = Pace(first_note=60, next_note=60, look=60)
    return Exports(workshop, built.store, built.messenger, built.clock, wake=lambda: None, pace=pace or slow)


async def test_a_file_comes_into_direct_messages_with_its_words(scene: Set) -> None:
    """Promised at once; nothing else is said when all goes well."""
    assert "I'm preparing the export of jobs that match `failed` as CSV" in await scene.ask()
    scene.workshop.go.set()
    await scene.over()
    (message,) = await scene.dm()
    assert "3 jobs (failed), newest first. All times are UTC." in message["text"]
    (file,) = message["files"]
    assert file["name"] == "deep-origin-jobs-2026-11-22-0900Z.csv"
    stored = scene.built.slack.file(file["id"])
    assert stored is not None
    assert stored.content == b"id\r\njob-1\r\n"


async def test_a_person_has_one_export_at_a_time(scene: Set) -> None:
    """And may ask for the next when it is there."""
    await scene.ask()
    assert "still preparing" in await scene.ask()
    scene.workshop.go.set()
    await scene.over()
    assert "I'm preparing" in await scene.ask()


async def test_two_are_made_at_once_and_the_third_hears_so(scene: Set) -> None:
    """In the order in which they were asked for."""
    said = [await scene.ask(user) for user in PEOPLE]
    assert ["comes before it" in each for each in said] == [False, False, True]
    await until(lambda: len(scene.workshop.seen) == 2)
    scene.workshop.go.set()
    for user in PEOPLE:
        await scene.over(user)
    assert scene.workshop.finished == 3


async def test_long_work_is_seen_to_go_on(scene: Set) -> None:
    """One note in the DM, edited, and in the end pointing to the file."""
    scene.exports = exports_of(scene.built, scene.workshop, QUICK)
    await scene.ask()
    await until(lambda: scene.workshop.seen)
    scene.workshop.seen[0](12_000, 98_000)
    channel = await scene.built.messenger.open_dm(lab.ADA)
    await until(lambda: "12,000 of 98,000 jobs" in "".join(scene.built.texts(channel)))
    scene.workshop.go.set()
    await scene.over()
    note, file = await scene.dm()
    assert "is ready, below" in note["text"]
    assert file["files"]


async def test_slack_in_a_bad_mood_about_notes_does_not_matter(scene: Set) -> None:
    """The file comes all the same."""
    scene.exports = exports_of(scene.built, scene.workshop, QUICK)
    scene.built.slack_fault("chat.postMessage", "status", status=429, retry_after=1)
    await scene.ask()
    await until(lambda: scene.built.slack.faults.struck > 1)
    scene.workshop.go.set()
    await scene.over()
    scene.built.slack.faults.clear()
    assert [bool(message.get("files")) for message in await scene.dm()] == [True]


async def test_no_jobs_are_a_sentence_and_no_file(scene: Set) -> None:
    """An empty file would only raise questions."""
    scene.workshop.rows = 0
    scene.workshop.go.set()
    await scene.ask()
    await scene.over()
    (message,) = await scene.dm()
    assert "No job matches" in message["text"]
    assert "files" not in message


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ExportFailed("That is more than fits into memory."), "more than fits into memory. Ask for less"),
        (ZeroDivisionError("a bug"), "I've logged it"),
    ],
)
async def test_what_went_wrong_is_said_with_what_to_type(scene: Set, error: Exception, said: str) -> None:
    """Foreseen or not; and the person may ask again."""
    scene.workshop.fails = error
    scene.workshop.go.set()
    await scene.ask()
    await scene.over()
    (message,) = await scene.dm()
    assert said in message["text"]
    assert "`/jobs export failed`" in message["text"]
    assert "a bug" not in message["text"]


async def test_a_file_that_slack_refuses_is_explained(tmp_path: Path) -> None:
    """The scope that an older installation lacks is named."""
    async with middle(tmp_path, scopes=lab.SCOPES - {"files:write"}) as built:
        workshop = Workshop(tmp_path)
        scene = Set(built, workshop, exports_of(built, workshop))
        workshop.go.set()
        await scene.ask()
        await scene.over()
        (message,) = await scene.dm()
        assert "files:write" in message["text"]
        assert "reinstalls" in message["text"]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("files.completeUploadExternal", {"status": 429, "retry_after": 1, "times": 1}),
        ("file upload", {"status": 503, "times": 3}),
    ],
)
async def test_a_slack_that_is_busy_for_a_moment_costs_no_file(
    scene: Set, step: str, fault: dict[str, Any]
) -> None:
    """Nothing was shared, so it is brought again: what took minutes to make is not thrown away."""
    scene.exports = exports_of(scene.built, scene.workshop, Pace(first_note=60, look=60, again=0.01))
    scene.built.slack_fault(step, "status", **fault)
    scene.workshop.go.set()
    await scene.ask()
    await scene.over()
    (message,) = await scene.dm()
    assert message["files"]
    assert len(scene.workshop.seen) == 1


async def test_a_slack_that_is_busy_for_too_long_is_said(scene: Set) -> None:
    """A Retry-After beyond all patience is not waited for."""
    scene.built.slack_fault("files.completeUploadExternal", "status", status=429, retry_after=3600, times=1)
    scene.workshop.go.set()
    await scene.ask()
    await scene.over()
    (message,) = await scene.dm()
    assert "came to nothing" in message["text"]


async def test_too_many_figures_at_once_are_refused_in_words(scene: Set) -> None:
    """Two are made, six wait, and the next asker hears so at once."""
    order = FiguresOrder(jobs=JobsOrder(), tz="UTC", now=scene.built.clock.now())
    asking = [asyncio.create_task(scene.exports.figures(order)) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(ExportFailed, match="Too many figures") as caught:
        await scene.exports.figures(order)
    assert "in a minute" in caught.value.hint
    scene.workshop.go.set()
    await asyncio.gather(*asking)
    await scene.exports.figures(order)


async def test_a_file_whose_arrival_nobody_confirmed_is_not_sent_twice(scene: Set) -> None:
    """The person looks, and asks again if it is not there."""
    scene.built.slack_fault("files.completeUploadExternal", "lost_reply")
    scene.workshop.go.set()
    await scene.ask()
    await scene.over()
    file, words = await scene.dm()
    assert file["files"]
    assert "did not say whether it took the file" in words["text"]


async def test_a_bot_that_ends_tells_whoever_waits(scene: Set) -> None:
    """The words are in the outbox before it is gone, and nothing is made in vain."""
    await scene.ask()
    await until(lambda: scene.workshop.seen)
    async with asyncio.timeout(10):
        await scene.exports.close()
    (message,) = await scene.dm()
    assert "I was restarted while I prepared your export" in message["text"]
    assert "`/jobs export failed`" in message["text"]
    assert scene.workshop.finished == 0


async def test_a_bot_that_ends_while_the_database_is_locked_does_not_wait_for_it(scene: Set) -> None:
    """Whoever waits is told once it can be written again."""
    await scene.ask()
    await until(lambda: scene.workshop.seen)
    with closing(sqlite3.connect(scene.built.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(10):
            await scene.exports.close()
        other.execute("ROLLBACK")
    await scene.over()
    (message,) = await scene.dm()
    assert "I was restarted" in message["text"]


async def test_a_promise_of_a_bot_that_died_is_ended_by_the_next(scene: Set) -> None:
    """After a while in which nobody worked on it; once. One that is worked on is left alone."""
    now = scene.built.clock.now()
    dead = OpenExport(
        id="from-before",
        user_id=lab.ADA,
        destination=Destination(await scene.built.messenger.open_dm(lab.ADA)),
        typed="export failed",
        asked_at=now,
    )
    assert await scene.built.store.begin_export(dead, now, stale_before=now)
    await scene.ask(lab.BORIS)
    for _ in range(3):
        scene.built.clock.advance(seconds=60)
        await scene.exports.tick()
    (message,) = await scene.dm(lab.ADA)
    assert "I was restarted" in message["text"]
    assert await scene.dm(lab.BORIS) == []


async def test_who_waits_for_a_bot_that_died_may_ask_again_soon(scene: Set) -> None:
    """Without waiting until somebody ends the old promise."""
    await scene.ask()
    heir = Set(scene.built, scene.workshop, exports_of(scene.built, scene.workshop), asked=1)
    assert "still preparing" in await heir.ask()
    scene.built.clock.advance(seconds=120)
    assert "I'm preparing" in await heir.ask()
    await heir.exports.close()


async def test_too_many_wishes_are_refused_in_words(tmp_path: Path) -> None:
    """Rather than promised for tomorrow."""
    async with middle(tmp_path) as built:
        messenger = SlackMessenger(built.slack.bot_token, built.slack.api_url)
        exports = Exports(
            Workshop(tmp_path), built.store, messenger, built.clock, wake=lambda: None, pace=Pace(look=60)
        )
        said = [
            await exports.ask(
                OpenExport(
                    id=f"export-{number}",
                    user_id=f"U{number}",
                    destination=Destination(f"D{number}"),
                    typed="export",
                    asked_at=built.clock.now(),
                ),
                ORDER,
            )
            for number in range(23)
        ]
        assert "20 exports come before it" in said[21]
        assert "Too many" in said[22]
        await exports.close()
