"""Watching many jobs on one card: `/jobs watch`, a card that is one too many, the button that stops it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.batches import STARTED_TOGETHER, belongs, crowded, of_words
from dojobbot.domain import Batch, BatchKind, Job, Listing
from dojobbot.errors import JobNotFound
from dojobbot.following import Gathered
from dojobbot.orders import JobsOrder, Person
from dojobbot.query import JobsQuery
from dojobbot.slack import verbs
from dojobbot.slack.replies import Payload, Reply
from dojobbot.slack.services import Services
from dojobbot.slack.text import code, mention, plural
from dojobbot.slack.verbs import Asked, Place
from dojobbot.slack.views import answers, ids
from dojobbot.slack.views.batch import batch_name
from dojobbot.slack.views.joblist import searched

__all__ = ["MOST_ON_A_CARD", "register", "watch", "watch_all"]

MOST_ON_A_CARD = 500
_WATCH_ID = re.compile(r"[0-9]{1,12}", re.ASCII)


async def watch_all(
    services: Services,
    place: Place,
    query: JobsQuery,
    jobs: Sequence[Job],
    listing: Listing,
    *,
    looked_through: int | None = None,
) -> Payload:
    """Post one live card of the jobs that a query found, and say so, or why not.

    Args:
        services: the ports.
        place: where somebody typed.
        query: what was typed.
        jobs: what it found.
        listing: the reading that they come from (or the store knows them).
        looked_through: how many of the newest jobs that reading went through; None for all.

    Raises JobNotFound where it is one job that nothing is known of any more.
    """
    limit = "" if looked_through is None else f" {searched(looked_through)}"
    refusal = await verbs.cannot_post(services, place)
    if refusal is not None:
        return answers.sentence(refusal)
    refusal = _unwatchable(query, jobs)
    if refusal is not None:
        return answers.sentence(refusal + limit)
    ids_of_all = {job.id for job in jobs}
    await services.observe([each for each in listing.readings if each.job.id in ids_of_all])
    batch = _batch(query, jobs, place.user_id, services.clock.now())
    if len(jobs) > 1 or await services.store.has_batch(batch, place.destination):
        return answers.sentence(await _watch_many(services, place, batch, jobs) + limit)
    known = await services.store.job(jobs[0].id)
    if known is None:
        raise JobNotFound(jobs[0].id)
    return answers.sentence(await watch(services, Asked(known, place)) + limit)


def _unwatchable(query: JobsQuery, jobs: Sequence[Job]) -> str | None:
    """Say why there is nothing to watch, or too much; None when a card makes sense."""
    matching = f" that match {code(query.description, 200)}" if query.description else ""
    if not jobs:
        return f"There are no jobs{matching}, so there is nothing to watch. `/jobs` lists the newest ones."
    if all(job.has_ended for job in jobs):
        return f"All {plural(len(jobs), 'job')}{matching} have ended, so there is nothing left to watch."
    if len(jobs) > MOST_ON_A_CARD:
        return (
            f"Those are {plural(len(jobs), 'job')}; one card holds {MOST_ON_A_CARD}. Add words to narrow it, "
            "such as `/jobs watch mine running` or `/jobs watch tag:cdk2-screen`."
        )
    return None


def _batch(query: JobsQuery, jobs: Sequence[Job], user_id: str, now: datetime) -> Batch:
    """Name what was asked for: a tag or a session alone takes in later jobs, other words do not."""
    tags, sessions = {job.tag for job in jobs}, {job.session for job in jobs}
    if query.description == f"tag:{query.tag}" and len(tags) == 1:
        return Batch(BatchKind.TAG, jobs[0].tag or "")
    if query.description == f"session:{query.session}" and len(sessions) == 1:
        return Batch(BatchKind.SESSION, jobs[0].session or "")
    since = now.date() if query.slides else query.since
    return of_words(query.description, whose=user_id if query.mine else None, since=since)


async def _watch_many(services: Services, place: Place, batch: Batch, jobs: Sequence[Job]) -> str:
    done = await _gather(services, place, batch, jobs)
    if done.is_new:
        return _on_its_way(done)
    if not done.joined:
        return "There is a live card of these jobs here already."
    which = "another job is" if done.joined == 1 else f"{done.joined:,} more jobs are"
    return f":eyes: There is a live card for this here already; {which} on it now."


async def _gather(
    services: Services, place: Place, batch: Batch, jobs: Sequence[Job], *, last_note: str | None = None
) -> Gathered:
    done = await services.store.add_batch(
        place.user_id,
        batch,
        [job.id for job in jobs],
        place.destination,
        services.clock.now(),
        note=f"Watched by {mention(place.user_id)}",
        last_note=last_note,
    )
    services.wake()
    return done


def _on_its_way(done: Gathered) -> str:
    return f":eyes: One live card of {plural(done.joined, 'job')} is on its way to this conversation."


async def watch(services: Services, asked: Asked) -> str:
    """Post a live card where the presser is; one that would be one too many becomes part of a batch's."""
    return await _fold(services, asked) or await verbs.watch(services, asked)


