"""`/jobs` and `/job`: what is typed becomes a query, and the query a private answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.directory import SlackUser
from dojobbot.domain import ActionKind, Job, JobFilter, Listing
from dojobbot.errors import InvalidQuery, JobNotFound, PlatformError
from dojobbot.orders import JobsOrder
from dojobbot.query import JobsQuery, parse_job, parse_jobs
from dojobbot.query_reports import parse_report
from dojobbot.rights import person_of
from dojobbot.slack.acting import turned_away
from dojobbot.slack.asking import carry_out
from dojobbot.slack.batching import watch_all
from dojobbot.slack.fates import what_became
from dojobbot.slack.replies import Payload, Reply
from dojobbot.slack.reporting import report
from dojobbot.slack.services import QUICK, THOROUGH, Services, in_time
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


@dataclass(frozen=True, slots=True)
class _Found:
    """The one job that is meant, and how long it is worth waiting for a fresh look at it, in seconds."""

    job_id: str
    patience: float = THOROUGH


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
    is_first: bool | None = None

    async def work() -> Payload | None:
        nonlocal is_first
        is_first = await services.is_first(body)
        if not is_first:
            return None
        place, text = Place(body["user_id"], body["channel_id"]), body.get("text") or ""
        refusal = await services.people.stranger(place.user_id, body.get("team_id"))
        if refusal is not None:
            if how is _job:
                await _note_attempt(services, place, text, refusal)
            return answers.sentence(refusal)
        user = await services.people.slack_user(place.user_id)
        try:
            return await how(services, _Typed(user, place, text))
        except PlatformError as error:
            return answers.from_error(error, await services.lag_note())

    async def interim() -> Payload | None:
        # While the database does not say whether it came before, somebody most likely waits for an answer.
        return None if is_first is False else answers.placeholder()

    reply = Reply(body["response_url"], in_place=False)
    await services.desk.serve(reply, work, interim=interim)


# --- /jobs ---------------------------------------------------------------------------------------


async def _jobs(services: Services, typed: _Typed) -> Payload:
    now, tz = services.clock.now(), typed.user.tz
    to_report = parse_report(typed.text, now=now, tz=tz)
    if to_report is not None:
        return await report(services, typed.user, to_report, typed.text)
    query = parse_jobs(typed.text, now=now, tz=tz)
    if query.help:
        return answers.jobs_help()
    if not query.watch and not _has_words_of_ours(query):
        return await _newest(services, query)
    wanted = await _order(services, typed.user, query)
    listing = await in_time(_list(services, query, LOOKED_THROUGH))
    looked_through = len(listing.readings) if listing.total > LOOKED_THROUGH else None
    # A whole listing has all there is; behind the end of another one those that are stored may be meant, too.
    stored = () if looked_through is None else await services.store.jobs_of(wanted, limit=LOOKED_THROUGH)
    newest = _meant(services, wanted, [*listing.jobs, *(known.job for known in stored)])
    if not newest and wanted.person is not None and not wanted.person.creators:
        return answers.nobody_matches(typed.user.email, confirmed=typed.user.email_confirmed)
    if query.watch:
        return await watch_all(services, typed.place, query, newest, listing, looked_through=looked_through)
    return await _draw(services, query, newest, listing, total=len(newest), looked_through=looked_through)


def _has_words_of_ours(query: JobsQuery) -> bool:
    """Whether there are words by which the platform cannot filter."""
    return query.mine or not query.tool is query.tag is query.session is None


async def _order(services: Services, user: SlackUser, query: JobsQuery) -> JobsOrder:
    """Say which jobs are meant."""
    return JobsOrder(
        statuses=query.statuses,
        person=person_of(user, await in_time(services.people.members())) if query.mine else None,
        tool=query.tool or "",
        tag=query.tag,
        session=query.session,
        created_after=query.since,
    )


def _meant(services: Services, wanted: JobsOrder, jobs: Sequence[Job]) -> list[Job]:
    """Give those of the jobs that are meant, each once (the first of it counts), newest first."""

    def fits(job: Job) -> bool:
        if wanted.person is not None and not wanted.person.created(job.created_by):
            return False
        if wanted.tag is not None and (job.tag or "").casefold() != wanted.tag.casefold():
            return False
        if wanted.session is not None and not (job.session or "").casefold().startswith(wanted.session):
            return False
        return wanted.tool.casefold() in (job.tool_key or "").casefold()

    found: dict[str, Job] = {}
    for job in jobs:
        if services.lists(job) and fits(job):
            found.setdefault(job.id, job)
    return sorted(found.values(), key=_created, reverse=True)


async def _newest(services: Services, query: JobsQuery) -> Payload:
    """Answer what the platform can filter by itself."""
    listing = await in_time(_list_enough(services, query))
    visible = [job for job in listing.jobs if services.lists(job)]
    out_of_sight = len(listing.readings) - len(visible)
    return await _draw(
        services, query, visible, listing, total=max(len(visible), listing.total - out_of_sight)
    )


async def _list_enough(services: Services, query: JobsQuery) -> Listing:
    """List as many as are to be shown; hidden jobs make it look a little further."""
    limit = query.limit
    while True:
        listing = await _list(services, query, limit)
        visible = sum(services.lists(job) for job in listing.jobs)
        if visible >= query.limit or listing.total <= limit or limit >= LOOKED_THROUGH:
            return listing
        limit = min(2 * limit, LOOKED_THROUGH)


async def _list(services: Services, query: JobsQuery, limit: int) -> Listing:
    wanted = JobFilter(statuses=query.statuses, created_after=query.since)
    return await services.platform.list_jobs(wanted, limit=limit)


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


async def _note_attempt(services: Services, place: Place, text: str, refusal: str) -> None:
    """Write down that somebody who may not use the bot at all typed a cancel, as a press is written down."""
    try:
        query = parse_job(text)
    except InvalidQuery:
        return
    if query.verb != "cancel":
        return
    named = await services.store.jobs_with_prefix(query.target, limit=2)
    if len(named) == 1:
        await turned_away(services, ActionKind.CANCEL, Asked(named[0], place), refusal)


async def _job(services: Services, typed: _Typed) -> Payload:
    query = parse_job(typed.text)
    if query.help:
        return answers.job_help()
    # A typed approval shows the price and the button that carries it.
    verb = "offer" if query.verb == "approve" else query.verb or ""
    found = await _find(services, query.target)
    if not isinstance(found, _Found):
        return found
    if verb == "deliveries":
        # From the rows: it is asked when something went wrong, perhaps the platform.
        stored = await services.store.job(found.job_id) or await services.read_job(found.job_id)
        return await what_became(services, Asked(stored, typed.place))
    known, said = await services.read_or_recall(found.job_id, seconds=found.patience)
    return await carry_out(services, verb, Asked(known, typed.place), said=said)


async def _find(services: Services, target: str) -> _Found | Payload:
    """Find the one job that is meant; else give the answer that says what was found instead."""
    if len(target) == UUID_LENGTH:
        if await services.store.job(target) is not None:
            return _Found(target)
        try:
            await services.read_job(target)
        except JobNotFound:
            return await _not_found(services, target)
        return _Found(target)
    stored = await services.store.jobs_with_prefix(target, limit=CHOICES + 1)
    matches = {known.job.id: known.job for known in stored}
    patience, listing = THOROUGH, None
    try:
        listing = await in_time(_list(services, JobsQuery(), LOOKED_THROUGH))
    except PlatformError:
        # What is stored may be all there is; without it there is nothing to answer with.
        if not matches:
            raise
        patience = QUICK
    else:
        matches |= {job.id: job for job in listing.jobs if job.id.startswith(target)}
    if len(matches) == 1:
        return _Found(next(iter(matches)), patience)
    newest = sorted(matches.values(), key=_created, reverse=True)[:CHOICES]
    if newest:
        return answers.choices(target, tuple(newest), now=services.clock.now())
    return await _not_found(services, target, listing)


async def _not_found(services: Services, target: str, listing: Listing | None = None) -> Payload:
    """Say that there is no such job; the newest ones, where nothing was listed yet, if they come at once."""
    looked_through = None if listing is None else len(listing.readings)
    if listing is None:
        try:
            listing = await in_time(_list(services, JobsQuery(), SHOWN_INSTEAD), seconds=QUICK)
        except PlatformError:
            listing = Listing(readings=(), total=0)
    visible = tuple(job for job in listing.jobs if services.lists(job))[:SHOWN_INSTEAD]
    return answers.not_found(target, visible, looked_through=looked_through, now=services.clock.now())
