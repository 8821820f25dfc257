"""The page's fault desk: which misbehaviour is ordered on either side, ordering more, and withdrawing it."""

from collections.abc import Mapping
from typing import get_args

from dojobbot.simulator.faults import Armed, Fault, Faults, Kind
from dojobbot.simulator.page_words import Refusal, optional_number, optional_text, required_text
from dojobbot.simulator.slack_api.problems import Json

RANGES: Mapping[str, tuple[float, float]] = {
    "status": (400, 599),
    "retry_after": (0, 3600),
    "seconds": (0, 600),
    "times": (1, 100_000),
    "share": (0.01, 1),
}
"""The numbers of a fault that may be given, and what they may be."""
WHOLE = ("status", "times")
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "platform": ("*", "GET *", "GET */tools/executions", "PATCH *:cancel", "PATCH *:confirm", "stream *"),
    "slack": (
        "*",
        "chat.*",
        "chat.postMessage",
        "chat.update",
        "response_url",
        "apps.connections.open",
        "deliver *",
        "deliver interactive",
        "deliver slash_commands",
    ),
}
"""Some names of operations and patterns over them."""


class FaultDesk:
    """Adds and clears faults of the simulated servers.

    Args:
        sides: the faults of each server, by its name.
    """

    def __init__(self, sides: Mapping[str, Faults]) -> None:
        self._sides = sides

    def offered(self) -> Json:
        """What the form offers: the `kinds` of faults, and by side some operations to `match`."""
        return {
            "kinds": list(get_args(Kind)),
            "sides": {side: list(OPERATIONS.get(side, ())) for side in self._sides},
        }

    def shown(self) -> Json:
        """By side: `armed` (the faults in force, whoever ordered them) and `struck` (how often any hit)."""
        return {
            side: {"armed": [_described(each) for each in faults.armed], "struck": faults.struck}
            for side, faults in self._sides.items()
        }

    def add(self, _user: str, body: Mapping[str, object]) -> None:
        """Order a fault of `kind` on `side` for the operations that `match`; its numbers are in `RANGES`.

        Raises:
            Refusal: something of it cannot be.
        """
        side, kind = self._side(body), required_text(body, "kind")
        if kind not in get_args(Kind):
            raise Refusal(f"There is no fault {kind!r}; there are {', '.join(get_args(Kind))}.")
        numbers: dict[str, object] = {}
        for name, (least, most) in RANGES.items():
            value = optional_number(body, name, least, most)
            if value is not None:
                numbers[name] = int(value) if name in WHOLE else value
        match = optional_text(body, "match") or "*"
        self._sides[side].add(Fault(match, kind, **numbers))  # type: ignore[arg-type] # checked above

    def clear(self, _user: str, body: Mapping[str, object]) -> None:
        """Withdraw the fault `number` of `side`, or all of them; Refusal when there is no such side."""
        faults, number = self._sides[self._side(body)], body.get("number")
        if isinstance(number, int):
            faults.remove(number)
        else:
            faults.clear()

    def _side(self, body: Mapping[str, object]) -> str:
        side = required_text(body, "side")
        if side not in self._sides:
            raise Refusal(f"There is no side {side!r}; there are {', '.join(self._sides)}.")
        return side


def _described(armed: Armed) -> Json:
    """The fault in words, without what does not matter for its kind."""
    fault = armed.fault
    words = fault.kind.replace("_", " ")
    if fault.kind in {"status", "html"}:
        words += f" {fault.status}"
    if fault.retry_after is not None:
        words += f", retry after {fault.retry_after:g} s"
    if fault.seconds:
        words += f", {fault.seconds:g} s"
    if fault.share < 1:
        words += f", {fault.share:.0%} of calls"
    if armed.left is not None:
        words += f", {armed.left} more"
    return {"number": armed.number, "match": fault.match, "words": words, "struck": armed.struck}
