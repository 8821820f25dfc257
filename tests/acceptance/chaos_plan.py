"""What the crash test plays: the places, the jobs and how each ends, and who wants to be told of which where.

Everything is drawn from one seed. A job is called by a word of its own (`K0417`), so that a message tells by
any of its texts which jobs it names, whatever else it says.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dojobbot.domain import Destination
from dojobbot.simulator.jobs import DOCKING, JobMaker, Label
from dojobbot.simulator.scenario import PEOPLE
from dojobbot.simulator.slack_api.people import Channel
from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT, CHEMISTRY, CHEN
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import World, iso

PERSONS = (ADA, BORIS, CHEN)
NAME = re.compile(r"\bK\d{4}\b")
ENDS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"status": "Completed"}, "198754"),
    ({"status": "Succeeded"}, "198754"),
    ({"status": "Failed", "statusReason": "OOMKilled: worker 3 exceeded 32Gi"}, "dc3545"),
    ({"status": "Cancelled"}, "343a40"),
)
"""How jobs end, and the colour that the user guide promises for it."""
WEIGHTS = (5, 2, 2, 1)
SEALED = Destination(CHEMISTRY)
"""The one place whose history the bot may not read: private, and the token lacks `groups:history`."""


@dataclass(frozen=True)
class Size:
    """How much is played: so many jobs end within `seconds`, and so many kills fall on the bot.

    `pause`: the longest that a bot lives between two kills. `live`: how many wishes are typed meanwhile.
    `patience`: within how many seconds after the last kill everything must have arrived.
    """

    jobs: int
    seconds: float
    kills: int
    pause: float
    channels: int
    watches: int
    live: int
    patience: float


SHORT = Size(jobs=40, seconds=24, kills=3, pause=3, channels=3, watches=6, live=30, patience=120)
SHORT_OF_TWO = Size(jobs=40, seconds=30, kills=2, pause=3, channels=3, watches=4, live=30, patience=120)
LONG = Size(jobs=1_000, seconds=200, kills=22, pause=12, channels=8, watches=30, live=60, patience=1_500)


@dataclass(frozen=True)
class Wish:
    """Somebody wants to be told of a job in a place."""

    job_id: str
    where: Destination
    user: str


@dataclass
class Plan:
    """What was set up. `optional`: wishes that nobody confirmed; they may be fulfilled or not."""

    names: dict[str, str]
    created: dict[str, datetime]
    colors: dict[str, str]
    places: list[Destination]
    wishes: set[Wish]
    watches: set[tuple[str, Destination]]
    optional: set[Wish] = field(default_factory=set)


async def set_up(size: Size, seed: int, world: World, slack: SimulatedWorkspace) -> Plan:
    """Put the jobs, held still until the world's speed is set, and invent the wishes."""
    chance = random.Random(seed)  # noqa: S311 - a replay, no secret
    world.set_speed(0)
    places = await _places(size, slack)
    names, created, colors = {}, {}, {}
    maker = JobMaker(seed=seed)
    for number in range(size.jobs):
        name = f"K{number:04d}"
        # Half of them were created long ago: no listing of new jobs shows them, and each is read alone.
        born = world.now() - (timedelta(hours=2) if number % 2 else timedelta())
        fields, color = chance.choices(ENDS, WEIGHTS)[0]
        execution = maker.execution(PEOPLE[0]["authId"], DOCKING, born, {}, Label(name=f"Screen {name}"))
        running = {**execution, "status": "Running", "startedAt": iso(born)}
        job_id = world.put(running, [(chance.uniform(0, size.seconds), fields)])
        names[job_id], created[job_id], colors[job_id] = name, born, color
    wishes = set()
    for job_id in names:
        for where in chance.sample(places, chance.choice((1, 2, 2, 3, 3, 4))):
            for user in _askers(where, slack, chance):
                wishes.add(Wish(job_id, where, user))
    shown = [place for place in places if not place.is_dm and place.thread_ts is None and place != SEALED]
    watched = chance.sample(sorted(names), size.watches)
    watches = {(job_id, chance.choice(shown)) for job_id in watched}
    return Plan(names, created, colors, places, wishes, watches)


async def _places(size: Size, slack: SimulatedWorkspace) -> list[Destination]:
    """Channels, a thread in the first of them, direct messages, and the sealed one."""
    channels = [f"C0CHAOS{number:03d}" for number in range(size.channels)]
    for each in channels:
        slack.state.set_channel(Channel(each, each.lower(), "public", frozenset({*PERSONS, BOT})))
    thread_ts = await slack.say(ADA, channels[0], "Which of them are over?")
    return [
        *(Destination(each) for each in channels),
        Destination(channels[0], thread_ts),
        *(Destination(slack.dm(user)) for user in PERSONS),
        SEALED,
    ]


def _askers(where: Destination, slack: SimulatedWorkspace, chance: random.Random) -> list[str]:
    if where.is_dm:
        return [user for user in PERSONS if slack.dm(user) == where.channel_id]
    return chance.sample(PERSONS, chance.choice((1, 1, 2)))
