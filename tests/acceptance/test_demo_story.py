"""The whole story of the demo in a browser, with the real bot, at every size and in both themes."""

import pytest

from tests.acceptance.browser import Look, any_browser, fits, opened
from tests.acceptance.story import Story, demo_process

LOOKS = [
    Look(width, height, theme) for width, height in ((1280, 800), (390, 844)) for theme in ("light", "dark")
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.width}-{look.theme}")
async def test_the_story_plays_from_the_list_to_the_cancelled_job(look: Look) -> None:
    """List, open, follow, speed up, be pinged, reply, cancel: each step ticks itself off, nothing is cut."""
    seen: list[str] = []
    async with any_browser() as browser, demo_process() as url:
        page, complaints = await opened(browser, url, look)

        async def see(name: str) -> None:
            seen.append(name)
            assert await fits(page, ("body", "#conversation", "#thread-conversation", ".panel")), name

        await Story(page, is_phone=look.is_phone, see=see).play()
        theme = await page.evaluate("document.documentElement.dataset.theme")
        assert theme == look.theme
        await page.close()
    assert complaints == []
    assert seen[-1] == "cancelled"
