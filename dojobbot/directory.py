"""People and channels, as Deep Origin and Slack describe them: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Channel", "PlatformUser", "SlackUser"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformUser:
    """A member of the Deep Origin organisation. `auth_id` is the `provider|email` form of `createdBy`."""

    id: str
    auth_id: str | None = None
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """A person as Slack's `users.info` describes them. `tz` is an IANA zone name."""

    id: str
    team_id: str
    name: str
    email: str | None = None
    email_confirmed: bool = False
    tz: str = "UTC"
    is_bot: bool = False
    is_guest: bool = False
    is_deleted: bool = False
    is_stranger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A conversation as Slack's `conversations.info` describes it, seen by the bot."""

    id: str
    name: str = ""
    is_member: bool = False
    is_shared: bool = False
    is_archived: bool = False
    is_dm: bool = False
