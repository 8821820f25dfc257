"""A call to the platform as steps: send, pause, send again. Pure.

Both clients drive the same steps, the async one with `await` and the blocking one without, so that retries,
the expiry of the token and what counts as trouble exist once.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from dojobbot.deeporigin import replies
from dojobbot.deeporigin.account import Account
from dojobbot.deeporigin.replies import Reply, Trouble
from dojobbot.deeporigin.requests import Request
from dojobbot.errors import MalformedReply, PlatformUnavailable
from dojobbot.limits import backoff

RETRIES = 3
LONGEST_WAIT = 60.0
"""Asked to wait for longer, a read gives up at once and says so: somebody waits for its answer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Send:
    """The step of sending a request; what comes back is its reply or the silence that followed."""

    request: Request


@dataclass(frozen=True, slots=True)
class Pause:
    """The step of waiting before the next try."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Silence:
    """No whole answer came: what the network reported, and whether time ran out."""

    fault: Exception
    timed_out: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply without trouble. `began_at`: when its request was sent."""

    began_at: datetime
    reply: Reply


Came: TypeAlias = Reply | Silence | None
Steps: TypeAlias = Generator[Send | Pause, Came, T]


class Exchange:
    """Makes the steps of each call with one account.

    Args:
        account: where to, which organisation, which token.
        now: the present, timezone-aware: stamps answers and tells whether the token has expired.
        draw: a random number of 0..1, for the jitter.
    """

    def __init__(self, account: Account, *, now: Callable[[], datetime], draw: Callable[[], float]) -> None:
        self._token = account.token.encode("ascii")
        self._expires_at = account.expires_at
        self._now = now
        self._draw = draw

    def read(self, request: Request, *, retries: int = RETRIES) -> Steps[Answer]:
        """Send what changes nothing, again where that may help; at most `retries` times again.

        Raises PlatformError.
        """
        attempt = 0
        while True:
            answer, trouble = yield from self._once(request)
            if trouble is None:
                return answer
            if not trouble.retry or attempt == retries or (trouble.retry_after or 0) > LONGEST_WAIT:
                raise trouble.error
            jitter = 0.5 + self._draw() / 2
            yield Pause(backoff(attempt, jitter=jitter, cap=LONGEST_WAIT, retry_after=trouble.retry_after))
            attempt += 1

    def act(self, request: Request, decode: Callable[[Answer], T]) -> Steps[T]:
        """Send once what changes something, and decode the answer.

        Raises PlatformError; PlatformUnavailable also when it was done and the answer cannot be read.
        """
        answer, trouble = yield from self._once(request)
        if trouble is not None:
            raise trouble.error
        try:
            return decode(answer)
        except MalformedReply as error:
            raise PlatformUnavailable(
                f"Deep Origin took the {request.purpose.value}, but its answer cannot be read.",
                hint=replies.MAY_HAVE_HAPPENED,
            ) from error

    def _once(self, request: Request) -> Steps[tuple[Answer, Trouble | None]]:
        """Send once. Raises TokenRejected, without a call, when the token has expired."""
        began_at = self._now()
        if self._expires_at is not None and self._expires_at <= began_at:
            raise replies.token_expired(self._expires_at)
        came = yield Send(request)
        if not isinstance(came, Reply):
            return Answer(began_at, NO_REPLY), _network_trouble(came, request)
        reply = Reply(came.status, came.headers, self._without_token(came.body))
        trouble = replies.trouble(reply, request, expires_at=self._expires_at, now=began_at)
        return Answer(began_at, reply), trouble

    def _without_token(self, body: bytes) -> bytes:
        """Take the token out of an answer that echoes it, as some gateways' error pages do."""
        return body.replace(self._token, b"[token]") if self._token in body else body


NO_REPLY = Reply(0, {}, b"")


def _network_trouble(silence: Silence | None, request: Request) -> Trouble:
    if silence is None or silence.timed_out:
        message = f"Deep Origin did not answer within {request.seconds:g} s."
    else:
        message = f"Deep Origin could not be reached, or hung up ({type(silence.fault).__name__})."
    error = PlatformUnavailable(message, hint=replies.unavailable_hint(request))
    error.__cause__ = None if silence is None else silence.fault
    return Trouble(error, retry=True)
