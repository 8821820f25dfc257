"""What the store's tests share: the databases to run on, lifelike jobs, and short ways to say things."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dojobbot.domain import Branch, Destination, Job, Post, PostKind, Progress, Quote, QuoteLine, Reading
from dojobbot.outbox import Claim
from dojobbot.ports import Store
from dojobbot.store.store import open_store
from tests import postgres

Open = Callable[[], AbstractAsyncContextManager[Store]]
Backend = Callable[[Path], Open]


def sqlite(folder: Path) -> Open:
    """Give what opens (and opens again) one SQLite file."""
    return lambda: open_store(f"sqlite:///{folder / 'dojobbot.db'}")


def postgresql(_folder: Path) -> Open:
    """Give what opens (and opens again, also side by side) a PostgreSQL database; one at a time has it."""
    url = postgres.server().emptied()
    return lambda: open_store(url)


BACKENDS: dict[str, Backend] = {"postgresql": postgresql, "sqlite": sqlite}

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
LEASE = timedelta(seconds=90)
CHANNEL = Destination("C1")
OTHER = Destination("C2")
THREAD = Destination("C1", "1763802900.000100")
ADA, BEN = "U0ADA", "U0BEN"

A_JOB = Job(
    id="9e9eb45e-0000-4000-8000-000000000001",
    status="Running",
    raw_status="Running",
    resource_id="resource-1",
    name="BRD series, round 3",
    tool_key="deeporigin.rbfe",
    tool_version="v2",
    created_by="google-oauth2|ada@example.org",
    created_at=NOW - timedelta(hours=1, microseconds=1),
    started_at=NOW - timedelta(minutes=16),
    updated_at=NOW - timedelta(minutes=1),
    progress=Progress(
        fraction=17 / 27,
        done=17,
        total=27,
        unit="ligands",
        branches=(
            Branch(0, "complex", "Running", 0.1),
            Branch(1, "solvent", "Succeeded", None, "done", "CCO"),
        ),
        left_out=(("done", 3),),
    ),
    quote=Quote(
        12.345, "abc", (QuoteLine("RBFE", 27.0, None, 10.0), QuoteLine("Others", None, None, 2.345, 3))
    ),
    project_id="project-1",
)
JOB_ID = A_JOB.id
OTHER_JOB = replace(A_JOB, id="9e9eb45e-0000-4000-8000-000000000002", created_at=NOW)


@contextmanager
def full_disk(most: int = 2048) -> Iterator[None]:
    """Let the system refuse to make any file of this process longer than a few kB, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def at(seconds: float) -> datetime:
    """Give a moment, in seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def reading(status: str = "Running", seconds: float = 0, *, job: Job = A_JOB) -> Reading:
    """Read a job at a status, `seconds` after NOW."""
    now = at(seconds)
    seen = replace(job, status=status, raw_status=status, updated_at=now)
    return Reading(job=seen, began_at=now, detailed=True)


async def observe(store: Store, status: str = "Running", seconds: float = 0, *, job: Job = A_JOB) -> None:
    """Let the store see a job at a status."""
    await store.observe([reading(status, seconds, job=job)], at(seconds))


async def claimed(store: Store, seconds: float) -> Claim:
    """Claim what is due; there must be something."""
    claim = await store.claim(at(seconds), lease=LEASE)
    assert claim is not None
    return claim


def notice(claim: Claim, post_id: str = "post-1", seconds: float = 0) -> Post:
    """Draw a post that carries everything the claim is owed."""
    return Post(
        id=post_id,
        destination=claim.destination,
        kind=PostKind.NOTICE,
        payload={"text": "It is done.", "attachments": [{"color": "#198754"}]},
        created_at=at(seconds),
        deliveries=tuple(each.id for each in claim.deliveries),
    )


def card(claim: Claim, post_id: str = "card-1", seconds: float = 0) -> Post:
    """Draw the card of the claim's first watch."""
    return Post(
        id=post_id,
        destination=claim.destination,
        kind=PostKind.CARD,
        payload={"text": "A card"},
        created_at=at(seconds),
        watch_id=claim.watches[0].id,
    )


def shared(post_id: str, seconds: float = 0, destination: Destination = CHANNEL) -> Post:
    """Draw a card that somebody shared."""
    return Post(
        id=post_id,
        destination=destination,
        kind=PostKind.SHARE,
        payload={"text": "A shared card"},
        created_at=at(seconds),
    )


async def posted_watch(store: Store, seconds: float = -10, shown: str = "first") -> None:
    """Watch the job in the channel and bring its card there as ts 100.1; by NOW it may change."""
    await store.add_watch(ADA, JOB_ID, CHANNEL, at(seconds))
    claim = await claimed(store, seconds)
    post = card(claim, seconds=seconds)
    assert await store.commit_post(claim, post)
    assert await store.attempt(claim, post.id, at(seconds))
    await store.settle(claim, post.id, "100.1", shown=shown, now=at(seconds))
    await store.release(claim, next_send_at=at(seconds))
