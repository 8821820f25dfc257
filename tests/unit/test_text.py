"""Escaping, clipping, dates and durations as Slack shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.slack.text import (
    block_text,
    clip,
    code,
    date,
    duration,
    escape,
    foreign,
    mention,
    money,
    plain,
    plural,
)
from tests.cost import cost

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def test_foreign_text_can_ping_nobody() -> None:
    assert foreign("<!channel> & <@U1>", 80) == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_foreign_text_is_one_printable_line() -> None:
    assert foreign("a\n\tb\u202e\x00c", 80) == "a bc"


def test_of_megabytes_a_line_is_made_without_looking_at_all_of_them() -> None:
    """It costs a small part of what it takes to look at each character once, on whatever machine."""
    many = 1_000_000
    for make, text, line in (
        (partial(foreign, limit=9), "CCO " * many, "CCO CCO…"),
        (partial(plain, limit=80), " " * many + "\n<odd>\u202e\x00  name" + "\n" * many, "<odd> name"),
        (partial(plain, limit=80), "a" + "\u200b" * many + "b", "a…"),
        (partial(plain, limit=80), "\u200b" * many, ""),
    ):
        assert make(text) == line
        assert cost(partial(make, text)) < cost(partial(looked_at, text)) / 4


def looked_at(text: str) -> int:
    """How many characters print."""
    return sum(map(str.isprintable, text))


def test_a_backtick_cannot_open_code_of_ours() -> None:
    assert code("a`b") == "`a'b`"


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 10, "short"),
        ("a longer text", 8, "a longe…"),
        ("ab &amp; cd", 6, "ab…"),
        ("see <!date^1^{time}|09:15 UTC> then", 12, "see…"),
        ("a &lt;b", 8, "a &lt;b"),
    ],
)
def test_a_cut_never_goes_through_an_escape(text: str, limit: int, cut: str) -> None:
    assert clip(text, limit) == cut


@given(text=st.text(st.sampled_from("a &<>\n"), max_size=60), limit=st.integers(1, 70))
def test_any_text_fits_and_stays_well_escaped(text: str, limit: int) -> None:
    shown = clip(escape(text), limit)
    assert len(shown) <= limit
    for entity in ("&amp;", "&lt;", "&gt;"):
        shown = shown.replace(entity, "")
    assert "&" not in shown
    assert len(plain(text, limit)) <= limit
    assert len(foreign(text, limit)) <= limit


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (30, "30 s"),
        (60, "1 min"),
        (16 * 60 + 59, "16 min"),
        (3600, "1 h"),
        (3 * 3600 + 20 * 60, "3 h 20 min"),
        (2 * 86400 + 4 * 3600 + 59 * 60, "2 d 4 h"),
        (3 * 86400, "3 d"),
    ],
)
def test_durations_read_as_people_say_them(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_a_near_moment_is_a_time_and_a_far_one_has_its_day() -> None:
    near = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)
    far = datetime(2026, 10, 3, 18, 5, tzinfo=UTC)
    assert date(near, NOW) == f"<!date^{int(near.timestamp())}^{{time}}|09:15 UTC>"
    assert (
        date(far, NOW)
        == f"<!date^{int(far.timestamp())}^{{date_short_pretty}} {{time}}|03 Oct 2026, 18:05 UTC>"
    )


def test_small_words() -> None:
    """Money has cents, nouns agree, a mention is one that Slack knows."""
    assert (money(184.5), money(1234567), money(-2)) == ("$184.50", "$1,234,567.00", "-$2.00")
    assert (plural(1, "job"), plural(0, "job"), plural(1500, "job")) == ("1 job", "0 jobs", "1,500 jobs")
    assert mention("U1") == "<@U1>"


def test_block_text_counts_text_objects_and_nothing_else() -> None:
    payload = {
        "text": "the headline does not count",
        "attachments": [
            {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "12345"}}]},
            {"blocks": [{"type": "actions", "elements": [{"text": {"type": "plain_text", "text": "123"}}]}]},
        ],
    }
    assert block_text(payload) == 8
