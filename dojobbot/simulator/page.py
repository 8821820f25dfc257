"""The demo page's server: its files, a WebSocket with what one person sees, and what they do."""

import asyncio
import contextlib
import json
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from urllib.parse import quote

from aiohttp import WSCloseCode, web

from dojobbot.simulator.page_actions import ACTIONS
from dojobbot.simulator.page_platform import PlatformPanel
from dojobbot.simulator.page_state import first_state, told
from dojobbot.simulator.page_words import Refusal
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.slack_api.changes import Change
from dojobbot.simulator.slack_api.problems import Json
from dojobbot.simulator.workspace import SimulatedWorkspace

STATIC = Path(__file__).parent / "static"
HEADERS = {
    # Nothing is loaded from elsewhere, and nobody may frame the page to have its buttons pressed.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # The files change with every new version, and the port is the same.
    "Cache-Control": "no-store",
}
HEARTBEAT_SECONDS = 15

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """Serves the page of one workspace and one platform on 127.0.0.1.

    Args:
        workspace: the workspace; it runs in the same event loop.
        platform: the platform; it does so, too.
        people: whom one can be in the page: user id -> what they are in the story.
    """

    def __init__(
        self, workspace: SimulatedWorkspace, platform: SimulatedPlatform, people: Mapping[str, str]
    ) -> None:
        self._workspace = workspace
        self._panel = PlatformPanel(platform, workspace)
        self._looking: asyncio.Task[None] | None = None
        self._people = dict(people)
        self._open: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 takes a free one. OSError when the port is taken."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/", _index)
        app.router.add_get("/live", self._live)
        app.router.add_get("/platform", self._platform)
        app.router.add_post("/do/{action}", self._do)
        app.router.add_get("/files/{id}", self._file)
        app.router.add_static("/static/", STATIC)
        app.on_response_prepare.append(_add_headers)
        app.on_shutdown.append(self._close_sockets)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self._port = self._runner.addresses[0][1]
        self._looking = asyncio.create_task(self._panel.run(), name="platform panel")

    async def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self._port}/"

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse other sites: those whose name points here, and those that want to act from a browser."""
        ours = (f"127.0.0.1:{self._port}", f"localhost:{self._port}")
        if request.host not in ours:
            return _refused(403, f"This page answers only at {self.url}")
        if not request.path.startswith(("/live", "/platform", "/do/")):
            return await handler(request)
        if request.headers.get("Origin") not in {f"http://{host}" for host in ours}:
            return _refused(403, f"Only the page at {self.url} may do this.")
        if request.method == "POST" and request.content_type != "application/json":
            return _refused(415, "Send JSON, with Content-Type: application/json.")
        return await handler(request)

    async def _do(self, request: web.Request) -> web.Response:
        """Do what a person did.

        In the answer, `error` is Slack's code when that failed; `refused` says why it was not even tried: no
        HTTP error, which a browser would call a fault of the page.
        """
        try:
            body = await request.json()
        except json.JSONDecodeError as error:
            return _refused(400, f"The body is not JSON: {error}")
        try:
            if not isinstance(body, dict):
                raise Refusal("The body must be a JSON object.")
            user = body.get("user")
            if not isinstance(user, str) or user not in self._people:
                raise Refusal(f"Nobody here has the id {user!r}; there are {', '.join(self._people)}.")
            return web.json_response({"error": await self._act(request.match_info["action"], user, body)})
        except Refusal as refusal:
            return web.json_response({"error": None, "refused": str(refusal)})

    async def _act(self, action: str, user: str, body: Mapping[str, object]) -> str | None:
        """Do it in the workspace or on the platform; Refusal when neither knows it."""
        if action in ACTIONS:
            return await ACTIONS[action](self._workspace, user, body)
        if action not in self._panel.actions:
            raise Refusal(f"There is no {action!r}; there are {sorted([*ACTIONS, *self._panel.actions])}.")
        self._panel.actions[action](user, body)
        return None

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Send everything that a person sees, then each change to it; their talks with the bot are opened."""
        wanted = request.query.get("user")
        # An address from an older page may name somebody who is not here.
        viewer = wanted if wanted in self._people else next(iter(self._people))
        self._workspace.dm(viewer)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await socket.prepare(request)
        self._open.add(socket)
        changes = self._workspace.subscribe()
        try:
            await _until_left(socket, self._tell(socket, viewer, changes))
        finally:
            self._workspace.unsubscribe(changes)
        return socket

    async def _file(self, request: web.Request) -> web.Response:
        """Download a file that was uploaded to the workspace."""
        stored = self._workspace.file(request.match_info["id"])
        if stored is None or stored.content is None:
            return _refused(404, "There is no such file.")
        name = quote(stored.name)
        disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return web.Response(body=stored.content, content_type="application/octet-stream", headers=disposition)

    async def _platform(self, request: web.Request) -> web.StreamResponse:
        """Send all that the platform panel shows, then what is new in it."""
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await socket.prepare(request)
        self._open.add(socket)
        news = self._panel.subscribe()
        try:
            await _until_left(socket, _pass_on(socket, news))
        finally:
            self._panel.unsubscribe(news)
        return socket

    async def _tell(
        self, socket: web.WebSocketResponse, viewer: str, changes: "asyncio.Queue[Change]"
    ) -> None:
        # A page that leaves in the middle of a message has seen enough.
        with contextlib.suppress(ConnectionError):
            await socket.send_json(first_state(self._workspace, self._people, viewer))
            while True:
                news = told(self._workspace, self._people, viewer, await changes.get())
                if news is not None:
                    await socket.send_json(news)

    async def _close_sockets(self, _app: web.Application) -> None:
        for socket in set(self._open):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"The demo has ended.")


async def _until_left(socket: web.WebSocketResponse, telling: Coroutine[None, None, None]) -> None:
    """Tell the page what there is until it has closed the connection, on which it says nothing."""
    work = {asyncio.create_task(telling), asyncio.create_task(_left(socket))}
    try:
        done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await socket.close()


async def _pass_on(socket: web.WebSocketResponse, news: "asyncio.Queue[Json]") -> None:
    """Send what the platform panel tells."""
    with contextlib.suppress(ConnectionError):
        while True:
            await socket.send_json(await news.get())


async def _left(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _refused(status: int, why: str) -> web.Response:
    body: Json = {"error": why}
    return web.json_response(body, status=status)
