"""How the data platform lags behind: a job that has finished is DataIngesting there for a while."""

from collections.abc import Callable
from datetime import timedelta

from dojobbot.simulator.world import FINISHED, Execution, World


class Ingestion:
    """Which finished jobs the data platform is still taking in.

    Args:
        world: the jobs; those that finish from now on are followed.
        seconds: how long it takes; 0 for at once.
        announce: called with a job's id when its results are there.
    """

    def __init__(self, world: World, seconds: float, announce: Callable[[str], None]) -> None:
        self._world = world
        self._seconds = seconds
        self._announce = announce
        self._under_way: set[str] = set()
        self._seen: set[str] = set()
        if seconds > 0:
            world.on_change(self._note)

    def shown(self, execution: Execution) -> Execution:
        """The execution as the data platform has it."""
        if execution["executionId"] not in self._under_way:
            return execution
        return execution | {"status": "DataIngesting"}

    def _note(self, job_id: str) -> None:
        execution = self._world.get(job_id)
        if execution is None or execution["status"] not in FINISHED or job_id in self._seen:
            return
        self._seen.add(job_id)
        self._under_way.add(job_id)

        def done() -> None:
            self._under_way.discard(job_id)
            self._announce(job_id)

        self._world.at(self._world.moment() + timedelta(seconds=self._seconds), done)
