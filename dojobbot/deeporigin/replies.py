"""What an answer means before its content counts: fine, or which error, and whether to ask again. Pure.

Error bodies, restriction codes and the statuses worth a retry are those of the official client 5.4.0
(`platform/client.py`, `platform/errors.py`). `Retry-After` and `Date` are read as RFC 9110 says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from dojobbot.deeporigin import details, restrictions
from dojobbot.deeporigin.requests import Purpose, Request
from dojobbot.deeporigin.wire import UNREADABLE
from dojobbot.errors import (
    DojobbotError,
    JobNotFound,
    MalformedReply,
    PlatformError,
    PlatformRefused,
    PlatformRestricted,
    PlatformThrottled,
    PlatformUnavailable,
    TokenRejected,
)
from dojobbot.fields import number, sentences, text

RETRIED = frozenset({429, 500, 502, 503, 504})

CHECK_ADDRESS = "Whoever set this up checks `DO_BASE_URL`, `DO_ENV` and `DO_ORG_KEY`."
MAY_HAVE_HAPPENED = "It may have happened all the same: look at the job again to see."


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer that is an error. `retry`: asking again may help, but not before `retry_after` seconds."""

    error: PlatformError
    retry: bool = False
    retry_after: float | None = None


def trouble(reply: Reply, request: Request, *, expires_at: datetime | None, now: datetime) -> Trouble | None:
    """Say what is wrong with an answer.

    Args:
        reply: the answer.
        request: what it answers.
        expires_at: when the token expires, if it says so: names the cause of a 401.
        now: the present, where the answer has no date of its own.

    Returns:
        None when its content can be read. A 200 is trouble too where a quote was to be confirmed and the
        platform says in it that money, licence or tier stand in the way.
    """
    if 200 <= reply.status < 300:
        spends = request.purpose is Purpose.CONFIRM
        restricted = restrictions.refusal(_content(reply), reply.status) if spends else None
        return Trouble(restricted) if restricted else None
    content = _content(reply)
    error = restrictions.refusal(content, reply.status) or _error(reply, content, request, expires_at, now)
    retry = reply.status in RETRIED and not isinstance(error, PlatformRestricted)
    return Trouble(error, retry, retry_after(reply, now) if retry else None)


def retry_after(reply: Reply, now: datetime) -> float | None:
    """Give the seconds that `Retry-After` asks for, as a number or a date; None where it does not ask."""
    header = reply.headers.get("retry-after", "")
    seconds = number(header)
    if seconds is None:
        until = _http_date(header)
        seconds = None if until is None else (until - (server_time(reply) or now)).total_seconds()
    return None if seconds is None else max(seconds, 0.0)


def server_time(reply: Reply) -> datetime | None:
    """Give the platform's clock when it answered."""
    return _http_date(reply.headers.get("date", ""))


def unavailable_hint(request: Request) -> str | None:
    """Give what to do when a call brought no usable answer; None for the usual advice to try again."""
    return None if request.purpose is Purpose.READ else MAY_HAVE_HAPPENED


def token_expired(expires_at: datetime) -> TokenRejected:
    """The error for a token that is past its time."""
    return TokenRejected(f"The Deep Origin token expired on {expires_at:%Y-%m-%d at %H:%M} UTC.")


def _error(
    reply: Reply, content: object, request: Request, expires_at: datetime | None, now: datetime
) -> PlatformError:
    status, said = reply.status, _message(content)
    because = f": {said}" if said else ""
    if status in {401, 403}:
        if expires_at is not None and expires_at <= now:
            return token_expired(expires_at)
        return TokenRejected(f"Deep Origin refused the token (HTTP {status}){because}.")
    if status == 404 and request.job_id is not None:
        return JobNotFound(request.job_id)
    if status == 429:
        return PlatformThrottled(
            f"Deep Origin asks us to slow down (HTTP 429){because}.", retry_after=retry_after(reply, now)
        )
    if status >= 500 or status == 408:
        return PlatformUnavailable(
            f"Deep Origin has a problem of its own (HTTP {status}){because}.", hint=unavailable_hint(request)
        )
    return _refusal(status, said, _code(content), request)


def _refusal(status: int, said: str | None, code: str | None, request: Request) -> PlatformError:
    if status < 400:
        return MalformedReply(f"Deep Origin answered with HTTP {status} and no content.", hint=CHECK_ADDRESS)
    if status == 402:
        return restrictions.unnamed(said, status, code)
    hint = CHECK_ADDRESS if status == 404 else DojobbotError.hint
    message = said or f"Deep Origin refused (HTTP {status})."
    return PlatformRefused(message, status=status, code=code, hint=None if request.job_id else hint)


def _message(content: object) -> str | None:
    """Give what an error body says to a person: message, else error, else detail, else its `errors`."""
    if not isinstance(content, dict):
        return None
    for key in ("message", "error", "detail"):
        said = content.get(key)
        parts = said if isinstance(said, list) else [said]
        if found := sentences(_words(part) for part in parts[:5]):
            return _with_fields(found, content)
    return sentences(_words(error) for error in _errors(content)[:5])


def _with_fields(said: str, content: Mapping[str, Any]) -> str:
    """Add what the `errors` say, which name the fields at fault."""
    return sentences([said, *(_words(error) for error in _errors(content)[:5])]) or said


def _words(said: object) -> str | None:
    return details.words(said) if isinstance(said, dict) else text(said)


def _code(content: object) -> str | None:
    if not isinstance(content, dict):
        return None
    codes = (content, *_errors(content))
    return next(
        (found for said in codes if isinstance(said, dict) and (found := text(said.get("code")))), None
    )


def _errors(content: Mapping[str, Any]) -> list[Any]:
    errors = content.get("errors")
    return errors if isinstance(errors, list) else []


def _content(reply: Reply) -> object:
    """Give the body as JSON; None for what is none, such as a gateway's web page."""
    try:
        return msgspec.json.decode(reply.body)
    except UNREADABLE:
        return None


def _http_date(header: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(header)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
