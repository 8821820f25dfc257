"""The organisation of the demo: its people, its history, what is under way, and what keeps happening."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from dojobbot.simulator.jobs import (
    ABFE,
    BULK_DOCKING,
    CANCELLED,
    COMPLETED,
    OUT_OF_MEMORY,
    SUCCEEDED,
    TIMED_OUT,
    JobMaker,
    Label,
    Life,
    Plan,
    approved,
    ligands,
    quoted,
    unquotable,
)
from dojobbot.simulator.world import World

HISTORY = 120
BATCH = 30


def _person(user_id: str, provider: str, first: str | None, last: str | None, email: str) -> dict[str, Any]:
    return {
        "id": user_id,
        "authId": f"{provider}|{email}",
        "email": email,
        "firstName": first,
        "lastName": last,
        "company": "Example Lab",
        "title": None,
        "avatar": None,
        "createdAt": "2025-01-10T10:00:00.000Z",
        "updatedAt": "2026-10-01T10:00:00.000Z",
    }


GOOGLE = "google-apps"
PEOPLE = (
    _person("58fd52fb-b7e0-5859-8119-caf2950baa31", GOOGLE, "Ada", "Osei", "ada@example.org"),
    _person("70df8588-5feb-56f3-8a37-c1dfce66997b", GOOGLE, "Boris", "Lindqvist", "boris@example.org"),
    _person("f434601c-915d-59af-8f9a-e0023e57b413", GOOGLE, "Chen", "Wei", "chen@example.org"),
    _person("5c91f45b-8fec-5704-967c-12f05ec4c914", GOOGLE, "Dalia", "Haddad", "dalia@example.org"),
    _person("91b36bba-950a-5d1f-a218-77c69e672577", GOOGLE, "Emeka", "Obi", "emeka@example.org"),
    _person("08675d87-e956-53a6-988c-dd217ff5a0f3", GOOGLE, "Fatima", "Zahra", "fatima@example.org"),
    _person("59badc88-9226-5e54-9759-35274c7feb86", "auth0", None, None, "mallory@example.org"),
)
ADA, BORIS, CHEN, DALIA, EMEKA, FATIMA, MALLORY = (person["authId"] for person in PEOPLE)
GONE = "auth0|gone@example.org"
"""The creator of some old jobs, who is no longer among the people."""


def demo_world(now: Callable[[], datetime], seed: int = 0) -> World:
    """The world of the demo, lively for as long as somebody looks at it.

    Args:
        now: the clock; the jobs are placed around its present time.
        seed: makes the ids and the course of events; the same seed and clock make the same world.
    """
    world = World(now, PEOPLE)
    maker = JobMaker(seed=seed)
    moment = now()
    chance = random.Random(seed)
    for plan in (*history(maker, moment, chance), *current(maker, moment), *batch(maker, moment)):
        plan.put(world)
    _keep_lively(world, maker, chance)
    return world


def crowded_world(now: Callable[[], datetime], *, active: int, ended: int = 0) -> World:
    """A world for measurements: dockings of 8, so many that stay Running and so many that are over."""
    world = World(now, PEOPLE)
    maker = JobMaker()
    for number in range(active + ended):
        life = Life(now() - timedelta(days=1, seconds=number), runs=600)
        plan = maker.docking(PEOPLE[number % len(PEOPLE)]["authId"], life, ligands(8))
        steps = plan.script[:6] if number < active else plan.script
        world.put(plan.execution, steps, since=life.created)
    return world


def history(maker: JobMaker, now: datetime, chance: random.Random) -> list[Plan]:
    """The jobs of the last 60 days, all ended; the older ones come from older tools."""
    owners = (ADA, BORIS, CHEN, DALIA, EMEKA, FATIMA, MALLORY, GONE)
    outcomes = (COMPLETED, COMPLETED, COMPLETED, CANCELLED, OUT_OF_MEMORY, TIMED_OUT)
    plans = []
    for number in range(HISTORY):
        age = timedelta(days=60 * (1 - number / HISTORY), hours=14)
        recent = age < timedelta(days=20)
        outcome = chance.choice(outcomes)
        if outcome is COMPLETED and not recent:
            outcome = SUCCEEDED
        owner = chance.choice(owners if not recent else owners[:-1])
        visibility = "hidden" if number % 40 == 7 else "visible"
        label = Label(visibility=visibility, metadata={"protein_file": "brd.pdb", "protein_name": "brd"})
        created = now - age + timedelta(seconds=chance.uniform(0, 3600))
        if chance.random() < 0.4:
            life = Life(created, runs=chance.uniform(3, 12) * 3600, outcome=outcome)
            tool = ABFE if recent else (ABFE[0], "0.2.8")
            plan = maker.abfe(owner, life, label, tool, round(chance.uniform(-12, -3), 2))
            prices = [("FEP-ABFE-001", 4, 46.125)]
        else:
            count = chance.randint(4, 24)
            life = Life(created, runs=count * chance.uniform(20, 90), outcome=outcome)
            tool = BULK_DOCKING if not recent else ("deeporigin.docking", "4")
            plan = maker.docking(owner, life, ligands(count), label, tool=tool, failed=frozenset({2}))
            prices = [("DOCK-001", count, 1.25)]
        # The older tools were not charged for, and not everybody's work is.
        plans.append(approved(plan, prices) if recent and number % 3 else plan)
    return plans


def current(maker: JobMaker, now: datetime) -> list[Plan]:
    """What is under way at the start of the demo, and what has just ended; Ada owns most of it."""

    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    kras = frozenset({5, 11})
    library = maker.docking(
        ADA, Life(ago(9), runs=180, queued=8), ligands(96), Label("KRAS library B, 96 compounds")
    )
    rescoring = maker.abfe(ADA, Life(ago(55), runs=3600), Label("Rescoring of hits"))
    nameless = maker.docking(MALLORY, Life(ago(170), runs=900), ligands(8))
    brd_6 = Label("BRD, cmpd 6 (ethyl)", metadata={"protein_name": "brd", "ligand_name": "cmpd 6 (ethyl)"})
    return [
        maker.rbfe(ADA, Life(ago(16), runs=100 * 60, queued=39), 27, Label("BRD series, round 3")),
        maker.docking(ADA, Life(ago(5), runs=350), ligands(24), Label("KRAS fragments"), failed=kras),
        quoted(library, [("DOCK-001", 96, 1.25), ("STORAGE-001", 1, 4.5)]),
        quoted(rescoring, [("FEP-ABFE-001", 4, 46.125)], funds=False),
        maker.abfe(ADA, Life(ago(3), runs=14 * 60, outcome=OUT_OF_MEMORY), Label("BRD, cmpd 12")),
        maker.abfe(BORIS, Life(ago(45), runs=2 * 3600), brd_6),
        maker.abfe(CHEN, Life(ago(0.5), runs=50 * 60, queued=20), Label("CDK2 lead")),
        maker.docking(DALIA, Life(ago(0.2), runs=900, queued=240), ligands(16), Label("CDK2 decoys")),
        maker.docking(EMEKA, Life(ago(12), runs=40 * 60), ligands(64), Label("JAK2 diverse set")),
        approved(
            maker.docking(ADA, Life(ago(95), runs=1500), ligands(40), Label("KRAS round 1")),
            [("DOCK-001", 40, 1.25)],
        ),
        maker.docking(
            BORIS, Life(ago(40), runs=1200, outcome=OUT_OF_MEMORY), ligands(32), Label("EGFR macrocycles")
        ),
        maker.abfe(ADA, Life(ago(260), runs=4 * 3600, outcome=TIMED_OUT), Label("BRD, cmpd 9")),
        maker.abfe(FATIMA, Life(ago(130), runs=2 * 3600, outcome=CANCELLED), Label("HSP90 lead")),
        unquotable(maker.docking(CHEN, Life(ago(75), runs=60), ligands(12), Label("Peptide set"))),
        nameless,
    ]


def batch(maker: JobMaker, now: datetime) -> list[Plan]:
    """Thirty dockings of one notebook, with one tag, that end one after the other over half an hour."""
    session = maker.uuid()
    plans = []
    for number in range(1, BATCH + 1):
        life = Life(
            now - timedelta(minutes=4, seconds=-number),
            queued=30 + 12 * number,
            runs=240 + 50 * number,
            outcome=OUT_OF_MEMORY if number in {7, 19} else COMPLETED,
        )
        label = Label(f"CDK2 screen {number:02d}/{BATCH}", tag="cdk2-screen", session=session)
        plans.append(maker.docking(CHEN, life, ligands(16), label, failed=frozenset({3})))
    return plans


def _keep_lively(world: World, maker: JobMaker, chance: random.Random) -> None:
    """Let a new job appear every minute or two: most of them short, now and then a longer one."""
    owners = (ADA, BORIS, ADA, DALIA, EMEKA, FATIMA)
    count = 0

    def appear() -> None:
        nonlocal count
        created = world.moment()
        owner = owners[count % len(owners)]
        if count % 12 == 5:
            life = Life(created, runs=25 * 60)
            plan = maker.rbfe(owner, life, 9, Label(f"TYK2 pairs {count}"))
        elif count % 4 == 3:
            life = Life(created, runs=8 * 60)
            plan = maker.docking(owner, life, ligands(32), Label(f"Hit expansion {count}"))
        else:
            outcome = OUT_OF_MEMORY if chance.random() < 0.15 else COMPLETED
            life = Life(created, queued=chance.uniform(3, 8), runs=chance.uniform(17, 50), outcome=outcome)
            plan = maker.quick(owner, life, Label(f"Properties {count}"))
        count += 1
        plan.put(world)
        world.at(created + timedelta(seconds=chance.uniform(60, 120)), appear)

    world.at(world.moment() + timedelta(seconds=20), appear)
