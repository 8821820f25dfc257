"""The platform panel in a real browser: jobs started, failed and hurried, requests, faults, the tour."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, expect
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.simulator.demo import Demo
from tests.acceptance.browser import PHONE, any_browser, fits, opened


@pytest.fixture
async def scene() -> AsyncIterator[tuple[Page, Demo]]:
    async with any_browser() as browser, Demo() as demo:
        page, complaints = await opened(browser, demo.page_url)
        yield page, demo
        await page.close()
        assert complaints == []


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Deep Origin")


async def test_a_job_is_started_shown_in_the_chat_and_failed(scene: tuple[Page, Demo]) -> None:
    page, _ = scene
    await panel(page).get_by_role("combobox", name="Start").select_option("ABFE")
    await panel(page).get_by_role("textbox", name="Name").fill("My own ligand")
    await panel(page).get_by_role("button", name="Start").click()
    row = panel(page).get_by_role("listitem").filter(has_text="My own ligand")
    await expect(row).to_contain_text("ABFE · Ada Osei")
    more = row.get_by_role("button", name="What to do with My own ligand")
    await more.click()
    await page.get_by_role("menuitem", name="Show it in the chat").click()
    await expect(page.get_by_label("Message #general")).to_have_value(await _command(row))
    await more.click()
    await page.get_by_role("menuitem", name="Let it fail").click()
    dialog = page.get_by_role("dialog", name="Let this job fail?")
    await dialog.get_by_label("Reason").fill("The pocket was empty")
    await dialog.get_by_role("button", name="Let it fail").click()
    await expect(row).to_contain_text("Failed")
    await expect(row).to_contain_text("The pocket was empty")


async def _command(row: Locator) -> str:
    """The command that shows the job of a row."""
    return f"/job {(await row.inner_text()).split(' · ')[3].split()[0]}"


async def test_a_quoted_job_waits(scene: tuple[Page, Demo]) -> None:
    page, _ = scene
    await panel(page).get_by_role("textbox", name="Name").fill("Priced one")
    await panel(page).get_by_label("quote first").check()
    await panel(page).get_by_role("button", name="Start").click()
    await expect(panel(page).get_by_role("listitem").filter(has_text="Priced one")).to_contain_text("Quoted")


async def test_time_is_chosen_by_keyboard(scene: tuple[Page, Demo]) -> None:
    page, demo = scene
    await panel(page).get_by_role("radio", name="1x").focus()
    await page.keyboard.press("ArrowRight")
    await expect(panel(page).get_by_role("radio", name="5x")).to_be_checked()
    await expect(page.get_by_role("region", name="Guided tour").locator("li.done")).to_contain_text(
        "Speed time up"
    )
    assert demo.platform.world.speed == 5


async def test_faults_are_ordered_seen_at_work_and_withdrawn(scene: tuple[Page, Demo]) -> None:
    page, demo = scene
    await panel(page).get_by_role("tab", name="Jobs").press("ArrowLeft")
    form = panel(page).get_by_role("form", name="Order a fault")
    await form.get_by_label("Let").select_option("Slack")
    await form.get_by_label("to calls whose name matches").fill("auth.*")
    await form.get_by_label("HTTP status").fill("503")
    await form.get_by_role("button", name="Order the fault").click()
    armed = panel(page).get_by_role("list", name="Faults of Slack")
    await expect(armed).to_contain_text("status 503 · struck 0")
    client = AsyncWebClient(demo.workspace.bot_token, base_url=demo.workspace.api_url)
    with pytest.raises(SlackApiError):
        await client.auth_test()
    await expect(armed).to_contain_text("struck 1")
    await panel(page).get_by_role("button", name="Withdraw status 503 for auth.*").click()
    await expect(armed).to_be_hidden()
    await panel(page).get_by_role("tab", name="Requests").click()
    await expect(panel(page).get_by_role("row").filter(has_text="auth.test")).to_contain_text("503")
    await panel(page).get_by_role("radio", name="Deep Origin").check()
    await expect(panel(page).get_by_role("row").filter(has_text="auth.test")).to_be_hidden()


async def test_the_tour_is_closed_and_stays_closed_until_it_is_wanted(scene: tuple[Page, Demo]) -> None:
    page, _ = scene
    tour = page.get_by_role("region", name="Guided tour")
    await tour.get_by_role("button", name="Close the guided tour").click()
    await expect(tour).to_be_hidden()
    await page.reload()
    guide = page.get_by_role("button", name="Guide")
    await expect(guide).to_have_attribute("aria-expanded", "false")
    await guide.click()
    await expect(tour).to_be_visible()


async def test_on_a_phone_the_panel_comes_when_it_is_wanted(scene: tuple[Page, Demo]) -> None:
    page, _ = scene
    await page.set_viewport_size({"width": PHONE.width, "height": PHONE.height})
    await expect(panel(page)).to_be_hidden()
    await page.get_by_role("button", name="Deep Origin panel").click()
    for name in ("Requests", "Faults", "Jobs"):
        await panel(page).get_by_role("tab", name=name).click()
        assert await fits(page, ("body", "#platform", ".panel")), name
    await panel(page).get_by_role("button", name="Close the panel").click()
    await expect(page.get_by_label("Message #general")).to_be_visible()
