"""Slack's charts in the demo's page: drawn, named, and with their numbers as a table for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from dojobbot.simulator.demo import Demo
from dojobbot.simulator.slack_api.world import GENERAL
from dojobbot.slack.views.blocks import table
from tests.acceptance.browser import DESKTOP, PHONE, Look, any_browser, fits, opened

LABELS = [f"{day} Nov" for day in range(9, 23)]
SERIES = [
    {"name": name, "data": [{"label": label, "value": 3 * place} for place, label in enumerate(LABELS)]}
    for name in ("Succeeded", "Failed")
]
PIE = {"type": "pie", "segments": [{"label": "Succeeded", "value": 20}, {"label": "Failed", "value": 5.5}]}


def over_days(kind: str) -> dict[str, Any]:
    """A chart of two series over two weeks."""
    return {"type": kind, "series": SERIES, "axis_config": {"categories": LABELS}}


def block(title: str, chart: dict[str, Any]) -> dict[str, Any]:
    """The block that Slack calls data_visualization."""
    return {"type": "data_visualization", "title": title, "chart": chart}


@pytest.mark.parametrize(
    "look", [DESKTOP, Look(PHONE.width, PHONE.height, "dark")], ids=["desktop", "dark phone"]
)
async def test_charts_are_drawn_and_can_be_read(look: Look) -> None:
    """Each is a picture with a name; its numbers are a table behind one press; nothing sticks out."""
    async with Demo() as demo, any_browser() as browser:
        client = AsyncWebClient(demo.workspace.bot_token, base_url=demo.workspace.api_url)
        for blocks in (
            [block("Jobs by status", PIE), block("Jobs by day", over_days("bar"))],
            [block("As lines", over_days("line")), block("As areas", over_days("area"))],
        ):
            await client.chat_postMessage(channel=GENERAL, text="Figures", blocks=blocks)
        page, complaints = await opened(browser, demo.page_url, look)
        shapes = {
            "Jobs by status": "path",
            "Jobs by day": "rect",
            "As lines": "polyline",
            "As areas": "polygon",
        }
        for title, shape in shapes.items():
            picture = page.get_by_role("img", name=title)
            await expect(picture.locator(shape)).to_have_count({"path": 2, "rect": 28}.get(shape, 2))
        figure = page.locator("figure", has_text="Jobs by day")
        await figure.get_by_text("The numbers").click()
        row = figure.get_by_role("row", name="10 Nov")
        await expect(row.get_by_role("cell")).to_have_text(["3", "3"])
        await expect(page.locator("figure", has_text="Jobs by status").get_by_role("listitem")).to_have_text(
            ["Succeeded 20", "Failed 5.5"]
        )
        assert await fits(page)
        assert complaints == []


@pytest.mark.parametrize("width", [860, PHONE.width])
async def test_a_table_of_figures_is_seen_to_its_last_column(width: int) -> None:
    """On half a screen all of it; on a phone it scrolls, by key as well."""
    rows = [["Tool", "Jobs", "Success", "Median", "90 % within", "Billed or quoted"]]
    rows += [
        ["Absolute binding", "1,053", "61 % (1,042)", "8 h 18 min (642)", "11 h 24 min", "$12,300.50"]
    ] * 3
    async with Demo() as demo, any_browser() as browser:
        client = AsyncWebClient(demo.workspace.bot_token, base_url=demo.workspace.api_url)
        drawn = table(rows, right=range(1, 6))
        await client.chat_postMessage(channel=GENERAL, text="Figures", attachments=[{"blocks": [drawn]}])
        page, complaints = await opened(browser, demo.page_url, Look(width, 900))
        frame = page.get_by_role("region", name="Table")
        hidden = "frame => frame.scrollWidth - frame.clientWidth - Math.ceil(frame.scrollLeft)"
        if width > PHONE.width:
            assert await frame.evaluate(hidden) <= 0
        else:
            for _ in range(12):
                await frame.press("ArrowRight")
            await page.wait_for_function(f"frame => ({hidden})(frame) <= 0", arg=await frame.element_handle())
        assert await fits(page)
        assert complaints == []
