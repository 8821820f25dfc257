"""`/jobs` and `/job`: what is typed becomes a query, and the query a private answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.directory import SlackUser
from dojobbot.domain import Job, JobFilter, Listing
from dojobbot.errors import JobNotFound, PlatformError
from dojobbot.query import JobsQuery, parse_job, parse_jobs
from dojobbot.query_reports import parse_report
from dojobbot.rights import is_owner
from dojobbot.slack.asking import carry_out
from dojobbot.slack.batching import watch_all
from dojobbot.slack.fates import what_became
from dojobbot.slack.replies import Payload, Reply
from dojobbot.slack.reporting import report
from dojobbot.slack.services import THOROUGH, Services
from dojobbot.slack.verbs import Asked, Place
from dojobbot.slack.views import answers
from dojobbot.slack.views.joblist import JobList, job_list

__all__ = ["register"]

LOOKED_THROUGH = 1000
"""The platform cannot filter by creator, tool family or id prefix: this many of the newest are read."""
CHOICES = 10
SHOWN_INSTEAD = 3
UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class _Typed:
    """A command as it arrived, from a full member."""

    user: SlackUser
    place: Place
    text: str


def register(app: AsyncApp, services: Services) -> None:
    """Listen to both commands. Each is acked at once; the work comes after."""

    async def jobs(body: dict[str, Any]) -> None:
        await _answer(services, body, _jobs)

    async def job(body: dict[str, Any]) -> None:
        await _answer(services, body, _job)

    app.command("/jobs")(ack=_ack, lazy=[jobs])
    app.command("/job")(ack=_ack, lazy=[job])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _answer(
    services: Services,
    body: dict[str, Any],
    how: Callable[[Services, _Typed], Awaitable[Payload]],
) -> None:
    is_first = False

    async def work() -> Payload | None:
        nonlocal is_first
        is_first = await services.is_first(body)
        if not is_first:
            return None
        refusal = await services.people.stranger(body["user_id"], body.get("team_id"))
        if refusal is not None:
            return answers.sentence(refusal)
        user = await services.people.slack_user(body["user_id"])
        place = Place(user.id, body["channel_id"])
        try:
            return await how(services, _Typed(user, place, body.get("text") or ""))
        except PlatformError as error:
            return answers.from_error(error, await services.lag_note())

    async def interim() -> Payload | None:
        return answers.placeholder() if is_first else None

    reply = Reply(body["response_url"], in_place=False)
    await services.desk.serve(reply, work, interim=interim)


# --- /jobs ---------------------------------------------------------------------------------------


async def _jobs(services: Services, typed: _Typed) -> Payload:
    now, tz = services.clock.now(), typed.user.tz
    wanted = parse_report(typed.text, now=now, tz=tz)
    if wanted is not None:
        return await report(services, typed.user, wanted, typed.text)
    query = parse_jobs(typed.text, now=now, tz=tz)
    if query.help:
        return answers.jobs_help()
    fits = await _filter(services, typed.user, query)
    if fits is None and not query.watch:
        return await _newest(services, query)
    listing = await _list(services, query, LOOKED_THROUGH)
    newest = await _matching(services, typed.user, query, listing, fits)
    if query.mine and not newest and not await services.people.creators(typed.user):
        return answers.nobody_matches(typed.user.email, confirmed=typed.user.email_confirmed)
    if query.watch:
        return await watch_all(services, typed.place, query, newest, listing)
    return await _draw(
        services,
        query,
        newest,
        listing,
        total=len(newest),
        looked_through=len(listing.readings) if listing.total > LOOKED_THROUGH else None,
    )


async def _matching(
    services: Services,
    user: SlackUser,
    query: JobsQuery,
    listing: Listing,
    fits: Callable[[Job], bool] | None,
) -> list[Job]:
    """Give the listed jobs that a query is about, with the stored ones of the asker, newest first."""
    jobs = {job.id: job for job in listing.jobs if services.lists(job) and (fits is None or fits(job))}
    creators = await services.people.creators(user) if query.mine else frozenset()
    for known in await services.store.jobs_created_by(sorted(creators), _wanted(query), limit=LOOKED_THROUGH):
        if services.lists(known.job) and (fits is None or fits(known.job)):
            jobs.setdefault(known.job.id, known.job)
    return sorted(jobs.values(), key=_created, reverse=True)


async def _newest(services: Services, query: JobsQuery) -> Payload:
    """Answer what the platform can filter by itself; hidden jobs make it look a little further."""
    limit = query.limit
    while True:
        listing = await _list(services, query, limit)
        visible = [job for job in listing.jobs if services.lists(job)]
        if len(visible) >= query.limit or listing.total <= limit or limit >= LOOKED_THROUGH:
            break
        limit = min(2 * limit, LOOKED_THROUGH)
    out_of_sight = len(listing.readings) - len(visible)
    return await _draw(
        services,
        query,
        visible,
        listing,
        total=max(len(visible), listing.total - out_of_sight),
    )


async def _list(services: Services, query: JobsQuery, limit: int) -> Listing:
    return await services.platform.list_jobs(_wanted(query), limit=limit)


def _wanted(query: JobsQuery) -> JobFilter:
    return JobFilter(statuses=query.statuses, created_after=query.since)


async def _filter(services: Services, user: SlackUser, query: JobsQuery) -> Callable[[Job], bool] | None:
    """Give the part of a query that the platform cannot answer, or None when it can answer all of it."""
    if not query.mine and query.tool is query.tag is query.session is None:
        return None
    members = await services.people.members() if query.mine else ()
    tool = (query.tool or "").casefold()

    def fits(job: Job) -> bool:
        if query.mine and not is_owner(user, job, members):
            return False
        if query.tag is not None and (job.tag or "").casefold() != query.tag.casefold():
            return False
        if query.session is not None and not (job.session or "").casefold().startswith(query.session):
            return False
        return tool in (job.tool_key or "").casefold()

    return fits


async def _draw(
    services: Services,
    query: JobsQuery,
    jobs: Sequence[Job],
    listing: Listing,
    *,
    total: int,
    looked_through: int | None = None,
) -> Payload:
    shown = {job.id for job in jobs[: query.limit]}
    # What is shown is remembered; the rest of a long listing is the watcher's work.
    await services.observe([each for each in listing.readings if each.job.id in shown])
    items = [(job, await services.people.owner_name(job)) for job in jobs[: query.limit]]
    return job_list(
        JobList(
            items=tuple(items),
            total=total,
            description=query.description,
            now=services.clock.now(),
            looked_through=looked_through,
            bad_rows=listing.bad_rows,
            lag=await services.lag_note(),
        )
    )


def _created(job: Job) -> float:
    return job.created_at.timestamp() if job.created_at else 0.0


# --- /job ----------------------------------------------------------------------------------------


async def _job(services: Services, typed: _Typed) -> Payload:
    query = parse_job(typed.text)
    if query.help:
        return answers.job_help()
    # A typed approval shows the price and the button that carries it.
    verb = "offer" if query.verb == "approve" else query.verb or ""
    found = await _find(services, query.target)
    if not isinstance(found, str):
        return found
    if verb == "deliveries":
        # From the rows: it is asked when something went wrong, perhaps the platform.
        stored = await services.store.job(found) or await services.read_job(found)
        return await what_became(services, Asked(stored, typed.place))
    known, said = await services.read_or_recall(found, seconds=THOROUGH)
    return await carry_out(services, verb, Asked(known, typed.place), said=said)


async def _find(services: Services, target: str) -> str | Payload:
    """Find the id of the one job that is meant; else the answer that says what was found instead."""
    if len(target) == UUID_LENGTH:
        if await services.store.job(target) is not None:
            return target
        try:
            await services.read_job(target)
        except JobNotFound:
            return await _not_found(services, target)
        return target
    matches = {
        known.job.id: known.job for known in await services.store.jobs_with_prefix(target, limit=CHOICES + 1)
    }
    listing: Listing | None = None
    try:
        async with asyncio.timeout(THOROUGH):
            listing = await _list(services, JobsQuery(), LOOKED_THROUGH)
    except (PlatformError, TimeoutError):
        # What is stored may be all there is; without it there is nothing to answer with.
        if not matches:
            raise
    else:
        matches |= {job.id: job for job in listing.jobs if job.id.startswith(target)}
    if len(matches) == 1:
        return next(iter(matches))
    newest = sorted(matches.values(), key=_created, reverse=True)[:CHOICES]
    if newest:
        return answers.choices(target, tuple(newest), now=services.clock.now())
    return await _not_found(services, target, listing)


async def _not_found(services: Services, target: str, listing: Listing | None = None) -> Payload:
    listing = listing or await _list(services, JobsQuery(), SHOWN_INSTEAD)
    visible = tuple(job for job in listing.jobs if services.lists(job))[:SHOWN_INSTEAD]
    looked = None if len(target) == UUID_LENGTH else len(listing.readings)
    return answers.not_found(target, visible, looked_through=looked, now=services.clock.now())
