"""The bot comes back to a platform and a Slack that are away at first: nothing is lost, nothing doubled."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import ADA
from dojobbot.simulator.world import iso
from tests.acceptance.stage import DEADLINE, shown, stage

NAMES = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon")


async def test_what_ended_meanwhile_is_told_once_in_order_and_as_late(tmp_path: Path) -> None:
    """Five jobs end two hours ago, while the bot is dead; then the platform fails, and then Slack."""
    faults = Faults()
    async with stage(tmp_path, faults=faults) as set_up:
        await set_up.start()
        long_ago = set_up.world.moment() - timedelta(hours=3)
        began = iso(long_ago)
        jobs = {name: set_up.running_job(name, createdAt=began, updatedAt=began) for name in NAMES}
        for job_id in jobs.values():
            await set_up.card(job_id, verb="notify")
        await set_up.stop(signal.SIGKILL)
        # They end in another order than they were made, and the last look was before all of it.
        order = ["Gamma", "Alpha", "Epsilon", "Beta", "Delta"]
        for number, name in enumerate(order):
            ended = iso(set_up.world.moment() - timedelta(hours=2, minutes=30 - number))
            set_up.world.change(jobs[name], status="Succeeded", completedAt=ended, updatedAt=ended)
        with closing(sqlite3.connect(tmp_path / "bot.db")) as database, database:
            query = "UPDATE meta SET value = ? WHERE name IN ('last_good_tick', 'last_look')"
            database.execute(query, (long_ago.isoformat(),))
        platform = faults.add(Fault("GET *", "status", status=400))
        slack = faults.add(Fault("chat.postMessage", "status", status=429, retry_after=1))
        await set_up.start()
        await set_up.heard("watching is interrupted")
        faults.remove(platform)
        await set_up.slack.wait_for(
            lambda: sum(each.method == "chat.postMessage" for each in set_up.slack.requests) > 1, DEADLINE
        )
        faults.remove(slack)
        await set_up.sees(order[-1], "succeeded", "late by 2 h")
        await asyncio.gather(*(set_up.sees(name, "late by 2 h") for name in order))
        said = "\n".join(shown(each) for each in set_up.messages() if f"<@{ADA}>" in each["text"])
        assert sorted(order, key=said.index) == order
        assert said.count("late by 2 h") == len(order), said
