"""Taking in readings of jobs: the transaction around `decide.judge`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from dojobbot.decide import Decision, judge
from dojobbot.domain import Action, Job, KnownJob, Reading, Subscription, Transition
from dojobbot.leases import Lease
from dojobbot.store import batches, deliveries, follows, gate, jobs, leases, ledger, rows

__all__ = ["chunks", "take_in", "those_with_news"]

COMPARED_AT_ONCE = 125
TAKEN_IN_AT_ONCE = 50
"""So many jobs in one transaction: a few milliseconds of work, so that presses get in between."""


@dataclass(slots=True)
class _Stored:
    """What the database holds about some jobs, kept up to date as their readings are judged."""

    known: dict[str, KnownJob]
    subscriptions: tuple[Subscription, ...]
    actions: tuple[Action, ...]

    def judge(self, reading: Reading, now: datetime) -> Decision:
        """Judge a reading against what is stored and was judged before it."""
        job_id = reading.job.id
        return judge(
            self.known.get(job_id),
            reading,
            [each for each in self.subscriptions if each.job_id == job_id],
            [each for each in self.actions if each.job_id == job_id],
            now,
        )


@dataclass(slots=True)
class _Changes:
    """What the decisions about some readings add up to."""

    known: dict[str, KnownJob] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    deliveries: list[rows.Values] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    closed: list[tuple[int, str]] = field(default_factory=list)


async def those_with_news(connection: AsyncConnection, readings: Sequence[Reading]) -> list[Reading]:
    """Leave out the readings of jobs about which nothing can be new, without a write lock.

    Most readings of a tick are of this kind: they cost little, and who presses a button does not wait for
    them. A job with an open action is never left out: even an old status may answer it.
    """
    with_news = set(await ledger.jobs_acted_on(connection))
    for chunk in chunks(readings, COMPARED_AT_ONCE):
        job_ids = {reading.job.id for reading in chunk}
        stored = await jobs.digests(connection, job_ids)
        with_news |= {each.job.id for each in chunk if stored.get(each.job.id) != rows.job_digest(each.job)}
    return [reading for reading in readings if reading.job.id in with_news]


async def take_in(
    connection: AsyncConnection, readings: Sequence[Reading], now: datetime, under: Lease | None
) -> list[Transition]:
    """Judge readings in order and write what the decisions say; returns the transitions."""
    await leases.require(connection, under)
    job_ids = {reading.job.id for reading in readings}
    stored = _Stored(
        await jobs.find_all(connection, job_ids, to_write=True),
        await follows.subscriptions_about(connection, job_ids, to_write=True),
        await ledger.open_actions(connection, job_ids),
    )
    before = frozenset(stored.known)
    changes = _Changes()
    for reading in readings:
        _fold(changes, stored, stored.judge(reading, now), now)
    await _write(connection, changes, before, now)
    return changes.transitions


def _fold(changes: _Changes, stored: _Stored, decision: Decision, now: datetime) -> None:
    """Add a decision to the changes, and to what the next reading of the same job is judged against."""
    if decision.known is None:
        return
    job: Job = decision.known.job
    stored.known[job.id] = changes.known[job.id] = decision.known
    stored.subscriptions = tuple(each for each in stored.subscriptions if each.id not in decision.finished)
    answered = {action_id for action_id, _ in decision.closed}
    stored.actions = tuple(each for each in stored.actions if each.id not in answered)
    changes.finished += decision.finished
    changes.closed += decision.closed
    if decision.transition is not None:
        changes.transitions.append(decision.transition)
        changes.deliveries += [
            rows.delivery_values(decision.transition, owed, job, now) for owed in decision.owed
        ]


async def _write(
    connection: AsyncConnection, changes: _Changes, before: frozenset[str], now: datetime
) -> None:
    known = changes.known.values()
    await jobs.insert_all(connection, [each for each in known if each.job.id not in before])
    await jobs.update_all(connection, [each for each in known if each.job.id in before])
    last_moves = {each.job_id: each for each in changes.transitions}
    await jobs.remember_moves(connection, tuple(last_moves.values()))
    await jobs.keep_transitions(connection, changes.transitions)
    await deliveries.owe(connection, changes.deliveries)
    await follows.finish_subscriptions(connection, changes.finished, now)
    for action_id, outcome in changes.closed:
        await ledger.close_action(connection, action_id, outcome, now)
    await gate.go_through(connection)
    await batches.join(connection, [each.job for each in known])
    await follows.mark_cards_old(connection, tuple(changes.known), now)


def chunks(readings: Iterable[Reading], size: int = TAKEN_IN_AT_ONCE) -> Iterator[tuple[Reading, ...]]:
    """Cut readings into tuples of no more than `size`, in order."""
    remaining = iter(readings)
    while chunk := tuple(itertools.islice(remaining, size)):
        yield chunk