async def _fold(services: Services, asked: Asked) -> str | None:
    """Put a job on one card with its batch, or say that it is on one; None when a card of its own is due."""
    job, place = asked.known.job, asked.place
    if job.has_ended or job.hidden:
        return None  # a card of many shows no hidden job
    holding = await services.store.batch_holding(job.id, place.destination)
    if holding is not None and holding.batch is not None:
        return f"This job is on a live card here already: {batch_name(holding.batch, job)}."
    found = crowded(job, await services.store.watched_singly(place.destination))
    if found is None:
        return None
    refusal = await verbs.cannot_post(services, place)
    if refusal is not None:
        return refusal
    batch, there = found
    name = batch_name(batch, job)
    members = {each.id: each for each in (job, *there, *await _started_with(services, job, batch))}
    last_note = f"Goes on in one card with the rest: {name}."
    done = await _gather(services, place, batch, list(members.values()), last_note=last_note)
    said = _on_its_way(done) if done.is_new else f":eyes: This job joins a live card here: {name}."
    if done.replaced:
        said += f" It takes the place of {plural(done.replaced, 'card')} of single jobs."
    return said


async def _started_with(services: Services, job: Job, batch: Batch) -> list[Job]:
    """Find the stored jobs that were started together with one; of other batches the store knows them."""
    if batch.kind is not BatchKind.TOGETHER or job.created_at is None or job.created_by is None:
        return []
    theirs = Person(creators=frozenset({job.created_by}))
    lately = JobsOrder(person=theirs, created_after=job.created_at - STARTED_TOGETHER)
    stored = await services.store.jobs_of(lately, limit=MOST_ON_A_CARD)
    return [known.job for known in stored if belongs(known.job, batch, job)]


def register(app: AsyncApp, services: Services) -> None:
    """Listen to the button of a batch's card. It is acked at once; the work comes after."""

    async def stop(body: dict[str, Any]) -> None:
        await _stop(services, body)

    app.action(ids.STOP_BATCH)(ack=_ack, lazy=[stop])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _stop(services: Services, body: dict[str, Any]) -> None:
    async def work() -> Payload | None:
        user_id, now = body["user"]["id"], services.clock.now()
        if not await services.is_first(body):
            return None
        refusal = await services.people.stranger(user_id, body["user"].get("team_id"))
        if refusal is not None:
            return answers.sentence(refusal)
        place = Place.of_press(body)
        value = str(body["actions"][0].get("value") or "")
        stopped = _WATCH_ID.fullmatch(value) is not None and await services.store.stop_batch(
            int(value), place.destination, note=f"Watching stopped by {mention(user_id)}.", now=now
        )
        services.wake()
        if not stopped:
            return answers.sentence("That card is not live any more, so nothing changed.")
        return answers.sentence("I've stopped updating that card.")

    async def interim() -> Payload | None:
        return answers.placeholder()

    await services.desk.serve(Reply(body["response_url"], in_place=False), work, interim=interim)
