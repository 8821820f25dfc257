"""Executions, pages, users and health, as the platform sends them."""

import contextlib
import copy
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin.wire import BadRow, check_health, decode_job, decode_users, open_page
from dojobbot.domain import Job, Quote
from dojobbot.errors import MalformedReply, PlatformUnavailable

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples are not on this machine")

ROW: dict[str, Any] = {
    "executionId": "9e9eb45e-0000-4000-8000-000000000001",
    "resourceId": "qu7qsvgsw2dkd3yb98xwf",
    "type": "ToolExecution",
    "name": "BRD series",
    "status": "Running",
    "statusReason": None,
    "createdAt": "2026-11-20T09:15:02.114Z",
    "startedAt": "2026-11-20T10:15:40.871+01:00",
    "completedAt": None,
    "updatedAt": "2026-11-20T09:31:10.002Z",
    "createdBy": "google-apps|ada@example.org",
    "tool": {"key": "deeporigin.docking", "version": "4"},
    "userInputs": {"smiles_list": ["C", "CC"], "box_size": [20, 20, 20]},
    "progressReport": "ligand docked: C\n",
    "quotationResult": {"successfulQuotations": [{"itemCode": "D", "qty": 4, "priceTotal": 120.0}]},
    "projectId": "1db6dc99-a3b6-55ee-9da3-95297a49118b",
    "visibility": "visible",
}


def job(**changes: Any) -> Job:
    return decode_job(json.dumps(ROW | changes).encode())


@dataclass(frozen=True)
class ReadPage:
    jobs: list[Job]
    bad_rows: list[BadRow]
    count: int | None


def decode_page(body: bytes) -> ReadPage:
    """A page with all of its rows read, in slices of two."""
    found = open_page(body)
    entries = [entry for at in range(0, len(found.rows), 2) for entry in found.read(at, at + 2)]
    jobs = [entry for entry in entries if isinstance(entry, Job)]
    return ReadPage(jobs, [entry for entry in entries if isinstance(entry, BadRow)], found.count)


def page(rows: list[Any], **envelope: Any) -> bytes:
    return json.dumps({"data": rows, "count": len(rows)} | envelope).encode()


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def shape(why: str) -> Job:
    found = [entry["execution"] for entry in sample("executions-shapes.json") if entry["why"].startswith(why)]
    assert len(found) == 1
    return decode_job(json.dumps(found[0]).encode())


def test_a_row_is_read_in_full() -> None:
    found = job()
    assert found.id == ROW["executionId"]
    assert (found.resource_id, found.name, found.created_by) == (
        "qu7qsvgsw2dkd3yb98xwf",
        "BRD series",
        "google-apps|ada@example.org",
    )
    assert (found.tool_key, found.tool_version) == ("deeporigin.docking", "4")
    assert found.started_at == datetime(2026, 11, 20, 9, 15, 40, 871_000, tzinfo=UTC)
    assert found.started_at is not None
    assert found.started_at.tzinfo is UTC
    assert found.progress is not None
    assert found.progress.fraction == 0.5


def test_completed_is_succeeded_and_keeps_its_own_word() -> None:
    found = job(status="Completed")
    assert (found.status, found.raw_status) == ("Succeeded", "Completed")
    assert job(status="Hibernating").status == "Hibernating"


def test_a_field_of_a_wrong_type_costs_that_field() -> None:
    found = job(
        name=["x"], tool="docking", createdAt="yesterday", startedAt="2026-11-20 09:15", userInputs=[]
    )
    assert (found.name, found.tool_key, found.created_at, found.started_at) == (None, None, None, None)
    assert found.updated_at is not None


def test_a_version_may_come_as_a_number() -> None:
    assert job(tool={"key": "k", "version": 4}).tool_version == "4"


@pytest.mark.parametrize("missing", [{"executionId": None}, {"executionId": "a b/../c"}, {"status": 7}])
def test_no_readable_id_or_status_is_no_job(missing: dict[str, Any]) -> None:
    with pytest.raises(MalformedReply, match="without a readable"):
        job(**missing)


def test_a_bad_row_costs_itself_and_is_named() -> None:
    rows: list[Any] = [ROW, {"resourceId": "abc"}, 7, ROW | {"executionId": "other"}]
    found = decode_page(page(rows, count=40))
    assert [job.id for job in found.jobs] == [ROW["executionId"], "other"]
    assert len(found.bad_rows) == 2
    assert found.bad_rows[0].name == "abc"
    assert found.count == 40
    assert found.bad_rows == decode_page(page(rows, count=40)).bad_rows


