"""People as both sides know them: Slack users, Deep Origin members, the bot's admins. Cached for minutes.

A name is decoration: when Deep Origin does not answer, cards are drawn with what `createdBy` itself says. A
right is not: `may_act` and `full_member` raise when the side they ask does not answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from dojobbot import rights
from dojobbot.domain import Job, PlatformUser, SlackUser
from dojobbot.errors import PlatformError
from dojobbot.ports import Clock, Messenger, Platform

__all__ = ["People"]

SLACK_USER_AGE = timedelta(minutes=5)
MEMBERS_AGE = timedelta(minutes=10)
GROUP_AGE = timedelta(minutes=5)
RETRY_AGE = timedelta(seconds=30)
NAMES_PATIENCE = 2.0
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

        Raises PlatformError or SlackError when the side that must be asked does not answer.
        """
        user = await self.slack_user(user_id)
        members = await self._members.get("")
        return rights.may_act(self._control, user, job, members, await self._admin_ids())

    async def creators(self, user: SlackUser) -> frozenset[str]:
        """Give the `createdBy` values of a person; empty when their e-mail matches no member."""
        return rights.creators_of(user, await self._members.get(""))

    async def owner_name(self, job: Job) -> str:
        """Give a name to show for a job's owner, whatever the platform's mood."""
        return rights.owner_name(job, await self._members_or_last())

    async def _admin_ids(self) -> frozenset[str]:
        ids = {each for each in self._admins if not each.startswith("S")}
        for group in self._admins:
            if group.startswith("S"):
                ids |= await self._groups.get(group)
        return frozenset(ids)

    async def _members_or_last(self) -> tuple[PlatformUser, ...]:
        now = self._clock.now()
        if self._retry_members_at is not None and now < self._retry_members_at:
            return self._last_members
        try:
            self._last_members = await asyncio.wait_for(self._members.get(""), NAMES_PATIENCE)
        except (PlatformError, TimeoutError) as error:
            self._retry_members_at = now + RETRY_AGE
            if not self._members_down:
                self._members_down = True
                log.warning("owners are shown by e-mail for now: %s", error or "Deep Origin is slow")
        else:
            self._members_down, self._retry_members_at = False, None
        return self._last_members


class _Cache(Generic[Value]):
    """Remembers answers for a while; a failure is not remembered."""

    def __init__(self, ask: Callable[[str], Awaitable[Value]], clock: Clock, age: timedelta) -> None:
        self._ask = ask
        self._clock = clock
        self._age = age
        self._answers: dict[str, tuple[datetime, Value]] = {}

    async def get(self, key: str) -> Value:
        now = self._clock.now()
        held = self._answers.get(key)
        if held is not None and now - held[0] < self._age:
            return held[1]
        value = await self._ask(key)
        self._answers[key] = (now, value)
        return value
