"""What is PostgreSQL's own: reaching the server, its schema, and replicas that write at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.domain import Batch, BatchKind, Destination
from dojobbot.errors import StoreError
from dojobbot.fates import Pause
from dojobbot.limits import POSTS
from dojobbot.ports import Store
from dojobbot.store.jobs import THE_UNFINISHED
from dojobbot.store.postgres import connect
from dojobbot.store.store import open_store
from dojobbot.store.tables import metadata
from tests.integration.store_worlds import (
    A_JOB,
    ADA,
    CHANNEL,
    JOB_ID,
    LEASE,
    NOW,
    at,
    claimed,
    notice,
    observe,
    reading,
    shared,
)
from tests.postgres import Server, server


@pytest.fixture
def there() -> Server:
    """The server of this test process."""
    return server()


@pytest.fixture
def name(there: Server) -> str:
    """A database that nothing is in yet."""
    return there.fresh()


@pytest.fixture
def url(there: Server) -> str:
    """A database to which a bot has been before, empty."""
    return there.emptied()


@contextlib.asynccontextmanager
async def replicas(url: str, count: int) -> AsyncIterator[list[Store]]:
    """Open one database several times, as replicas do."""
    async with contextlib.AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_store(url)) for _ in range(count)]


# --- reaching the server


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
async def test_plain_urls_work(url: str, scheme: str) -> None:
    async with open_store(url.replace("postgresql", scheme, 1)) as store:
        await store.ping()


async def test_a_server_that_is_away_is_waited_for_and_then_named_without_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match=rf"127\.0\.0\.1.*{port}.*refused") as caught:
        async with open_store(f"postgresql://bot:hush@127.0.0.1:{port}/dojobbot", patience=0.3):
            pass
    assert "DOJOBBOT_DATABASE_URL" in caught.value.hint
    assert len(caplog.messages) == 1
    assert "waiting" in caplog.messages[0]
    assert "hush" not in str(caught.value) + caplog.text


async def test_who_is_refused_is_told_at_once(there: Server) -> None:
    """A database or a user that is not there comes not by waiting."""
    began = time.monotonic()
    for wrong, says in (
        (there.url("nowhere"), "nowhere.*does not exist"),
        (there.url("postgres").replace("postgres@", "nobody:hush@"), "nobody.*does not exist"),
    ):
        with pytest.raises(StoreError, match=says) as caught:
            async with open_store(wrong):
                pass
        assert "hush" not in str(caught.value)
    assert time.monotonic() - began < 20


async def test_a_server_that_comes_back_is_used_again(url: str, there: Server) -> None:
    """What was committed is there; who asks meanwhile is told, and nobody restarts anything."""
    async with open_store(url) as store:
        await asyncio.gather(*(observe(store, job=replace(A_JOB, id=f"job-{n}")) for n in range(8)))
        there.stop()
        for _ in range(2):
            with pytest.raises(StoreError, match="database failed"):
                await store.ping()
        there.start()
        await store.ping()
        assert await store.job("job-7") is not None


async def test_a_lock_that_somebody_holds_is_not_waited_for_without_end(url: str, there: Server) -> None:
    """Each statement has its limits; an operator may set others in the URL."""
    async with open_store(f"{url}&options=-c%20lock_timeout%3D50ms") as store:
        await observe(store)
        with there.session(url) as operator:
            operator.execute("BEGIN; LOCK TABLE jobs")
            with pytest.raises(StoreError, match="lock timeout"):
                await observe(store, "Failed", 5)
            operator.execute("ROLLBACK")
        await observe(store, "Failed", 5)


async def test_a_replica_that_freezes_in_the_middle_holds_up_the_others_for_seconds_only(url: str) -> None:
    """The server ends its session, and with it the locks, before another has waited for them in vain.

    What it was at is done anew, on what has become of things meanwhile.
    """
    begun, thawed = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def freeze(connection: AsyncConnection) -> None:
        found = await connection.exec_driver_sql("SELECT holder FROM leases FOR UPDATE")
        seen.extend(found.scalars())
        begun.set()
        await thawed.wait()

    async with open_store(url) as store:
        await store.take_lease("watching", "frozen", NOW, lasting=timedelta(seconds=1))
        replica = connect(make_url(url))
        frozen = asyncio.create_task(replica.write(freeze))
        await begun.wait()
        assert await store.take_lease("watching", "another", at(1), lasting=timedelta(seconds=1))
        thawed.set()
        await frozen
        assert seen == ["frozen", "another"]
        await replica.close()


async def test_an_error_says_nobodys_data(there: Server, name: str) -> None:
    """PostgreSQL itself would quote the row."""
    async with open_store(there.url(name)) as store:
        await store.add_post(shared("post-about-a-secret"))
        with pytest.raises(StoreError, match="duplicate key") as caught:
            await store.add_post(shared("post-about-a-secret"))
        assert "secret" not in str(caught.value)


# --- the schema


async def test_the_migrations_make_exactly_the_tables_of_the_code(there: Server, name: str) -> None:
    async with open_store(there.url(name)):
        pass
    database = connect(make_url(there.url(name)))

    def compare(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async def differences(connection: AsyncConnection) -> object:
        return await connection.run_sync(compare)

    assert await database.read(differences) == []
    await database.close()


async def test_replicas_that_start_together_upgrade_once(there: Server, name: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        opening = (stack.enter_async_context(open_store(there.url(name))) for _ in range(4))
        stores = await asyncio.gather(*opening)
        await asyncio.gather(*(each.bind({"organisation": "example-lab"}) for each in stores))
    assert len(there.ask("SELECT * FROM alembic_version", name)) == 1


async def test_a_schema_newer_than_the_code_is_refused(there: Server, name: str) -> None:
    async with open_store(there.url(name)):
        pass
    there.ask("UPDATE alembic_version SET version_num = '9999'", name)
    with pytest.raises(StoreError, match=r"newer dojobbot.*9999") as caught:
        async with open_store(there.url(name)):
            pass
    assert "DOJOBBOT_DATABASE_URL" in caught.value.hint


async def test_a_database_of_another_program_is_refused_whole(there: Server, name: str) -> None:
    there.ask("CREATE TABLE posts (title TEXT)", name)
    with pytest.raises(StoreError, match='"posts" already exists'):
        async with open_store(there.url(name)):
            pass
    assert there.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == [("posts",)]


async def test_ids_are_found_by_their_start_and_unfinished_jobs_by_an_index(there: Server, name: str) -> None:
    """However long the history is."""
    async with open_store(there.url(name)):
        pass
    dialect = make_url(there.url(name)).get_dialect()()
    unfinished = THE_UNFINISHED.params(read_at=1, id="0").compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    for query, index in (
        ("SELECT * FROM jobs WHERE id LIKE '0000%'", "ix_jobs_id_start"),
        (str(unfinished), "ix_jobs_unfinished"),
    ):
        assert index in str(there.ask(f"SET enable_seqscan = off; EXPLAIN {query}", name))


# --- replicas


async def test_replicas_that_observe_one_change_make_one_transition(url: str, there: Server) -> None:
    async with replicas(url, 4) as stores:
        await observe(stores[0])
        await stores[0].subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
        for step, status in enumerate(["Quoted", "Running", "Failed"], start=1):
            seen = [reading(status, step)]
            results = await asyncio.gather(*(each.observe(seen, at(step)) for each in stores))
            assert sorted(len(each) for each in results) == [0, 0, 0, 1]
    owed = there.ask("SELECT seq, new_status FROM deliveries ORDER BY seq", there.reused)
    assert owed == [(2, "Quoted"), (4, "Failed")]


async def test_a_job_that_replicas_see_first_at_once_is_stored_once_and_the_newest_reading_counts(
    url: str,
) -> None:
    """Whoever comes second judges its reading against the first, and loses none."""
    seen = [reading("Queued", 0), reading("Running", 1), reading("Failed", 2)]
    async with replicas(url, 3) as stores:
        for number in range(10):
            job = replace(A_JOB, id=f"job-{number}")
            mine = [replace(each, job=replace(each.job, id=job.id)) for each in seen]
            await asyncio.gather(
                *(store.observe([each], at(3)) for store, each in zip(stores, mine, strict=True))
            )
            known = await stores[0].job(job.id)
            assert known is not None
            assert known.job.status == "Failed"


async def test_replicas_that_take_in_the_same_jobs_in_other_orders_do_not_block_each_other(url: str) -> None:
    jobs = [replace(A_JOB, id=f"{number:08x}") for number in range(60)]
    async with replicas(url, 3) as stores:
        for step, status in enumerate(["Queued", "Running", "Failed"]):
            seen = [reading(status, step, job=job) for job in jobs]
            orders = (seen, seen[::-1], seen[30:] + seen[:30])
            results = await asyncio.gather(
                *(store.observe(order, at(step)) for store, order in zip(stores, orders, strict=True))
            )
            assert sum(len(each) for each in results) == (60 if step else 0)


async def test_replicas_claim_different_destinations_within_one_budget(url: str) -> None:
    """Side by side, each destination once; a job that is taken in at the same time is in nobody's way."""
    places = [Destination(f"C{number}") for number in range(12)]
    async with replicas(url, 3) as stores:
        await observe(stores[0])
        for place in places:
            await stores[0].subscribe(ADA, JOB_ID, place, seen_seq=1, now=NOW)
        await observe(stores[0], "Failed", 5)
        claims = await asyncio.gather(
            *(stores[number % 3].claim(at(6), lease=LEASE) for number in range(12)),
            observe(stores[1], job=replace(A_JOB, id="another")),
        )
        taken = [claim.destination for claim in claims if claim]
        assert len(taken) == len(set(taken)) == POSTS.burst
        assert set(taken) < set(places)


