"""Answers to a command or a press, through its response_url; a placeholder when it takes long.

A response_url lives 30 minutes and takes five messages
(docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.webhook.async_client import AsyncWebhookClient

from dojobbot.errors import DojobbotError
from dojobbot.slack.views import answers

__all__ = ["Payload", "Reply", "answering"]

Payload = dict[str, object]
PATIENCE = 1.2
"""Seconds until a person is told that we are still asking."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """One response_url. `in_place`: what was pressed is private, and answers replace it."""

    url: str
    in_place: bool

    async def send(self, payload: Payload, *, replace: bool) -> None:
        """Send a private answer; `replace` puts it where the card or the placeholder is."""
        body: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": replace,
            **payload,
        }
        client = AsyncWebhookClient(
            self.url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)]
        )
        try:
            response = await client.send_dict(body)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, SlackApiError) as error:
            log.warning("an answer did not reach Slack: %s", type(error).__name__)
            return
        if response.status_code != 200:
            log.warning("Slack did not take an answer: %s %s", response.status_code, response.body[:200])


async def answering(
    reply: Reply,
    work: Callable[[], Awaitable[Payload | None]],
    *,
    interim: Payload | None,
) -> None:
    """Do the work and send what comes of it; errors become sentences, slowness a placeholder.

    Args:
        reply: where to.
        work: gives the answer, or None when nothing needs to be said.
        interim: what to show while it takes long; None to show nothing.
    """
    task = asyncio.ensure_future(_guarded(work))
    done, _ = await asyncio.wait({task}, timeout=PATIENCE)
    placed = not done and interim is not None
    if placed and interim is not None:
        await reply.send(interim, replace=reply.in_place)
    payload = await task
    if payload is not None:
        await reply.send(payload, replace=reply.in_place or placed)


async def _guarded(work: Callable[[], Awaitable[Payload | None]]) -> Payload | None:
    try:
        return await work()
    except DojobbotError as error:
        return answers.from_error(error)
    except Exception:
        # A person must hear something, whatever broke; the log has the rest.
        log.exception("a handler failed unexpectedly")
        return answers.sentence(
            "That went wrong on my side, and I've logged it. Try again; if it stays, tell the person who "
            "runs dojobbot."
        )
