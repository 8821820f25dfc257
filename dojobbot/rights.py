"""Who may use the bot, whose a job is, and who may cancel or approve it. Pure.

Ownership needs a Slack e-mail that Slack has confirmed and that matches exactly one member of the Deep Origin
organisation, or the e-mail inside the job's `createdBy` (`provider|email` in every recorded row).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from dojobbot.directory import PlatformUser, SlackUser
from dojobbot.domain import Job
from dojobbot.orders import Person, email_in

__all__ = [
    "Control",
    "creators_of",
    "is_owner",
    "member_of",
    "not_owner",
    "owner_name",
    "owner_record",
    "person_of",
    "stranger",
]


class Control(StrEnum):
    """Who may cancel or approve (`DOJOBBOT_CONTROL`)."""

    OWNER = "owner"
    """The job's owner, and the admins."""
    ADMINS = "admins"
    ANYONE = "anyone"
    """Every full member of the workspace."""


def stranger(user: SlackUser, team_id: str) -> str | None:
    """Say why somebody may not use the bot at all, or None for a full member of its workspace."""
    if user.is_deleted:
        return "This Slack account is deactivated, so I can't act for it."
    if user.is_bot:
        return "I answer people, not bots."
    if user.is_stranger or user.team_id != team_id:
        return "I only work for members of the workspace that installed me."
    if user.is_guest:
        return "I only work for full members of this workspace; guest accounts can't use me."
    return None


def owner_record(job: Job, users: Sequence[PlatformUser]) -> PlatformUser | None:
    """Find the member who created a job: `createdBy` is a member's id or auth id."""
    if job.created_by is None:
        return None
    return next((user for user in users if job.created_by in {user.id, user.auth_id}), None)


def owner_name(job: Job, users: Sequence[PlatformUser]) -> str:
    """Give a name to show for a job's owner: the member's, else what can be read from `createdBy`."""
    record = owner_record(job, users)
    if record is not None and (record.name or record.email):
        return record.name or record.email or ""
    return email_in(job.created_by) or job.created_by or "unknown"


def member_of(user: SlackUser, users: Sequence[PlatformUser]) -> PlatformUser | None:
    """Find the one member with this person's confirmed e-mail; None when there is none, or more than one."""
    email = _trusted_email(user)
    matches = [each for each in users if email and each.email and each.email.casefold() == email]
    return matches[0] if len(matches) == 1 else None


def creators_of(user: SlackUser, users: Sequence[PlatformUser]) -> frozenset[str]:
    """Give the `createdBy` values that stand for this person; empty when nobody matches."""
    member = member_of(user, users)
    if member is None:
        return frozenset()
    return frozenset(value for value in (member.id, member.auth_id) if value)


def is_owner(user: SlackUser, job: Job, users: Sequence[PlatformUser]) -> bool:
    """Whether this person created the job."""
    return person_of(user, users).created(job.created_by)


def person_of(user: SlackUser, users: Sequence[PlatformUser]) -> Person:
    """Say by what this person's jobs are known; by nothing, when Slack has not confirmed their e-mail."""
    return Person(creators=creators_of(user, users), email=_trusted_email(user))


def not_owner(user: SlackUser, job: Job, users: Sequence[PlatformUser]) -> str | None:
    """Say why a job is not this full member's to cancel or approve, and what they can do; None if it is."""
    if is_owner(user, job, users):
        return None
    whose = f"It belongs to {owner_name(job, users)}"
    if user.email is None:
        return (
            f"{whose}, and Slack shows me no e-mail address for you. If it is yours, ask your Slack "
            "administrator to let apps see e-mail addresses; else ask them or an admin of mine."
        )
    if not user.email_confirmed:
        return (
            f"{whose}, and your Slack e-mail address, {user.email}, is not confirmed. If it is yours, "
            "confirm your address in Slack; else ask them or an admin of mine."
        )
    return f"{whose}; I looked for {user.email}, your address in Slack. Ask them, or an admin of mine."


def _trusted_email(user: SlackUser) -> str | None:
    return user.email.casefold() if user.email and user.email_confirmed else None
