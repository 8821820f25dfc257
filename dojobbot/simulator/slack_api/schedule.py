"""Messages that wait for their time to be posted."""

import asyncio
import itertools
from dataclasses import dataclass

from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.slack_api.state import State

MOST_AT_ONCE = 30
WINDOW_SECONDS = 300
POLL_SECONDS = 0.1
"""How often the clock is looked at while something waits; it may be a test's, which no timer follows."""


@dataclass(frozen=True)
class Scheduled:
    """A message that waits for its time; one that carries metadata is dropped then, as Slack does."""

    id: str
    post_at: int
    message: Message
    has_metadata: bool


class Schedule:
    """All messages that wait; they are posted while the event loop runs."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._numbers = itertools.count(1)
        self._waiting: dict[str, Scheduled] = {}
        self._task: asyncio.Task[None] | None = None

    def waiting(self, channel_id: str | None = None) -> list[Scheduled]:
        """What waits, in a channel or everywhere, the next first."""
        every = sorted(self._waiting.values(), key=lambda each: each.post_at)
        return [each for each in every if channel_id in {None, each.message.channel}]

    def add(self, post_at: int, message: Message, *, has_metadata: bool) -> Scheduled:
        """Let a message wait; `restricted_too_many` beyond 30 in five minutes of one channel."""
        near = [
            each for each in self.waiting(message.channel) if abs(each.post_at - post_at) < WINDOW_SECONDS
        ]
        if len(near) >= MOST_AT_ONCE:
            raise SlackError("restricted_too_many")
        scheduled = Scheduled(f"Q0DOJO{next(self._numbers):04d}", post_at, message, has_metadata)
        self._waiting[scheduled.id] = scheduled
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._post_when_due())
        return scheduled

    def remove(self, scheduled_id: str) -> None:
        """Forget a message; `invalid_scheduled_message_id` when it does not wait."""
        if self._waiting.pop(scheduled_id, None) is None:
            raise SlackError("invalid_scheduled_message_id")

    async def stop(self) -> None:
        """Post nothing more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _post_when_due(self) -> None:
        while self._waiting:
            now = self._state.now().timestamp()
            for scheduled in [each for each in self.waiting() if each.post_at <= now]:
                del self._waiting[scheduled.id]
                if not scheduled.has_metadata:
                    self._state.post(scheduled.message)
            await asyncio.sleep(POLL_SECONDS)
