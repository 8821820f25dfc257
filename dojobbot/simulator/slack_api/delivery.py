"""How Slack hands something to the app: the common shape of Socket Mode and HTTP."""

from dataclasses import dataclass
from typing import Literal, Protocol

from dojobbot.simulator.slack_api.problems import Json

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True)
class Ack:
    """How the app took a delivery.

    Attributes:
        error: None when the app acknowledged in time, else `operation_timeout` (no answer in time) or
            `dispatch_failed` (nobody to hand it to, or a refusal), or `invalid_command_response` (not JSON).
        body: what the app said in its acknowledgement.
        seconds: from the delivery to the acknowledgement.
        no_retry: True when the app asked not to be sent this again.
        reason: what the repetition of an event gives as the reason, such as `http_timeout`.
    """

    error: str | None
    body: Json | None = None
    seconds: float | None = None
    no_retry: bool = False
    reason: str = ""


class Transport(Protocol):
    """A way to the app."""

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Ack:
        """Hand a payload to the app and wait for its ack; `attempt` counts the retries of an event."""
        ...
