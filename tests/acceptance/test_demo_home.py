"""The bot's Home in the demo's page, with the real bot: found, read, refreshed, and used to open a job."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from dojobbot.simulator.slack_api.world import DALIA
from tests.acceptance.browser import DESKTOP, PHONE, Look, any_browser, fits, opened
from tests.acceptance.story import demo_process


@pytest.mark.parametrize("look", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_a_person_finds_the_home_and_opens_a_job_there(look: Look) -> None:
    """By the bot's direct messages; nothing sticks out of it, and a guest is turned away."""
    async with demo_process() as url, any_browser() as browser:
        page, complaints = await opened(browser, url, look)

        async def open_sidebar() -> None:
            if look.is_phone:
                await page.get_by_role("button", name="Channels and people").click()

        await open_sidebar()
        await page.get_by_role("button", name="dojobbot", exact=True).click()
        await expect(page.get_by_text("The tab Home, above")).to_be_visible()
        await page.get_by_role("tab", name="Home").click()
        home = page.get_by_role("tabpanel", name="Home")
        await expect(home.get_by_role("heading", name="Your jobs")).to_be_visible()
        await expect(home.get_by_text("BRD series, round 3").first).to_be_visible()
        assert await fits(page, ("#home", "body"))
        await home.get_by_role("button", name="Refresh").click()
        await home.get_by_role("button", name="Open a job").click()
        await page.get_by_role("menuitem", name="BRD series, round 3").click()
        window = page.get_by_role("dialog")
        await expect(window.get_by_text("deeporigin.rbfe")).to_be_visible()
        await page.keyboard.press("Escape")
        await open_sidebar()
        await page.locator("label.person", has_text="Dalia Haddad").click()
        await expect(page).to_have_url(re.compile(f"#{DALIA}/"))
        await page.get_by_role("button", name="dojobbot", exact=True).click()
        await page.get_by_role("tab", name="Home").click()
        await expect(home.get_by_text("only work for full members")).to_be_visible()
        await expect(home.get_by_text("BRD series")).to_be_hidden()
        await page.context.close()
        assert complaints == []
