"""Cells that no spreadsheet runs, and texts that every sheet can hold."""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.exporting.cells import LONGEST_CELL, csv_cell, cut, flat, iso, neutral, printable

TRIGGERS = "=+-@\t\r"


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =cmd|' /C calc'!A0",
        "\uff1d1",
        '=HYPERLINK("x")',
        "\ufeff=1",
        "\u200b\u2060+1",
        "\x00\x07@A1",
        '"=1+1"',
    ],
)
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    """Also behind blanks, and in the wide forms that some take as well."""
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a\t+1", "a\t'+1"),
        ("note\n\u200b =1;-2", "note\n\u200b '=1;'-2"),
        ('a;"=1"', 'a;"\'=1"'),
        ("=1\n=1", "'=1\n'=1"),
    ],
)
def test_a_formula_inside_a_text_is_text_too(text: str, made: str) -> None:
    """A program that parts cells at semicolons, tabs or lines would see it begin a cell."""
    assert neutral(text) == made


def test_a_text_of_blanks_costs_no_more_than_others() -> None:
    """A million line breaks take no longer than a blink."""
    text = "\n" * 1_000_000 + "x"
    assert neutral(f"x{text}") == f"x{text}"


def test_json_keeps_its_value_and_holds_no_formula() -> None:
    """There is no apostrophe in it that a program would have to take out."""
    value = {"note": "a;=1+1", "list": ["x;@y", "=1"]}
    made = csv_cell(value)
    assert json.loads(made) == value
    assert ";=" not in made
    assert ";@" not in made


def test_every_control_and_format_character_is_looked_behind() -> None:
    """Of the characters that most programs know."""
    unseen = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in {"Cc", "Cf"}]
    assert [each for each in unseen if not neutral(f"{each}=1").startswith("'")] == []


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_has_no_word_for_is_nothing(number: float) -> None:
    """Alone and inside; readers of JSON refuse `NaN`."""
    assert csv_cell(number) == ""
    assert csv_cell({"rmsd": [number, 1.5]}) == '{"rmsd":[null,1.5]}'


@pytest.mark.parametrize(
    "text", ["", "BRD-7", "a=b", "9e9eb45e", "'quoted", "CC(=O)N", "a; b", "line\nline", 'say "no"']
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """Most of what people call things."""
    assert neutral(text) == text


@given(st.text())
def test_no_text_begins_with_a_trigger_and_none_is_lost(text: str) -> None:
    """Whatever a job is called."""
    made = neutral(text)
    assert not made.startswith(tuple(TRIGGERS))
    assert made.replace("'", "") == text.replace("'", "")


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_stay_numbers(number: float) -> None:
    """The negative ones too: a duration may be below zero where clocks differ."""
    assert float(csv_cell(number)) == float(number)


JSON = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(JSON)
def test_nested_values_are_json_that_csv_carries(value: object) -> None:
    """Quotes, commas and line breaks included."""
    nested = {"value": value}
    buffer = io.StringIO()
    csv.writer(buffer).writerow([csv_cell(nested)])
    (read,) = next(csv.reader(io.StringIO(buffer.getvalue(), newline="")))
    assert json.loads(read) == nested


def test_moments_are_in_utc_to_the_millisecond() -> None:
    """As the platform writes them, wherever they came from."""
    moment = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert iso(moment) == "2026-11-22T09:00:00.123Z"
    assert flat(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"
    assert flat(None) == ""


@given(st.text() | st.text(st.characters(max_codepoint=0xA1)))
def test_what_is_printable_is_all_but_control_characters(text: str) -> None:
    """Tabs and line breaks may stay, and nothing else is lost."""
    kept = printable(text)
    assert all(each in "\t\n" or unicodedata.category(each) != "Cc" for each in kept)
    assert all(each in kept for each in text if each.isprintable())


@given(st.text(alphabet="a😀é", min_size=0, max_size=60), st.integers(1, 50))
def test_a_cut_text_is_a_beginning_that_fits(text: str, longest: int) -> None:
    """Counted as Excel counts, where an emoji is two; it is never halved."""
    made = cut(text, longest)
    units = len(made.encode("utf-16-le")) // 2
    assert text.startswith(made)
    assert units <= longest
    assert made == text or units >= longest - 1


def test_the_longest_cell_stays_whole() -> None:
    """The limit itself is allowed."""
    assert cut("x" * LONGEST_CELL) == "x" * LONGEST_CELL
    assert len(cut("x" * (LONGEST_CELL + 1))) == LONGEST_CELL
