"""The organisation's jobs as the page's platform panel shows them, and those that the panel starts."""

from collections.abc import Callable, Mapping
from typing import Any

from dojobbot.simulator.jobs import JobMaker, Label, Life, Plan, ligands, quoted
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.world import ENDED, TREE, Execution, World

PANEL_SEED = 90_210
"""Apart from the seeds that worlds are made with, so that started jobs get ids of their own."""
BATCH = 8
KINDS: Mapping[str, str] = {
    "docking": "Docking",
    "abfe": "ABFE",
    "rbfe": "RBFE",
    "batch": f"Batch of {BATCH}",
}
TOOL_WORDS = {"docking": "Docking", "abfe": "ABFE", "rbfe": "RBFE", "mol-props": "Properties"}
MOST_ROWS = 60


class Starter:
    """Starts jobs on a platform for the people of its organisation.

    Args:
        world: where the jobs go.
        org: the organisation's key.
    """

    def __init__(self, world: World, org: str) -> None:
        self._world = world
        self._maker = JobMaker(org, seed=PANEL_SEED)
        self._started = 0

    def start(self, kind: str, owner: str, *, name: str | None = None, quote: bool = False) -> list[str]:
        """Start a job, or several for a batch; returns their ids.

        Args:
            kind: one of `KINDS`.
            owner: the platform's id of the person.
            name: what it is called; a made-up name by default.
            quote: let it wait for its quote to be approved.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in KINDS:
            raise ValueError(f"There is no kind of job {kind!r}; there are {', '.join(KINDS)}.")
        self._started += 1
        name = name or f"{KINDS[kind].split()[0]} {self._started} from the page"
        session = self._maker.uuid()
        tag = name.lower().replace(" ", "-")[:40] if kind == "batch" else None
        ids = []
        for number in range(1, (BATCH if kind == "batch" else 1) + 1):
            shown = f"{name} {number}/{BATCH}" if kind == "batch" else name
            plan, items, price = self._plan(kind, owner, Label(shown, tag, session), number)
            priced = quoted(plan, [("RUN-001", items, price)]) if quote else plan
            ids.append(priced.put(self._world))
        return ids

    def _plan(self, kind: str, owner: str, label: Label, number: int) -> tuple[Plan, int, float]:
        """The job, how many items it is charged for, and the price of each."""
        now = self._world.moment()
        if kind == "abfe":
            return self._maker.abfe(owner, Life(now, runs=480), label), 1, 46.125
        if kind == "rbfe":
            return self._maker.rbfe(owner, Life(now, runs=600), 9, label), 9, 38.5
        life = Life(now, queued=3 + 2 * number, runs=90 + 15 * number)
        return self._maker.docking(owner, life, ligands(24), label), 24, 1.25


def rows(world: World) -> list[Json]:
    """The newest jobs for the panel, and all that have not ended, the latest change first."""
    every = sorted(
        (job.execution for job in world.select()), key=lambda each: str(each.get("updatedAt")), reverse=True
    )
    kept = [each for place, each in enumerate(every) if place < MOST_ROWS or each["status"] not in ENDED]
    name = person_names(world)
    return [row(each, name) for each in kept if each.get("visibility") != "hidden"]


def row(execution: Execution, name: Callable[[str], str]) -> Json:
    """One job for the panel: id, name, tool, status, owner, stamps, progress (0 to 1, or null), reason."""
    key = (execution.get("tool") or {}).get("key", "")
    tool = next((word for part, word in TOOL_WORDS.items() if part in key), key)
    reason = execution.get("statusReason")
    if isinstance(reason, Mapping):
        reason = reason.get("message")
    return {
        "id": execution["executionId"],
        "name": execution.get("name") or f"{tool} without a name",
        "tool": tool,
        "status": execution["status"],
        "ended": execution["status"] in ENDED,
        "owner": name(execution.get("createdBy") or ""),
        "created": execution.get("createdAt"),
        "updated": execution.get("updatedAt"),
        "progress": None if execution["status"] != "Running" else progress(execution),
        "reason": reason,
    }


def person_names(world: World) -> Callable[[str], str]:
    """Who the platform's ids of people stand for."""
    names = {}
    for user in world.users:
        full = " ".join(part for part in (user["firstName"], user["lastName"]) if part)
        names[user["authId"]] = full or user["email"]
    return lambda user_id: names.get(user_id, user_id)


def progress(execution: Execution) -> float | None:
    """How much of a running job is done, as its own report says; None where it says nothing of the whole."""
    tree = execution.get(TREE)
    if isinstance(tree, Mapping):
        return _share(tree.get("toolProgress"))
    report = execution.get("progressReport")
    if isinstance(report, Mapping):
        return _share(report)
    if isinstance(report, str) and report.startswith("total_num_ligands"):
        first, *done = report.strip().splitlines()
        return len(done) / int(first.rpartition("=")[2])
    return None


def _share(report: Any) -> float | None:
    complete = report.get("complete") if isinstance(report, Mapping) else None
    return complete / 100 if isinstance(complete, int | float) else None


def owner_of(world: World, email: str | None) -> str | None:
    """The platform's id of the person with an e-mail address; None when nobody there has it."""
    return next((str(user["authId"]) for user in world.users if user["email"] == email), None)
