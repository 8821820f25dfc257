"""The platform panel's server: what it tells of jobs, requests, faults and the tour, and what it takes."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.demo import Demo
from dojobbot.simulator.slack_api.world import ADA, EMEKA, GENERAL

Json = dict[str, Any]


class Panel:
    """A page that shows the panel: follows what is told, and orders things as Ada."""

    def __init__(
        self, demo: Demo, session: aiohttp.ClientSession, told: aiohttp.ClientWebSocketResponse
    ) -> None:
        self.demo = demo
        self.session = session
        self.told = told
        self.origin = {"Origin": demo.page_url.rstrip("/")}

    async def next(self, kind: str) -> Json:
        """The next news of a kind; others are passed over."""
        while True:
            news: Json = await self.told.receive_json(timeout=40)
            if news["type"] == kind:
                return news

    async def job(self, **wanted: object) -> Json:
        """Wait until a job is told with these fields."""
        while True:
            for job in (await self.next("jobs"))["jobs"]:
                if all(job[name] == value for name, value in wanted.items()):
                    found: Json = job
                    return found

    async def do(self, action: str, **body: object) -> Json:
        url = f"{self.demo.page_url}do/{action}"
        async with self.session.post(url, json={"user": ADA, **body}, headers=self.origin) as response:
            assert response.status == 200
            answer: Json = await response.json()
            return answer


@pytest.fixture
async def panel() -> AsyncIterator[Panel]:
    async with Demo() as demo, aiohttp.ClientSession() as session:
        origin = {"Origin": demo.page_url.rstrip("/")}
        async with session.ws_connect(f"{demo.page_url}platform", headers=origin) as told:
            yield Panel(demo, session, told)


async def test_everything_is_told_first(panel: Panel) -> None:
    told = await panel.next("platform")
    assert {"KRAS fragments", "BRD series, round 3"} <= {job["name"] for job in told["jobs"]}
    assert (told["organisation"], told["speed"], told["speeds"]) == ("example-lab", 1, [0, 1, 5, 20])
    assert set(told["kinds"]) == {"docking", "abfe", "rbfe", "batch"}
    story = await panel.next("story")
    assert [step["id"] for step in story["steps"]] == ["list", "open", "follow", "hurry", "pinged", "cancel"]
    assert not any(step["done"] for step in story["steps"])


@pytest.mark.parametrize(("kind", "tool"), [("docking", "Docking"), ("abfe", "ABFE"), ("rbfe", "RBFE")])
async def test_a_job_is_started_for_the_person(panel: Panel, kind: str, tool: str) -> None:
    assert await panel.do("start", kind=kind, name="Fresh one") == {"error": None}
    job = await panel.job(name="Fresh one")
    assert (job["tool"], job["owner"], job["ended"]) == (tool, "Ada Osei", False)


async def test_a_batch_is_several_jobs(panel: Panel) -> None:
    await panel.do("start", kind="batch", name="Screen")
    started = [job["name"] for job in (await panel.next("jobs"))["jobs"] if job["name"].startswith("Screen")]
    assert sorted(started) == [f"Screen {number}/8" for number in range(1, 9)]


async def test_a_quote_waits_for_its_approval(panel: Panel) -> None:
    await panel.do("start", kind="docking", name="Priced", quote=True)
    job = await panel.job(name="Priced")
    assert job["status"] == "Quoted"
    quoted = panel.demo.platform.world.get(job["id"])
    assert quoted is not None
    assert quoted["quotationResult"]["successfulQuotations"][0]["priceTotal"] == 30.0


async def test_a_job_fails_for_the_reason_that_was_given(panel: Panel) -> None:
    told = await panel.next("platform")
    job_id = next(job["id"] for job in told["jobs"] if job["name"] == "KRAS fragments")
    await panel.do("fail", job=job_id, reason="The node was lost")
    job = await panel.job(id=job_id)
    assert (job["status"], job["reason"], job["ended"]) == ("Failed", "The node was lost", True)
    assert "Failed already" in (await panel.do("finish", job=job_id))["refused"]


async def test_a_job_ends_well_at_once(panel: Panel) -> None:
    await panel.do("start", kind="abfe", name="Long one")
    job_id = (await panel.job(name="Long one"))["id"]
    await panel.do("finish", job=job_id)
    assert (await panel.job(id=job_id, ended=True))["status"] == "Completed"


async def test_time_is_hurried_and_the_tour_says_so(panel: Panel) -> None:
    await panel.do("speed", speed=20)
    assert (await panel.next("speed"))["speed"] == 20
    story = await panel.next("story")
    assert [step["id"] for step in story["steps"] if step["done"]] == ["hurry"]
    assert panel.demo.platform.world.speed == 20


async def test_requests_to_both_sides_are_told_without_tokens(panel: Panel) -> None:
    platform, workspace = panel.demo.platform, panel.demo.workspace
    url = f"{platform.base_url}/tools/{platform.org}/tools/executions"
    async with panel.session.get(url, headers={"Authorization": f"Bearer {platform.token}"}) as response:
        assert response.status == 200
    told = (await panel.next("requests"))["requests"]
    [request] = told
    assert (request["side"], request["method"], request["status"]) == ("platform", "GET", 200)
    assert platform.token not in str(told)
    bearer = {"Authorization": f"Bearer {workspace.bot_token}"}
    async with panel.session.post(f"{workspace.api_url}chat.postMessage", headers=bearer) as response:
        assert response.status == 200
    told = (await panel.next("requests"))["requests"]
    assert [(each["side"], each["path"], bool(each["error"])) for each in told] == [
        ("slack", "chat.postMessage", True)
    ]
    assert workspace.bot_token not in str(told)


async def test_a_fault_is_ordered_strikes_and_is_withdrawn(panel: Panel) -> None:
    platform = panel.demo.platform
    await panel.do("fault", side="platform", kind="status", match="GET *", status=503, retry_after=7, times=1)
    [fault] = (await panel.next("faults"))["faults"]["platform"]["armed"]
    assert (fault["match"], fault["words"]) == ("GET *", "status 503, retry after 7 s, 1 more")
    async with panel.session.get(f"{platform.base_url}/health") as response:
        assert (response.status, response.headers["Retry-After"]) == (503, "7")
    assert (await panel.next("faults"))["faults"]["platform"] == {"armed": [], "struck": 1}
    await panel.do("fault", side="slack", kind="slow", seconds=1)
    [fault] = (await panel.next("faults"))["faults"]["slack"]["armed"]
    await panel.do("clear_faults", side="slack", number=fault["number"])
    assert (await panel.next("faults"))["faults"]["slack"]["armed"] == []


async def test_a_command_ticks_off_the_first_step_only_when_it_worked(panel: Panel) -> None:
    await panel.do("say", channel=GENERAL, text="/jobs")
    await panel.do("speed", speed=5)
    story = await panel.next("story")
    while not any(step["done"] for step in story["steps"]):
        story = await panel.next("story")
    assert [step["id"] for step in story["steps"] if step["done"]] == ["hurry"]


@pytest.mark.parametrize(
    ("action", "body", "word"),
    [
        ("start", {"kind": "magic"}, "docking, abfe"),
        ("start", {}, "kind"),
        ("fail", {"job": "nothing"}, "no such job"),
        ("speed", {"speed": 7}, "0, 1, 5, 20"),
        ("fault", {"side": "moon", "kind": "slow"}, "platform, slack"),
        ("fault", {"side": "slack", "kind": "laugh"}, "lost_reply"),
        ("fault", {"side": "slack", "kind": "status", "status": 200}, "400 to 599"),
        ("fault", {"side": "slack", "kind": "slow", "share": "half"}, "number"),
        ("clear_faults", {"side": "moon"}, "platform, slack"),
    ],
)
async def test_what_cannot_be_ordered_is_refused_in_words(
    panel: Panel, action: str, body: Json, word: str
) -> None:
    assert word in (await panel.do(action, **body))["refused"]


async def test_somebody_unknown_orders_nothing(panel: Panel) -> None:
    assert EMEKA in (await panel.do("start", kind="docking", user=EMEKA))["refused"]


async def test_another_site_does_not_hear_of_the_platform(panel: Panel) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        await panel.session.ws_connect(
            f"{panel.demo.page_url}platform", headers={"Origin": "https://evil.example.org"}
        )
