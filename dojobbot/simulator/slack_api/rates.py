"""Slack's rate limits, as token buckets on a monotonic clock."""

import math
from collections.abc import Callable

from dojobbot.simulator.slack_api.problems import SlackError

# Calls a minute of Slack's tiers; "special" methods are documented as hundreds a minute.
TIERS = {"T1": 1, "T2": 20, "T3": 50, "T4": 100, "special": 600}


class Rates:
    """One token bucket for each key.

    Args:
        clock: seconds, monotonic.
        enabled: False lets everything through.
        burst: how many messages a channel takes at once before one a second is the rule.
    """

    def __init__(self, clock: Callable[[], float], *, enabled: bool, burst: int) -> None:
        self._clock = clock
        self.enabled = enabled
        self._burst = burst
        self._buckets: dict[tuple[str, ...], tuple[float, float]] = {}

    def method(self, name: str, tier: str) -> None:
        """Count a call of a method.

        Raises:
            SlackError: `ratelimited`, with the seconds to wait.
        """
        self._take(("method", name), TIERS[tier] / 60, TIERS[tier])

    def post(self, channel_id: str) -> None:
        """Count a message posted to a channel: about one a second, and five a second in all channels.

        Raises:
            SlackError: `ratelimited`, with the seconds to wait.
        """
        self._take(("channel", channel_id), 1, self._burst)
        self._take(("workspace",), 5, 100)

    def refuse(self, channel_id: str, seconds: float) -> None:
        """Let a channel take no message for so long, as after a flood."""
        self._buckets["channel", channel_id] = (1 - seconds, self._clock())

    def _take(self, key: tuple[str, ...], per_second: float, burst: int) -> None:
        if not self.enabled:
            return
        now = self._clock()
        tokens, seen = self._buckets.get(key, (float(burst), now))
        tokens = min(float(burst), tokens + (now - seen) * per_second)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            raise SlackError("ratelimited", retry_after=max(1, math.ceil((1 - tokens) / per_second)))
        self._buckets[key] = (tokens - 1, now)
