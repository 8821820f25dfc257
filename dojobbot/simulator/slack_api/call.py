"""One call of the Web API: its arguments, from JSON, form or query, and the checks on them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from dojobbot.simulator.slack_api.problems import SlackError


@dataclass(frozen=True)
class Call:
    """The method, its arguments and the token of one request."""

    method: str
    args: Mapping[str, Any]
    token: str | None

    def text(self, name: str) -> str | None:
        """A text argument; None when absent or empty."""
        value = self.args.get(name)
        return None if value is None or value == "" else str(value)

    def required(self, name: str) -> str:
        """A text argument that has to be there; `invalid_arguments` when it is not."""
        value = self.text(name)
        if value is None:
            raise SlackError("invalid_arguments", messages=(f"[ERROR] missing required field: {name}",))
        return value

    def flag(self, name: str) -> bool:
        """A yes or no, as JSON or as the words that forms use; False when absent."""
        return str(self.args.get(name, "")).lower() in {"true", "1"}

    def limit(self, default: int) -> int:
        """The argument `limit`, 1 to 999; `invalid_limit` when it is anything else."""
        value = self.text("limit")
        if value is None:
            return default
        if not value.isdecimal() or not 1 <= int(value) <= 999:
            raise SlackError("invalid_limit")
        return int(value)

    def summary(self) -> dict[str, str]:
        """The arguments, cut short and without the token, for the record of requests."""
        return {name: _short(value) for name, value in self.args.items() if name != "token"}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"


async def read_call(request: web.Request) -> Call:
    """Read a call from an HTTP request.

    A JSON body carries the token in the `Authorization` header only; a form or query may carry it as `token`.

    Raises:
        SlackError: `invalid_json` or `json_not_object` when the body is announced as JSON and is not.
    """
    method = request.match_info["method"]
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" and bearer.strip() else None
    args: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        args |= {name: value for name, value in body.items() if value is not None}
    else:
        args |= dict(await request.post())
        token = token or args.get("token") or None
    return Call(method, args, token)
