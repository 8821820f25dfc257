"""The simulated Web API: checks token, scope and rate of each call, runs the method records the outcome."""

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from dojobbot.simulator.faults import Faults
from dojobbot.simulator.slack_api import chat, conversations, directory
from dojobbot.simulator.slack_api.call import Call, read_call
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.context import Context
from dojobbot.simulator.slack_api.problems import Json, SlackError

log = logging.getLogger(__name__)

MOST_RECORDS = 20_000


@dataclass(frozen=True)
class Method:
    """A method of the Web API: what runs it, Slack's rate tier for it, and the scope that it always needs."""

    run: Callable[[Context, Call], Json]
    tier: str
    scope: str | None = None


METHODS: dict[str, Method] = {
    "auth.test": Method(directory.auth_test, "special"),
    "chat.delete": Method(chat.delete, "T3", "chat:write"),
    "chat.getPermalink": Method(chat.get_permalink, "special"),
    "chat.postEphemeral": Method(chat.post_ephemeral, "T4", "chat:write"),
    "chat.postMessage": Method(chat.post_message, "special", "chat:write"),
    "chat.update": Method(chat.update, "T3", "chat:write"),
    "conversations.history": Method(conversations.history, "T3"),
    "conversations.info": Method(conversations.info, "T3"),
    "conversations.open": Method(conversations.open_conversation, "T3", "im:write"),
    "conversations.replies": Method(conversations.replies, "T3"),
    "usergroups.users.list": Method(directory.usergroups_users_list, "T2", "usergroups:read"),
    "users.info": Method(directory.users_info, "T4", "users:read"),
    "users.lookupByEmail": Method(directory.users_lookup_by_email, "T3", "users:read.email"),
    "views.open": Method(directory.views_open, "T4"),
    "views.publish": Method(directory.views_publish, "T4"),
    "views.update": Method(directory.views_update, "T4"),
}


@dataclass(frozen=True)
class RequestRecord:
    """One request of the bot.

    Attributes:
        method: the method, or `response_url`.
        args: the arguments, cut short, without the token.
        status: the HTTP status of the answer.
        error: Slack's error code, None when all went well.
        seconds: how long the answer took.
    """

    method: str
    args: Mapping[str, str]
    status: int
    error: str | None
    seconds: float


class WebApi:
    """Answers the bot's calls, and keeps a record of the newest of them."""

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

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of `/api/{method}`."""
        started = time.perf_counter()
        method = request.match_info["method"]
        try:
            call = await read_call(request)
        except SlackError as error:
            self.record(method, {}, 200, error.code, started)
            return web.json_response(error.body())
        failures: list[str] = []
        response = await self._faults.through(
            method, request, partial(self._answer, call, failures), slack_failure
        )
        failed = failures[0] if failures else None if response.status < 400 else f"http_{response.status}"
        self.record(method, call.summary(), response.status, failed, started)
        return response

    def record(
        self, method: str, args: Mapping[str, str], status: int, error: str | None, started: float
    ) -> None:
        """Note a request that began at `started` on the performance counter."""
        self.requests.append(RequestRecord(method, args, status, error, time.perf_counter() - started))
        self._context.state.changes.tell(Change("request"))

    async def _answer(self, call: Call, failures: list[str], _request: web.Request) -> web.Response:
        try:
            body = self._run(call)
        except SlackError as error:
            failures.append(error.code)
            return error_response(error)
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
        self._check_token(call, self._bot_token)
        if method.scope is not None:
            self._context.need(method.scope)
        self._context.rates.method(call.method, method.tier)
        return method.run(self._context, call)

    def _check_token(self, call: Call, wanted: str) -> None:
        if call.token is None:
            raise SlackError("not_authed")
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


def slack_failure(status: int) -> Json:
    """Slack's body for a status that an injected fault answers with."""
    codes = {429: "ratelimited", 503: "service_unavailable"}
    return {"ok": False, "error": codes.get(status, "internal_error")}