def test_a_page_may_be_a_bare_list_or_of_json_api_rows() -> None:
    bare = decode_page(json.dumps([ROW]).encode())
    assert (len(bare.jobs), bare.count) == (1, None)
    attributes = {key: value for key, value in ROW.items() if key != "executionId"}
    row = {"id": "the-id", "type": "ToolExecution", "attributes": attributes}
    assert decode_page(page([row])).jobs[0].id == "the-id"
    assert decode_job(json.dumps({"data": row}).encode()).name == "BRD series"


def test_a_name_cut_in_the_middle_of_an_emoji_costs_neither_row_nor_page() -> None:
    rows = [ROW | {"name": "fine \ud83d"}, ROW | {"executionId": "other"}]
    found = decode_page(page(rows))
    assert [job.name for job in found.jobs] == ["fine ?", "BRD series"]
    assert job(name="fine \ud83d").name == "fine ?"


def test_a_number_beyond_all_bounds_costs_its_field() -> None:
    body = page([ROW, ROW | {"executionId": "other", "progressReport": "SPOT"}]).replace(b'"SPOT"', b"1e999")
    found = decode_page(body)
    assert [job.id for job in found.jobs] == [ROW["executionId"], "other"]
    assert found.jobs[1].progress is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[", b"7", b'{"data": 7}', b"{}", b"[" * 100_000, b"\xff"])
def test_what_is_no_page_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReply, match="Deep Origin sent"):
        decode_page(body)


def test_a_count_that_is_none_costs_the_count_alone() -> None:
    assert decode_page(page([ROW], count="many")).count is None
    assert decode_page(page([ROW], count=-1)).count is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("OOMKilled", "OOMKilled"),
        ({"message": "Timed out.", "detail": "gmx did not finish"}, "Timed out. gmx did not finish"),
        ({"message": "No funds", "action_request": "Ask"}, "No funds. Ask"),
        ({"code": "EXECUTOR.LOST"}, "EXECUTOR.LOST"),
        ({}, None),
        (["x"], None),
    ],
)
def test_a_reason_becomes_a_line(said: object, reason: str | None) -> None:
    assert job(statusReason=said).reason == reason


def quote_of(*rows: dict[str, Any]) -> Quote | None:
    return job(quotationResult={"successfulQuotations": list(rows)}).quote


def test_a_quote_is_the_sum_and_its_digest_follows_the_prices() -> None:
    first, second = {"itemCode": "A", "qty": 4, "priceTotal": 120}, {"itemCode": "B", "priceTotal": 64.25}
    found = quote_of(first, second)
    assert found is not None
    assert found.amount == 184.25
    same = quote_of(second, first | {"priceTotal": 120.0, "status": "OK"})
    assert same is not None
    assert (found.amount, found.digest) == (same.amount, same.digest)
    dearer = quote_of(first, second | {"priceTotal": 64.26})
    assert dearer is not None
    assert dearer.digest != found.digest


@pytest.mark.parametrize("price", [None, "free", -1, True, 1e300])
def test_a_price_that_cannot_be_read_leaves_no_quote(price: object) -> None:
    """A sum without it would be too small, and people approve what they read."""
    assert quote_of({"priceTotal": 120.0}, {"priceTotal": price}) is None


