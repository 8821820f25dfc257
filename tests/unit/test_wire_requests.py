"""Which calls are made, where to, and in whose name."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin import requests
from dojobbot.deeporigin.account import Account, choose_base_url
from dojobbot.domain import GONE, JobFilter
from dojobbot.errors import JobNotFound, SettingsError

JOB = "9e9eb45e-0000-4000-8000-000000000001"


def token(**claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"header.{payload}.signature"


def asked(wanted: JobFilter, project_id: str | None = None) -> Any:
    """The filter of a listing, decoded."""
    request = requests.listing("lab", wanted, page=0, page_size=10, project_id=project_id)
    return json.loads(dict(request.query).get("filter", "{}"))


def test_a_listing_names_page_size_and_order_and_no_empty_filter() -> None:
    request = requests.listing("example-lab", JobFilter(), page=3, page_size=1000)
    assert (request.method, request.path) == ("GET", "/tools/example-lab/tools/executions")
    assert request.query == (("page", "3"), ("pageSize", "1000"), ("order", "createdAt desc"))


def test_succeeded_is_asked_for_by_both_of_its_words_and_gone_by_none() -> None:
    statuses = frozenset({"Succeeded", "Running", GONE})
    assert asked(JobFilter(statuses=statuses)) == {"status": {"$in": ["Running", "Succeeded", "Completed"]}}
    assert asked(JobFilter(statuses=frozenset({GONE}))) == {"status": {"$in": []}}


def test_created_after_is_a_utc_stamp_with_milliseconds() -> None:
    moment = datetime(2026, 11, 22, 10, 0, 1, 234_567, tzinfo=timezone(timedelta(hours=1)))
    assert asked(JobFilter(created_after=moment), "p-1") == {
        "createdAt": {"$gt": "2026-11-22T09:00:01.234Z"},
        "projectId": "p-1",
    }
    long_ago = JobFilter(created_after=datetime(50, 1, 1, tzinfo=UTC))
    assert asked(long_ago) == {"createdAt": {"$gt": "0050-01-01T00:00:00.000Z"}}
    with pytest.raises(ValueError, match="naive"):
        asked(JobFilter(created_after=moment.replace(tzinfo=None)))


def test_a_read_asks_for_the_tree_and_a_confirm_is_patient() -> None:
    assert requests.job("lab", JOB).accept == "application/json;v=2.0"
    confirm = requests.confirm("lab", JOB)
    assert (confirm.method, confirm.path) == ("PATCH", f"/tools/lab/tools/executions/{JOB}:confirm")
    assert confirm.seconds == 600
    assert requests.cancel("lab", JOB).path.endswith(f"{JOB}:cancel")
    assert requests.users("my lab").path == "/entities/my%20lab/organizations/users"


@pytest.mark.parametrize("job_id", ["", "../users", "a b", "a/b", "x" * 65, "abc\n", "<!channel>"])
def test_what_cannot_be_an_id_never_gets_into_a_path(job_id: str) -> None:
    for build in (requests.job, requests.cancel, requests.confirm):
        with pytest.raises(JobNotFound):
            build("lab", job_id)


@pytest.mark.parametrize(
    ("base_url", "env", "issuer", "chosen"),
    [
        (None, None, "https://login.deeporigin.io", "https://api.deeporigin.io"),
        (None, None, "https://login.staging.deeporigin.io", "https://api.staging.deeporigin.io"),
        (None, "dev", "https://login.staging.deeporigin.io", "https://api.dev.deeporigin.io"),
        (None, "edge", "", "https://api.edge.deeporigin.io"),
        ("http://127.0.0.1:4931/", "prod", "", "http://127.0.0.1:4931"),
        ("http://[::1]:80/x/", None, "", "http://[::1]:80/x"),
        ("https://gateway.example.org/do/", None, "", "https://gateway.example.org/do"),
    ],
)
def test_the_base_url_is_the_one_set_else_the_environments_else_the_tokens(
    base_url: str | None, env: str | None, issuer: str, chosen: str
) -> None:
    assert choose_base_url(base_url=base_url, env=env, token=token(iss=issuer)) == chosen


def test_a_token_that_is_no_jwt_means_prod() -> None:
    assert choose_base_url(base_url=None, env=None, token="opaque") == "https://api.deeporigin.io"


@pytest.mark.parametrize(
    ("base_url", "env", "named"),
    [
        ("http://api.deeporigin.io", None, "DO_BASE_URL must be https"),
        ("api.deeporigin.io", None, "DO_BASE_URL is not a URL"),
        ("https://", None, "DO_BASE_URL is not a URL"),
        ("https://[bad", None, "DO_BASE_URL is not a URL"),
        ("https://h:99999", None, "DO_BASE_URL is not a URL"),
        (f"https://{'a' * 64}.example.org", None, "DO_BASE_URL is not a URL"),
        ("https://u:p@host", None, "DO_BASE_URL holds more"),
        (None, "production", "prod, staging, dev, edge, local"),
    ],
)
def test_an_address_that_no_token_may_go_to_is_refused(
    base_url: str | None, env: str | None, named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        choose_base_url(base_url=base_url, env=env, token="t")


def test_a_token_tells_when_it_expires_and_never_shows() -> None:
    secret = token(exp=1_795_338_000)
    account = Account("https://api.deeporigin.io", "lab", secret)
    assert account.expires_at == datetime.fromtimestamp(1_795_338_000, UTC)
    assert secret not in repr(account)


@pytest.mark.parametrize("exp", [None, "soon", True, 10**30, -(10**30)])
def test_an_expiry_that_cannot_be_read_is_unknown(exp: object) -> None:
    assert Account("https://x", "lab", token(exp=exp)).expires_at is None


@pytest.mark.parametrize("bad", ["", "Bearer abc", "abc\n", "täken"])
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(bad: str) -> None:
    with pytest.raises(SettingsError, match="DO_AUTH_TOKEN") as caught:
        Account("https://x", " ", bad)
    assert len(caught.value.problems) == 2
    assert not bad or bad not in str(caught.value)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_any_token_is_taken_as_it_is(secret: str) -> None:
    assert Account("https://x", "lab", secret).token == secret
    assert Account("https://x", "lab", f"a.{secret}.b").expires_at is None
