"""Takes the pictures of the documentation by playing the story of the demo in a browser: `make pictures`."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, Page

from dojobbot import Job, get_dataframe
from dojobbot.simulator.scenario import demo_world
from tests.acceptance.browser import BROWSERS, Look, find_browser, launched, opened
from tests.acceptance.story import Story, demo_process
from tests.pictures.png import animated, small
from tests.python_lab import running

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
STORY = Look(1120, 660)
FRAMES = {
    "start": 1800,
    "list": 2200,
    "card": 2200,
    "followed": 2200,
    "pinged": 3000,
    "thread": 2200,
    "confirm": 2200,
    "cancelled": 3500,
}
"""What the animated picture shows, and for how many milliseconds."""
STILLS: dict[Look, dict[str, str]] = {
    STORY: {"pinged": "pinged.png"},
    Look(1120, 660, "dark"): {"confirm": "confirm-dark.png"},
    Look(390, 780): {"panel": "panel-phone.png"},
    Look(390, 780, "dark"): {"followed": "card-phone-dark.png"},
}
"""The still pictures: by look, what is seen -> the file."""
FIGURES = Look(860, 1240)
WINDOW = Look(860, 760)
HOME = Look(1000, 900)
CARD = Look(760, 326)
SHOWN = "BRD series, round 3"
CALM_MILLISECONDS = 400


async def shots(browser: Browser, look: Look) -> dict[str, bytes]:
    """Play the story in one look; returns a PNG of everything that there is to see."""
    taken: dict[str, bytes] = {}
    async with demo_process() as url:
        page, _ = await opened(browser, url, look)

        async def see(name: str) -> None:
            # Menus close, cards settle and the caret blinks for a moment after what was waited for.
            await page.wait_for_timeout(CALM_MILLISECONDS)
            taken[name] = await page.screenshot(caret="hide", animations="disabled")

        await Story(page, is_phone=look.is_phone, see=see).play()
        await page.context.close()
    return taken


async def type_in(page: Page, command: str) -> None:
    """Type a command in the channel that is open at first."""
    box = page.get_by_label("Message #general")
    await box.fill(command)
    await box.press("Enter")


async def figures(browser: Browser) -> bytes:
    """Ask for figures; returns a PNG of the charts."""
    async with demo_process() as url:
        page, _ = await opened(browser, url, FIGURES)
        await type_in(page, "/jobs stats since:90d")
        await page.get_by_role("img", name="Jobs created").wait_for()
        await page.get_by_text("Days begin at midnight").scroll_into_view_if_needed()
        await page.wait_for_timeout(CALM_MILLISECONDS)
        taken = await page.screenshot(caret="hide", animations="disabled")
        await page.context.close()
    return taken


async def details(browser: Browser) -> bytes:
    """Open a job's Details; returns a PNG of the window."""
    async with demo_process() as url:
        page, _ = await opened(browser, url, WINDOW)
        await type_in(page, "/jobs running mine")
        await page.get_by_role("button", name="Open a job").last.click()
        await page.get_by_role("menuitem", name=SHOWN).click()
        await page.get_by_role("button", name="Details").last.click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="Raw progress").wait_for()
        await page.wait_for_timeout(CALM_MILLISECONDS)
        taken = await dialog.screenshot(caret="hide", animations="disabled")
        await page.context.close()
    return taken


async def home(browser: Browser) -> bytes:
    """Open the bot's Home; returns a PNG of the page."""
    async with demo_process() as url:
        page, _ = await opened(browser, url, HOME)
        await page.get_by_role("button", name="dojobbot", exact=True).click()
        await page.get_by_role("tab", name="Home").click()
        await page.get_by_role("button", name="Refresh").wait_for()
        await page.wait_for_timeout(4 * CALM_MILLISECONDS)
        taken = await page.screenshot(caret="hide", animations="disabled")
        await page.context.close()
    return taken


async def notebook(browser: Browser) -> bytes:
    """Look at the same job in Python; returns a PNG of its card in a notebook."""
    with running(demo_world(lambda: datetime.now(UTC))) as lab:
        frame = get_dataframe(only_with_status="Running", include_metadata=True, **lab.credentials)
        jobs = Job.from_ids(list(frame.id), **lab.credentials)
        card = next(job for job in jobs if SHOWN in repr(job))._repr_html_()
    context = await browser.new_context(**CARD.options())
    page = await context.new_page()
    await page.set_content(f"<body style='font-family: sans-serif; margin: 12px'>{card}</body>")
    taken = await page.screenshot(full_page=True)
    await context.close()
    return taken


SINGLE = {"stats.png": figures, "details.png": details, "home.png": home, "notebook.png": notebook}


async def main() -> int:
    """Take them all; returns the exit code."""
    path = find_browser()
    if path is None:
        sys.stderr.write(f"The pictures need a browser: none of {', '.join(BROWSERS)} is installed.\n")
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with launched(path) as browser:
        for file, take in SINGLE.items():
            content = small(await take(browser))
            (FOLDER / file).write_bytes(content)
            sys.stdout.write(f"{FOLDER / file}: {len(content) // 1024} KB\n")
        for look, wanted in STILLS.items():
            taken = await shots(browser, look)
            files = {file: small(taken[name]) for name, file in wanted.items()}
            if look == STORY:
                files["story.png"] = animated([(taken[name], shown) for name, shown in FRAMES.items()])
            for file, content in files.items():
                (FOLDER / file).write_bytes(content)
                sys.stdout.write(f"{FOLDER / file}: {len(content) // 1024} KB\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
