"""`/jobs export` and `/jobs stats`: what was typed becomes an order, and the order a promise or an answer."""

from __future__ import annotations

import uuid

from dojobbot.directory import SlackUser
from dojobbot.domain import Destination
from dojobbot.orders import FiguresOrder, FileOrder, JobsOrder, OpenExport
from dojobbot.query import JobsQuery
from dojobbot.query_reports import Report, ReportQuery
from dojobbot.query_words import split_words
from dojobbot.rights import person_of
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services
from dojobbot.slack.views import answers
from dojobbot.slack.views.figures import figures

__all__ = ["report"]


async def report(services: Services, user: SlackUser, query: ReportQuery, text: str) -> Payload:
    """Answer with figures, or with the promise of a file.

    Args:
        services: the ports.
        user: who asked, a full member.
        query: what was read.
        text: what was typed, to say what to type again when nothing comes of it.
    """
    jobs = await _jobs(services, user, query.jobs, query.limit)
    if jobs is None:
        return answers.nobody_matches(user.email, confirmed=user.email_confirmed)
    if query.report is Report.STATS:
        order = FiguresOrder(jobs=jobs, tz=user.tz, now=services.clock.now())
        found = await services.exports.figures(order)
        return figures(found, scope=query.jobs.description, tz=user.tz)
    said = [query.jobs.description] if query.jobs.description else []
    said += [f"limit:{query.limit}"] if query.limit else []
    export = OpenExport(
        id=uuid.uuid4().hex,
        user_id=user.id,
        destination=Destination(await services.messenger.open_dm(user.id)),
        typed=" ".join(split_words(text)),
        asked_at=services.clock.now(),
    )
    file = FileOrder(jobs=jobs, kind=query.kind, extras=query.extras, scope=", ".join(said))
    return answers.sentence(await services.exports.ask(export, file))


async def _jobs(services: Services, user: SlackUser, query: JobsQuery, limit: int | None) -> JobsOrder | None:
    """Say which jobs are meant; None for `mine` of somebody whose e-mail nobody has confirmed."""
    person = person_of(user, await services.people.members()) if query.mine else None
    if person is not None and person.email is None:
        return None
    return JobsOrder(
        statuses=query.statuses,
        person=person,
        tool=query.tool or "",
        tag=query.tag,
        session=query.session,
        created_after=query.since,
        limit=limit,
    )