async def test_a_replica_that_lost_its_lease_sends_nothing(url: str) -> None:
    async with replicas(url, 2) as (one, other):
        await observe(one)
        await one.subscribe(ADA, JOB_ID, CHANNEL, seen_seq=1, now=NOW)
        await observe(one, "Failed", 5)
        late = await claimed(one, 5)
        holder = await claimed(other, 5 + LEASE.total_seconds())
        assert not await one.commit_post(late, notice(late))
        assert await other.commit_post(holder, notice(holder))
        assert not await one.attempt(late, "post-1", at(200))


async def test_what_is_held_while_somebody_resumes_is_sent(url: str) -> None:
    """A job ends at the very moment when a paused wish goes on: it is told, whoever comes first."""
    async with replicas(url, 2) as (one, other):
        for number in range(10):
            now = 10.0 * number  # far enough apart for Slack's budgets
            job, place = replace(A_JOB, id=f"job-{number}"), Destination(f"C{number}")
            await observe(one, seconds=now, job=job)
            await one.subscribe(ADA, job.id, place, seen_seq=1, now=at(now))
            one_of_ada = await one.stranded(place)
            await one.add_post(shared(f"post-{number}", now, place))
            claim = await claimed(one, now + 1)
            pauses = [Pause(stranded=each, because="is_archived", post=None) for each in one_of_ada]
            await one.bury(claim, f"post-{number}", "is_archived", at(now + 1), pauses=pauses)
            await one.release(claim, next_send_at=at(now + 1))
            await asyncio.gather(observe(one, "Failed", now + 2, job=job), other.resume(ADA, place))
            assert [each.transition.new for each in (await claimed(one, now + 4)).deliveries] == ["Failed"]


