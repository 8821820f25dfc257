"""What is SQLite's own: the file, its lock, its transactions, the schema, the audit table, and speed."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import ClauseElement, Connection, create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import ActionKind
from dojobbot.errors import AlreadyRunning, StoreError
from dojobbot.store.jobs import THE_UNFINISHED, digests_under_way
from dojobbot.store.lock import FileLock
from dojobbot.store.sqlite import connect
from dojobbot.store.store import SqlStore, open_store
from dojobbot.store.tables import Moment, metadata
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    BEN,
    CHANNEL,
    JOB_ID,
    LEASE,
    NOW,
    at,
    claimed,
    full_disk,
    notice,
    observe,
    reading,
    shared,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "dojobbot.db"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def sql(file: Path) -> Iterator[sqlite3.Connection]:
    """Look into the file as an operator would, with SQLite alone."""
    with closing(sqlite3.connect(file)) as connection, connection:
        yield connection


def ask(file: Path, query: str) -> list[tuple[Any, ...]]:
    with sql(file) as connection:
        return connection.execute(query).fetchall()


# --- the file


@pytest.fixture
def notes(file: Path) -> Path:
    """Give a text file where the database should be."""
    file.write_text("These are my notes. " * 100)
    return file


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.parametrize("driver", ["sqlite", "sqlite+pysqlite", "sqlite+aiosqlite"])
async def test_plain_urls_work_and_the_folder_is_made(tmp_path: Path, driver: str) -> None:
    file = tmp_path / "a" / "b c" / "dojobbot.db"
    async with open_store(f"{driver}:///{file}") as store:
        await store.ping()
    assert file.exists()


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "dojobbot.db", "sqlite:///file:x?uri=true"],
)
async def test_other_urls_are_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        async with open_store(url):
            pass
    assert "sqlite:////var/lib/dojobbot/dojobbot.db" in caught.value.hint
    assert "secret" not in str(caught.value)


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StoreError, match="taken") as caught:
        async with open_store(f"sqlite:///{tmp_path}/taken/dojobbot.db"):
            pass
    assert "DOJOBBOT_DATABASE_URL" in caught.value.hint


async def test_a_file_that_is_no_database_is_refused_and_left_alone(notes: Path, url: str) -> None:
    before = checksum(notes)
    with pytest.raises(StoreError, match="not a database"):
        async with open_store(url):
            pass
    assert checksum(notes) == before


async def test_readers_do_not_wait_and_a_power_cut_takes_no_commit_back(file: Path) -> None:
    database = connect(file)

    async def setting(connection: AsyncConnection, name: str) -> object:
        return (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar_one()

    names = ("journal_mode", "synchronous", "foreign_keys")
    assert [await database.read(setting, name) for name in names] == ["wal", 2, 1]
    await database.close()


# --- one process at a time


async def test_a_second_store_on_the_file_is_refused_until_the_first_closes(file: Path, url: str) -> None:
    async with open_store(url):
        with pytest.raises(AlreadyRunning) as caught:
            async with open_store(url):
                pass
        assert str(file) in str(caught.value)
        assert f"process {os.getpid()}" in str(caught.value)
    async with open_store(url) as store:
        await store.ping()


def test_a_disk_that_is_full_at_the_start_does_not_keep_the_file_from_being_held(file: Path) -> None:
    """Only the number of the process, which is there for people, has no room."""
    Path(f"{file}.lock").write_bytes(b"x" * 4096)
    with full_disk(0):
        lock = FileLock(file)
    with pytest.raises(AlreadyRunning, match="another process"):
        FileLock(file)
    lock.release()


async def test_another_name_of_the_file_is_the_same_file(tmp_path: Path, file: Path, url: str) -> None:
    async with open_store(url):
        (tmp_path / "alias.db").symlink_to(file)
        with pytest.raises(AlreadyRunning):
            async with open_store(f"sqlite:///{tmp_path}/alias.db"):
                pass


WORKER = """
import asyncio, sys
from dojobbot.store.jobs import THE_UNFINISHED
from dojobbot.store.sqlite import connect
from dojobbot.store.store import open_store
from tests.integration.store_worlds import ADA, CHANNEL, JOB_ID, NOW, at, claimed, notice, observe

