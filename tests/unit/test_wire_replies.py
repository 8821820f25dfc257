"""What an answer of the platform means: fine, or which error, and whether to ask again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin import requests
from dojobbot.deeporigin.replies import Reply, Trouble, retry_after, server_time, trouble
from dojobbot.deeporigin.requests import Request
from dojobbot.domain import JobFilter
from dojobbot.errors import (
    JobNotFound,
    MalformedReply,
    PlatformError,
    PlatformRefused,
    PlatformRestricted,
    PlatformThrottled,
    PlatformUnavailable,
    TokenRejected,
)

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
JOB = "9e9eb45e-0000-4000-8000-000000000001"
READ, CANCEL, CONFIRM = (build("lab", JOB) for build in (requests.job, requests.cancel, requests.confirm))
LIST = requests.listing("lab", JobFilter(), page=0, page_size=10)


def judged(
    status: int,
    body: object = None,
    request: Request = READ,
    *,
    expires_at: datetime | None = None,
    headers: dict[str, str] | None = None,
) -> Trouble | None:
    reply = Reply(status, headers or {}, body if isinstance(body, bytes) else json.dumps(body).encode())
    return trouble(reply, request, expires_at=expires_at, now=NOW)


def error(status: int, body: object = None, request: Request = READ) -> PlatformError:
    found = judged(status, body, request)
    assert found is not None
    return found.error


@pytest.mark.parametrize(
    ("status", "request_", "kind"),
    [
        (401, READ, TokenRejected),
        (403, LIST, TokenRejected),
        (404, READ, JobNotFound),
        (404, LIST, PlatformRefused),
        (400, LIST, PlatformRefused),
        (402, CONFIRM, PlatformRestricted),
        (409, CANCEL, PlatformRefused),
        (429, READ, PlatformThrottled),
        (500, READ, PlatformUnavailable),
        (503, CONFIRM, PlatformUnavailable),
        (302, READ, MalformedReply),
    ],
)
def test_each_status_is_its_own_error(status: int, request_: Request, kind: type[PlatformError]) -> None:
    for body in ({"message": "no"}, b"<html>", b""):
        assert type(error(status, body, request_)) is kind


def test_only_these_statuses_are_worth_asking_again() -> None:
    asked_again = {status for status in range(300, 600) if (found := judged(status)) and found.retry}
    assert asked_again == {429, 500, 502, 503, 504}


def test_an_answer_in_order_is_no_trouble() -> None:
    assert judged(200, {"status": "InsufficientFunds"}) is None
    assert judged(200, {"status": "Created"}, CONFIRM) is None
    assert judged(201, b"<html>", CONFIRM) is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "It is Cancelled.", "error": "Conflict"}, "It is Cancelled"),
        ({"error": "Conflict"}, "Conflict"),
        ({"detail": "too late"}, "too late"),
        ({"message": ["page is odd", "size is odd"]}, "page is odd. size is odd"),
        ({"error": {"message": "inner"}}, "inner"),
        ({"message": "Validation failed", "errors": [{"field": "x", "message": "x is odd"}]},
         "Validation failed. x is odd"),
        ({"errors": [{"code": "VALIDATION.QUERY", "title": "Invalid query", "detail": "page"}]},
         "Invalid query. page"),
        ({"errors": ["plain"]}, "plain"),
        (b"<html>", "Deep Origin refused (HTTP 409)."),
        ([], "Deep Origin refused (HTTP 409)."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_the_platform_said(body: object, said: str) -> None:
    assert str(error(409, body, CANCEL)) == said


def test_a_refusal_carries_status_and_code() -> None:
    found = error(409, {"errors": [{"code": "MASON.WRONG_STATE"}]}, CANCEL)
    assert isinstance(found, PlatformRefused)
    assert (found.status, found.code) == (409, "MASON.WRONG_STATE")
    assert "Look at the job again" in found.hint
    assert "job" not in error(400, None, LIST).hint


def test_an_expired_token_is_named_as_such() -> None:
    found = judged(401, {"message": "no"}, expires_at=NOW - timedelta(days=1))
    assert found is not None
    assert str(found.error) == "The Deep Origin token expired on 2026-11-21 at 09:00 UTC."
    assert "DO_AUTH_TOKEN" in found.error.hint
    refused = judged(401, {"message": "revoked"}, expires_at=NOW + timedelta(days=1))
    assert refused is not None
    assert str(refused.error) == "Deep Origin refused the token (HTTP 401): revoked."


def test_retry_after_is_seconds_or_a_date_on_the_platforms_clock() -> None:
    date = "Sun, 22 Nov 2026 09:00:00 GMT"
    later = "Sun, 22 Nov 2026 09:00:30 GMT"
    assert retry_after(Reply(429, {"retry-after": "7.5"}, b""), NOW) == 7.5
    assert retry_after(Reply(429, {"retry-after": later, "date": date}, b""), NOW + timedelta(hours=1)) == 30
    assert retry_after(Reply(429, {"retry-after": later}, b""), NOW) == 30
    assert retry_after(Reply(429, {"retry-after": date}, b""), NOW + timedelta(hours=1)) == 0
    assert retry_after(Reply(429, {"retry-after": "soon"}, b""), NOW) is None
    assert retry_after(Reply(429, {}, b""), NOW) is None
    assert server_time(Reply(200, {"date": date}, b"")) == NOW
    assert server_time(Reply(200, {"date": "now"}, b"")) is None


def test_a_throttled_answer_says_for_how_long() -> None:
    found = judged(429, headers={"retry-after": "7"})
    assert found is not None
    assert isinstance(found.error, PlatformThrottled)
    assert (found.retry, found.retry_after, found.error.retry_after) == (True, 7, 7)


def test_an_unknown_outcome_of_an_act_sends_people_to_look() -> None:
    assert "may have happened" in error(502, None, CONFIRM).hint
    assert "Try again" in error(502, None, READ).hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(
        st.sampled_from(["message", "error", "errors", "code", "detail", "statusReason", "status", "items"]),
        inner,
    ),
)  # fmt: skip


@given(st.integers(300, 599), JSON, st.text(), st.text(), st.sampled_from([READ, LIST, CONFIRM]))
def test_no_answer_breaks_anything(
    status: int, body: object, date: str, after: str, request: Request
) -> None:
    """Whatever an error answer holds, it becomes one of our errors, in words that can be sent."""
    found = judged(status, body, request, headers={"date": date, "retry-after": after})
    assert found is not None
    assert str(found.error).encode("utf-8")
    judged(200, body, request)
