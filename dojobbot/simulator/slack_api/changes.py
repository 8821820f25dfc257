"""Tells whoever waits that something in the workspace has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """What changed, for a page that follows along.

    Attributes:
        kind: `message`, `message_changed`, `message_deleted`, `channel`, `view`, `interaction`, `event`,
            `request`, `socket` or `ack`.
        channel: the channel it happened in, if any.
        ts: the message it is about, if any.
        user: the one user who can see it (an ephemeral message, a view), None for everybody.
    """

    kind: str
    channel: str | None = None
    ts: str | None = None
    user: str | None = None


class Changes:
    """A notice board: every change goes to every subscriber, and wakes everybody who waits."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[Change]] = set()

    def tell(self, change: Change) -> None:
        """Announce a change."""
        for queue in self._queues:
            queue.put_nowait(change)

    def subscribe(self) -> "asyncio.Queue[Change]":
        """A queue that receives each change from now on; give it back to `unsubscribe`."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._queues.add(queue)
        return queue

    def unsubscribe(self, queue: "asyncio.Queue[Change]") -> None:
        """Stop filling a queue."""
        self._queues.discard(queue)

    async def wait_for(self, predicate: Callable[[], T], timeout: float) -> T:  # noqa: ASYNC109 - for a test
        """Wait until a predicate is truthy; it is asked again after each change.

        Returns:
            What the predicate returned.

        Raises:
            TimeoutError: it was still falsy after `timeout` seconds.
        """
        queue = self.subscribe()
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            while not (value := predicate()):
                left = deadline - asyncio.get_running_loop().time()
                try:
                    await asyncio.wait_for(queue.get(), left)
                except TimeoutError:
                    raise TimeoutError(
                        f"Nothing in the workspace satisfied the condition in {timeout:g} s."
                    ) from None
            return value
        finally:
            self.unsubscribe(queue)
