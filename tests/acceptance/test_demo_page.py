"""The demo's page in a real browser, in front of a small Bolt app: what a person sees, types and presses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.simulator.demo import Demo
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL
from tests.acceptance.browser import PHONE, any_browser, fits, opened

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(label: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(label), "action_id": action_id, "value": "1", **more}


def option(label: str) -> Json:
    return {"text": plain(label), "value": label.lower()}


DIALOG: Json = {
    "title": plain("Cancel this job?"),
    "text": plain("It will stop."),
    "confirm": plain("Cancel job"),
}
DIALOG |= {"deny": plain("Keep it"), "style": "danger"}
CONTROLS = [
    button("Notify me", "notify", style="primary"),
    button("Cancel job", "cancel", style="danger", confirm=DIALOG),
    {"type": "overflow", "action_id": "more", "options": [option("Refresh"), option("Share")]},
]
MENU = {
    "type": "static_select",
    "action_id": "open",
    "placeholder": plain("Open a job"),
    "option_groups": [
        {"label": plain("Running"), "options": [option("First")]},
        {"label": plain("Failed"), "options": [option("Second"), option("Third")]},
    ],
}
EVERYTHING: list[Json] = [
    {"type": "header", "text": plain("A header")},
    section(
        ":large_blue_circle: *Running* _since_ <!date^1790000000^{time}|09:13 UTC>, `9e9eb45e` by "
        f"<@{ADA}> in <#{GENERAL}>: <https://example.org/x?a=1&amp;b=2|the docs> &lt;b&gt;no tag&lt;/b&gt;\n"
        "&gt;OOMKilled\n```▸ step 1\n  ✓ step 2```",
        accessory=button("Beside", "beside"),
    ),
    {"type": "section", "fields": [{"type": "mrkdwn", "text": f"*Field {n}*\n{n}"} for n in range(4)]},
    {"type": "divider"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "Created 09:12"}]},
    {"type": "image", "image_url": "https://example.org/pose.png", "alt_text": "a pose"},
    {"type": "actions", "elements": [*CONTROLS, MENU]},
]
CARD: Json = {"text": "BRD series is running", "attachments": [{"color": "#0d6efd", "blocks": EVERYTHING}]}


def bolt_app(demo: Demo) -> AsyncApp:
    """A bot that answers /jobs with everything that Block Kit has for us, and presses by saying so."""
    workspace = demo.workspace
    app = AsyncApp(client=AsyncWebClient(workspace.bot_token, base_url=workspace.api_url))

    async def jobs(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(**CARD)

    async def pressed(ack: AsyncAck, respond: AsyncRespond, action: Json) -> None:
        await ack()
        choice = action.get("selected_option", {}).get("value", "")
        done = section(f"You pressed {action['action_id']} {choice}".strip())
        edited = [{"color": "#198754", "blocks": [done, *EVERYTHING]}]
        await respond(text="BRD series succeeded", attachments=edited, replace_original=True)

    app.command("/jobs")(jobs)
    for action_id in ("notify", "cancel", "more", "open", "beside"):
        app.action(action_id)(pressed)
    return app


@dataclass
class Stage:
    """The demo with its page open in a browser; `complaints` are what the browser's console said."""

    demo: Demo
    page: Page
    complaints: list[str] = field(default_factory=list)

    @property
    def card(self) -> Locator:
        return self.page.locator(".message", has_text="BRD series").last

    async def say(self, text: str) -> None:
        box = self.page.get_by_label("Message #general")
        await box.fill(text)
        await box.press("Enter")

    async def post(self, text: str, channel: str = GENERAL, **more: Any) -> str:
        workspace = self.demo.workspace
        client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
        return str((await client.chat_postMessage(channel=channel, text=text, **more))["ts"])


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with any_browser() as found:
        yield found


