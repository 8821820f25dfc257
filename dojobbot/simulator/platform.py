"""The simulated Deep Origin platform: a world of jobs behind the platform's REST interface."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any, NamedTuple

from aiohttp import web

from dojobbot.simulator.fault_answers import Wording, answer_through
from dojobbot.simulator.faults import Faults
from dojobbot.simulator.jobs import JobMaker, Label, Life, Plan, ligands, quoted
from dojobbot.simulator.platform_data import Row, execution_rows, log_rows, search
from dojobbot.simulator.platform_errors import ApiError, plain_body
from dojobbot.simulator.platform_filter import parse_listing
from dojobbot.simulator.platform_ingestion import Ingestion
from dojobbot.simulator.platform_stream import HEARTBEAT_SECONDS, Streams
from dojobbot.simulator.platform_token import expired, make_token
from dojobbot.simulator.world import StoredJob, World, WrongStateError, to_json

TREE_MEDIA_TYPE = "application/json;v=2.0"
PRICE_PER_LIGAND = 1.25
REQUESTS_KEPT = 10_000
CREATED_SEED = 7_331
"""Apart from the seeds that worlds are made with, so that created jobs get ids of their own."""
OPEN_PATHS = frozenset(
    {"/health", "/tools/health", "/files/health", "/billing/health", "/data-platform/health"}
)

EXPIRED = plain_body(401, "Unauthorized: the access token has expired.")
WORDING = Wording(plain_body, (401, EXPIRED))
"""What the platform says when a fault makes it fail."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Served(NamedTuple):
    """A request that was served; status 0 stands for a caller who got no whole answer."""

    method: str
    path: str
    query: dict[str, str]
    status: int
    at: datetime
    seconds: float


