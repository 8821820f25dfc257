"""Pure arithmetic of waiting: how long to pause before the next try."""

from __future__ import annotations

MOST_DOUBLINGS = 60


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
