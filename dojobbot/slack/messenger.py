"""Slack's Web API for the middle: posts, edits, history, people. Implements ports.Messenger.

Posts and edits are sent once: the outbox decides what happens next. Questions (who is this, which channel)
may be repeated by the SDK's own handlers. Method facts: docs.slack.dev/reference/methods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.directory import Channel, SlackUser
from dojobbot.domain import Destination
from dojobbot.errors import (
    DeliveryUnknown,
    DestinationClosed,
    FileRefused,
    HomeDisabled,
    SlackError,
    SlackThrottled,
    SlackUnavailable,
    TriggerSpent,
    ViewChanged,
    ViewClosed,
)

__all__ = ["POST_EVENT", "REQUEST_TIMEOUT", "SlackMessenger", "patient_client"]

POST_EVENT = "dojobbot_post"
"""The metadata event type of every post of ours; its payload holds the post's id."""
REQUEST_TIMEOUT = 30
HISTORY_PAGE = 999
HISTORY_PAGES = 5
"""What takes more is no channel that people read: what was sent there is not looked for."""
CHANNEL_PAGE = 999
CHANNEL_PAGES = 20
CLOCKS_DIFFER = timedelta(minutes=10)
"""A message may look as if it had arrived before it was sent: its ts is by Slack's clock, not by ours."""
ARRIVES_WITHIN = CLOCKS_DIFFER + timedelta(minutes=1)
"""Longer than any request takes: what came into a channel later is not looked through."""

CLOSED = frozenset(
    "channel_not_found not_in_channel is_archived user_disabled user_not_found cannot_dm_bot "
    "messages_tab_disabled restricted_action restricted_action_read_only_channel "
    "restricted_action_thread_only_channel restricted_action_non_threadable_channel "
    "restricted_action_thread_locked thread_not_found cannot_reply_to_message message_not_found "
    "cant_update_message edit_window_closed is_inactive".split()
)
NOT_NOW = frozenset(
    "invalid_auth not_authed token_revoked token_expired account_inactive missing_scope "
    "team_access_not_granted org_login_required ekm_access_denied accesslimited "
    "not_allowed_token_type access_denied no_permission two_factor_setup_required team_added_to_org "
    "enterprise_is_restricted message_limit_exceeded".split()
)
"""Refusals that somebody must lift for the whole app: nothing was sent, and nothing is given up."""
NO_LOOKING = frozenset("missing_scope not_allowed_token_type access_denied no_permission".split())
"""Of these, what a token may be told about history that may post all the same."""
HALFWAY = frozenset({"fatal_error", "internal_error", "service_unavailable", "request_timeout"})

UPLOADING = aiohttp.ClientTimeout(total=900, sock_connect=REQUEST_TIMEOUT, sock_read=60)
"""A file may be large and the line slow: what matters is that bytes move."""
NOTHING_SHARED = "Slack does not take files at the moment, and nothing was shared. Try again in a minute."
FILE_REFUSED = {
    "file_uploads_disabled": "Ask your Slack administrator to allow file uploads.",
    "file_uploads_except_images_disabled": "Ask your Slack administrator to allow files that are no images.",
    "file_upload_size_restricted": "It is too large for this workspace: ask for less.",
    "file_type_not_allowed": FileRefused.hint,
    "blocked_file_type": FileRefused.hint,
    "storage_limit_reached": "The workspace has no room for files left: ask your Slack administrator.",
}
"""What reference/methods/files.getUploadURLExternal and files.completeUploadExternal refuse for good."""

OF_VIEWS: dict[str, type[SlackError]] = {
    **dict.fromkeys(
        "trigger_expired expired_trigger_id trigger_exchanged exchanged_trigger_id "
        "invalid_trigger_id invalid_trigger".split(),
        TriggerSpent,
    ),
    "hash_conflict": ViewChanged,
    "not_found": ViewClosed,
    "not_enabled": HomeDisabled,
}
"""What reference/methods/views.open, views.update and views.publish answer."""


