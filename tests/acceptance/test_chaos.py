"""Kill the bot again and again while everything around it fails: no message is lost, doubled or out of order.

The short form is part of the tests; `make chaos` plays the long one. What was played is replayed with the
seed that a failure names: `CHAOS_SEED=7 make chaos`.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from tests.acceptance.chaos_judge import judge
from tests.acceptance.chaos_plan import LONG, SEALED, SHORT, SHORT_OF_TWO
from tests.acceptance.chaos_play import Outcome, play
from tests.postgres import server

SIZE, SIZE_OF_TWO = (LONG, LONG) if os.environ.get("CHAOS") == "long" else (SHORT, SHORT_OF_TWO)


def a_seed() -> int:
    """The seed that was asked for, or one of its own for each run."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))


async def test_whatever_crashes_everybody_is_told_once_and_in_order(tmp_path: Path) -> None:
    """One process on SQLite; where no history can be read, once at least, and every double is explained."""
    seed = a_seed()
    outcome = await play(SIZE, seed, tmp_path, database_url=f"sqlite:///{tmp_path / 'bot.db'}")
    check(outcome, seed, tmp_path)


async def test_with_two_replicas_of_which_the_leader_is_killed_it_is_the_same(tmp_path: Path) -> None:
    """On PostgreSQL; the other one takes over each time."""
    seed = a_seed()
    there = server()
    url = there.url(there.fresh())
    outcome = await play(SIZE_OF_TWO, seed, tmp_path, database_url=url, bots=2)
    check(outcome, seed, tmp_path)
    assert outcome.leaders_killed, "no leader was killed: nothing was tested"


def check(outcome: Outcome, seed: int, folder: Path) -> None:
    """Let the judge say what is wrong; `folder` has the bots' logs."""
    verdict = judge(outcome)
    sys.stdout.write(f"CHAOS_SEED={seed}: {verdict.numbers}\n")
    assert not verdict.wrong, f"CHAOS_SEED={seed}, logs in {folder}\n" + "\n".join(verdict.wrong)
    # On a slow machine all the jobs of the short form may end between two looks, which promises no order.
    posts = [each for each in outcome.slack if each.method == "chat.postMessage"]
    in_the_open = [each for each in posts if each.args.get("channel") != SEALED.channel_id]
    assert any(each.status == 0 for each in in_the_open), "no reply to a post was lost: nothing was tested"
    assert any(each.status == 503 for each in posts), "Slack failed at no post: nothing was tested"
    assert outcome.promised, "nothing was promised to whoever typed meanwhile: nothing was tested"
    assert verdict.ordered_pairs or SIZE is SHORT, "nothing had an order to keep: nothing was tested"
