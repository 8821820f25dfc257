"""The demo page's server over HTTP and WebSocket: who may use it, what it tells, what it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from dojobbot.config import read_settings
from dojobbot.simulator.demo import Demo
from dojobbot.simulator.slack_api.world import ADA, BOARD, BORIS, BOT, CHEN, DALIA, FATIMA, GENERAL, RANDOM

Json = dict[str, Any]


class Visitor:
    """A browser without a screen."""

    def __init__(self, demo: Demo, session: aiohttp.ClientSession) -> None:
        self.demo = demo
        self.session = session
        self.origin = demo.page_url.rstrip("/")

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        async with self.session.get(self.demo.page_url + path, headers=headers) as response:
            await response.read()
            return response

    async def do(self, action: str, body: object, **headers: str) -> tuple[int, Json]:
        url = f"{self.demo.page_url}do/{action}"
        async with self.session.post(url, json=body, headers={"Origin": self.origin} | headers) as response:
            return response.status, await response.json()

    async def say(self, user: str, channel: str, text: str) -> tuple[int, Json]:
        return await self.do("say", {"user": user, "channel": channel, "text": text})

    @asynccontextmanager
    async def live(self, user: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = f"{self.demo.page_url}live?user={user}"
        async with self.session.ws_connect(url, headers={"Origin": self.origin}) as socket:
            yield socket


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    async with Demo() as demo, aiohttp.ClientSession() as session:
        yield Visitor(demo, session)


async def state(socket: aiohttp.ClientWebSocketResponse) -> Json:
    told: Json = await socket.receive_json(timeout=40)
    assert told["type"] == "state"
    return told


async def test_the_files_are_served_with_a_policy_that_keeps_other_sites_out(visitor: Visitor) -> None:
    for path in ("", "static/js/main.js", "static/css/layout.css", "static/icons.svg"):
        response = await visitor.get(path)
        assert response.status == 200, path
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["Cache-Control"] == "no-store"
    assert (await visitor.get("static/../page.py")).status == 404
    assert (await visitor.get("static/nothing.js")).status == 404


async def test_a_name_that_merely_points_here_is_refused(visitor: Visitor) -> None:
    port = visitor.demo.page_url.rstrip("/").rpartition(":")[2]
    for host in ("evil.example.org", f"evil.example.org:{port}", "127.0.0.1:1", "localhost"):
        response = await visitor.get("", Host=host)
        assert response.status == 403, host
        assert visitor.demo.page_url in (await response.json())["error"]
    assert (await visitor.get("", Host=f"localhost:{port}")).status == 200


async def test_another_site_can_neither_act_nor_listen(visitor: Visitor) -> None:
    body = {"user": ADA, "channel": GENERAL, "text": "hello"}
    for origin in ("https://evil.example.org", "null", "", "http://127.0.0.1:1"):
        status, answer = await visitor.do("say", body, Origin=origin)
        assert (status, "error" in answer) == (403, True), origin
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await visitor.session.ws_connect(f"{visitor.demo.page_url}live", headers={"Origin": origin})
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await visitor.session.ws_connect(f"{visitor.demo.page_url}live")
    assert visitor.demo.workspace.messages(GENERAL, ADA) == []


async def test_a_form_of_another_site_is_refused_even_from_our_origin(visitor: Visitor) -> None:
    url = f"{visitor.demo.page_url}do/say"
    async with visitor.session.post(url, data=b"{}", headers={"Origin": visitor.origin}) as response:
        assert response.status == 415


async def test_a_person_is_told_what_they_see_and_nothing_else(visitor: Visitor) -> None:
    await visitor.say(ADA, GENERAL, "hello all")
    await visitor.say(ADA, BOARD, "for the board")
    async with visitor.live(DALIA) as socket:
        told = await state(socket)
        channels = {channel["name"]: channel for channel in told["channels"]}
        assert set(channels) == {"general", "dojobbot"}
        assert [message["text"] for message in channels["general"]["messages"]] == ["hello all"]
        assert [person["id"] for person in told["people"]] == [ADA, BORIS, CHEN, DALIA]
        assert (told["you"], told["bot"], told["connected"]) == (DALIA, BOT, False)
        await visitor.say(ADA, BOARD, "again")
        await visitor.demo.workspace.type_command(BORIS, GENERAL, "/jobs")
        visitor.demo.workspace.dm(BORIS)
        await visitor.say(BORIS, GENERAL, "done")
        news = await socket.receive_json(timeout=40)
        assert (news["type"], news["message"]["text"]) == ("message", "done")


async def test_somebody_unknown_becomes_the_first_of_the_people(visitor: Visitor) -> None:
    async with visitor.live("U0NOBODY01") as socket:
        assert (await state(socket))["you"] == ADA


async def test_edits_and_deletions_are_told(visitor: Visitor) -> None:
    workspace = visitor.demo.workspace
    headers = {"Authorization": f"Bearer {workspace.bot_token}"}

    async def call(method: str, **args: str) -> Json:
        async with visitor.session.post(workspace.api_url + method, json=args, headers=headers) as response:
            body: Json = await response.json()
        assert body["ok"], body
        return body

    async with visitor.live(ADA) as socket:
        await state(socket)
        ts = (await call("chat.postMessage", channel=GENERAL, text="one"))["ts"]
        await call("chat.update", channel=GENERAL, ts=ts, text="two")
        await call("chat.delete", channel=GENERAL, ts=ts)
        news = [await socket.receive_json(timeout=40) for _ in range(3)]
    assert [each["type"] for each in news] == ["message", "message", "deleted"]
    assert {each.get("message", each)["ts"] for each in news} == {ts}


async def test_a_command_reaches_the_workspace_and_its_error_comes_back(visitor: Visitor) -> None:
    status, answer = await visitor.say(ADA, GENERAL, "/jobs running")
    assert (status, answer) == (200, {"error": "dispatch_failed"})
    [done] = visitor.demo.workspace.interactions
    assert (done.what, done.user, done.payload["text"]) == ("/jobs running", ADA, "running")
    [said] = visitor.demo.workspace.messages(GENERAL, ADA)
    assert said["is_ephemeral"]
    assert visitor.demo.workspace.messages(GENERAL, BORIS) == []


async def test_a_sentence_is_posted_as_it_was_meant(visitor: Visitor) -> None:
    await visitor.say(ADA, GENERAL, "a < b & @boris, not ada@example.org")
    [said] = visitor.demo.workspace.messages(GENERAL, CHEN)
    assert said["text"] == f"a &lt; b &amp; <@{BORIS}>, not ada@example.org"


async def test_the_bot_is_invited_from_the_page(visitor: Visitor) -> None:
    async with visitor.live(ADA) as socket:
        before = {channel["id"]: channel for channel in (await state(socket))["channels"]}
        assert not before[RANDOM]["has_bot"]
        assert await visitor.say(ADA, RANDOM, "/invite @dojobbot") == (200, {"error": None})
        after = {channel["id"]: channel for channel in (await state(socket))["channels"]}
        assert after[RANDOM]["has_bot"]


async def test_a_channel_is_closed_to_the_bot_and_opened_again_from_the_page(visitor: Visitor) -> None:
    """By taking it out, or by archiving the channel."""
    channel = visitor.demo.workspace.state.channel
    assert await visitor.say(ADA, GENERAL, "/remove @dojobbot") == (200, {"error": None})
    assert BOT not in channel(GENERAL).members
    await visitor.say(ADA, GENERAL, "/archive")
    assert channel(GENERAL).is_archived
    await visitor.say(ADA, GENERAL, "/unarchive")
    assert not channel(GENERAL).is_archived


@pytest.mark.parametrize(
    ("action", "body", "word"),
    [
        ("fly", {"user": ADA}, "press"),
        ("say", [], "object"),
        ("say", {"user": FATIMA, "channel": GENERAL, "text": "x"}, FATIMA),
        ("say", {"user": ["x"], "channel": GENERAL, "text": "x"}, "Nobody"),
        ("say", {"user": ADA, "channel": GENERAL}, "text"),
        ("say", {"user": ADA, "channel": "C0NOWHERE1", "text": "x"}, "channel_not_found"),
        ("say", {"user": DALIA, "channel": BOARD, "text": "x"}, "not a member"),
        ("say", {"user": ADA, "channel": RANDOM, "text": "/invite @nobody"}, "/invite @dojobbot"),
        ("press", {"user": ADA, "channel": GENERAL, "ts": "1.000001", "control": "go"}, "changed"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    visitor: Visitor, action: str, body: object, word: str
) -> None:
    status, answer = await visitor.do(action, body)
    assert status == 200
    assert word in answer["refused"]


async def test_open_pages_do_not_hold_up_the_end() -> None:
    async with aiohttp.ClientSession() as session:
        async with Demo() as demo:
            origin = {"Origin": demo.page_url.rstrip("/")}
            socket = await session.ws_connect(f"{demo.page_url}live", headers=origin)
            await state(socket)
        assert (await socket.receive(timeout=40)).type == aiohttp.WSMsgType.CLOSE
        await socket.close()


async def test_a_taken_port_is_told_and_leaves_nothing_open() -> None:
    async with Demo() as demo:
        port = int(demo.page_url.rstrip("/").rpartition(":")[2])
        with pytest.raises(OSError, match=str(port)):
            await Demo(port=port).__aenter__()


async def test_the_environment_is_one_that_the_bot_accepts(visitor: Visitor) -> None:
    settings = read_settings(visitor.demo.environ | {"DOJOBBOT_DATABASE_URL": "sqlite:///x.db"})
    assert settings.slack_api_url == visitor.demo.workspace.api_url
    assert settings.do_base_url == visitor.demo.platform.base_url
    assert (settings.admins, settings.poll_seconds, settings.http_port) == ((CHEN,), 1.0, 0)
    async with visitor.session.get(
        f"{settings.do_base_url}/tools/{settings.do_org}/tools/executions",
        headers={"Authorization": f"Bearer {settings.do_token}"},
    ) as response:
        assert (await response.json())["data"]