def patient_client(token: str, api_url: str) -> AsyncWebClient:
    """Make a client for questions: it waits out a 429 and repeats after a broken connection."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        timeout=REQUEST_TIMEOUT,
        retry_handlers=[
            AsyncConnectionErrorRetryHandler(max_retry_count=1),
            AsyncRateLimitErrorRetryHandler(max_retry_count=2),
        ],
    )


class SlackMessenger:
    """Talks to one workspace with one bot token."""

    def __init__(self, token: str, api_url: str) -> None:
        # A post repeated by the SDK could arrive twice, so this client repeats nothing.
        self._once = AsyncWebClient(token=token, base_url=api_url, timeout=REQUEST_TIMEOUT, retry_handlers=[])
        self._ask = patient_client(token, api_url)

    async def post(self, destination: Destination, payload: dict[str, object], post_id: str) -> str:
        """See ports.Messenger."""
        reply = await _send(
            lambda: self._once.chat_postMessage(
                channel=destination.channel_id,
                thread_ts=destination.thread_ts,
                metadata={"event_type": POST_EVENT, "event_payload": {"id": post_id}},
                unfurl_links=False,
                unfurl_media=False,
                **cast(Any, payload),
            )
        )
        return str(reply["ts"])

    async def edit(self, channel_id: str, ts: str, payload: dict[str, object]) -> None:
        """See ports.Messenger."""
        await _send(lambda: self._once.chat_update(channel=channel_id, ts=ts, **cast(Any, payload)))

    async def find(
        self, destination: Destination, post_id: str, *, since_ts: str | None, attempted_at: datetime
    ) -> str | None:
        """See ports.Messenger."""
        sent_ts = _ts(attempted_at - CLOCKS_DIFFER)
        oldest = sent_ts if since_ts is None else max(since_ts, sent_ts, key=Decimal)
        latest = _ts(attempted_at + ARRIVES_WITHIN)
        cursor: str | None = None
        for _ in range(HISTORY_PAGES):
            page = await self._history(destination, oldest, latest, cursor)
            for message in page["messages"]:
                if _post_id(message) == post_id:
                    return str(message["ts"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return None
        raise DestinationClosed(
            f"More than {HISTORY_PAGES * HISTORY_PAGE:,} messages came around then.", code="too_many"
        )

    async def _history(self, destination: Destination, oldest: str, latest: str, cursor: str | None) -> Any:
        common: dict[str, Any] = {
            "channel": destination.channel_id,
            "oldest": oldest,
            "latest": latest,
            "inclusive": True,
            "limit": HISTORY_PAGE,
            "include_all_metadata": True,
            "cursor": cursor,
        }
        thread_ts = destination.thread_ts
        try:
            if thread_ts is None:
                return await _send(lambda: self._once.conversations_history(**common))
            return await _send(lambda: self._once.conversations_replies(ts=thread_ts, **common))
        except (SlackThrottled, DeliveryUnknown, DestinationClosed):
            raise
        except SlackError as error:
            # A token that may post but not look: waiting would not help, and the post would never go out.
            if isinstance(error, SlackUnavailable) and error.code not in NO_LOOKING:
                raise
            raise DestinationClosed(f"Slack says {error.code}.", code=error.code) from error

    async def open_view(self, trigger_id: str, view: dict[str, object]) -> tuple[str, str]:
        """See ports.Messenger."""
        # Not repeated: a trigger opens one window, and the second try would tell of a failure.
        reply = await _send(lambda: self._once.views_open(trigger_id=trigger_id, view=view))
        return str(reply["view"]["id"]), str(reply["view"]["hash"])

    async def update_view(self, view_id: str, view: dict[str, object], *, seen_hash: str | None) -> str:
        """See ports.Messenger."""
        reply = await _send(lambda: self._ask.views_update(view_id=view_id, view=view, hash=seen_hash))
        return str(reply["view"]["hash"])

    async def publish_home(self, user_id: str, view: dict[str, object], *, seen_hash: str | None) -> str:
        """See ports.Messenger."""
        reply = await _send(lambda: self._ask.views_publish(user_id=user_id, view=view, hash=seen_hash))
        return str(reply["view"]["hash"])

    async def open_dm(self, user_id: str) -> str:
        """See ports.Messenger."""
        reply = await _send(lambda: self._ask.conversations_open(users=[user_id]))
        return str(reply["channel"]["id"])

    async def user(self, user_id: str) -> SlackUser:
        """See ports.Messenger."""
        found = (await _send(lambda: self._ask.users_info(user=user_id)))["user"]
        profile = found.get("profile") or {}
        return SlackUser(
            id=found["id"],
            team_id=found.get("team_id") or profile.get("team") or "",
            name=profile.get("display_name") or found.get("real_name") or found.get("name") or found["id"],
            email=profile.get("email"),
            email_confirmed=bool(found.get("is_email_confirmed")),
            tz=found.get("tz") or "UTC",
            is_bot=bool(found.get("is_bot")) or found["id"] == "USLACKBOT",
            is_guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted")),
            is_deleted=bool(found.get("deleted")),
            is_stranger=bool(found.get("is_stranger")),
        )

    async def channel(self, channel_id: str) -> Channel | None:
        """See ports.Messenger."""
        try:
            reply = await _send(lambda: self._ask.conversations_info(channel=channel_id))
        except DestinationClosed:
            return None
        found = reply["channel"]
        is_dm = bool(found.get("is_im"))
        return Channel(
            id=found["id"],
            name=found.get("name") or "",
            is_member=is_dm or bool(found.get("is_member")),
            is_shared=_is_shared(found),
            is_archived=bool(found.get("is_archived")),
            is_dm=is_dm,
        )

    async def shared_channels(self) -> frozenset[str]:
        """See ports.Messenger."""
        shared: set[str] = set()
        cursor: str | None = None
        for _ in range(CHANNEL_PAGES):
            page = await self._my_channels(cursor)
            shared |= {str(found["id"]) for found in page["channels"] if _is_shared(found)}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
        return frozenset(shared)

    async def _my_channels(self, cursor: str | None) -> Any:
        # Messages wait for the answer, which may as well come the next time.
        return await _send(
            lambda: self._once.users_conversations(
                types="public_channel,private_channel,mpim",
                exclude_archived=True,
                limit=CHANNEL_PAGE,
                cursor=cursor,
            )
        )

    async def permalink(self, channel_id: str, ts: str) -> str:
        """See ports.Messenger."""
        reply = await _send(lambda: self._ask.chat_getPermalink(channel=channel_id, message_ts=ts))
        return str(reply["permalink"])

    async def group_members(self, group_id: str) -> frozenset[str]:
        """See ports.Messenger."""
        reply = await _send(lambda: self._ask.usergroups_users_list(usergroup=group_id))
        return frozenset(reply["users"])

    async def upload(
        self, channel_id: str, *, filename: str, title: str, content: bytes | Path, comment: str
    ) -> None:
        """See ports.Messenger. Facts: reference/methods/files.completeUploadExternal and what it names.

        The SDK's `files_upload_v2` does the same steps, but holds the whole file in memory, gives the bytes
        no more time than any other call, and repeats the last step, which would fail then and hide a success.
        """
        try:
            file_id = await self._send_file(filename, content)
        except DeliveryUnknown:
            # Nobody sees a file before the last step, so what comes before it may be done again.
            try:
                file_id = await self._send_file(filename, content)
            except DeliveryUnknown as error:
                raise SlackUnavailable(str(error), code="not_shared", hint=NOTHING_SHARED) from error
        files: list[dict[str, str | None]] = [{"id": file_id, "title": title}]
        await _send(
            lambda: self._once.files_completeUploadExternal(
                files=files, channel_id=channel_id, initial_comment=comment
            )
        )

    async def _send_file(self, filename: str, content: bytes | Path) -> str:
        """Bring the bytes to Slack, where nobody sees them yet; returns the file's id."""
        length = len(content) if isinstance(content, bytes) else await asyncio.to_thread(_size, content)
        announced = await _send(
            lambda: self._ask.files_getUploadURLExternal(filename=filename, length=length)
        )
        await _send_bytes(announced["upload_url"], content)
        return str(announced["file_id"])


