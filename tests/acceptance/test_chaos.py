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
from tests.acceptance.chaos_plan import LONG, SHORT
from tests.acceptance.chaos_play import play

SIZE = LONG if os.environ.get("CHAOS") == "long" else SHORT


def a_seed() -> int:
    """The seed that was asked for, or one of its own for each run."""
    return int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))


async def test_whatever_crashes_everybody_is_told_once_and_in_order(tmp_path: Path) -> None:
    """One process on SQLite; where no history can be read, once at least, and every double is explained."""
    seed = a_seed()
    outcome = await play(SIZE, seed, tmp_path, database_url=f"sqlite:///{tmp_path / 'bot.db'}")
    verdict = judge(outcome)
    sys.stdout.write(f"CHAOS_SEED={seed}: {verdict.numbers}\n")
    assert not verdict.wrong, f"CHAOS_SEED={seed}, logs in {tmp_path}\n" + "\n".join(verdict.wrong)
    assert verdict.ordered_pairs, "nothing had an order to keep: nothing was tested"
