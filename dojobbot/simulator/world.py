"""The jobs of a simulated organisation: what they are now, and the scripts by which they move."""

import heapq
import itertools
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dojobbot.simulator.job_log import Line, at_first, of_change
from dojobbot.simulator.pace import Pace, restamped

Execution = dict[str, Any]
Script = Sequence[tuple[float, Mapping[str, Any]]]
"""What happens to a job: (seconds after the script began, fields that change then), in order of time."""

TREE = "progressTree"
"""Where a job keeps the progress report of version 2; the platform never sends it by that name."""

FINISHED = frozenset({"Succeeded", "Completed", "Failed"})
ENDED = FINISHED | {"Cancelled", "FailedQuotation", "InsufficientFunds"}


class WrongStateError(Exception):
    """The job cannot be cancelled or confirmed in the status that it has."""


class StoredJob:
    """A job as the world keeps it, its JSON cached: a listing of thousands costs little more than copying."""

    def __init__(self, execution: Execution, confirmed: Script) -> None:
        self.execution = execution
        self.confirmed = confirmed
        self.script_number = 0
        self.log: list[Line] = at_first(execution)
        self._v1: bytes | None = None

    def v1(self) -> bytes:
        """The row of listings and plain reads: the flat progress report."""
        if self._v1 is None:
            self._v1 = to_json({key: value for key, value in self.execution.items() if key != TREE})
        return self._v1

    def v2(self) -> bytes:
        """The answer to a read that asks for version 2: the progress tree, where there is one."""
        if TREE not in self.execution:
            return self.v1()
        shown = {key: value for key, value in self.execution.items() if key != TREE}
        return to_json(shown | {"progressReport": self.execution[TREE]})

    def merge(self, fields: Mapping[str, Any]) -> None:
        """Take over the fields and forget the cached JSON."""
        self.execution.update(fields)
        self._v1 = None


@dataclass(order=True, frozen=True)
class _Due:
    at: datetime  # of script time
    number: int
    earliest: datetime  # of the clock: nothing is stamped before it was planned
    action: Callable[[], None]