def _post_id(message: Mapping[str, Any]) -> object:
    """Give the id in a message's metadata; None in a message that is none of ours."""
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return payload.get("id")


def _is_shared(conversation: Mapping[str, Any]) -> bool:
    """Whether another organisation is in a conversation, or was invited to be."""
    return bool(conversation.get("is_ext_shared") or conversation.get("is_pending_ext_shared"))


def _size(path: Path) -> int:
    return path.stat().st_size


async def _send_bytes(url: str, content: bytes | Path) -> None:
    """Send the bytes of a file to where Slack wants them; the address is a secret and needs no token."""
    source: BinaryIO = (
        BytesIO(content) if isinstance(content, bytes) else await asyncio.to_thread(content.open, "rb")
    )
    with source:
        try:
            async with (
                aiohttp.ClientSession(timeout=UPLOADING, trust_env=True) as session,
                session.post(url, data=source) as response,
            ):
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise DeliveryUnknown("The bytes of a file did not arrive.", code="no_reply") from error
    if status != 200:
        raise DeliveryUnknown("Slack did not take the bytes of a file.", code=f"http_{status}")


async def _send(call: Callable[[], Awaitable[Any]]) -> Any:
    """Make one call; what goes wrong becomes one of our errors, by what is known to have happened."""
    try:
        return await call()
    except SlackApiError as error:
        raise _refusal(error) from error
    except aiohttp.ClientConnectorError as error:
        raise SlackUnavailable("Slack could not be reached.", code="unreachable") from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise DeliveryUnknown("Slack's reply did not arrive.", code="no_reply") from error