@pytest.mark.parametrize(
    "failure",
    [
        {"anyFailed": True, "failedQuotations": [{"itemCode": "GPU", "message": "No price"}]},
        {"failedQuotations": [{"itemCode": "GPU"}]},
        {"anyFailed": True},
        {"anyFailed": True, "failedQuotations": {"itemCode": "GPU"}},
        {"anyFailed": True, "failedQuotations": [None]},
    ],
)
@pytest.mark.parametrize("rows", [[], [{"itemCode": "X", "priceTotal": 9.0}]])
def test_while_an_item_failed_there_is_no_sum(failure: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """What is left out of it would be paid unseen."""
    priced = quote_of(*rows)
    found = job(quotationResult={"successfulQuotations": rows, **failure}).quote
    assert found is not None
    assert found.amount is None
    assert [line.total for line in found.lines] == [None, *(row["priceTotal"] for row in rows)]
    assert priced is None or priced.digest != found.digest


def test_an_item_that_failed_is_named_however_many_there_are() -> None:
    rows = [{"itemCode": f"ITEM-{number}", "priceTotal": 1.0} for number in range(200)]
    found = job(quotationResult={"successfulQuotations": rows, "failedQuotations": [{"itemCode": "GPU"}]})
    assert found.quote is not None
    assert (found.quote.lines[0].item, found.quote.lines[0].total) == ("GPU", None)
    assert (found.quote.lines[-1].items, found.quote.lines[-1].total) == (102, 102.0)


def test_people_are_read_with_and_without_names() -> None:
    rows = [
        {"id": "u1", "authId": "auth0|a", "email": "a@example.org", "firstName": "Ada", "lastName": None},
        {"id": "u2", "firstName": None, "lastName": None},
        {"id": "u3", "attributes": {"name": "Chen Wei"}},
        {"email": "no id"},
    ]
    for body in (rows, {"data": rows}):
        found = decode_users(json.dumps(body).encode())
        assert [(user.id, user.name) for user in found] == [("u1", "Ada"), ("u2", None), ("u3", "Chen Wei")]
    with pytest.raises(MalformedReply, match="list of users"):
        decode_users(b'{"data": 7}')


def test_health_is_ok_or_named() -> None:
    check_health(b'{"status": "ok"}')
    with pytest.raises(PlatformUnavailable, match="shutting down"):
        check_health(b'{"status": "shutting down"}')
    with pytest.raises(MalformedReply, match="health"):
        check_health(b'{"up": true}')


@needs_samples
def test_every_recorded_execution_decodes() -> None:
    rows = sample("executions-recorded.json")
    found = decode_page(page(rows))
    assert (len(found.jobs), found.bad_rows) == (153, [])
    for row, read in zip(rows, found.jobs, strict=True):
        assert (read.id, read.raw_status) == (row["executionId"], row["status"])
        assert (read.progress is None) == (row["progressReport"] is None if "progressReport" in row else True)
        assert read.created_at is not None
        assert read.updated_at is not None
    assert [read.quote.amount for read in found.jobs if read.quote] == [0.9] * 3
    assert {read.progress.result for read in found.jobs if read.progress} >= {"-89.27 kcal/mol"}


@needs_samples
def test_every_constructed_shape_decodes() -> None:
    rows = [entry["execution"] for entry in sample("executions-shapes.json")]
    found = decode_page(page(rows))
    assert (len(found.jobs), found.bad_rows) == (30, [])
    assert [job.id for job in found.jobs if job.hidden] == [
        row["executionId"] for row in rows if row["visibility"] == "hidden"
    ]


@needs_samples
def test_the_constructed_shapes_mean_what_they_say() -> None:
    two_prices = shape("quoted, the cost is the sum").quote
    assert two_prices is not None
    assert two_prices.amount == 184.25
    assert shape("quoted, but no quotation").quote is None
    assert shape("failed, reason is an object").reason == "Timed out after 48h. gmx mdrun did not finish"
    assert shape("quotation failed").reason == "No price for this item"
    assert shape("newer platform's success").status == "Succeeded"
    assert shape("no tool").tool_key is None
    malformed = shape("malformed stamps")
    assert (malformed.created_at, malformed.started_at, malformed.completed_at) == (None, None, None)
    initialising = shape("ABFE still initialising").progress
    assert initialising is not None
    assert initialising.note == "initialising"
    growing = shape("running, progress tree").progress
    assert growing is not None
    assert len(growing.branches) == 7
    assert growing.fraction == pytest.approx(0.671875)


@needs_samples
def test_the_sample_people_decode() -> None:
    found = decode_users((SAMPLES / "users.json").read_bytes())
    assert [user.name for user in found if user.email == "ada@example.org"] == ["Ada Osei"]
    assert [user.auth_id for user in found if user.name is None] == ["auth0|mallory@example.org"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
HUGE = st.sampled_from(["x" * 100_000, "\x00", "\ud800", "<!channel>", 10**400, "9999-12-31T23:59:59-23:59"])
ANY = st.recursive(
    SCALARS | HUGE, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


@given(
    st.dictionaries(st.sampled_from([*ROW, "attributes", "data", "id"]), ANY),
    st.sets(st.sampled_from([*ROW])),
)
def test_a_mutated_row_is_read_or_named_as_bad(changes: dict[str, Any], dropped: set[str]) -> None:
    """Dropped keys, nulls, wrong types, hostile values cost at most their row; the rest can be stored."""
    row = {key: value for key, value in (copy.deepcopy(ROW) | changes).items() if key not in dropped}
    found = decode_page(page([row, ROW | {"executionId": "sound"}]))
    assert found.jobs[-1].id == "sound"
    assert len(found.jobs) + len(found.bad_rows) == 2
    for read in found.jobs:
        repr(read).encode("utf-8")
        assert "\x00" not in (read.name or "")
        for text in (read.name, read.raw_status, read.reason, read.created_by, read.tool_key):
            assert len(text or "") <= 1_000
    with contextlib.suppress(MalformedReply):
        decode_job(json.dumps(row).encode())


@given(st.binary())
def test_no_bytes_raise_anything_but_our_errors(body: bytes) -> None:
    for decode in (decode_page, decode_job, decode_users, check_health):
        with contextlib.suppress(MalformedReply, PlatformUnavailable):
            decode(body)
