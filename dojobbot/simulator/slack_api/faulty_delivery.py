"""A way to the app on which faults strike: what is sent gets lost, comes twice, or comes late."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from dojobbot.simulator.faults import LINK_KINDS, Faults
from dojobbot.simulator.slack_api.delivery import Ack, Kind, Transport
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.sockets import Sockets


class FaultyDelivery:
    """Hands payloads to the app over another transport, unless a fault strikes.

    The operations that faults match are `deliver slash_commands`, `deliver interactive` and
    `deliver events_api`.

    Args:
        faults: the faults in force.
        sockets: the app's sockets, which some faults break.
        ack_seconds: how long the app has to acknowledge, counted from when the person acted.
    """

    def __init__(self, faults: Faults, sockets: Sockets, *, ack_seconds: float) -> None:
        self._faults = faults
        self._sockets = sockets
        self._ack_seconds = ack_seconds
        self._tasks: set[asyncio.Task[Ack]] = set()

    def over(self, inner: Transport) -> Transport:
        """The transport, with faults striking on the way."""
        return _Struck(self, inner)

    async def stop(self) -> None:
        """Give up what is late and has not arrived yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def deliver(self, kind: Kind, send: Callable[[], Awaitable[Ack]]) -> Ack:
        """Send, or do what the fault that strikes wants in its place."""
        fault = self._faults.pick(f"deliver {kind}", LINK_KINDS)
        if fault is None:
            return await send()
        match fault.kind:
            case "drop":
                self._sockets.drop()
                return Ack("dispatch_failed", reason="connection_failed")
            case "deaf":
                self._sockets.deafen()
                await asyncio.sleep(self._ack_seconds)
                return Ack("operation_timeout", reason="http_timeout")
            case "late":
                return await self._late(send, fault.seconds)
        first, _ = await asyncio.gather(send(), send())
        return first

    async def _late(self, send: Callable[[], Awaitable[Ack]], seconds: float) -> Ack:
        """Send later; the person meanwhile waits no longer than ever."""

        async def later() -> Ack:
            await asyncio.sleep(seconds)
            return await send()

        task = asyncio.create_task(later())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.wait_for(asyncio.shield(task), self._ack_seconds)
        except TimeoutError:
            return Ack("operation_timeout", reason="http_timeout")


class _Struck:
    def __init__(self, faulty: FaultyDelivery, inner: Transport) -> None:
        self._faulty = faulty
        self._inner = inner

    async def deliver(self, kind: Kind, payload: Json, *, attempt: int = 0, reason: str = "") -> Ack:
        """Hand a payload to the app, if no fault keeps it away."""
        send = partial(self._inner.deliver, kind, payload, attempt=attempt, reason=reason)
        return await self._faulty.deliver(kind, send)