class SimulatedPlatform:
    """A server on a loopback address that answers as api.deeporigin.io does for one organisation.

    Faults are matched against method and path, as in `PATCH /tools/example-lab/tools/executions/*:cancel`.

    Args:
        world: the jobs and people; its clock is also that of the `Date` header and of the tokens' expiry.
        faults: the misbehaviour to order; by default a set of its own, in `faults`.
        org: the organisation key in every path.
        token: the bearer token that is accepted, made by `make_token`; by default one for a year.
            May be reassigned.
        latency: seconds that every answer waits; may be reassigned.
        ingestion_seconds: how long the data platform shows a finished job as DataIngesting.
        most_streams: how many event streams the user may have open in one project.
        heartbeat_seconds: how long an event stream stays silent.

    Attributes:
        projects: ids of projects besides those that the world's jobs belong to.
        streams: the open event streams.
    """

    def __init__(
        self,
        world: World,
        *,
        faults: Faults | None = None,
        org: str = "example-lab",
        token: str | None = None,
        latency: float = 0.0,
        ingestion_seconds: float = 0.0,
        most_streams: int = 5,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.world = world
        self.faults = faults or Faults()
        self.org = org
        self.token = token or make_token(world.now())
        expired(self.token, world.now())  # a token of another shape is refused here, not at the first request
        self.latency = latency
        self.requests: deque[Served] = deque(maxlen=REQUESTS_KEPT)
        self.base_url = ""
        self._maker = JobMaker(org, seed=CREATED_SEED)
        self._runner: web.AppRunner | None = None
        self.projects: set[str] = set()
        self.streams = Streams(
            world,
            self.faults,
            self._known_projects,
            most=most_streams,
            heartbeat_seconds=heartbeat_seconds,
        )
        self._ingestion = Ingestion(world, ingestion_seconds, self.streams.note)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one, and `base_url` then tells which."""
        app = web.Application(middlewares=[self._serve])
        app.add_routes(self._routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self._runner = runner
        self.base_url = f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening and cut what is still open, hanging calls included."""
        if self._runner is not None:
            self.faults.release()
            await self.streams.stop()
            await self._runner.cleanup()
            self._runner = None

    def _routes(self) -> list[web.RouteDef]:
        executions = "/tools/{org}/tools/executions"
        return [
            *(web.get(path, _health) for path in sorted(OPEN_PATHS)),
            web.get("/entities/protected/organizations", self._organizations),
            web.get("/entities/{org}/organizations/users", self._users),
            web.get("/tools/{org}/clusters", self._clusters),
            web.get(executions, self._list),
            web.get(executions + "/{id}", self._get),
            web.patch(executions + "/{id}", self._act),
            web.post("/tools/{org}/tools/{key}/{version}/executions", self._create),
            web.get("/sse/{org}/stream/{project}", self.streams.handle),
            web.post("/data-platform/{org}/executions/search", self._search_executions),
            web.get("/data-platform/{org}/executions/{id}", self._get_row),
            web.post("/data-platform/{org}/user_logs/search", self._search_logs),
        ]

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Log, delay and stamp every request, and let a fault strike it."""
        at, loop = self.world.now(), asyncio.get_running_loop()
        began, status = loop.time(), 0

        async def answer(request: web.Request) -> web.StreamResponse:
            return await self._guard(request, handler)

        try:
            await asyncio.sleep(self.latency)
            operation = f"{request.method} {request.path}"
            response = await answer_through(self.faults, operation, request, answer, WORDING)
            if not response.prepared:
                response.headers["Date"] = format_datetime(self.world.now(), usegmt=True)
            if request.transport is not None and not request.transport.is_closing():
                status = response.status
            return response
        finally:
            seconds = loop.time() - began
            self.requests.append(
                Served(request.method, request.path, dict(request.query), status, at, seconds)
            )

    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check who asks, and turn every refusal into an error envelope."""
        try:
            self._authorise(request)
            return await handler(request)
        except ApiError as error:
            return _json(error.body, error.status)
        except web.HTTPException as error:
            message = f"Cannot {request.method} {request.path}"
            return _json(plain_body(error.status, message), error.status)

    def _authorise(self, request: web.Request) -> None:
        if request.path in OPEN_PATHS:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or token != self.token:
            raise ApiError(401, "Unauthorized: the access token is missing or not valid.")
        if expired(token, self.world.now()):
            raise ApiError(401, "Unauthorized: the access token has expired.")
        if request.match_info.get("org", self.org) != self.org:
            raise ApiError(403, "Forbidden: you are not a member of this organization.")

    async def _organizations(self, _request: web.Request) -> web.Response:
        organization = {
            "id": self._maker.cluster,
            "orgKey": self.org,
            "name": self.org.replace("-", " ").title(),
            "status": "active",
            "roles": ["owner"],
            "threshold": 500,
            "autoApproveMaxAmount": 0,
            "mfaEnabled": False,
            "invites": [],
        }
        return _json({"data": [organization]})

    async def _users(self, _request: web.Request) -> web.Response:
        return _json({"data": self.world.users})

    async def _clusters(self, _request: web.Request) -> web.Response:
        cluster = {"id": self._maker.cluster, "orgKey": self.org, "name": "default", "enabled": True}
        return _json({"data": [cluster], "pagination": {"count": 1}})

    async def _list(self, request: web.Request) -> web.Response:
        listing = parse_listing(request.query)
        found = self.world.select(listing.statuses, listing.matches)
        rows = b",".join(job.v1() for job in listing.cut(listing.arrange(found)))
        return _raw(b'{"data":[' + rows + b'],"count":' + str(len(found)).encode() + b"}")

    async def _get(self, request: web.Request) -> web.Response:
        job = self._job(request.match_info["id"])
        accepted = request.headers.get("Accept", "").replace(" ", "")
        return _raw(job.v2() if TREE_MEDIA_TYPE in accepted else job.v1())

    async def _act(self, request: web.Request) -> web.Response:
        job_id, _, action = request.match_info["id"].rpartition(":")
        if action not in {"cancel", "confirm"} or not job_id:
            raise ApiError(400, "PATCH needs ':cancel' or ':confirm' after the execution id.")
        self._job(job_id)
        try:
            job = self.world.cancel(job_id) if action == "cancel" else self.world.confirm(job_id)
        except WrongStateError as error:
            raise ApiError(409, str(error)) from error
        return _raw(job.v1())

    async def _create(self, request: web.Request) -> web.Response:
        body = await _body(request)
        plan = self._plan(request.match_info["key"], request.match_info["version"], body)
        job = self._job(plan.put(self.world))
        absent = {"startedAt", "completedAt", "progressReport"}
        return _json({key: value for key, value in job.execution.items() if key not in absent}, 201)

    def _plan(self, tool: str, version: str, body: Mapping[str, Any]) -> Plan:
        """A new job of the caller's; a negative amount asks for its quote alone, as 5.x clients do."""
        inputs = body.get("inputs")
        if not isinstance(inputs, dict):
            raise ApiError(400, "inputs must be an object.")
        owner = self.world.users[0]["authId"] if self.world.users else "auth0|nobody@example.org"
        smiles = inputs.get("smiles_list") or ligands(1)
        label = Label(body.get("name"), body.get("tag"), body.get("session"), metadata=body.get("metadata"))
        life = Life(self.world.now(), runs=5 * len(smiles), queued=2)
        plan = self._maker.docking(owner, life, smiles, label, tool=(tool, version))
        plan.execution.update(
            userInputs=inputs,
            approveAmount=body.get("approveAmount"),
            app=body.get("app"),
            projectId=body.get("projectId"),
            visibility=body.get("visibility", "visible"),
        )
        wants_quote = (body.get("approveAmount") or 0) < 0
        return quoted(plan, [("RUN-001", len(smiles), PRICE_PER_LIGAND)]) if wants_quote else plan

    async def _search_executions(self, request: web.Request) -> web.Response:
        body = await _body(request)
        hidden = bool(body.pop("include_hidden", False))
        return _json(search(self._rows(include_hidden=hidden), body))

    async def _get_row(self, request: web.Request) -> web.Response:
        row_id = request.match_info["id"]
        for row in self._rows(include_hidden=True):
            if row["id"] == row_id:
                return _json({"data": row})
        raise ApiError(404, f"Execution {row_id} not found.")

    def _rows(self, *, include_hidden: bool) -> list[Row]:
        executions = (self._ingestion.shown(job.execution) for job in self.world.select())
        return execution_rows(executions, include_hidden=include_hidden)

    def _known_projects(self) -> set[str]:
        of_jobs = (job.execution.get("projectId") for job in self.world.select())
        return self.projects | {project for project in of_jobs if project}

    async def _search_logs(self, request: web.Request) -> web.Response:
        body = await _body(request)
        return _json(search(log_rows(self.world.select()), body))

    def _job(self, job_id: str) -> StoredJob:
        job = self.world.find(job_id)
        if job is None:
            raise ApiError(404, f"Tool execution {job_id} not found.")
        return job


async def _health(_request: web.Request) -> web.Response:
    details = {"database": {"status": "up"}}
    return _json({"status": "ok", "info": details, "error": {}, "details": details})


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise ApiError(400, f"The request body is not valid JSON: {error}.") from error
    if not isinstance(body, dict):
        raise ApiError(400, "The request body must be a JSON object.")
    return body


def _json(body: object, status: int = 200) -> web.Response:
    return _raw(to_json(body), status)


def _raw(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json")
