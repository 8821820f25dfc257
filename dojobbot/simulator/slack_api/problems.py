"""The error answers of the simulated Slack Web API."""

from typing import Any

Json = dict[str, Any]


class SlackError(Exception):
    """A request that Slack answers with `ok: false`.

    Attributes:
        code: Slack's error code, such as `channel_not_found`.
        messages: what `response_metadata.messages` says in detail.
        extra: further keys of the answer, such as `needed` of `missing_scope`.
        retry_after: whole seconds; when given, the answer is HTTP 429 with this header.
    """

    def __init__(
        self,
        code: str,
        *,
        messages: tuple[str, ...] = (),
        extra: Json | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(code if not messages else f"{code}: {'; '.join(messages)}")
        self.code = code
        self.messages = messages
        self.extra = extra or {}
        self.retry_after = retry_after

    def body(self) -> Json:
        """The JSON body of the answer."""
        body: Json = {"ok": False, "error": self.code, **self.extra}
        if self.messages:
            body["response_metadata"] = {"messages": list(self.messages)}
        return body