@pytest.fixture
async def stage(browser: Browser) -> AsyncIterator[Stage]:
    async with Demo() as demo:
        handler = AsyncSocketModeHandler(bolt_app(demo), demo.workspace.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt has no annotation
        await demo.workspace.wait_for(lambda: demo.workspace.socket_count == 1)
        page, complaints = await opened(browser, demo.page_url)
        yield Stage(demo, page, complaints)
        await page.close()
        await handler.close_async()  # type: ignore[no-untyped-call] # nor here
        assert complaints == []


async def test_a_command_is_answered_with_everything_drawn(stage: Stage) -> None:
    await expect(stage.page.get_by_role("heading", name="Nothing was said here yet")).to_be_visible()
    await stage.say("/jobs")
    card = stage.card
    await expect(card.get_by_text("Only visible to you")).to_be_visible()
    await expect(card.get_by_text("BRD series is running")).to_be_visible()
    await expect(card.get_by_role("heading", name="A header")).to_be_visible()
    await expect(card.locator(".bar")).to_have_css("background-color", "rgb(13, 110, 253)")
    await expect(card.get_by_role("img", name="large blue circle")).to_be_visible()
    await expect(card.locator("strong", has_text="Running")).to_be_visible()
    await expect(card.locator("time", has_text="16:13")).to_have_attribute("title", "09:13 UTC")
    await expect(card.get_by_text("@Ada Osei")).to_be_visible()
    await expect(card.get_by_text("#general")).to_be_visible()
    await expect(card.get_by_role("link", name="the docs")).to_have_attribute(
        "href", "https://example.org/x?a=1&b=2"
    )
    await expect(card.get_by_text("<b>no tag</b>")).to_be_visible()
    await expect(card.locator("blockquote")).to_have_text("OOMKilled")
    await expect(card.locator("pre code").first).to_have_text("▸ step 1\n  ✓ step 2")
    await expect(card.locator(".fields > div")).to_have_count(4)
    await expect(card.get_by_role("link", name="a pose")).to_be_visible()
    await expect(stage.page.get_by_role("heading", name="Nothing was said here yet")).to_be_hidden()


async def test_a_press_redraws_the_message_and_keeps_the_keyboard_where_it_was(stage: Stage) -> None:
    await stage.say("/jobs")
    await stage.card.get_by_role("button", name="Beside").press("Enter")
    await expect(stage.card.get_by_text("You pressed beside")).to_be_visible()
    await expect(stage.card.locator(".bar")).to_have_css("background-color", "rgb(25, 135, 84)")
    await stage.card.get_by_role("button", name="Notify me").press("Enter")
    await expect(stage.card.get_by_text("You pressed notify")).to_be_visible()
    await expect(stage.card.get_by_role("button", name="Notify me")).to_be_focused()


async def test_the_dialog_asks_before_the_press_is_sent(stage: Stage) -> None:
    await stage.say("/jobs")
    await stage.card.get_by_role("button", name="Cancel job").click()
    dialog = stage.page.get_by_role("dialog", name="Cancel this job?")
    await expect(dialog.get_by_text("It will stop.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Keep it")).to_be_focused()
    await stage.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await stage.card.get_by_role("button", name="Cancel job").click()
    await dialog.get_by_role("button", name="Cancel job").click()
    await expect(stage.card.get_by_text("You pressed cancel")).to_be_visible()
    presses = [each for each in stage.demo.workspace.interactions if each.kind == "block_actions"]
    assert [each.what for each in presses] == ["cancel"]


async def test_menus_open_and_choose_by_keyboard(stage: Stage) -> None:
    await stage.say("/jobs")
    await stage.card.get_by_role("button", name="Open a job").press("Enter")
    await expect(stage.page.get_by_role("group", name="Failed")).to_be_visible()
    await expect(stage.page.get_by_role("menuitem", name="First")).to_be_focused()
    await stage.page.keyboard.press("ArrowDown")
    await stage.page.keyboard.press("Enter")
    await expect(stage.card.get_by_text("You pressed open second")).to_be_visible()
    await stage.card.get_by_role("button", name="More actions").click()
    await stage.page.get_by_role("menuitem", name="Share").click()
    await expect(stage.card.get_by_text("You pressed more share")).to_be_visible()
    await expect(stage.page.get_by_role("menu")).to_be_hidden()


async def test_another_person_sees_their_own_workspace_with_unread_marks(stage: Stage) -> None:
    await stage.say("/jobs")
    await expect(stage.card).to_be_visible()
    await stage.post("for Boris alone", channel=stage.demo.workspace.dm(BORIS))
    await stage.page.get_by_role("radio", name="Boris Lindqvist").check(force=True)
    await expect(stage.page.get_by_role("button", name="board")).to_be_hidden()
    await expect(stage.card).to_be_hidden()
    direct = stage.page.get_by_role("button", name="dojobbot, 1 unread")
    await direct.click()
    await expect(stage.page.get_by_text("for Boris alone")).to_be_visible()
    await expect(direct).to_be_hidden()
    await stage.page.reload()
    await expect(stage.page.get_by_text("for Boris alone")).to_be_visible()


async def test_posts_and_edits_appear_by_themselves(stage: Stage) -> None:
    workspace = stage.demo.workspace
    first = await stage.post("first *post*")
    await stage.post("second post")
    await expect(stage.page.locator(".message .text")).to_have_text(["first post", "second post"])
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    await client.chat_update(channel=GENERAL, ts=first, text="edited post")
    await expect(stage.page.locator(".message .text").first).to_have_text("edited post")
    await expect(stage.page.get_by_text("(edited)")).to_be_visible()


async def test_a_thread_opens_beside_the_channel_and_takes_replies(stage: Stage) -> None:
    page = stage.page
    first = await stage.post("the question")
    await stage.post("another matter")
    await stage.post("an answer", thread_ts=first)
    replies = page.get_by_role("button", name="1 reply")
    await expect(replies).to_contain_text("1 new")
    await expect(page.get_by_label("Messages").get_by_text("an answer")).to_be_hidden()
    await replies.click()
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread.locator(".message .text")).to_have_text(["the question", "an answer"])
    await page.get_by_label("Reply", exact=True).fill("thank you")
    await page.keyboard.press("Enter")
    await expect(thread.get_by_text("thank you")).to_be_visible()
    await expect(page.get_by_role("button", name="2 replies")).not_to_contain_text("new")
    await page.get_by_label("Reply", exact=True).fill("/jobs")
    await page.keyboard.press("Enter")
    await expect(thread.get_by_role("alert")).to_contain_text("not supported in threads")
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()
    await expect(page.get_by_label("Message #general")).to_be_focused()


