"""A browser for the acceptance tests and the pictures: the system's Chromium, its console listened to."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
PATIENCE = 40_000
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Look:
    """How a page is looked at: its size, light or dark, and whether by finger."""

    width: int
    height: int
    theme: Literal["light", "dark"] = "light"

    @property
    def is_phone(self) -> bool:
        """Whether it is one of the small ones."""
        return self.width < 720

    def options(self) -> dict[str, Any]:
        """What a browser context is made with."""
        return {
            "viewport": {"width": self.width, "height": self.height},
            "color_scheme": self.theme,
            "has_touch": self.is_phone,
            "timezone_id": "Europe/Paris",
            "locale": "en-GB",
        }


DESKTOP = Look(1280, 800)
PHONE = Look(390, 844)


def find_browser() -> str | None:
    """The system's Chromium, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


@contextlib.asynccontextmanager
async def launched(path: str) -> AsyncIterator[Browser]:
    """The browser, running until the block is left."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def any_browser() -> AsyncIterator[Browser]:
    """The browser for a test, which is skipped where there is none."""
    path = find_browser()
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)} is installed")
    async with launched(path) as browser:
        yield browser


async def opened(browser: Browser, url: str, look: Look = DESKTOP) -> tuple[Page, list[str]]:
    """The demo's page in a context of its own, and the list that its console's errors go to."""
    context: BrowserContext = await browser.new_context(**look.options())
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await page.get_by_role("heading", name="general").wait_for()
    return page, complaints


async def fits(page: Page, places: Sequence[str] = ("#conversation", "body")) -> bool:
    """Whether nothing sticks out sideways in these places."""
    sticks_out = "nodes => nodes.some(node => node.scrollWidth > node.clientWidth)"
    return not any([await page.locator(place).evaluate_all(sticks_out) for place in places])
