"""The page's platform panel: the organisation's jobs and the bot's requests, live, and what one can do."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any, TypeVar

from dojobbot.simulator.page_faults import FaultDesk
from dojobbot.simulator.page_jobs import KINDS, Starter, owner_of, person_names, row, rows
from dojobbot.simulator.page_story import Story
from dojobbot.simulator.page_words import Refusal, optional_text, required_text
from dojobbot.simulator.platform import Served, SimulatedPlatform
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.slack_api.web_api import RequestRecord
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import ENDED

SPEEDS = (0, 1, 5, 20)
LOOK_SECONDS = 0.3
REQUESTS_SHOWN = 200
DEFAULT_REASON = "OOMKilled: worker 3 exceeded 32Gi"

T = TypeVar("T")


class PlatformPanel:
    """What the platform panel of every open page shows.

    It looks every few tenths of a second while a page is open, which also keeps the jobs moving when the bot
    is away, and tells each page what is new.

    Args:
        platform: the simulated platform.
        workspace: the simulated workspace, for the bot's requests to Slack.
    """

    def __init__(self, platform: SimulatedPlatform, workspace: SimulatedWorkspace) -> None:
        self._platform = platform
        self._workspace = workspace
        self._starter = Starter(platform.world, platform.org)
        self._story = Story(workspace, platform)
        self._faults = FaultDesk({"platform": platform.faults, "slack": workspace.faults})
        self._pages: set[asyncio.Queue[Json]] = set()
        self._changed: dict[str, None] = {}
        self._shown: deque[Json] = deque(maxlen=REQUESTS_SHOWN)
        self._last: dict[str, Any] = {"platform": None, "slack": None}
        self._last_faults: Json = {}
        platform.world.on_change(self._note_change)
        self.actions: Mapping[str, Callable[[str, Mapping[str, object]], None]] = {
            "start": self._start,
            "fail": self._fail,
            "finish": self._finish,
            "speed": self._speed,
            "fault": self._faults.add,
            "clear_faults": self._faults.clear,
            "drop_sockets": self._drop_sockets,
        }

    def subscribe(self) -> "asyncio.Queue[Json]":
        """A queue that gets everything there is, and then what is new; give it back to `unsubscribe`."""
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._look()
        queue.put_nowait(self._everything())
        queue.put_nowait(self._story.shown())
        self._pages.add(queue)
        return queue

    def unsubscribe(self, queue: "asyncio.Queue[Json]") -> None:
        """Stop filling a queue."""
        self._pages.discard(queue)

    async def run(self) -> None:
        """Keep looking until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._pages:
                self._look()

    def _everything(self) -> Json:
        return {
            "type": "platform",
            "organisation": self._platform.org,
            "kinds": dict(KINDS),
            "jobs": rows(self._platform.world),
            "requests": list(self._shown),
            "speeds": list(SPEEDS),
            "speed": self._platform.world.speed,
            "faults": self._faults.shown(),
            "fault_offer": self._faults.offered(),
        }

    def _note_change(self, job_id: str) -> None:
        self._changed[job_id] = None

    def _look(self) -> None:
        """Note what is new, and tell the open pages."""
        world = self._platform.world
        world.advance()
        changed, self._changed = list(self._changed), {}
        name = person_names(world)
        jobs = [(job_id, world.get(job_id)) for job_id in changed]
        requests = [
            *(_platform_request(each) for each in self._newer("platform", self._platform.requests)),
            *(_slack_request(each) for each in self._newer("slack", self._workspace.requests)),
        ]
        self._shown.extend(requests)
        if jobs:
            found = [row(job, name) for _, job in jobs if job and job.get("visibility") != "hidden"]
            gone = [job_id for job_id, job in jobs if job is None]
            self._tell({"type": "jobs", "jobs": found, "gone": gone})
        if requests:
            self._tell({"type": "requests", "requests": requests})
        faults = self._faults.shown()
        if faults != self._last_faults:
            self._last_faults = faults
            self._tell({"type": "faults", "faults": faults})
        if self._story.look():
            self._tell(self._story.shown())

    def _newer(self, side: str, records: "deque[T] | list[T]") -> list[T]:
        """The records since the last look, oldest first."""
        last = self._last[side]
        new = list(takewhile(lambda record: record is not last, reversed(records)))
        if new:
            self._last[side] = new[0]
        return new[::-1]

    def _tell(self, news: Json) -> None:
        for queue in self._pages:
            queue.put_nowait(news)

    def _start(self, user: str, body: Mapping[str, object]) -> None:
        """Start a job of `kind`, called `name`, for the person; with `quote` it waits for its approval."""
        person = self._workspace.state.user(user)
        owner = owner_of(self._platform.world, person.email)
        if owner is None:
            raise Refusal(f"{person.real_name} is not in the organisation. Be Ada, and try again.")
        try:
            self._starter.start(
                required_text(body, "kind"),
                owner,
                name=optional_text(body, "name"),
                quote=body.get("quote") is True,
            )
        except ValueError as error:
            raise Refusal(str(error)) from error
        self._look()

    def _fail(self, _user: str, body: Mapping[str, object]) -> None:
        """Let `job` fail, with a `reason`."""
        reason = optional_text(body, "reason") or DEFAULT_REASON
        self._end(required_text(body, "job"), status="Failed", statusReason=reason)

    def _finish(self, _user: str, body: Mapping[str, object]) -> None:
        """Let `job` be done at once."""
        self._end(required_text(body, "job"), status="Completed")

    def _end(self, job_id: str, **fields: object) -> None:
        job = self._platform.world.get(job_id)
        if job is None:
            raise Refusal("There is no such job any more.")
        if job["status"] in ENDED:
            raise Refusal(f"This job is {job['status']} already.")
        self._platform.world.change(job_id, **fields)
        self._look()

    def _speed(self, _user: str, body: Mapping[str, object]) -> None:
        """Let time on the platform go `speed` times as fast; 0 holds it."""
        speed = body.get("speed")
        if speed not in SPEEDS or not isinstance(speed, int | float):
            raise Refusal(f"The speed must be one of {', '.join(map(str, SPEEDS))}.")
        self._platform.world.set_speed(speed)
        self._tell({"type": "speed", "speed": speed})

    def _drop_sockets(self, _user: str, _body: Mapping[str, object]) -> None:
        """Cut the bot's connections to Slack without a word."""
        self._workspace.drop_sockets()


def _platform_request(served: Served) -> Json:
    """A request to Deep Origin; status 0 stands for no whole answer."""
    return {
        "side": "platform",
        "method": served.method,
        "path": served.path,
        "query": served.query,
        "status": served.status,
        "error": None,
        "ms": round(1000 * served.seconds, 1),
    }


def _slack_request(record: RequestRecord) -> Json:
    """A request to Slack, which says POST /api/<method> whatever it does."""
    return {
        "side": "slack",
        "method": "POST",
        "path": record.method,
        "query": dict(record.args),
        "status": record.status,
        "error": record.error,
        "ms": round(1000 * record.seconds, 1),
    }
