"""What buttons carry comes back as it was, and nothing else is taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.slack.views import ids
from dojobbot.slack.views.ids import Value

values = st.builds(
    Value,
    job_id=st.uuids().map(str),
    seq=st.integers(0, 10**9),
    digest=st.text("0123456789abcdef", max_size=40),
    amount=st.none() | st.floats(0, 1e12),
)


@given(values)
def test_a_button_says_what_it_was_given(value: Value) -> None:
    assert ids.decode(ids.encode(value)) == value
    assert len(ids.encode(value)) <= 150


@given(st.uuids().map(str), st.integers(0, 10**9), st.sampled_from([ids.REFRESH, ids.SHARE]))
def test_a_menu_option_says_verb_and_job(job_id: str, seq: int, verb: str) -> None:
    assert ids.decode_menu(ids.encode_menu(verb, Value(job_id, seq))) == (verb, Value(job_id, seq))


@pytest.mark.parametrize(
    "text",
    ["", "x", "|1", "id|", "id|-1", "id|one", "id|1|d|nan", "id|1|d|-5", "id|1|d|1e999", "id|1|d|5|more",
     "id|1|<!here>", "a b|1", "id\n|1", "x" * 65 + "|1", "id|²"],
)  # fmt: skip
def test_a_forged_value_is_not_read(text: str) -> None:
    assert ids.decode(text) is None
    assert ids.decode_menu(f"refresh|{text}") is None


def test_a_menu_has_only_its_own_verbs() -> None:
    assert ids.decode_menu("approve|id|1") is None


@given(st.text(max_size=60))
def test_any_text_is_a_value_or_nothing(text: str) -> None:
    value = ids.decode(text)
    assert value is None or ids.decode(ids.encode(value)) == value
