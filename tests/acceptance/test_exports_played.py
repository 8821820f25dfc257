"""`/jobs export` and `/jobs stats` against the real process: files read back, charts, and charts refused."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import ADA, BORIS, CHEN, GENERAL
from tests.acceptance.stage import DEADLINE, ENDS_WITHIN, Stage, shown, stage

FORMULA = '=HYPERLINK("http://example.org")'


@pytest.fixture
async def set_up(tmp_path: Path) -> AsyncIterator[Stage]:
    """Both simulators, three jobs, and the bot running."""
    async with stage(tmp_path, faults=Faults()) as built:
        built.running_job("One", status="Succeeded", metadata={"note": FORMULA})
        built.running_job(FORMULA, status="Failed", metadata=FORMULA)
        built.running_job("Three")
        await built.start()
        yield built


async def exported(set_up: Stage, words: str, user: str = ADA) -> bytes:
    """Type `/jobs export` with some words, and give the content of the file that comes."""
    channel = set_up.slack.dm(user)
    await set_up.slack.type_command(user, GENERAL, f"/jobs export {words}")
    await set_up.sees("I'm preparing the export", user=user)
    await set_up.slack.wait_for(lambda: files(set_up, channel, user), DEADLINE)
    stored = set_up.slack.file(files(set_up, channel, user)[-1]["id"])
    assert stored is not None
    assert stored.content is not None
    return stored.content


def files(set_up: Stage, channel: str, user: str) -> list[dict[str, Any]]:
    """The files in a conversation, oldest first."""
    return [file for message in set_up.messages(channel, user) for file in message.get("files", [])]


async def test_each_kind_of_file_comes_and_can_be_read(set_up: Stage) -> None:
    """From the command to the cell, by way of processes of their own, for three people at once."""
    as_csv, as_json, as_xlsx = await asyncio.gather(
        exported(set_up, "mine with:metadata"),
        exported(set_up, "failed as:json with:metadata,inputs,outputs", BORIS),
        exported(set_up, "as:xlsx limit:2", CHEN),
    )
    rows = list(csv.DictReader(io.StringIO(as_csv.decode("utf-8-sig"), newline="")))
    assert {row["status"] for row in rows} == {"Succeeded", "Failed", "Running"}
    (failed,) = (row for row in rows if row["status"] == "Failed")
    assert failed["metadata"] == f"'{FORMULA}"
    records = json.loads(as_json)
    assert [record["metadata"] for record in records] == [FORMULA]
    assert list(records[0])[-3:] == ["metadata", "user_inputs", "user_outputs"]
    head, *lines = openpyxl.load_workbook(io.BytesIO(as_xlsx))["Jobs"].values
    assert head[:2] == ("id", "created_at (UTC)")
    assert len(lines) == 2
    await set_up.slack.type_command(ADA, GENERAL, "/jobs stats")
    answer = await set_up.sees("3 jobs (last 14 days)", "Success rate", "50 %")
    kinds = [block["type"] for block in answer["blocks"]]
    assert kinds.count("data_visualization") == 2
    assert kinds.count("table") == 1


async def test_a_stop_in_the_middle_is_quick_and_told(set_up: Stage) -> None:
    """The process goes with the bot; the words come when the bot is back, and nobody types in vain."""
    channel = set_up.slack.dm(ADA)
    assert set_up.platform.faults is not None
    number = set_up.platform.faults.add(Fault("GET /tools/*/executions", "hang"))
    await set_up.slack.type_command(ADA, GENERAL, "/jobs export failed")
    await set_up.sees("I'm preparing the export")
    began = time.monotonic()
    assert await set_up.stop(signal.SIGTERM) == 0
    assert time.monotonic() - began < ENDS_WITHIN
    set_up.platform.faults.remove(number)
    await set_up.start()
    await set_up.sees("I was restarted", "/jobs export failed", channel=channel)
    assert b"Failed" in await exported(set_up, "failed")


async def test_figures_are_tables_where_charts_are_refused(tmp_path: Path) -> None:
    """As in a workspace that does not have the newer blocks."""
    async with stage(tmp_path, slack_settings={"without_blocks": ["data_visualization", "table"]}) as built:
        built.running_job("One", status="Succeeded")
        await built.start()
        await built.slack.type_command(ADA, GENERAL, "/jobs stats")
        answer = await built.sees("1 job (last 14 days)", "Jobs by status", "Succeeded  1")
        assert {block["type"] for block in answer["blocks"]} == {"section", "context"}
        assert "Docking" in shown(answer)
