"""What else a bot can show in the demo's page: modals, App Home, tables, rich text, files, the unknown."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.async_api import Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.simulator.demo import PEOPLE
from dojobbot.simulator.page import Page as ServedPage
from dojobbot.simulator.platform import SimulatedPlatform
from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL
from dojobbot.simulator.workspace import SimulatedWorkspace
from dojobbot.simulator.world import World
from tests.acceptance.browser import PHONE, any_browser, fits, opened

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(label: str) -> Json:
    return {"text": plain(label), "value": label.lower()}


def asked(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


REASON = {"type": "plain_text_input", "action_id": "reason", "multiline": True}
TOOL = {
    "type": "static_select",
    "action_id": "tool",
    "options": [option("Docking"), option("ABFE")],
    "initial_option": option("ABFE"),
}
WHEN = {"type": "checkboxes", "action_id": "when", "options": [option("Ended"), option("Failed")]}
URGENCY = {"type": "radio_buttons", "action_id": "urgency", "options": [option("High"), option("Low")]}
MODAL: Json = {
    "type": "modal",
    "callback_id": "ask",
    "title": plain("Cancel several"),
    "submit": plain("Go on"),
    "close": plain("Leave it"),
    "blocks": [
        {"type": "section", "text": {"type": "mrkdwn", "text": "Which *jobs*?"}},
        asked("r", "Reason", REASON, hint=plain("Everybody sees it.")),
        asked("t", "Tool", TOOL),
        asked("w", "Tell me when", WHEN, optional=True),
        asked("u", "Urgency", URGENCY, optional=True),
        asked("p", "Ask", {"type": "users_select", "action_id": "who", "initial_user": ADA}),
    ],
}
BUTTON = {"type": "button", "text": plain("Refresh"), "action_id": "refresh"}
HOME: Json = {
    "type": "home",
    "blocks": [
        {"type": "header", "text": plain("Your jobs")},
        {"type": "actions", "elements": [BUTTON]},
    ],
}
TABLE: Json = {
    "type": "table",
    "column_settings": [{}, {"align": "right"}],
    "rows": [
        [{"type": "raw_text", "text": "Ligand"}, {"type": "raw_text", "text": "Score"}],
        [{"type": "raw_text", "text": "cmpd 6"}, {"type": "raw_text", "text": "-8.4"}],
    ],
}
PIECES: list[Json] = [
    {"type": "text", "text": "bold", "style": {"bold": True}},
    {"type": "text", "text": " and "},
    {"type": "link", "url": "https://example.org/x", "text": "a link"},
    {"type": "user", "user_id": ADA},
    {"type": "emoji", "name": "red_circle"},
]
RICH: Json = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": PIECES},
        {
            "type": "rich_text_list",
            "style": "ordered",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]}],
        },
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
    ],
}


class Bot:
    """A small bot with a modal and an App Home; `submitted` is what came in."""

    def __init__(self, workspace: SimulatedWorkspace) -> None:
        self.client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
        self.submitted: list[Json] = []
        self.app = AsyncApp(client=self.client)
        self.app.command("/jobs")(self.ask)
        self.app.view("ask")(self.take)
        self.app.action("refresh")(self.refresh)

    async def ask(self, ack: AsyncAck, body: Json) -> None:
        await ack()
        await self.client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    async def take(self, ack: AsyncAck, view: Json) -> None:
        values = view["state"]["values"]
        if values["r"]["reason"]["value"] == "none":
            await ack(response_action="errors", errors={"r": "Say more than that."})
            return
        self.submitted.append(values)
        await ack()

    async def refresh(self, ack: AsyncAck) -> None:
        await ack()
        again = {**HOME, "blocks": [{"type": "header", "text": plain("Fresh jobs")}]}
        await self.client.views_publish(user_id=ADA, view=again)


@pytest.fixture
async def scene() -> AsyncIterator[tuple[Page, Bot]]:
    workspace = SimulatedWorkspace(scopes={*world.SCOPES, "files:write"})
    platform = SimulatedPlatform(World(lambda: datetime.now(UTC)))
    served = ServedPage(workspace, platform, PEOPLE)
    async with any_browser() as browser, contextlib.AsyncExitStack() as stack:
        for server in (platform, workspace, served):
            stack.push_async_callback(server.stop)
            await server.start()
        bot = Bot(workspace)
        handler = AsyncSocketModeHandler(bot.app, workspace.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt has no annotation
        await workspace.wait_for(lambda: workspace.socket_count == 1)
        page, complaints = await opened(browser, served.url)
        yield page, bot
        await page.close()
        await handler.close_async()  # type: ignore[no-untyped-call] # nor here
        assert complaints == []


async def test_a_modal_is_filled_in_corrected_and_submitted(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    box = page.get_by_label("Message #general")
    await box.fill("/jobs")
    await box.press("Enter")
    modal = page.get_by_role("dialog", name="Cancel several")
    reason = modal.get_by_label("Reason")
    await expect(reason).to_be_focused()
    await expect(modal.get_by_text("Everybody sees it.")).to_be_visible()
    await expect(modal.get_by_label("Tool")).to_have_value("abfe")
    await modal.get_by_role("button", name="Go on").click()
    await expect(modal.get_by_role("alert")).to_contain_text("Reason")
    await reason.fill("none")
    await modal.get_by_label("Tool").select_option("Docking")
    await modal.get_by_label("Failed").check()
    await modal.get_by_label("Low").check()
    await modal.get_by_label("Ask").select_option("Boris Lindqvist")
    await modal.get_by_role("button", name="Go on").click()
    await expect(modal.get_by_text("Say more than that.")).to_be_visible()
    await expect(reason).to_be_focused()
    await expect(modal.get_by_label("Tool")).to_have_value("docking")
    await reason.fill("the target was wrong")
    await modal.get_by_role("button", name="Go on").click()
    await expect(modal).to_be_hidden()
    [values] = bot.submitted
    assert values["r"]["reason"]["value"] == "the target was wrong"
    assert values["t"]["tool"]["selected_option"]["value"] == "docking"
    assert [each["value"] for each in values["w"]["when"]["selected_options"]] == ["failed"]
    assert values["p"]["who"]["selected_user"] == BORIS
    assert values["u"]["urgency"]["selected_option"]["value"] == "low"


async def test_a_modal_fits_a_phone_and_closes_by_keyboard(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    await page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
    box = page.get_by_label("Message #general")
    await box.fill("/jobs")
    await box.press("Enter")
    modal = page.get_by_role("dialog", name="Cancel several")
    await expect(modal).to_be_visible()
    assert await fits(page, ("dialog", ".modal-body"))
    await page.keyboard.press("Escape")
    await expect(modal).to_be_hidden()
    assert bot.submitted == []


async def test_the_app_home_is_a_tab_of_the_direct_messages(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    await page.get_by_role("button", name="dojobbot", exact=True).click()
    await page.get_by_role("tab", name="Home").click()
    await expect(page.get_by_text("has not published a Home")).to_be_visible()
    await bot.client.views_publish(user_id=ADA, view=HOME)
    await expect(page.get_by_role("heading", name="Your jobs")).to_be_visible()
    await page.get_by_role("button", name="Refresh").click()
    await expect(page.get_by_role("heading", name="Fresh jobs")).to_be_visible()
    await page.get_by_role("tab", name="Home").press("ArrowRight")
    await expect(page.get_by_label("Message dojobbot")).to_be_visible()


async def test_tables_rich_text_and_markdown_are_drawn(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    markdown = {"type": "markdown", "text": "## Notes\n\n- one **bold** word\n- `code`"}
    await bot.client.chat_postMessage(channel=GENERAL, text="all", blocks=[TABLE, RICH, markdown])
    message = page.locator(".message")
    await expect(message.get_by_role("columnheader")).to_have_text(["Ligand", "Score"])
    await expect(message.get_by_role("cell", name="-8.4")).to_have_css("text-align", "right")
    await expect(message.locator(".rich strong").first).to_have_text("bold")
    await expect(message.get_by_role("link", name="a link")).to_have_attribute(
        "href", "https://example.org/x"
    )
    await expect(message.get_by_text("@Ada Osei")).to_be_visible()
    await expect(message.get_by_role("img", name="red circle")).to_be_visible()
    await expect(message.get_by_role("listitem").filter(has_text="first")).to_be_visible()
    await expect(message.locator("pre")).to_have_text("x = 1")
    await expect(message.get_by_role("heading", name="Notes")).to_be_visible()
    await expect(message.locator(".rich ul li")).to_have_text(["one bold word", "code"])


async def test_a_file_is_offered_for_download(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    await bot.client.files_upload_v2(
        channel=GENERAL, content="a,b\n1,2\n", filename="scores.csv", title="Scores"
    )
    link = page.get_by_role("link", name="Download Scores")
    async with page.expect_download() as waiting:
        await link.click()
    download = await waiting.value
    assert download.suggested_filename == "scores.csv"
    assert (await download.path()).read_text() == "a,b\n1,2\n"


async def test_a_block_that_the_page_does_not_know_is_a_marked_box(scene: tuple[Page, Bot]) -> None:
    page, bot = scene
    await bot.client.chat_postMessage(channel=GENERAL, text="x", blocks=[{"type": "plan", "title": "A plan"}])
    await page.get_by_text("does not draw “plan”").click()
    await expect(page.get_by_text('"title": "A plan"')).to_be_visible()
