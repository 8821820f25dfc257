"""`/jobs` and `/job`: what is typed becomes a query, and the query a private answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.domain import Job, JobFilter, KnownJob, SlackUser
from dojobbot.query import JobQuery, JobsQuery, parse_job, parse_jobs
from dojobbot.slack import verbs
from dojobbot.slack.cards import private_card
from dojobbot.slack.replies import Payload, Reply, answering
from dojobbot.slack.services import Services
from dojobbot.slack.verbs import Place
from dojobbot.slack.views import answers
from dojobbot.slack.views.joblist import JobList, job_list

__all__ = ["register"]

LOOKED_THROUGH = 1000
"""The platform cannot filter by creator, tool family or id prefix: this many of the newest are read."""
CHOICES = 10
UUID_LENGTH = 36


@dataclass(frozen=True, slots=True)
class _Asked:
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
    how: Callable[[Services, _Asked], Awaitable[Payload]],
) -> None:
    async def work() -> Payload:
        refusal = await services.people.stranger(body["user_id"], body.get("team_id"))
        if refusal is not None:
            return answers.sentence(refusal)
        user = await services.people.slack_user(body["user_id"])
        place = Place(user.id, body["channel_id"])
        return await how(services, _Asked(user, place, body.get("text") or ""))

    reply = Reply(body["response_url"], in_place=False)
    await answering(reply, work, interim=answers.placeholder())


# --- /jobs ---------------------------------------------------------------------------------------


async def _jobs(services: Services, asked: _Asked) -> Payload:
    query = parse_jobs(asked.text, now=services.clock.now(), tz=asked.user.tz)
    if query.help:
        return answers.jobs_help()
    creators: frozenset[str] = frozenset()
    if query.mine:
        creators = await services.people.creators(asked.user)
        if not creators:
            return answers.nobody_matches(asked.user.email, confirmed=asked.user.email_confirmed)
    wanted = JobFilter(statuses=query.statuses, created_after=query.since)
    ours = bool(query.mine or query.tool)
    listing = await services.platform.list_jobs(
        wanted, limit=max(query.limit, LOOKED_THROUGH) if ours else query.limit
    )
    await services.store.observe(listing.readings, services.clock.now())
    services.wake()
    jobs = {job.id: job for job in listing.jobs if not job.hidden and _fits(job, query, creators)}
    if query.mine:
        stored = await services.store.jobs_created_by(sorted(creators), wanted, limit=LOOKED_THROUGH)
        for known in stored:
            if _fits(known.job, query, creators):
                jobs.setdefault(known.job.id, known.job)
    newest = sorted(jobs.values(), key=_created, reverse=True)
    total = len(newest) if ours else max(listing.total, len(newest))
    return job_list(
        JobList(
            items=tuple([(job, await services.people.owner_name(job)) for job in newest[: query.limit]]),
            total=total,
            description=query.description,
            now=services.clock.now(),
            looked_through=len(listing.readings) if ours and listing.total > LOOKED_THROUGH else None,
            bad_rows=listing.bad_rows,
        )
    )


def _fits(job: Job, query: JobsQuery, creators: frozenset[str]) -> bool:
    if query.mine and job.created_by not in creators:
        return False
    return query.tool is None or query.tool.casefold() in (job.tool_key or "").casefold()


def _created(job: Job) -> float:
    return job.created_at.timestamp() if job.created_at else 0.0


# --- /job ----------------------------------------------------------------------------------------


async def _job(services: Services, asked: _Asked) -> Payload:
    query = parse_job(asked.text)
    if query.help:
        return answers.job_help()
    found = await _find(services, query)
    if not isinstance(found, KnownJob):
        return found
    known, note = found, ""
    if query.verb == "notify":
        note = await verbs.notify(services, known, asked.place)
    elif query.verb == "mute":
        note = await verbs.mute(services, known, asked.place)
    elif query.verb == "watch":
        note = await verbs.watch(services, known, asked.place)
    elif query.verb == "stop":
        note = await verbs.stop(services, known, asked.place)
    elif query.verb == "cancel":
        note = await verbs.cancel(services, known, asked.place)
    elif query.verb == "approve":
        note = answers.approve_below(known.job)
    return await private_card(services, known.job.id, asked.place, note=note)


async def _find(services: Services, query: JobQuery) -> KnownJob | Payload:
    """Find the one job that is meant, freshly read; else the answer that says what was found instead."""
    if len(query.target) == UUID_LENGTH:
        return await services.read_job(query.target)
    stored = await services.store.jobs_with_prefix(query.target, limit=CHOICES + 1)
    listing = await services.platform.list_jobs(JobFilter(), limit=LOOKED_THROUGH)
    await services.store.observe(listing.readings, services.clock.now())
    services.wake()
    matches = {known.job.id: known.job for known in stored}
    matches |= {job.id: job for job in listing.jobs if job.id.startswith(query.target)}
    if len(matches) == 1:
        return await services.read_job(next(iter(matches)))
    newest = sorted(matches.values(), key=_created, reverse=True)[:CHOICES]
    if newest:
        return answers.choices(query.target, tuple(newest), now=services.clock.now())
    visible = tuple(job for job in listing.jobs if not job.hidden)[:3]
    return answers.not_found(
        query.target, visible, looked_through=len(listing.readings), now=services.clock.now()
    )