def _refusal(error: SlackApiError) -> SlackError:
    response = cast(Any, error.response)
    # The SDK hands over a raw aiohttp response when the body is not JSON.
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    answered = getattr(response, "data", None)
    data = answered if isinstance(answered, dict) else {}
    code = data.get("error", "")
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return SlackThrottled("Slack asks us to slow down.", retry_after=_retry_after(response))
    if status >= 500 and not code:
        # An edge of Slack's gave up waiting for what it had passed on, which may still be under way.
        return DeliveryUnknown(f"Slack's reply did not arrive (HTTP {status}).", code="no_reply")
    if status >= 500 or code in HALFWAY or not code:
        return DeliveryUnknown("Slack failed while answering.", code=code or f"http_{status}")
    if code in CLOSED:
        return DestinationClosed(f"Slack says {code}.", code=code)
    return _said_no(code, data)


def _said_no(code: str, data: dict[str, Any]) -> SlackError:
    """Give the error for a refusal that has nothing to do with where a message goes."""
    if code in OF_VIEWS:
        return OF_VIEWS[code](f"Slack says {code}.", code=code)
    if code in FILE_REFUSED:
        return FileRefused(f"Slack says {code}.", code=code, hint=FILE_REFUSED[code])
    if code == "missing_scope":
        return _lacks(str(data.get("needed") or ""))
    if code in NOT_NOW:
        return SlackUnavailable(f"Slack refuses the bot at the moment: {code}.", code=code)
    return SlackError(f"Slack says {code}.", code=code)


def _lacks(scope: str) -> SlackUnavailable:
    named = f" `{scope}`" if scope else ""
    return SlackUnavailable(
        f"The Slack app was installed without the scope{named} (missing_scope).",
        code="missing_scope",
        hint=f"The person who runs dojobbot adds{named or ' it'} at api.slack.com/apps > OAuth & Permissions "
        "and reinstalls the app.",
    )


def _ts(moment: datetime) -> str:
    """Write a moment as Slack does."""
    return f"{moment.timestamp():.6f}"


def _retry_after(response: Any) -> float:
    try:
        return max(1.0, float(response.headers.get("Retry-After", 1)))
    except ValueError:
        return 1.0
