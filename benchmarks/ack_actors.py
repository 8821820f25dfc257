"""Who takes part in `ack.py`, each as a process of its own: a Slack workspace, the platform, the peer.

`python -m benchmarks.ack_actors ROLE SETTINGS`, the settings a JSON object; see `actors`.

The peer is a Bolt app written as Bolt's own introduction does it: one listener, which acknowledges. Each bot
has a workspace of its own, so that what ours says afterwards never stands in the way of the peer's next ack.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import count, islice

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.actors import Json, Obey, Role, act, settle
from dojobbot.simulator.faults import Fault
from dojobbot.simulator.platform import Served, SimulatedPlatform
from dojobbot.simulator.scenario import crowded_world
from dojobbot.simulator.slack_api.people import Channel
from dojobbot.simulator.slack_api.world import ADA, BOT
from dojobbot.simulator.workspace import SimulatedWorkspace

WHOLE_PAGE = "1000"
"""Only the bot's ticks ask for the active jobs in pages of this size."""
CONNECT_SECONDS = 60.0


# --- Slack ---------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def slack(_settings: Json) -> AsyncIterator[tuple[Json, Obey]]:
    """Open a workspace without rate limits in which each command has a channel, and so its answer a place."""
    workspace = SimulatedWorkspace(channels=[], rate_limits=False)
    numbers = count()

    async def obey(order: Json) -> Json:
        if "commands" not in order:
            await workspace.wait_for(lambda: workspace.socket_count, CONNECT_SECONDS)
            return {}
        commands: list[str] = order["commands"]
        channels = [f"C0BENCH{number:05d}" for number in islice(numbers, len(commands))]
        for each in channels:
            workspace.state.set_channel(Channel(each, each.lower(), "public", frozenset({ADA, BOT})))
        return await _type_all(workspace, commands, channels, order)

    await workspace.start()
    settle()
    try:
        tokens = {"bot_token": workspace.bot_token, "app_token": workspace.app_token}
        yield {"api_url": workspace.api_url, **tokens}, obey
    finally:
        await workspace.stop()


async def _type_all(
    workspace: SimulatedWorkspace, commands: Sequence[str], channels: Sequence[str], order: Json
) -> Json:
    """Type command after command at a fixed rate, whatever becomes of those before.

    Args:
        workspace: where.
        commands: what to type.
        channels: where each is typed.
        order: `rate` a second; `start_at` on the machine's monotonic clock; `patience`, how many seconds to
            wait for full answers after the last ack.

    Returns:
        `acks` and `answers`, seconds for each command, null where none came; `late`, by how many seconds a
        command was typed after its time at worst.
    """
    loop = asyncio.get_running_loop()
    typed_at: dict[str, float] = {}
    answered_at: dict[str, float] = {}

    async def type_one(number: int) -> tuple[float | None, float]:
        due = order["start_at"] + number / order["rate"]
        await asyncio.sleep(due - loop.time())
        typed_at[channels[number]] = loop.time()
        interaction = await workspace.type_command(ADA, channels[number], commands[number])
        return interaction.ack_seconds, typed_at[channels[number]] - due

    looking = asyncio.create_task(_note_answers(workspace, answered_at))
    outcomes = await asyncio.gather(*(type_one(number) for number in range(len(commands))))
    with contextlib.suppress(TimeoutError):  # who got no answer is seen in what is returned
        await workspace.wait_for(lambda: answered_at.keys() >= typed_at.keys(), order["patience"])
    looking.cancel()
    return {
        "acks": [ack for ack, _ in outcomes],
        "answers": [answered_at[each] - typed_at[each] if each in answered_at else None for each in channels],
        "late": max(late for _, late in outcomes),
    }


async def _note_answers(workspace: SimulatedWorkspace, answered_at: dict[str, float]) -> None:
    """Note when a channel gets its first full answer: lists and cards have a bar, other sentences do not."""
    changes = workspace.subscribe()
    try:
        while True:
            change = await changes.get()
            if change.kind != "message" or change.channel is None or change.channel in answered_at:
                continue
            if workspace.messages(change.channel, ADA)[-1].get("attachments"):
                answered_at[change.channel] = asyncio.get_running_loop().time()
    finally:
        workspace.unsubscribe(changes)


# --- the platform --------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def platform(settings: Json) -> AsyncIterator[tuple[Json, Obey]]:
    """Open a platform with so many `active` and `ended` jobs, and `latency` seconds a call."""
    world = crowded_world(lambda: datetime.now(UTC), active=settings["active"], ended=settings["ended"])
    simulated = SimulatedPlatform(world, latency=settings["latency"])

    async def obey(order: Json) -> Json:
        if order.get("hang"):
            simulated.faults.add(Fault("*", "hang"))
        return {"ticks": sum(_begins_tick(each) for each in simulated.requests)}

    await simulated.start()
    settle()
    try:
        job_ids = [str(job.execution["executionId"]) for job in world.select()[:50]]
        yield {"base_url": simulated.base_url, "token": simulated.token, "job_ids": job_ids}, obey
    finally:
        await simulated.stop()


def _begins_tick(served: Served) -> bool:
    query = served.query
    return (
        query.get("pageSize") == WHOLE_PAGE
        and query.get("page") == "0"
        and "status" in query.get("filter", "")
    )


# --- the peer ------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def peer(settings: Json) -> AsyncIterator[tuple[Json, Obey]]:
    """Connect a Bolt app with all defaults, whose only listener acks in the ordinary way."""
    client = AsyncWebClient(token=settings["bot_token"], base_url=settings["api_url"])
    app = AsyncApp(client=client)

    @app.command("/jobs")
    async def jobs(ack: AsyncAck) -> None:
        await ack()

    async def obey(_order: Json) -> Json:
        return {}

    handler = AsyncSocketModeHandler(app, settings["app_token"], web_client=client)
    async with asyncio.timeout(CONNECT_SECONDS):  # the SDK would try for ever
        await handler.connect_async()  # type: ignore[no-untyped-call]  # SDK coroutine
    try:
        yield {}, obey
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # SDK coroutine


ROLES: dict[str, Role] = {"slack": slack, "platform": platform, "peer": peer}


if __name__ == "__main__":
    asyncio.run(act(ROLES[sys.argv[1]], json.loads(sys.argv[2])))
