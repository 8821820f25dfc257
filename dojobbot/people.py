"""People as both sides know them: Slack users, Deep Origin members, the bot's admins. Cached for minutes.

A name is decoration: when Deep Origin does not answer, cards are drawn with what `createdBy` itself says. A
right is not: `may_act` and `stranger` raise when the side they must ask does not answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from dojobbot import rights
from dojobbot.directory import PlatformUser, SlackUser
from dojobbot.domain import Job
from dojobbot.errors import PlatformError, SlackError
from dojobbot.orders import Person
from dojobbot.ports import Clock, Messenger, Platform

__all__ = ["People"]

SLACK_USER_AGE = timedelta(minutes=5)
MEMBERS_AGE = timedelta(minutes=10)
GROUP_AGE = timedelta(minutes=5)
RETRY_AGE = timedelta(seconds=30)
NAMES_PATIENCE = 0.5
"""Seconds that a card waits for a name; the person is waiting for the card."""
Value = TypeVar("Value")
log = logging.getLogger(__name__)


class People:
    """Answers who somebody is and what they may do."""

    def __init__(
        self,
        platform: Platform,
        messenger: Messenger,
        clock: Clock,
        *,
        team_id: str,
        control: rights.Control,
        admins: tuple[str, ...],
    ) -> None:
        self._team_id = team_id
        self._control = control
        self._admins = admins
        self._slack_users = _Cache(messenger.user, clock, SLACK_USER_AGE)
        self._groups = _Cache(messenger.group_members, clock, GROUP_AGE)
        self._members = _Cache(lambda _: platform.users(), clock, MEMBERS_AGE)
        self._last_members: tuple[PlatformUser, ...] = ()
        self._members_down = False
        self._retry_members_at: datetime | None = None
        self._clock = clock

    async def slack_user(self, user_id: str) -> SlackUser:
        """Describe a Slack user. Raises SlackError."""
        return await self._slack_users.get(user_id)

    async def stranger(self, user_id: str, team_id: str | None) -> str | None:
        """Say why this presser may not use the bot at all, or None for a full member.

        Args:
            user_id: the presser.
            team_id: the workspace that the payload says the presser belongs to.
        """
        if team_id is not None and team_id != self._team_id:
            return "I only work for members of the workspace that installed me."
        return rights.stranger(await self.slack_user(user_id), self._team_id)

    async def may_act(self, user_id: str, job: Job) -> str | None:
        """Say why this full member may not cancel or approve the job, or None.

        What needs nobody's answer is looked at first. Raises PlatformError or SlackError when the side that
        must be asked does not answer.
        """
        if self._control is rights.Control.ANYONE or user_id in self._admins:
            return None
        reason: str | None = "Only dojobbot's admins can do that here."
        if self._control is rights.Control.OWNER:
            user = await self.slack_user(user_id)
            reason = rights.not_owner(user, job, await self._members.get(""))
        if reason is None or user_id in await self._group_admins():
            return None
        return reason

    async def known_as(self, user: SlackUser) -> Person | None:
        """Say by what a person's jobs are known, going by the members that were heard of last.

        None when nobody was ever heard of, and the platform does not answer in half a second.
        """
        members = await self._members_or_last()
        return rights.person_of(user, members) if members else None

    async def members(self) -> tuple[PlatformUser, ...]:
        """Give the members of the organisation. Raises PlatformError."""
        return await self._members.get("")

    async def owner_name(self, job: Job) -> str:
        """Give a name to show for a job's owner, whatever the platform's mood."""
        return rights.owner_name(job, await self._members_or_last())

    async def _group_admins(self) -> frozenset[str]:
        """Give the members of the admins' user groups; one that cannot be read has none, and is logged."""
        found: frozenset[str] = frozenset()
        for group in self._admins:
            if not group.startswith("S"):
                continue
            try:
                found |= await self._groups.get(group)
            except SlackError as error:
                log.warning("the user group %s in DOJOBBOT_ADMINS can't be read: %s", group, error)
        return found

    async def _members_or_last(self) -> tuple[PlatformUser, ...]:
        now = self._clock.now()
        if self._retry_members_at is not None and now < self._retry_members_at:
            return self._last_members
        try:
            self._last_members = await asyncio.wait_for(self._members.get(""), NAMES_PATIENCE)
        except TimeoutError:
            # The question goes on without us, and the next card has the names.
            return self._last_members
        except PlatformError as error:
            self._retry_members_at = now + RETRY_AGE
            if not self._members_down:
                self._members_down = True
                log.warning("owners are shown by e-mail for now: %s", error)
        else:
            self._members_down, self._retry_members_at = False, None
        return self._last_members


class _Cache(Generic[Value]):
    """Remembers answers for a while, and asks one question once at a time; a failure is not remembered."""

    def __init__(self, ask: Callable[[str], Awaitable[Value]], clock: Clock, age: timedelta) -> None:
        self._ask = ask
        self._clock = clock
        self._age = age
        self._answers: dict[str, tuple[datetime, Value]] = {}
        self._asking: dict[str, asyncio.Task[Value]] = {}

    async def get(self, key: str) -> Value:
        """Give the answer; who stops waiting for it leaves the question running."""
        held = self._answers.get(key)
        if held is not None and self._clock.now() - held[0] < self._age:
            return held[1]
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._fetch(key))
            task.add_done_callback(_look_at)
        return await asyncio.shield(task)

    async def _fetch(self, key: str) -> Value:
        asked_at = self._clock.now()
        try:
            value = await self._ask(key)
        finally:
            del self._asking[key]
        self._answers[key] = (asked_at, value)
        return value


def _look_at(task: asyncio.Task[Value]) -> None:
    """Take note of a failure that nobody waited for; who does wait is told by the task itself."""
    if not task.cancelled():
        task.exception()
