"""One person's Home: gathered from the store, published, and published again when Deep Origin knew more.

Who may see it is asked each time that anything of it is drawn, whatever brought the person here.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from dojobbot.directory import SlackUser
from dojobbot.domain import JobFilter, Reading
from dojobbot.errors import DojobbotError, PlatformError, SlackError, ViewChanged
from dojobbot.following import LAST_ENDED
from dojobbot.orders import Person
from dojobbot.rights import person_of
from dojobbot.slack.modal import TOO_MUCH, UNDRAWABLE
from dojobbot.slack.replies import Payload
from dojobbot.slack.services import Services, in_time, recalled
from dojobbot.slack.views import answers
from dojobbot.slack.views.home import Home, home, sentence

__all__ = ["HomeScreen"]

PATIENCE = 4.0
"""Seconds that a fresh look may take; what is stored is shown meanwhile."""
LOOKED_THROUGH = 1000
"""So many of the newest jobs are read: the platform cannot filter by who created them."""
ASKING = ":hourglass_flowing_sand: Asking Deep Origin which jobs are yours…"
NOBODY_KNOWN = "I can't tell yet which jobs are yours. Press Refresh in a minute."
log = logging.getLogger(__name__)


class HomeScreen:
    """One turn in somebody's Home: they opened it, or pressed something there. Implements `replies.Sink`.

    Its first drawing is shown in any case, the later ones only while nothing else was published after it:
    what is slow must not cover what is newer.
    """

    def __init__(self, services: Services, user_id: str, team_id: str | None) -> None:
        self._services = services
        self._user_id = user_id
        self._team_id = team_id
        self._hash: str | None = None

    async def show(self) -> Payload | None:
        """Publish what is stored, then look at the platform; gives what is to be published then, if anything.

        Raises StoreError, or SlackError when it can't be found out who this is.
        """
        person = await self._person()
        if isinstance(person, str):
            return sentence(person)
        known_as = await self._services.people.known_as(person)
        stored = await self._gather(person, known_as, unknown=ASKING)
        await self.send(home(stored))
        try:
            known_as = await self._look(person)
        except PlatformError as error:
            fresh = await self._gather(person, known_as, unknown=NOBODY_KNOWN, note=recalled(error))
        else:
            fresh = await self._gather(person, known_as)
        # The mere passing of time is no reason to publish it again.
        return None if replace(fresh, now=stored.now, lag=stored.lag) == stored else home(fresh)

    async def send(self, payload: Payload) -> None:
        """Publish a view, or a message's text above what is stored; what goes wrong with that is logged."""
        view = payload if payload.get("type") == "home" else await self._with_note(str(payload["text"]))
        try:
            await self._publish_or_say_why(view)
        except ViewChanged:
            log.debug("a newer Home was published meanwhile")
        except SlackError as error:
            log.warning("a Home could not be published: %s %s", error, error.hint)

    async def _person(self) -> SlackUser | str:
        """Describe the person; of who may not use the bot, say why."""
        people = self._services.people
        refusal = await people.stranger(self._user_id, self._team_id)
        return await people.slack_user(self._user_id) if refusal is None else refusal

    async def _gather(
        self, person: SlackUser, known_as: Person | None, *, unknown: str = "", note: str = ""
    ) -> Home:
        """Read what is stored; `unknown` says that it is not known by what the person's jobs are known."""
        services = self._services
        overview = await services.store.overview(
            self._user_id, known_as or Person(creators=frozenset()), project_id=services.project_id
        )
        whose = unknown
        if known_as is not None:
            is_nobody = not (known_as.creators or overview.under_way or overview.ended)
            whose = _unmatched(person) if is_nobody else ""
        return Home(
            overview=overview,
            now=services.clock.now(),
            whose=whose,
            note=note,
            lag=await services.lag_note(),
        )

    async def _look(self, person: SlackUser) -> Person:
        """Read the newest jobs, and store those that are shown here. Raises PlatformError."""
        services = self._services
        asking = asyncio.gather(
            services.people.members(), services.platform.list_jobs(JobFilter(), limit=LOOKED_THROUGH)
        )
        members, listing = await in_time(asking, seconds=PATIENCE)
        known_as = person_of(person, members)
        theirs = [each for each in listing.readings if known_as.created(each.job.created_by)]
        under_way = [each for each in theirs if not each.job.has_ended]
        ended = sorted((each for each in theirs if each.job.has_ended), key=_ended_at, reverse=True)
        await services.observe([*under_way, *ended[:LAST_ENDED]])
        return known_as

    async def _with_note(self, text: str) -> Payload:
        try:
            person = await self._person()
            if isinstance(person, str):
                return sentence(person)
            known_as = await self._services.people.known_as(person)
            return home(await self._gather(person, known_as, unknown=NOBODY_KNOWN, note=text))
        except DojobbotError:
            return sentence(text)

    async def _publish_or_say_why(self, view: Payload) -> None:
        try:
            await self._publish(view)
        except SlackError as error:
            if error.code not in UNDRAWABLE:
                raise
            log.error("Slack refuses a Home of ours: %s", error)
            await self._publish(sentence(TOO_MUCH))

    async def _publish(self, view: Payload) -> None:
        self._hash = await self._services.messenger.publish_home(self._user_id, view, seen_hash=self._hash)


def _ended_at(reading: Reading) -> float:
    job = reading.job
    at = job.completed_at or job.updated_at or job.created_at
    return at.timestamp() if at else 0.0


def _unmatched(person: SlackUser) -> str:
    reason, remedy = answers.unmatched(person.email, confirmed=person.email_confirmed)
    return f"{reason} To see yours here, {remedy}; `/jobs` lists everybody's."