async def test_a_job_that_is_stored_while_its_batch_is_made_belongs_to_it(url: str) -> None:
    async with replicas(url, 2) as (one, other):
        for number in range(10):
            tag, place = f"tag-{number}", Destination(f"C{number}")
            first, second = (replace(A_JOB, id=f"{number}-{which}", tag=tag) for which in "ab")
            await observe(one, job=first)
            batch = Batch(BatchKind.TAG, tag)
            await asyncio.gather(
                one.add_batch(ADA, batch, [first.id], place, now=NOW), observe(other, job=second)
            )
            watch = await one.batch_holding(first.id, place)
            assert watch is not None
            assert {job.id for job in await one.batch_members(watch.id)} == {first.id, second.id}


async def test_pruning_and_pressing_at_the_same_time_lose_nothing(url: str) -> None:
    """A job that is being forgotten is either still there for who wants it, or not there at all."""
    async with replicas(url, 2) as (one, other):
        for number in range(10):
            job = replace(A_JOB, id=f"job-{number}")
            await observe(one, "Failed", job=job)
            pruned, watched = await asyncio.gather(
                one.prune(NOW + timedelta(days=100), limit=10),
                other.add_watch(ADA, job.id, CHANNEL, NOW),
                return_exceptions=True,
            )
            if isinstance(watched, StoreError):
                assert "not stored" in str(watched)
                assert pruned == 1
            else:
                assert await one.job(job.id) is not None
