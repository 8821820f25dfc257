"""Who and what a simulated workspace holds: users, user groups, channels and messages, as frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from dojobbot.simulator.slack_api.problems import Json

ChannelKind = Literal["public", "private", "im", "mpim"]


@dataclass(frozen=True)
class User:
    """One person or bot, as `users.info` describes them.

    Attributes:
        id: Slack's id, `U...`.
        name: the handle.
        real_name: the name that people see.
        email: the profile's address; None for bots and for people of other workspaces.
        tz: an IANA time zone.
        team_id: the workspace that the user belongs to.
        is_email_confirmed: False while the address was never proved.
        is_stranger: True for somebody of another workspace, met in a shared channel.
    """

    id: str
    name: str
    real_name: str
    email: str | None = None
    tz: str = "Etc/UTC"
    team_id: str = "T0DOJOLAB1"
    is_email_confirmed: bool = True
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False

    def as_json(self, now: datetime, *, with_email: bool) -> Json:
        """The user object of the Web API; the address is there only with the scope `users:read.email`."""
        profile: Json = {"real_name": self.real_name, "display_name": self.name, "team": self.team_id}
        if with_email and self.email is not None:
            profile["email"] = self.email
        offset = ZoneInfo(self.tz).utcoffset(now.replace(tzinfo=None))
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "tz": self.tz,
            "tz_label": self.tz.rpartition("/")[2].replace("_", " "),
            "tz_offset": 0 if offset is None else int(offset.total_seconds()),
            "profile": profile,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_stranger": self.is_stranger,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_email_confirmed": self.is_email_confirmed,
            "updated": 1_760_000_000,
        }


@dataclass(frozen=True)
class UserGroup:
    """A named group of users, `S...`."""

    id: str
    handle: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Channel:
    """A conversation: a public or private channel, or direct messages of two (`im`) or more (`mpim`)."""

    id: str
    name: str
    kind: ChannelKind = "public"
    members: frozenset[str] = field(default_factory=frozenset)
    is_archived: bool = False
    is_ext_shared: bool = False

    def as_json(self, viewer: str) -> Json:
        """The conversation object of `conversations.info`, as the viewer sees it."""
        if self.kind == "im":
            other = next(iter(sorted(self.members - {viewer})), viewer)
            return {"id": self.id, "created": 1_750_000_000, "is_im": True, "user": other, "is_open": True}
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "created": 1_750_000_000,
            "is_channel": self.kind == "public",
            "is_group": self.kind != "public",
            "is_im": False,
            "is_mpim": self.kind == "mpim",
            "is_private": self.kind != "public",
            "is_archived": self.is_archived,
            "is_member": viewer in self.members,
            "is_ext_shared": self.is_ext_shared,
            "is_org_shared": False,
            "is_pending_ext_shared": False,
            "is_shared": self.is_ext_shared,
            "num_members": len(self.members),
        }


@dataclass(frozen=True)
class Message:
    """One message of a channel.

    Attributes:
        ts: its id and time.
        channel: where it stands.
        user: who wrote it.
        only_for: the one user who sees it, when it is ephemeral.
        thread_ts: the message that it answers; None outside threads.
        broadcast: True when a reply is shown in the channel, too.
        edited_ts: when it was edited, if Slack marks that.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    files: tuple[Json, ...] = ()
    metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    edited_ts: str | None = None
    only_for: str | None = None
