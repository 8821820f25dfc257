"""Answers to a command or a press, through its response_url; a placeholder when it takes long.

A response_url lives 30 minutes and takes five messages
(docs.slack.dev/interactivity/handling-user-interaction).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.webhook.async_client import AsyncWebhookClient

from dojobbot.errors import DojobbotError
from dojobbot.slack.text import clip
from dojobbot.slack.views import answers, blocks

__all__ = ["Desk", "Payload", "Reply", "Sink"]

Payload = dict[str, object]
Work = Callable[[], Awaitable[Payload | None]]
PATIENCE = 1.2
"""Seconds until a person is told that we are still asking."""
LAST_WORD_SECONDS = 1.0
LONGEST_WORDS = 4_000
"""Characters that Slack advises for a message's text."""
log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where an answer goes."""

    async def send(self, payload: Payload) -> None:
        """Show it to the person who asked; what goes wrong with that is logged, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """One response_url.

    `in_place`: what was pressed is private to the presser, and answers replace it. Anything else is never
    replaced: a posted message belongs to everyone, and a command's response_url has nothing to replace.
    """

    url: str
    in_place: bool

    async def send(self, payload: Payload) -> None:
        """Send a private answer; what Slack does not draw is sent again, plainer, and at last as words alone.

        Of the five messages that a response_url takes this needs three at most, beside an interim answer.
        """
        simple = blocks.plainer(payload) or payload
        words = blocks.message(clip(blocks.in_words(simple), LONGEST_WORDS))
        tried: list[Payload] = []
        for form in (payload, simple, words):
            if form not in tried and not await self._is_refused(form):
                return
            tried.append(form)

    async def _is_refused(self, payload: Payload) -> bool:
        """Send it; whether Slack does not draw it, and might draw something simpler."""
        body: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": self.in_place,
            **payload,
        }
        client = AsyncWebhookClient(
            self.url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)]
        )
        try:
            response = await client.send_dict(body)
        except (aiohttp.ClientError, TimeoutError, ConnectionError, SlackApiError) as error:
            log.warning("an answer did not reach Slack: %s", type(error).__name__)
            return False
        if response.status_code == 200 and not _says_no(response.body):
            return False
        log.warning("Slack did not take an answer: %s %s", response.status_code, response.body[:200])
        return response.status_code in {200, 400}


def _says_no(body: str) -> bool:
    """Whether a reply is a refusal all the same: some come with status 200, as `{"ok": false, ...}`."""
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("ok") is False


class Desk:
    """Where commands and presses are served, and where the last of them are waited for at the end."""

    def __init__(self) -> None:
        self._working: set[asyncio.Task[Any]] = set()
        self._answering: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def serve(self, reply: Sink, work: Work, *, interim: Work) -> None:
        """Do the work and send what comes of it; errors become sentences, slowness an interim answer.

        Args:
            reply: where to.
            work: gives the answer, or None when nothing needs to be said.
            interim: gives what to show while it takes long, or None.
        """
        # Bolt waits for nobody: kept here, the answer is sent even while the bot is stopping.
        answering = asyncio.ensure_future(self._answer(reply, work, interim))
        self._answering.add(answering)
        answering.add_done_callback(self._answering.discard)
        await asyncio.wait({answering})

    async def close(self, seconds: float) -> None:
        """Wait for what is being served; what takes longer is given up, and its person is told."""
        self._is_closed = True
        if self._working:
            await asyncio.wait(self._working, timeout=seconds)
        for task in list(self._working):
            task.cancel()
        if self._answering:
            await asyncio.wait(self._answering, timeout=LAST_WORD_SECONDS)

    async def _answer(self, reply: Sink, work: Work, interim: Work) -> None:
        if self._is_closed:
            await reply.send(answers.restarting())
            return
        task = asyncio.ensure_future(_guarded(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        done, _ = await asyncio.wait({task}, timeout=PATIENCE)
        if not done:
            await _send_some(reply, await _guarded(interim))
        await asyncio.wait({task})
        await _send_some(reply, answers.restarting() if task.cancelled() else task.result())


async def _send_some(reply: Sink, payload: Payload | None) -> None:
    if payload is not None:
        await reply.send(payload)


async def _guarded(work: Work) -> Payload | None:
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
