"""How long a job ran is the same on cards, in lists, in Python and in the dataframe."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dojobbot.deeporigin import snapshot
from dojobbot.deeporigin.columns import Columns, Extras
from dojobbot.deeporigin.exchange import Answer
from dojobbot.deeporigin.replies import Reply
from dojobbot.frames import build
from dojobbot.job_words import status_lines
from dojobbot.slack.text import ran
from dojobbot.slack.views.describe import row, span
from tests.conftest import samples

START = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
NOW = START + timedelta(days=3)


def execution(took: timedelta | None, status: str = "Succeeded") -> dict[str, Any]:
    end = None if took is None else (START + took).isoformat()
    return {
        "executionId": "9e9eb45e-93a6",
        "status": status,
        "startedAt": START.isoformat(),
        "completedAt": end,
    }


def said(found: dict[str, Any], now: datetime = NOW) -> list[str]:
    """What the card, a line of a list and the notebook say."""
    read = snapshot.read(Answer(now, Reply(200, {}, json.dumps(found).encode())))
    notebook = next(iter(status_lines(read, now)), "")
    return [span(read.job, now), row(read.job, "Ada", now, says_status=False), notebook]


def minutes(found: dict[str, Any]) -> Any:
    columns = Columns(Extras())
    columns.add(columns.open(json.dumps([found]).encode())[0])
    return build(columns, {}).run_duration_minutes.to_list()[0]


def in_minutes(words: str) -> int:
    units = {"d": 1440, "h": 60, "min": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+) (min|h|d)", words))


@pytest.mark.parametrize(
    ("seconds", "words", "rounded"),
    [
        (60, "1 min", 1),
        (89.999, "1 min", 1),
        (90, "2 min", 2),
        (16 * 60 + 29, "16 min", 16),
        (16 * 60 + 30, "17 min", 17),
        (59 * 60 + 45, "1 h", 60),
        (3 * 3600 + 20 * 60 + 31, "3 h 21 min", 201),
    ],
)
def test_what_is_over_is_rounded_everywhere_as_in_the_dataframe(
    seconds: float, words: str, rounded: int
) -> None:
    found = execution(timedelta(seconds=seconds))
    assert minutes(found) == rounded
    card, listed, notebook = said(found)
    assert card == f"in {words}"
    assert f"· {words}, ended" in listed
    assert notebook == f"ran {words}"


def test_less_than_a_minute_is_told_in_seconds() -> None:
    assert said(execution(timedelta(seconds=59.9)))[0] == "in 59 s"


def test_what_still_runs_has_not_reached_the_next_minute() -> None:
    now = START + timedelta(minutes=16, seconds=59)
    assert all("16 min" in words for words in said(execution(None, "Running"), now))


def test_every_recorded_run_took_as_long_on_its_card_as_in_the_dataframe() -> None:
    compared = 0
    for found in samples("executions-recorded.json"):
        rounded = minutes(found)
        card = said(found)[0]
        if not isinstance(rounded, int) or rounded < 1 or "min" not in card:
            continue
        assert in_minutes(card) == rounded
        compared += 1
    assert compared > 20


def test_days_are_told_with_their_hours() -> None:
    assert ran(timedelta(days=1, hours=23, minutes=59, seconds=40)) == "2 d"
