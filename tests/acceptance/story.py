"""The story of the demo, played in its page by roles and labels: for its test, and for the pictures."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

from playwright.async_api import Locator, Page, expect

from tests.acceptance.stage import ROOT

DEADLINE = 40.0
FOLLOWED = "KRAS fragments"
CANCELLED = "BRD series, round 3"

See = Callable[[str], Awaitable[None]]
"""Told when there is something to see, by the name of a picture."""


@contextlib.asynccontextmanager
async def demo_process() -> AsyncIterator[str]:
    """`dojobbot demo` as a process of its own; gives the page's address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dojobbot", "demo", "--no-browser", "--port", "0"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), DEADLINE)
        found = re.search(rb"http://\S+", said)
        assert found is not None, f"the demo said {said!r}"
        yield found[0].decode()
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), DEADLINE)


class Story:
    """The steps of the guided tour, and what surrounds them.

    Args:
        page: the demo's page.
        is_phone: whether panes cover the conversation.
        see: called at what is worth a picture.
    """

    def __init__(self, page: Page, *, is_phone: bool, see: See) -> None:
        self.page = page
        self.is_phone = is_phone
        self.see = see

    async def play(self) -> None:
        """Play it all, in order."""
        await self.see("start")
        await self.list_jobs()
        await self.follow()
        await self.hurry()
        await self.reply()
        await self.cancel()
        await self.told_of_the_end()

    async def list_jobs(self) -> None:
        """The guide's own button fills the composer; the list is private."""
        step = self.page.get_by_role("region", name="Guided tour")
        await step.get_by_role("button", name="/jobs running mine").click()
        await self.page.get_by_label("Message #general").press("Enter")
        await expect(self._message(CANCELLED)).to_be_visible()
        await expect(self._message(FOLLOWED).get_by_text("Only visible to you")).to_be_visible()
        await self.see("list")

    async def follow(self) -> None:
        """Open the job from the list's menu, press Notify me, then Watch."""
        card = await self._open(FOLLOWED)
        await self.see("card")
        await card.get_by_role("button", name="Notify me").click()
        await expect(card.get_by_role("button", name="Stop notifying")).to_be_visible()
        await card.get_by_role("button", name="Watch", exact=True).click()
        live = self.page.locator(".message:not(.ephemeral)", has_text=f"{FOLLOWED} is running")
        await expect(live).to_be_visible()
        await self._is_done("Follow it")
        await self.see("followed")

    async def hurry(self) -> None:
        """Speed time up in the panel, and be pinged."""
        await self._open_panel()
        await self.see("panel")
        await self.page.get_by_role("radio", name="20x").check(force=True)
        await self._close_panel()
        await expect(self._ping).to_be_visible()
        await self._is_done("Be pinged")
        still_running = self.page.locator(".message:not(.ephemeral)", has_text=f"{FOLLOWED} is running")
        await expect(still_running).to_be_hidden()
        await self.see("pinged")
        await self._open_panel()
        await self.page.get_by_role("radio", name="Hold time").check(force=True)
        await self._close_panel()

    async def reply(self) -> None:
        """Answer the ping in its thread."""
        await self._ping.hover()
        await self._ping.get_by_role("button", name="Reply in thread").click()
        box = self.page.get_by_label("Reply", exact=True)
        await box.fill("Thanks! The two that failed are the *salts*, I will strip them.")
        await box.press("Enter")
        thread = self.page.get_by_role("complementary", name="Thread")
        await expect(thread.get_by_text("Thanks!")).to_be_visible()
        await self.see("thread")
        await self.page.get_by_role("button", name="Close the thread").click()

    async def cancel(self) -> None:
        """Cancel another job of one's own; the dialog asks first."""
        card = await self._open(CANCELLED)
        await card.get_by_role("button", name="Cancel job").click()
        dialog = self.page.get_by_role("dialog")
        await expect(dialog).to_be_visible()
        await self.see("confirm")
        await dialog.get_by_role("button", name="Cancel job").click()
        await self._is_done("Cancel another")

    async def told_of_the_end(self) -> None:
        """Every step is ticked off, and the card says what became of the job."""
        await expect(self.page.get_by_text("That is the whole story.")).to_be_visible()
        await expect(self.page.get_by_text(f"{CANCELLED} was cancelled").last).to_be_visible()
        await self.see("cancelled")

    @property
    def _ping(self) -> Locator:
        return self.page.locator(".message", has_text=re.compile(rf"@Ada Osei.*{FOLLOWED}"))

    def _message(self, words: str) -> Locator:
        return self.page.get_by_label("Messages").locator(".message", has_text=words).last

    async def _open(self, job: str) -> Locator:
        """Open a job from the menu of the list; returns its card."""
        await self.page.get_by_role("button", name="Open a job").last.click()
        await self.page.get_by_role("menuitem", name=job).click()
        card = self.page.locator(".message.ephemeral", has_text=f"{job} is running").last
        await expect(card).to_be_visible()
        return card

    async def _open_panel(self) -> None:
        if self.is_phone:
            await self.page.get_by_role("button", name="Deep Origin panel").click()

    async def _close_panel(self) -> None:
        if self.is_phone:
            await self.page.get_by_role("button", name="Close the panel").click()

    async def _is_done(self, title: str) -> None:
        """Wait until a step of the guided tour is ticked off."""
        step = (
            self.page.get_by_role("region", name="Guided tour").get_by_role("listitem").filter(has_text=title)
        )
        await expect(step).to_have_class(
            "done",
        )
