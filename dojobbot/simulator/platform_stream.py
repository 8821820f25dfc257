"""The platform's event stream: tells a client that something which it follows has changed, and nothing more.

`GET /sse/{org}/stream/{projectId}?filter=<name>=execution:<id>` answers `text/event-stream`: a `retry:` line,
comments as heartbeats, and `{"type": "filters.dirty", "filters": [names]}` whenever a followed job changes.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from dojobbot.simulator.faults import LINK_KINDS, Faults
from dojobbot.simulator.platform_errors import ApiError, bad_parameter
from dojobbot.simulator.world import World

HEARTBEAT_SECONDS = 25.0
RETRY_MILLISECONDS = 3000
LOOK_SECONDS = 0.1
"""How often the world is moved on while somebody listens; else it moves only when it is read."""


class _Stream:
    """One open stream: the jobs that its filters name, and those of them that have changed."""

    def __init__(self, project: str, filters: Mapping[str, str], request: web.Request) -> None:
        self.project = project
        self.filters = filters
        self.request = request
        self.dirty: set[str] = set()
        self.deaf = False
        self.ended = False
        self._news = asyncio.Event()

    def note(self, job_id: str) -> None:
        """A job has changed."""
        names = {name for name, followed in self.filters.items() if followed == job_id}
        if names:
            self.dirty |= names
            self._news.set()

    def end(self) -> None:
        """Let the stream close."""
        self.ended = True
        self._news.set()

    @property
    def is_left(self) -> bool:
        """Whether the client has gone."""
        return self.request.transport is None or self.request.transport.is_closing()

    async def news(self, patience: float) -> frozenset[str]:
        """The names of dirty filters, none when nothing happened for that long or the stream has ended."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), patience)
        self._news.clear()
        names, self.dirty = frozenset(self.dirty), set()
        return names


class Streams:
    """All event streams of the simulated platform.

    Args:
        world: the jobs; a stream hears of those of its project.
        faults: the misbehaviour; what goes over a stream is the operation `stream filters.dirty`.
        projects: returns the ids of the projects that there are.
        most: how many streams one user may have open in one project.
        heartbeat_seconds: how long a stream stays silent.
    """

    def __init__(
        self,
        world: World,
        faults: Faults,
        projects: Callable[[], Iterable[str]],
        *,
        most: int,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._world = world
        self._faults = faults
        self._projects = projects
        self._most = most
        self._heartbeat_seconds = heartbeat_seconds
        self._streams: set[_Stream] = set()
        self._is_silent = False
        self._looking: asyncio.Task[None] | None = None
        world.on_change(self.note)

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def note(self, job_id: str) -> None:
        """Tell the streams that follow a job that it has changed."""
        for stream in self._streams:
            stream.note(job_id)

    def drop(self) -> None:
        """Cut every stream without a word, as a broken network does."""
        for stream in self._streams:
            if stream.request.transport is not None:
                stream.request.transport.abort()

    def silence(self) -> None:
        """Send nothing more over any stream, heartbeats included, as when a proxy forgets its connection."""
        self._is_silent = True

    async def stop(self) -> None:
        """End every stream."""
        for stream in self._streams:
            stream.end()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            self._looking = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """The aiohttp handler of a stream.

        Raises:
            ApiError: 400 for a filter that is not understood, 404 for an unknown project, 409 when the user
                has too many streams there.
        """
        project = request.match_info["project"]
        filters = _filters(request.query.getall("filter", []))
        if project not in set(self._projects()):
            raise ApiError(404, f"Project {project} not found.")
        if sum(stream.project == project and not stream.is_left for stream in self._streams) >= self._most:
            raise ApiError(
                409, f"Too many streams of this user in project {project}; the cap is {self._most}."
            )
        stream = _Stream(project, filters, request)
        self._streams.add(stream)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        try:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError):  # the client left; it needs no more news
                await self._serve(stream, response)
        finally:
            self._streams.discard(stream)
        return response

    async def _serve(self, stream: _Stream, response: web.StreamResponse) -> None:
        await response.write(f"retry: {RETRY_MILLISECONDS}\n\n".encode())
        while not stream.ended and not stream.is_left:
            names = await stream.news(self._heartbeat_seconds)
            if self._is_silent:
                continue
            if names & self._of_project(stream):
                await self._send(stream, response, sorted(names))
            elif not names and not stream.ended and not stream.is_left:
                await response.write(b": heartbeat\n\n")

    def _of_project(self, stream: _Stream) -> frozenset[str]:
        """The names of the filters whose job is of the stream's project, or is gone."""
        jobs = {name: self._world.get(job_id) for name, job_id in stream.filters.items()}
        return frozenset(
            name for name, job in jobs.items() if job is None or job.get("projectId") == stream.project
        )

    async def _send(self, stream: _Stream, response: web.StreamResponse, names: list[str]) -> None:
        """Send a frame, or do what a fault wants in its place."""
        frame = f"data: {json.dumps({'type': 'filters.dirty', 'filters': names})}\n\n".encode()
        fault = self._faults.pick("stream filters.dirty", LINK_KINDS)
        kind = None if fault is None else fault.kind
        if kind == "deaf":
            stream.deaf = True
        if kind == "drop" and stream.request.transport is not None:
            stream.request.transport.abort()
        if stream.deaf or kind == "drop":
            return
        if fault is not None and kind == "late":
            await asyncio.sleep(fault.seconds)
        await response.write(frame * (2 if kind == "duplicate" else 1))

    async def _look(self) -> None:
        """Move the world on, and let streams go whose client has left."""
        while self._streams:
            self._world.advance()
            for stream in self._streams:
                if stream.is_left:
                    stream.end()
            await asyncio.sleep(LOOK_SECONDS)


def _filters(asked: Iterable[str]) -> dict[str, str]:
    """The filters of a stream: name -> the id of the job that it follows."""
    filters = {}
    for text in asked:
        name, _, pattern = text.partition("=")
        kind, _, job_id = pattern.partition(":")
        if not name or kind != "execution" or not job_id:
            raise bad_parameter("filter", "filter must be '<name>=execution:<id>'.")
        filters[name] = job_id
    if not filters:
        raise bad_parameter("filter", "At least one filter is required.")
    return filters