async def main():
    async with open_store(sys.argv[1]) as store:
        await observe(store)
        await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
        await observe(store, "Failed", 5)
        claim = await claimed(store, 5)
        await store.commit_post(claim, notice(claim))
        await store.attempt(claim, "post-1", at(6))
        print("attempted", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_killed_process_frees_the_file_and_its_claims_and_loses_no_commit(url: str) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    try:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"attempted\n"
        with pytest.raises(AlreadyRunning, match=f"process {worker.pid}"):
            async with open_store(url):
                pass
    finally:
        worker.kill()
        await worker.wait()
    async with open_store(url) as store:
        claim = await claimed(store, 7)
        assert claim.post is not None
        assert (claim.post.id, claim.post.attempted_at) == ("post-1", at(6))


# --- transactions


async def test_two_connections_that_observe_one_change_make_one_transition(file: Path, url: str) -> None:
    """Without BEGIN IMMEDIATE both would read before either writes, or be told "database is locked"."""
    async with open_store(url) as store:
        await observe(store)
        await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
    databases = [connect(file) for _ in range(4)]
    stores = [SqlStore(database) for database in databases]
    for step, status in enumerate(["Quoted", "Running", "Failed"], start=1):
        seen = [reading(status, step)]
        results = await asyncio.gather(*(each.observe(seen, at(step)) for each in stores))
        assert sorted(len(each) for each in results) == [0, 0, 0, 1]
    assert ask(file, "SELECT seq, new_status FROM deliveries ORDER BY seq") == [(2, "Quoted"), (4, "Failed")]
    assert ask(file, "SELECT seq FROM jobs") == [(4,)]
    for database in databases:
        await database.close()


async def test_reading_does_not_wait_for_somebody_who_writes(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        with sql(file) as other:
            other.execute("BEGIN IMMEDIATE")
            async with asyncio.timeout(10):
                assert await store.job(JOB_ID) is not None
                assert await store.observe([reading()], NOW) == (), "nothing new needs no write lock"


async def test_all_who_wait_for_a_lock_that_somebody_holds_wait_no_longer_than_one(
    file: Path, url: str
) -> None:
    """The wait for the turn is part of it, so that they fail together, and not one after the other."""
    async with open_store(f"{url}?timeout=1") as store:
        with sql(file) as other:
            other.execute("BEGIN IMMEDIATE")
            began = time.monotonic()
            failed = await asyncio.gather(*(store.ping() for _ in range(12)), return_exceptions=True)
            assert time.monotonic() - began < 6
            other.execute("ROLLBACK")
        assert {str(error) for error in failed} == {"The database failed: database is locked."}
        await store.ping()


async def test_who_wrote_while_the_file_was_locked_for_a_moment_has_written(file: Path, url: str) -> None:
    """A lock that goes away within the patience is nobody's trouble, however many wait for it."""
    async with open_store(url) as store:
        with sql(file) as other:
            other.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(store.first_press(f"press-{n}", NOW)) for n in range(5)]
            # Longer than the driver waits at once.
            done, _ = await asyncio.wait(waiting, timeout=0.5)
            other.execute("ROLLBACK")
        assert (len(done), await asyncio.gather(*waiting)) == (0, [True] * 5)


async def test_a_store_that_closes_waits_for_no_lock(file: Path, url: str) -> None:
    """Whoever still wants to write is told so, long before the patience ends."""
    with sql(file) as other:
        async with open_store(url) as store:
            other.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(store.ping()) for _ in range(12)]
            await asyncio.wait(waiting, timeout=0.3)
            began = time.monotonic()
        assert time.monotonic() - began < 8
        assert all(isinstance(task.exception(), StoreError) for task in waiting)


async def test_a_cancelled_call_leaves_nothing_behind_and_the_store_works_on(url: str) -> None:
    """Handlers give up on slow platform reads, which may be just then in a transaction."""
    jobs = [replace(A_JOB, id=f"{number:08x}") for number in range(400)]
    async with open_store(url) as store:
        for pause in (0.0, 0.001, 0.005, 0.02, 0.05):
            task = asyncio.create_task(store.observe([reading(job=job) for job in jobs], NOW))
            await asyncio.sleep(pause)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            stored = len(await store.jobs_with_prefix("0", limit=1000))
            assert stored % 50 == 0, "each transaction all or nothing"
        await observe(store)
        assert await store.job(JOB_ID) is not None


