"""The simulated Web API: checks token, scope and rate of each call, runs the method records the outcome."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from aiohttp import web

from dojobbot.simulator.fault_answers import Wording, answer_through
from dojobbot.simulator.faults import Faults
from dojobbot.simulator.slack_api.call import Call, read_call
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.methods import METHODS
from dojobbot.simulator.slack_api.problems import Json, SlackError

log = logging.getLogger(__name__)

MOST_RECORDS = 20_000


@dataclass(frozen=True)
class RequestRecord:
    """One request of the bot.

    Attributes:
        method: the method, or `response_url`.
        args: the arguments, cut short, without the token.
        status: the HTTP status of the answer; 0 stands for a caller who got no whole answer.
        error: Slack's error code, None when all went well.
        at: when it came.
        seconds: how long the answer took.
    """

    method: str
    args: Mapping[str, str]
    status: int
    error: str | None
    at: datetime
    seconds: float


class WebApi:
    """Answers the bot's calls, and keeps a record of the newest of them.

    Attributes:
        requests: the record.
        unknown_methods: methods that were called and are not simulated.
        revoked: the error code that every token now gets, such as `account_inactive`.
    """

    def __init__(
        self,
        context: Context,
        faults: Faults,
        *,
        bot_token: str,
        app_token: str,
        open_socket: Callable[[], str],
    ) -> None:
        self._context = context
        self._faults = faults
        self._bot_token = bot_token
        self._app_token = app_token
        self._open_socket = open_socket
        self.requests: deque[RequestRecord] = deque(maxlen=MOST_RECORDS)
        self.unknown_methods: list[str] = []
        self.revoked: str | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of `/api/{method}`."""
        started = time.perf_counter()
        method = request.match_info["method"]
        try:
            call = await read_call(request)
        except SlackError as error:
            self.record(method, {}, 200, error.code, started)
            return web.json_response(error.body())
        outcomes: list[str | None] = []
        handler = partial(self._answer, call, outcomes)
        response = await answer_through(self._faults, method, request, handler, WORDING)
        failed = outcomes[0] if outcomes else _of_fault(response)
        heard = request.transport is not None and not request.transport.is_closing()
        self.record(method, call.summary(), response.status if heard else 0, failed, started)
        return response

    def record(
        self, method: str, args: Mapping[str, str], status: int, error: str | None, started: float
    ) -> None:
        """Note a request that began at `started` on the performance counter."""
        seconds = time.perf_counter() - started
        at = self._context.state.now() - timedelta(seconds=seconds)
        self.requests.append(RequestRecord(method, args, status, error, at, seconds))
        self._context.state.changes.tell(Change("request"))

    async def _answer(self, call: Call, outcomes: list[str | None], _request: web.Request) -> web.Response:
        """Run a call; its error code, or None, is added to the outcomes."""
        try:
            body = self._run(call)
        except SlackError as error:
            outcomes.append(error.code)
            return error_response(error)
        outcomes.append(None)
        response = web.json_response(body)
        response.headers["x-oauth-scopes"] = ",".join(sorted(self._context.scopes))
        return response

    def _run(self, call: Call) -> Json:
        """Run a call through all checks."""
        if call.method == "apps.connections.open":
            return self._connect(call)
        method = METHODS.get(call.method)
        if method is None:
            self.unknown_methods.append(call.method)
            log.warning("the simulated Slack has no method %s", call.method)
            raise SlackError("unknown_method", extra={"req_method": call.method})
        if method.needs_token:
            self._check_token(call, self._bot_token)
        if method.scope is not None:
            self._context.need(method.scope)
        self._context.rates.method(call.method, method.tier)
        return method.run(self._context, call)

    def _check_token(self, call: Call, wanted: str) -> None:
        if call.token is None:
            raise SlackError("not_authed")
        if self.revoked is not None:
            raise SlackError(self.revoked)
        if call.token != wanted:
            ours = call.token in {self._bot_token, self._app_token}
            raise SlackError("not_allowed_token_type" if ours else "invalid_auth")

    def _connect(self, call: Call) -> Json:
        """`apps.connections.open`: a WebSocket's address, for the app-level token only."""
        self._check_token(call, self._app_token)
        self._context.rates.method(call.method, "T3")
        return {"ok": True, "url": self._open_socket()}


def error_response(error: SlackError) -> web.Response:
    """The answer for an error: HTTP 200, or 429 with `Retry-After` where Slack asks to wait."""
    if error.retry_after is None:
        return web.json_response(error.body())
    return web.json_response(error.body(), status=429, headers={"Retry-After": str(error.retry_after)})


def _of_fault(response: web.StreamResponse) -> str:
    """What went wrong with a call that a fault kept from being run."""
    expired = response.status == WORDING.expired[0] and response.content_type == "application/json"
    return "token_expired" if expired else f"http_{response.status}"


def slack_failure(status: int) -> Json:
    """Slack's body for a status that an injected fault answers with."""
    codes = {429: "ratelimited", 503: "service_unavailable"}
    return {"ok": False, "error": codes.get(status, "internal_error")}


WORDING = Wording(slack_failure, (200, {"ok": False, "error": "token_expired"}))
"""What Slack says when a fault makes it fail: an expired token is no HTTP error there."""