async def test_the_composer_suggests_and_remembers(stage: Stage) -> None:
    page = stage.page
    box = page.get_by_label("Message #general")
    await box.fill("/j")
    suggestions = page.get_by_role("listbox", name="Suggestions")
    await expect(suggestions.get_by_role("option")).to_have_count(2)
    await box.press("ArrowDown")
    await box.press("Enter")
    await expect(box).to_have_value("/jobs ")
    await expect(suggestions.get_by_role("option", name="running mine")).to_be_visible()
    await box.press("Escape")
    await expect(suggestions).to_be_hidden()
    await stage.say("first words")
    await stage.say("second words")
    await expect(page.get_by_text("second words")).to_be_visible()
    await box.press("ArrowUp")
    await expect(box).to_have_value("second words")
    await box.press("ArrowUp")
    await expect(box).to_have_value("first words")
    await box.press("ArrowDown")
    await box.press("ArrowDown")
    await expect(box).to_have_value("")


async def test_the_colours_follow_the_system_until_they_are_chosen(stage: Stage) -> None:
    page = stage.page
    body = page.locator("body")
    toggle = page.get_by_role("button", name="Dark colours")
    await expect(toggle).to_have_attribute("aria-pressed", "false")
    await page.emulate_media(color_scheme="dark")
    await expect(body).to_have_css("color", "rgb(233, 231, 238)")
    await toggle.click()
    await expect(body).to_have_css("color", "rgb(29, 28, 34)")
    await page.reload()
    await expect(toggle).to_have_attribute("aria-pressed", "false")


async def test_what_came_meanwhile_is_marked_as_new(stage: Stage) -> None:
    page = stage.page
    await stage.say("old words")
    await expect(page.get_by_text("old words")).to_be_visible()
    await page.get_by_role("button", name="random").click()
    await stage.post("fresh words")
    await page.get_by_role("button", name="general, 1 unread").click()
    await expect(page.get_by_role("separator", name="New")).to_be_visible()


async def test_what_goes_wrong_is_said(stage: Stage) -> None:
    await stage.say("/nonsense")
    await expect(stage.page.get_by_role("alert")).to_contain_text("no such command")
    await stage.post("still here")
    await expect(stage.page.get_by_text("still here")).to_be_visible()
    stage.demo.workspace.drop_sockets()
    await stage.demo.workspace.wait_for(lambda: stage.demo.workspace.socket_count == 0)
    await stage.say("/jobs")
    await expect(stage.page.get_by_role("alert")).to_contain_text("could not be reached")


async def test_the_page_says_when_the_demo_is_gone_and_finds_it_again(browser: Browser) -> None:
    page = await browser.new_page()
    async with Demo() as demo:
        port = int(demo.page_url.rstrip("/").rpartition(":")[2])
        await page.goto(demo.page_url)
        await expect(page.get_by_role("heading", name="general")).to_be_visible()
    await expect(page.get_by_text("The connection to the demo is lost")).to_be_visible()
    await page.get_by_label("Message #general").fill("/jobs")
    await page.get_by_role("button", name="Send").click()
    await expect(page.get_by_role("alert")).to_contain_text("The demo did not answer")
    await expect(page.get_by_label("Message #general")).to_have_value("/jobs")
    async with Demo(port=port):
        await expect(page.get_by_text("dojobbot is not connected yet")).to_be_visible()
        await page.close()


async def test_on_a_phone_nothing_is_cut_off_and_channels_are_one_tap_away(stage: Stage) -> None:
    await stage.page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
    await stage.say("/jobs")
    await expect(stage.card).to_be_visible()
    assert await fits(stage.page)
    await expect(stage.page.get_by_role("button", name="random")).to_be_hidden()
    await stage.page.get_by_role("button", name="Channels and people").click()
    await stage.page.get_by_role("button", name="random").click()
    await expect(stage.page.get_by_role("heading", name="dojobbot is not in this channel")).to_be_visible()
    await expect(stage.page.get_by_role("button", name="board")).to_be_hidden()