class World:
    """The organisation's jobs and people under one clock.

    Scripts move when the world is looked at: every read first applies, in order of time, whatever has
    fallen due since the last one, each change stamped with the moment at which it was due. Under a test's
    clock a job thus goes through the same states at the same stamps as under the real one. `set_speed`
    hurries or holds the scripts; stamps stay those of the clock.

    Args:
        now: the clock; it returns aware datetimes that never go back.
        users: the people of the organisation, as the users call returns them.
    """

    def __init__(self, now: Callable[[], datetime], users: Iterable[Mapping[str, Any]] = ()) -> None:
        self.now = now
        self.users = [dict(user) for user in users]
        self._jobs: dict[str, StoredJob] = {}
        self._by_status: defaultdict[str, dict[str, StoredJob]] = defaultdict(dict)
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        began = now()
        self._pace = Pace(began, began)
        self._catching_up: datetime | None = None
        self._listeners: list[Callable[[str], None]] = []

    def moment(self) -> datetime:
        """The time that changes are stamped with: now or, inside a scheduled action, when it was due."""
        return self._catching_up or self.now()

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Call back with the job's id whenever a job is put, changed or removed."""
        self._listeners.append(callback)

    @property
    def speed(self) -> float:
        """How many times as fast as the clock the scripts move; 0 while they are held."""
        return self._pace.speed

    def set_speed(self, speed: float) -> None:
        """Let the scripts move that much faster than the clock from now on, or hold them with 0.

        Raises:
            ValueError: the speed is negative.
        """
        self.advance()
        self._pace = self._pace.changed(self.moment(), speed)

    def at(self, due: datetime, action: Callable[[], None]) -> None:
        """Run an action once the clock has reached a time, as far as the speed stays ordinary, at a look."""
        moment = self.moment()
        script_due = self._pace.script_at(moment) + (due - moment)
        heapq.heappush(self._due, _Due(script_due, next(self._numbers), min(due, moment), action))

    def advance(self) -> None:
        """Apply everything that has fallen due; every read does so by itself."""
        if self._catching_up is not None:
            return
        now = self._pace.script_at(self.now())
        try:
            while self._due and self._due[0].at <= now:
                due = heapq.heappop(self._due)
                self._catching_up = max(self._pace.wall_at(due.at), due.earliest)
                due.action()
        finally:
            self._catching_up = None

    def put(
        self,
        execution: Mapping[str, Any],
        script: Script = (),
        *,
        since: datetime | None = None,
        confirmed: Script = (),
    ) -> str:
        """Add a job, or replace the one with its id.

        Args:
            execution: the execution object; it needs `executionId` and `status`, all else may be absent.
            script: how the job moves on its own.
            since: when the script began; by default now. One that began earlier is caught up with at once.
            confirmed: the script that begins when the job's quote is confirmed.

        Returns:
            The job's id.
        """
        job = StoredJob(dict(execution), confirmed)
        job_id: str = job.execution["executionId"]
        if job_id in self._jobs:
            self.remove(job_id)
        self._jobs[job_id] = job
        self._by_status[job.execution["status"]][job_id] = job
        self._tell(job_id)
        self._begin(job, script, since or self.moment())
        self.advance()
        return job_id

    def get(self, job_id: str) -> Execution | None:
        """A copy of the job as it is now, or None."""
        job = self.find(job_id)
        return dict(job.execution) if job else None

    def find(self, job_id: str) -> StoredJob | None:
        """The job as it is now, with its JSON, or None."""
        self.advance()
        return self._jobs.get(job_id)

    def select(
        self, statuses: Iterable[str] | None = None, matches: Callable[[Execution], bool] | None = None
    ) -> list[StoredJob]:
        """The jobs in any of the statuses (None: all) that match, in no promised order."""
        self.advance()
        if statuses is None:
            found = list(self._jobs.values())
        else:
            found = [job for status in set(statuses) for job in self._by_status.get(status, {}).values()]
        return found if matches is None else [job for job in found if matches(job.execution)]

    def change(self, job_id: str, **fields: Any) -> Execution:
        """Change fields of a job, now.

        `updatedAt`, and `startedAt` and `completedAt` where the new status calls for them, are stamped unless
        given. A job that has ended follows its script no longer.

        Returns:
            A copy of the changed job.

        Raises:
            KeyError: there is no such job.
        """
        self.advance()
        job = self._jobs[job_id]
        self._apply(job, fields)
        return dict(job.execution)

    def remove(self, job_id: str) -> None:
        """Forget a job; KeyError if there is none."""
        job = self._jobs.pop(job_id)
        job.script_number += 1
        del self._by_status[job.execution["status"]][job_id]
        self._tell(job_id)

    def cancel(self, job_id: str) -> StoredJob:
        """Cancel a job: at once, and without `completedAt`, as the platform does it.

        Raises:
            KeyError: there is no such job.
            WrongStateError: it has ended, or waits for its quote to be confirmed.
        """
        self.advance()
        job = self._jobs[job_id]
        status = job.execution["status"]
        if status in ENDED or status == "Quoted":
            raise WrongStateError(f"Execution {job_id} is {status} and cannot be cancelled.")
        self._apply(job, {"status": "Cancelled"})
        return job

    def confirm(self, job_id: str) -> StoredJob:
        """Confirm a job's quote: its second script begins, or it is merely Created.

        Raises:
            KeyError: there is no such job.
            WrongStateError: it is not Quoted.
        """
        self.advance()
        job = self._jobs[job_id]
        status = job.execution["status"]
        if status != "Quoted":
            raise WrongStateError(f"Execution {job_id} is {status}, not Quoted; there is nothing to confirm.")
        self._begin(job, job.confirmed or [(0, {"status": "Created"})], self.moment())
        self.advance()
        return job

    def _begin(self, job: StoredJob, script: Script, since: datetime) -> None:
        """Schedule a script in place of the one that the job follows."""
        job.script_number += 1
        number = job.script_number

        moment = self.moment()
        ahead = self._pace.script_at(moment) - moment

        def step(fields: Mapping[str, Any]) -> Callable[[], None]:
            def apply() -> None:
                if job.script_number == number:
                    self._apply(job, self._restamped(fields, ahead))

            return apply

        for seconds, fields in script:
            self.at(since + timedelta(seconds=seconds), step(fields))

    def _restamped(self, fields: Mapping[str, Any], ahead: timedelta) -> Mapping[str, Any]:
        """A step's fields, its progress tree stamped with when things happened, not when they were due."""
        if TREE not in fields or self._pace.is_ordinary:
            return fields
        return {**fields, TREE: restamped(fields[TREE], lambda due: self._pace.wall_at(due + ahead))}

    def _apply(self, job: StoredJob, fields: Mapping[str, Any]) -> None:
        stamp = iso(self.moment())
        stamped = {"updatedAt": stamp}
        before, after = job.execution["status"], fields.get("status", job.execution["status"])
        if after == "Running" and not job.execution.get("startedAt"):
            stamped["startedAt"] = stamp
        if after in FINISHED and not job.execution.get("completedAt"):
            stamped["completedAt"] = stamp
        if after in ENDED:
            job.script_number += 1
        job.log += of_change(job.execution, fields, stamp)
        job.merge(stamped | dict(fields))
        job_id = job.execution["executionId"]
        if after != before:
            del self._by_status[before][job_id]
            self._by_status[after][job_id] = job
        self._tell(job_id)

    def _tell(self, job_id: str) -> None:
        for listener in self._listeners:
            listener(job_id)


def iso(moment: datetime) -> str:
    """A stamp as the platform writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def to_json(value: object) -> bytes:
    """Compact JSON in UTF-8."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
