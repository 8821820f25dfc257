"""The addresses beside the Web API that the bot is given: response URLs and upload URLs."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from dojobbot.simulator.fault_answers import Handler, answer_through
from dojobbot.simulator.faults import CALL_KINDS, Faults
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.slack_api.response_urls import ResponseUrls
from dojobbot.simulator.slack_api.stored_files import Files
from dojobbot.simulator.slack_api.web_api import WORDING, WebApi

WITHOUT_TOKEN = CALL_KINDS - {"expired_token"}
"""What can happen to a call that carries no token."""


def recorded(
    name: str,
    handler: Handler,
    api: WebApi,
    faults: Faults,
    said: Callable[[web.Request], Awaitable[Mapping[str, str]]],
) -> Handler:
    """A handler whose requests go through the faults, and into the record of requests under a name."""

    async def handle(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        args = await said(request)
        response = await answer_through(faults, name, request, handler, WORDING, kinds=WITHOUT_TOKEN)
        error = None if response.status < 400 else f"http_{response.status}"
        api.record(name, args, response.status, error, started)
        return response

    return handle


def response_route(urls: ResponseUrls, api: WebApi, faults: Faults) -> web.RouteDef:
    """The route that serves response URLs; its requests are recorded as `response_url`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.text())
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        try:
            urls.use(request.match_info["token"], body if isinstance(body, dict) else {})
        except SlackError as error:
            gone = error.code in {"expired_url", "used_url"}
            return web.json_response(error.body(), status=404 if gone else 400)
        return web.Response(text="ok")

    async def said(request: web.Request) -> dict[str, str]:
        return {"body": (await request.text())[:200]}

    return web.post("/response/{token}", recorded("response_url", answer, api, faults, said))


def upload_route(files: Files, api: WebApi, faults: Faults) -> web.RouteDef:
    """The route that takes the bytes, raw or as the form that curl makes; recorded as `file upload`."""

    async def take(request: web.Request) -> web.StreamResponse:
        content = await _sent(request)
        stored = files.fill(request.match_info["ticket"], content)
        if stored is None:
            return web.Response(status=400, text="Unknown address, or not as many bytes as announced.")
        return web.Response(text=f"OK - {len(content)}")

    async def said(_request: web.Request) -> dict[str, str]:
        return {}

    return web.post("/upload/{ticket}", recorded("file upload", take, api, faults, said))


async def _sent(request: web.Request) -> bytes:
    """The bytes of a file, raw or in a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    form = await request.post()
    parts = [part for part in form.values() if isinstance(part, web.FileField)]
    return parts[0].file.read() if parts else b""
