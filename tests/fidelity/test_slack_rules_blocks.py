"""Slack's limits of blocks hold in the simulated workspace."""

import pytest

from dojobbot.simulator.slack_api.world import GENERAL
from tests.fidelity.block_rules import RULES, Rule, card, cells, container, data_table, markdown, pie, table
from tests.fidelity.slack_side import Json, plain, section, simulated


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
async def test_a_limit_of_block_kit_holds(rule: Rule) -> None:
    """What is beyond a block's limits is refused with a pointer to the place (reference/block-kit/blocks)."""
    async with simulated(rate_limits=False) as app:
        given: dict[str, Json] = {}
        for name, block in (("good", rule.good), ("bad", rule.bad)):
            if rule.surface == "message":
                content: Json = {"blocks": [block]}
                given[name] = await app.call("blocks.validate", message=content)
                given[name]["posted"] = await app.complaint(
                    "chat.postMessage", channel=GENERAL, text="x", **content
                )
            else:
                view = {"type": "modal", "title": plain("t"), "blocks": [block]}
                given[name] = await app.call("blocks.validate", view=view)
        assert given["good"]["ok"], given["good"]
        assert given["good"].get("posted", "ok") in {"ok", "msg_blocks_too_long"}
        assert rule.complaint in str(given["bad"]["errors"])
        assert given["bad"]["errors"][0]["pointer"].startswith("/blocks/0")
        if "posted" in given["bad"]:
            assert given["bad"]["posted"].startswith("invalid_blocks")
            assert rule.complaint in given["bad"]["posted"]


async def test_blocks_validate_needs_no_token_and_does_not_miss_a_text() -> None:
    """blocks.validate takes one of blocks, message and view, without a token.

    A missing top-level text is no error to it (reference/methods/blocks.validate).
    """
    async with simulated() as app:
        url = app.workspace.api_url + "blocks.validate"
        async with app.session.post(url, json={"blocks": [section()]}) as response:
            assert await response.json() == {"ok": True}
        assert (
            await app.error("blocks.validate", blocks=[section()], view={"type": "home"})
            == "invalid_arguments"
        )


@pytest.mark.parametrize(
    ("block", "taken"),
    [(table(1, 1), True), (card(title=plain("x")), False), (data_table(2), False), (markdown("x"), False)],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
async def test_of_the_newer_blocks_attachments_take_tables_only(block: Json, taken: bool) -> None:
    """Of the newer blocks, attachments are documented to take the table only.

    The others are refused there (legacy/legacy-messaging/legacy-secondary-message-attachments).
    """
    async with simulated() as app:
        error = await app.error("chat.postMessage", channel=GENERAL, attachments=[{"blocks": [block]}])
        assert (error == "ok") is taken


async def test_a_message_has_one_table_and_two_charts() -> None:
    """A message holds one table, two charts and 20,000 characters of data tables.

    Tables in attachments count (reference/block-kit/blocks/table-block).
    """
    async with simulated(rate_limits=False) as app:

        async def answer(*blocks: Json) -> str:
            return await app.complaint("chat.postMessage", channel=GENERAL, text="x", blocks=list(blocks))

        assert await answer(table(1, 1), pie(1), pie(1)) == "ok"
        assert "only_one_table_allowed" in await answer(table(1, 1), table(1, 1))
        assert "no more than 2 data_visualization" in await answer(pie(1), pie(1), pie(1))
        wide = data_table(100, 10) | {"rows": [cells(10, "x" * 11)] * 100}
        assert await answer(wide) == "ok"
        assert "less than 20001" in await answer(wide, wide)


async def test_a_message_has_50_blocks_and_a_view_100() -> None:
    """A message has at most 50 blocks, a modal or Home tab 100 (reference/block-kit/blocks)."""
    divider = {"type": "divider"}
    async with simulated(rate_limits=False) as app:
        assert await app.error("chat.postMessage", channel=GENERAL, text="x", blocks=[divider] * 50) == "ok"
        assert "no more than 50" in await app.complaint(
            "chat.postMessage", channel=GENERAL, text="x", blocks=[divider] * 51
        )
        for count, valid in ((100, True), (101, False)):
            home = {"type": "home", "blocks": [divider] * count}
            assert (await app.call("blocks.validate", view=home))["ok"] is valid


async def test_all_block_text_of_a_message_fits_a_budget() -> None:
    """Beyond about 12,000 characters of block text a message is msg_blocks_too_long.

    Attachments count, tables are counted apart (reference/methods/chat.postMessage).
    """
    async with simulated(rate_limits=False) as app:
        framed = [{"blocks": [section("x" * 3000)]}] * 2
        full = [section("x" * 3000), section("x" * 3000)]
        assert await app.error("chat.postMessage", channel=GENERAL, blocks=full, attachments=framed) == "ok"
        more = [*full, section("x"), table(10, 10, "x" * 100)]
        assert (
            await app.error("chat.postMessage", channel=GENERAL, blocks=more, attachments=framed)
            == "msg_blocks_too_long"
        )


async def test_a_block_id_is_unique_in_its_message() -> None:
    """No two blocks of a message or its attachments have the same id (reference/block-kit/blocks)."""
    async with simulated(rate_limits=False) as app:
        named = section() | {"block_id": "same"}
        for content in (
            {"blocks": [named, named]},
            {"blocks": [named], "attachments": [{"blocks": [named]}]},
            {"blocks": [named, container(named)]},
        ):
            told = await app.complaint("chat.postMessage", channel=GENERAL, text="x", **content)
            assert "block_id already exists: same" in told
