"""Pure arithmetic of waiting: how long to pause before the next try, and how often Slack may be called.

Slack's numbers are those of docs.slack.dev/apis/web-api/rate-limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_DOUBLINGS = 60


@dataclass(frozen=True, slots=True)
class Budget:
    """One call `every` so often, and up to `burst` of them at once after a silence.

    All that has to be remembered is one moment: when the next call may be made (GCRA, with the burst already
    taken off its "theoretical arrival time").
    """

    every: timedelta
    burst: int

    def after(self, opens_at: datetime | None, now: datetime) -> datetime:
        """Give when the next call may be made once one has been made now.

        Args:
            opens_at: from when on this one might be made; None when there was none before.
            now: not before `opens_at`.
        """
        rested = now - (self.burst - 1) * self.every
        return (rested if opens_at is None else max(opens_at, rested)) + self.every


POSTS = Budget(timedelta(seconds=0.25), burst=10)
"""`chat.postMessage` in a workspace. Slack allows "several hundred a minute"."""
CHANNEL_POSTS = Budget(timedelta(seconds=1), burst=3)
"""In one channel with its threads. Slack allows about one a second, and short bursts."""
TIER_3 = Budget(timedelta(minutes=1) / 45, burst=5)
"""`chat.update`, `conversations.history` and `.replies`: 50 in any minute, the burst among them."""
CARD_EVERY = timedelta(seconds=2)
"""How often one live card changes at most: nobody reads faster."""


def backoff(
    attempt: int, *, jitter: float, base: float = 1.0, cap: float = 60.0, retry_after: float | None = None
) -> float:
    """Give the seconds to wait after a failed try.

    Args:
        attempt: how many tries failed before this one; 0 after the first.
        jitter: drawn by the caller from 0.5..1, so that clients which failed together do not return together.
        base: the pause after the first failure; it doubles with each further one.
        cap: the longest pause of our own choosing.
        retry_after: the pause that the server asked for; never undercut, whatever the cap.

    Raises:
        ValueError: the jitter is outside 0.5..1.
    """
    if not 0.5 <= jitter <= 1:
        raise ValueError(f"jitter {jitter} is outside 0.5..1")
    grown: float = min(cap, base * 2.0 ** min(attempt, MOST_DOUBLINGS))
    return max(grown * jitter, retry_after or 0.0)
