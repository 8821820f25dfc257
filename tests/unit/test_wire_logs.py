"""Pages of a log, read into lines whatever is in them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin import requests
from dojobbot.deeporigin.logs import MESSAGE_LIMIT, newest_first, open_log_page
from dojobbot.domain import LogLine
from dojobbot.errors import JobNotFound, MalformedReply

JOB = "9e9eb45e-0000-4000-8000-000000000001"
ROW = {
    "execution_id": JOB,
    "log_level": "ERROR",
    "tool_key": "deeporigin.docking",
    "date": "2026-11-22T09:00:01.250Z",
    "created_at": "2026-11-22T09:00:05.000Z",
    "message": "OOMKilled",
}


def lines(*rows: Any) -> tuple[LogLine, ...]:
    return open_log_page(json.dumps({"data": rows}).encode(), JOB).lines


def at(second: int) -> datetime:
    return datetime(2026, 11, 22, 9, 0, second, tzinfo=UTC)


def test_a_search_names_the_job_in_the_grammar_of_the_data_platform() -> None:
    request = requests.logs("my lab", JOB, limit=10, offset=20)
    assert (request.method, request.path) == ("POST", "/data-platform/my%20lab/user_logs/search")
    assert json.loads(request.body or b"") == {
        "filter": {"props": [{"column": "execution_id", "op": "eq", "value": JOB}]},
        "limit": 10,
        "offset": 20,
        "with_total_count": True,
    }
    with pytest.raises(JobNotFound):
        requests.logs("lab", "../users", limit=1, offset=0)


def test_a_row_is_read_with_its_own_time_before_that_of_its_arrival() -> None:
    moment = datetime(2026, 11, 22, 9, 0, 1, 250_000, tzinfo=UTC)
    expected = LogLine(message="OOMKilled", at=moment, level="error", tool_key="deeporigin.docking")
    assert lines(ROW) == (expected,)
    assert [line.at for line in lines(ROW | {"date": None}, ROW | {"date": "soon"})] == [at(5), at(5)]


def test_what_a_row_lacks_costs_that_alone_and_a_row_without_words_is_left_out() -> None:
    assert lines({"message": "ready"}) == (LogLine(message="ready"),)
    assert lines({"message": {"step": 3}})[0].message == '{"step": 3}'
    assert lines({}, {"message": ""}, {"message": None}, {"message": 4}, "text", None, []) == ()
    long = lines(ROW | {"message": "x" * 10_000})
    assert len(long[0].message) == MESSAGE_LIMIT


def test_the_log_of_another_job_is_not_shown() -> None:
    assert lines(ROW | {"execution_id": "another"}, ROW | {"execution_id": {}}) == ()


def test_the_newest_comes_first_and_what_has_no_time_last() -> None:
    written = [LogLine(message=word, at=at(number // 2)) for number, word in enumerate("abcd")]
    undated = LogLine(message="?")
    for came in ([*written, undated], [undated, *written], [*reversed(written), undated]):
        assert [line.message for line in newest_first(came)] == ["d", "c", "b", "a", "?"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"3", b'{"data": {}}'])
def test_what_is_no_log_is_told(body: bytes) -> None:
    with pytest.raises(MalformedReply):
        open_log_page(body, JOB)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from([*ROW, "other"]), anything) | anything), anything)
def test_no_row_is_too_strange(rows: list[Any], total: Any) -> None:
    """Whatever comes, what is read can be sorted and encoded."""
    body = json.dumps({"data": rows, "meta": {"total_count": total}}).encode()
    for line in newest_first(list(open_log_page(body, JOB).lines)):
        assert 0 < len(line.message) <= MESSAGE_LIMIT
        (line.message + line.level + (line.tool_key or "")).encode()
