"""Asking Slack until it answers, with growing pauses, and one line in the log for the whole trouble."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError

from dojobbot.errors import SettingsError
from dojobbot.limits import backoff

__all__ = ["LONGEST_COMPLAINT_PAUSE", "TOKEN_WRONG", "NotYet", "Trouble", "insist"]

LONGEST_PAUSE = 30.0
LONGEST_COMPLAINT_PAUSE = 300.0
"""Between tries while a person must set something right first."""
TOKEN_WRONG = frozenset(
    "invalid_auth not_authed token_revoked token_expired account_inactive not_allowed_token_type".split()
)
"""Slack's words for a token that will never work."""
T = TypeVar("T")
log = logging.getLogger(__name__)


class NotYet(Exception):
    """It did not work, and its text, which may be logged, says why.

    `complaint`: a person must set something right first; it is tried again all the same.
    """

    def __init__(self, why: str, *, complaint: bool = False) -> None:
        super().__init__(why)
        self.complaint = complaint


class Trouble:
    """What is wrong, with one line in the log when it begins and one when it ends."""

    def __init__(self, what: str, *, reason: str = "") -> None:
        self._what = what
        self._is_said = False
        self._is_complaint = False
        self.reason = reason

    def begin(self, reason: str, *, complaint: bool = False) -> None:
        """Note what is wrong; it is said once, however its reason changes, unless a person must act.

        What a person must set right stays the reason until it works, or something else must be set right.
        """
        if complaint and reason != self.reason:
            log.error("%s: %s", self._what, reason)
        elif not self._is_said:
            log.warning("%s (%s); trying again until it works", self._what, reason)
        self._is_said = True
        if complaint or not self._is_complaint:
            self.reason = reason
        self._is_complaint = self._is_complaint or complaint

    def pass_to(self, other: Trouble) -> None:
        """Go on as another trouble, if there is any: that one says so, and its end is the end of both."""
        if self._is_said:
            other.begin(self.reason, complaint=self._is_complaint)
        self._forget()

    def end(self) -> None:
        """Note that all is well."""
        if self._is_said:
            log.warning("Slack is reached again")
        self._forget()

    def _forget(self) -> None:
        self._is_said = self._is_complaint = False
        self.reason = ""


async def insist(
    attempt: Callable[[], Awaitable[T]],
    trouble: Trouble,
    refused: Callable[[str], str | None],
    *,
    for_ever: bool = False,
) -> T:
    """Try until it works, with growing pauses.

    Args:
        attempt: what to try.
        trouble: hears of failures and of the end of them.
        refused: says of an error code of Slack what a person must set right first, or nothing.
        for_ever: try again even then.

    Raises:
        SettingsError: a person must set something right first.
    """
    failures = 0
    while True:
        longest = LONGEST_PAUSE
        try:
            result = await attempt()
        except SlackApiError as error:
            code = _code(error)
            complaint = refused(code)
            if complaint is not None and not for_ever:
                raise SettingsError(complaint) from error
            reason = complaint or code or "an answer that makes no sense"
            trouble.begin(reason, complaint=complaint is not None)
            longest = LONGEST_PAUSE if complaint is None else LONGEST_COMPLAINT_PAUSE
        except NotYet as error:
            trouble.begin(str(error), complaint=error.complaint)
            longest = LONGEST_COMPLAINT_PAUSE if error.complaint else LONGEST_PAUSE
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            # Only its kind: its text may hold an address with a secret in it.
            trouble.begin(type(error).__name__)
        else:
            trouble.end()
            return result
        jitter = random.uniform(0.5, 1)  # noqa: S311 - no secret
        await asyncio.sleep(backoff(failures, jitter=jitter, cap=longest))
        failures += 1


def _code(error: SlackApiError) -> str:
    """Give Slack's error word, empty where it answered something else."""
    data = getattr(error.response, "data", None)
    return str(data.get("error", "")) if isinstance(data, dict) else ""
