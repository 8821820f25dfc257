"""A private answer that Slack does not draw is sent once more, plainer, and at last as words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from dojobbot.slack.replies import Reply
from dojobbot.slack.views import blocks

TABLE = blocks.message(
    "A quote", [blocks.attachment("#ffc107", [blocks.table([["Item", "Total"], ["DOCK-001", "$1.25"]])])]
)


SAYS_NO = 0
"""Status 200 with a refusal in its body."""


@asynccontextmanager
async def slack(*statuses: int) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """Serve a response_url that answers with these statuses; gives it and what was sent there."""
    sent: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        sent.append(await request.json())
        status = statuses[len(sent) - 1]
        if status == SAYS_NO:
            return web.json_response({"ok": False, "error": "invalid_blocks"})
        return web.Response(status=status, text="ok" if status == 200 else "invalid_blocks")

    application = web.Application()
    application.add_routes([web.post("/", answer)])
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", sent
    finally:
        await runner.cleanup()


def kinds(body: dict[str, Any]) -> list[str]:
    return [block["type"] for block in body["attachments"][0]["blocks"]]


async def test_a_table_that_slack_refuses_is_sent_as_text() -> None:
    async with slack(400, 200) as (url, sent):
        await Reply(url, in_place=False).send(TABLE)
    assert [kinds(body) for body in sent] == [["table"], ["section"]]
    assert "DOCK-001" in sent[1]["attachments"][0]["blocks"][0]["text"]["text"]


async def test_a_refusal_with_status_200_is_one() -> None:
    async with slack(SAYS_NO, 200) as (url, sent):
        await Reply(url, in_place=False).send(TABLE)
    assert [kinds(body) for body in sent] == [["table"], ["section"]]


async def test_what_slack_takes_is_sent_once() -> None:
    async with slack(200) as (url, sent):
        await Reply(url, in_place=False).send(TABLE)
    assert len(sent) == 1


@pytest.mark.parametrize("refusal", [400, SAYS_NO])
async def test_what_slack_does_not_draw_at_all_arrives_as_words(refusal: int) -> None:
    """All that a person would have read is in them; a private card that they replace has no blocks left."""
    card = blocks.message("BRD is running", [blocks.attachment("#0d6efd", [blocks.section("*RBFE* by Ada")])])
    async with slack(refusal, 200) as (url, sent):
        await Reply(url, in_place=True).send(card)
    assert (sent[1]["text"], sent[1]["attachments"]) == ("BRD is running\n*RBFE* by Ada", [])
    async with slack(refusal, refusal, 200) as (url, sent):
        await Reply(url, in_place=False).send(TABLE)
    assert sent[2]["text"] == "A quote\n```\nItem      Total\nDOCK-001  $1.25\n```"
    async with slack(refusal, 200) as (url, sent):
        await Reply(url, in_place=False).send({"text": "2 jobs", "blocks": [blocks.section("Spent: $3.00")]})
    assert sent[1]["text"] == "2 jobs\nSpent: $3.00"


@pytest.mark.parametrize("status", [404, 500])
async def test_an_address_that_takes_nothing_more_is_left_alone(status: int) -> None:
    async with slack(status) as (url, sent):
        await Reply(url, in_place=False).send(TABLE)
    assert len(sent) == 1


async def test_what_is_words_alone_is_not_sent_again() -> None:
    async with slack(400) as (url, sent):
        await Reply(url, in_place=False).send(blocks.message("Words"))
    assert len(sent) == 1