async def test_a_cancelled_call_that_fails_afterwards_is_no_traceback_in_the_log(
    file: Path, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When the first of two reads of the platform meets a dead database, the other one is given up."""
    async with open_store(url) as store:
        with sql(file) as other:
            other.execute("BEGIN IMMEDIATE")
            task = asyncio.create_task(store.first_press("trigger-1", NOW))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait({task})
            other.execute("DROP TABLE presses")
            other.execute("COMMIT")
        assert task.cancelled()
        del task
        await store.ping()
        # A task whose failure nobody has seen complains when it is thrown away.
        gc.collect()
    assert "Traceback" not in caplog.text


async def test_a_press_gets_in_between_while_many_changed_jobs_are_taken_in(url: str) -> None:
    jobs = [replace(A_JOB, id=f"{number:08x}") for number in range(1000)]
    async with open_store(url) as store:
        taking_in = asyncio.create_task(store.observe([reading(job=job) for job in jobs], NOW))
        while not await store.jobs_with_prefix("0", limit=1):
            assert not taking_in.done()
        assert await store.first_press("trigger-1", NOW)
        assert not taking_in.done()
        await taking_in
        assert len(await store.jobs_with_prefix("0", limit=1000)) == 1000


async def test_a_full_disk_is_seen_by_a_ping_and_so_is_its_end(url: str) -> None:
    async with open_store(url) as store:
        with full_disk():
            assert await store.next_due(NOW) is None, "reading works"
            with pytest.raises(StoreError) as caught:
                await store.ping()
            assert "space" in caught.value.hint
        await store.ping()


async def test_a_failing_database_is_a_store_error_without_anybodys_data(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        with sql(file) as other:
            other.execute("DROP TABLE presses")
        with pytest.raises(StoreError, match="no such table: presses") as caught:
            await store.first_press("trigger-1", NOW)
        assert "trigger-1" not in str(caught.value)
        assert "disk" in caught.value.hint


# --- the schema


async def test_the_migrations_make_exactly_the_tables_of_the_code(file: Path, url: str) -> None:
    async with open_store(url):
        pass
    database = connect(file)

    def is_for_all(_item: object, name: str | None, *_: object) -> bool:
        return name != "ix_jobs_id_start"

    def compare(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"include_object": is_for_all})
        return compare_metadata(context, metadata)

    async def differences(connection: AsyncConnection) -> object:
        return await connection.run_sync(compare)

    assert await database.read(differences) == []
    assert _partial_rules(file) == {
        f"{index.name}: {in_words(index.dialect_options['sqlite']['where'])}"
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    await database.close()


def in_words(clause: ClauseElement) -> str:
    """Write a condition, or a query, as SQLite gets it."""
    text = str(clause.compile(dialect=dialect(), compile_kwargs={"literal_binds": True}))
    return text[1:-1] if text.startswith("(") else text


def _partial_rules(file: Path) -> set[str]:
    """Read the conditions of partial indexes, which Alembic does not compare."""
    made = ask(file, "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
    rules = set()
    for name, statement in made:
        table = statement.split(" ON ")[1].split(" ")[0]
        conditions = statement.split(" WHERE ")[1].split(" AND ")
        rules.add(f"{name}: " + " AND ".join(f"{table}.{each}" for each in conditions))
    return rules


async def test_a_schema_newer_than_the_code_is_refused(file: Path, url: str) -> None:
    async with open_store(url):
        pass
    with sql(file) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"newer dojobbot.*9999") as caught:
        async with open_store(url):
            pass
    assert "DOJOBBOT_DATABASE_URL" in caught.value.hint


async def test_a_database_of_another_program_is_refused_whole(file: Path, url: str) -> None:
    with sql(file) as other:
        other.execute("CREATE TABLE posts (title TEXT)")
    with pytest.raises(StoreError, match="posts already exists"):
        async with open_store(url):
            pass
    assert ask(file, "SELECT name FROM sqlite_master") == [("posts",)]


async def test_unfinished_jobs_are_found_by_an_index_however_long_the_history_is(
    file: Path, url: str
) -> None:
    async with open_store(url):
        pass
    plan = ask(file, f"EXPLAIN QUERY PLAN {in_words(THE_UNFINISHED.params(read_at=1, id='0'))}")
    assert [row[3] for row in plan] == [
        "SEARCH jobs USING COVERING INDEX ix_jobs_unfinished ((read_at,id)>(?,?))"
    ]


# --- the audit, which operators read with SQL


async def test_every_attempt_is_a_row_in_the_audit(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        expires = timedelta(minutes=1)
        first = await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=expires)
        await store.record_refusal(ActionKind.APPROVE, JOB_ID, BEN, "not the owner", at(1))
        await store.close_action(first.id, "refused", at(2))
        await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, at(3), expires=expires)
        await observe(store, "Cancelled", 4)
    assert ask(file, "SELECT user_id, kind, allowed, outcome FROM audit ORDER BY id") == [
        (ADA, "cancel", 1, "refused"),
        (BEN, "approve", 0, "not the owner"),
        (ADA, "cancel", 1, "cancelled"),
    ]


async def test_what_a_buried_post_carried_is_dead_with_its_reason(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        await store.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
        await observe(store, "Failed", 5)
        claim = await claimed(store, 5)
        await store.commit_post(claim, notice(claim))
        await store.bury(claim, "post-1", "is_archived", at(6))
    assert ask(file, "SELECT dead_because FROM deliveries") == [("is_archived",)]
    assert ask(file, "SELECT dead_because FROM posts") == [("is_archived",)]


async def test_what_expired_is_unanswered_in_the_audit_too(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=timedelta(minutes=2))
        await store.expire_actions(at(120), {ActionKind.CANCEL: timedelta(minutes=2)})
    assert ask(file, "SELECT outcome, closed_at IS NULL FROM audit") == [("unanswered", 0)]


async def test_pruning_spares_the_audit(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await observe(store)
        await store.begin_action(ActionKind.CANCEL, JOB_ID, ADA, NOW, expires=timedelta(minutes=2))
        await observe(store, "Cancelled", 4)
        assert await store.prune(at(100), limit=10) == 2
    assert ask(file, "SELECT COUNT(*) FROM jobs") == [(0,)]
    assert ask(file, "SELECT user_id, outcome FROM audit") == [(ADA, "cancelled")]


def first_schema(file: Path) -> None:
    """Make the database that the first version made, with one job whose end somebody is owed."""
    engine = create_engine(f"sqlite:///{file}")
    config = Config()
    config.set_main_option("script_location", str(ROOT / "dojobbot" / "store" / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    moment = Moment().process_bind_param(NOW, sqlite.dialect())
    snapshot = json.dumps({"id": JOB_ID, "status": "Failed", "raw_status": "Failed"})
    with sql(file) as connection:
        connection.execute(
            "INSERT INTO jobs (id, status, raw_status, hidden, seq, read_at, digest, moved_seq, moved_from,"
            " moved_at) VALUES (?, 'Failed', 'Failed', 0, 2, ?, '', 2, 'Running', ?)",
            (JOB_ID, moment, moment),
        )
        connection.execute(
            "INSERT INTO destinations (key, channel_id, token, next_send_at) VALUES (?, ?, 0, ?)",
            (CHANNEL.key, CHANNEL.channel_id, moment),
        )
        connection.execute(
            "INSERT INTO deliveries (job_id, seq, destination_key, old_status, new_status, seen_at, mentions,"
            " snapshot, created_at) VALUES (?, 2, ?, 'Running', 'Failed', ?, ?, ?, ?)",
            (JOB_ID, CHANNEL.key, moment, json.dumps([ADA]), snapshot, moment),
        )


async def test_the_newest_schema_keeps_what_the_first_one_held(file: Path, url: str) -> None:
    """What a database of the first version owes is still owed, and its last transition is known."""
    first_schema(file)
    async with open_store(url) as store:
        (delivery,) = (await claimed(store, 5)).deliveries
        assert (delivery.snapshot.id, delivery.mentions, delivery.note) == (JOB_ID, (ADA,), "")
        assert (await store.fates(JOB_ID, limit=5)).transitions == (delivery.transition,)


async def test_presses_older_than_a_day_are_forgotten(file: Path, url: str) -> None:
    async with open_store(url) as store:
        await store.first_press("old", NOW)
        await store.first_press("new", NOW + timedelta(days=1, seconds=1))
    assert ask(file, "SELECT trigger_id FROM presses") == [("new",)]


# --- speed


async def test_what_a_tick_compares_is_found_apart_from_the_history(file: Path, url: str) -> None:
    """In an index that holds the jobs under way alone, and all that is asked of them."""
    async with open_store(url):
        pass
    plan = ask(file, f"EXPLAIN QUERY PLAN {in_words(digests_under_way({'1', '2'}, 'sqlite'))}")
    assert [row[3] for row in plan] == ["SEARCH jobs USING COVERING INDEX ix_jobs_unfinished_digest (id=?)"]


async def test_who_is_owed_something_is_found_without_reading_all_that_is_owed(file: Path, url: str) -> None:
    """However much waits, a claim jumps from place to place."""
    async with open_store(url):
        pass
    next_place = (
        "SELECT min(destination_key) FROM deliveries"
        " WHERE post_id IS NULL AND held_at IS NULL AND destination_key > 'C1'"
    )
    ((*_, plan),) = ask(file, f"EXPLAIN QUERY PLAN {next_place}")
    assert "ix_deliveries_owed (destination_key>?)" in plan


async def test_a_clock_that_was_ahead_holds_nothing_up_after_a_restart(url: str) -> None:
    """It was a week ahead for one message; then somebody set it right, and started the bot again."""
    ahead = datetime.now(UTC) + timedelta(days=7)
    async with open_store(url) as store:
        for number in range(2):
            await store.add_post(shared(f"post-{number}"))
        claim = await store.claim(ahead, lease=LEASE)
        assert claim is not None
        await store.settle(claim, "post-0", "1.1", now=ahead)
        await store.refused(claim, until=ahead, now=ahead)
        await store.release(claim, next_send_at=ahead)
    async with open_store(url) as store:
        now = datetime.now(UTC)
        due = await store.next_due(now)
        assert due is not None
        assert due - now <= timedelta(hours=1)
        claim = await store.claim(due, lease=LEASE)
        assert claim is not None
        await store.give_back(claim)
        await store.release(claim, next_send_at=due)
        again = await store.next_due(due)
        assert again is not None
        assert again - now <= timedelta(hours=1)
