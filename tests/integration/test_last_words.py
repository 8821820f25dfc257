"""What people are told about the end of a job beyond what was seen of it, and that it never holds them up."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from dojobbot.domain import Destination
from dojobbot.simulator.slack_api import world as lab
from dojobbot.simulator.world import TREE
from tests.integration.middle import HERE, Middle

SMILES = "CCn1cc(-c2cccc(C(=O)N(C)C)c2)c2cc[nH]c2c1=O"
FAILED_TREE = {
    "displayName": "docking", "status": "Failed", "message": "child failed",
    "children": [{"displayName": "dock-ligands", "status": "Failed", "message": f"no pose for {SMILES}"}],
}  # fmt: skip
DONE_TREE = {"displayName": "rbfe-end-to-end", "status": "Completed", "children": []}
RESULT = json.dumps({"cmd": "FEP Results", "Total": -0.782, "Std": 0.31, "unit": "kcal/mol"})
LOGS = "POST /data-platform/*/user_logs/search"
GET = "GET /tools/*/tools/executions/*"


async def dm(built: Middle) -> Destination:
    return Destination(await built.messenger.open_dm(lab.ADA))


def said(message: dict[str, Any]) -> str:
    return json.dumps(message["attachments"], ensure_ascii=False)


async def end(built: Middle, *, where: Destination, **fields: Any) -> dict[str, Any]:
    """Let a new job run, be followed and end, as a listing sees it; gives the message about it."""
    job_id = built.job()
    await built.follow(job_id, where=where)
    await built.move(job_id, **fields)
    await built.deliver()
    (message,) = built.messages(where.channel_id)
    return message


async def test_a_failure_in_a_direct_message_says_the_innermost_message_and_the_last_log_lines(
    built: Middle,
) -> None:
    message = await end(built, where=await dm(built), status="Failed", **{TREE: FAILED_TREE})
    assert f"Dock ligands: no pose for {SMILES}" in said(message)
    assert "*Last log lines*" in said(message)


async def test_a_failure_in_a_channel_shows_neither_log_nor_structures(built: Middle) -> None:
    message = await end(built, where=HERE, status="Failed", **{TREE: FAILED_TREE})
    assert "Dock ligands: no pose for (structure)" in said(message)
    assert "log lines" not in said(message)
    assert SMILES not in said(message)


async def test_a_reason_that_no_listing_had_is_told_though_there_is_no_report(built: Middle) -> None:
    job_id = built.job()
    await built.follow(job_id)
    await built.move(job_id, status="Failed", statusReason=None)
    built.world.change(job_id, statusReason="Evicted: node lost")
    await built.deliver()
    (message,) = built.messages(HERE.channel_id)
    assert "Evicted: node lost" in said(message)


async def test_a_free_energy_is_told_with_its_error_though_no_listing_had_it(built: Middle) -> None:
    message = await end(
        built,
        where=HERE,
        status="Completed",
        tool={"key": "deeporigin.rbfe", "version": "2"},
        progressReport=RESULT,
        **{TREE: DONE_TREE},
    )
    assert "Result: -0.78 ± 0.31 kcal/mol" in said(message)


async def test_what_was_read_for_a_message_is_on_the_card_as_well(built: Middle) -> None:
    job_id = built.job()
    await built.follow(job_id)
    await built.move(job_id, status="Failed", **{TREE: FAILED_TREE})
    await built.deliver()
    progress = (await built.known(job_id)).job.progress
    assert progress is not None
    assert progress.failure.startswith("Dock ligands: no pose")


@pytest.mark.parametrize(
    ("match", "how"),
    [
        (LOGS, {"kind": "status", "status": 404}),
        (LOGS, {"kind": "html", "status": 200}),
        (GET, {"kind": "status", "status": 503}),
        (GET, {"kind": "expired_token"}),
    ],
)
async def test_a_message_goes_without_what_the_platform_does_not_tell(
    built: Middle, match: str, how: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    where = await dm(built)
    job_id = built.job()
    await built.follow(job_id, where=where)
    await built.move(job_id, status="Failed")
    built.platform_fault(match, **how)
    with caplog.at_level(logging.WARNING):
        await built.deliver()
    (message,) = built.messages(where.channel_id)
    assert "failed" in message["text"]
    assert "without what Deep Origin could add" in caplog.text


async def test_a_platform_that_hangs_is_waited_for_once_and_not_for_long(built: Middle) -> None:
    where = await dm(built)
    for name in ("first", "second", "third"):
        job_id = built.job(name=name)
        await built.follow(job_id, where=where)
        await built.move(job_id, status="Failed")
    asked = len(built.platform.requests)
    built.platform_fault("*", kind="hang")
    await built.deliver()
    assert len(built.messages(where.channel_id)) == 3
    assert len(built.platform.requests) - asked == 2
