"""What the platform refuses because of money, licence or tier is told in words, with what to do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from dojobbot.deeporigin import requests, wire
from dojobbot.deeporigin.replies import Reply, trouble
from dojobbot.deeporigin.requests import Request
from dojobbot.deeporigin.restrictions import RESTRICTIONS
from dojobbot.errors import PlatformRefused, PlatformRestricted

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
JOB = "9e9eb45e-0000-4000-8000-000000000001"
READ, CONFIRM = requests.job("lab", JOB), requests.confirm("lab", JOB)
CODES = (
    "LICENSE.FEATURE_NOT_LICENSED",
    "LICENSE.INSUFFICIENT_AVAILABILITY",
    "LICENSE.RESERVE.FEATURE_NOT_LICENSED",
    "LICENSE.RESERVE.EXCEEDS_MAX",
    "MASON.TOOL_EXECUTION.BILLING_REJECTED",
    "MASON.TOOL_EXECUTION.TIER_LIMIT_EXCEEDED",
    "CREDITS_TX.PREPARE.INSUFFICIENT",
)
CODE = CODES[-1]
NOTHING_SAID = {"code": CODE}


def refused(body: object, *, status: int = 200, request: Request = CONFIRM) -> PlatformRefused | None:
    found = trouble(Reply(status, {}, json.dumps(body).encode()), request, expires_at=None, now=NOW)
    if found is None:
        return None
    assert isinstance(found.error, PlatformRefused)
    assert not found.retry
    return found.error


def places(said: dict[str, Any]) -> list[dict[str, Any]]:
    """Everywhere that the platform has been seen to put a code."""
    return [
        said,
        {"errors": [{"code": "OTHER"}, said]},
        {"status": "Quoted", "statusReason": said},
        {"status": "InsufficientFunds", "statusReason": said},
    ]


def test_every_documented_code_has_a_sentence_of_its_own_and_an_action() -> None:
    named = [RESTRICTIONS[code] for code in CODES]
    assert len({each.sentence for each in named}) == len(CODES)
    assert all(each.sentence.endswith(".") and each.action.endswith(".") for each in named)


@pytest.mark.parametrize("status", [200, 402, 403, 409])
@pytest.mark.parametrize("code", CODES)
def test_a_code_is_told_in_words_wherever_it_stands(code: str, status: int) -> None:
    ours = RESTRICTIONS[code]
    for body in places({"code": code, "message": "Not possible"}):
        found = refused(body, status=status)
        assert isinstance(found, PlatformRestricted)
        assert str(found) == f"{ours.sentence} Deep Origin says: Not possible."
        assert (found.hint, found.code, found.status) == (ours.action, code, status)


@pytest.mark.parametrize("code", CODES)
def test_a_code_inside_a_reason_that_is_a_string_is_found(code: str) -> None:
    found = refused({"status": "Quoted", "statusReason": f"{code}: the plan ends at 100"})
    assert isinstance(found, PlatformRestricted)
    assert str(found) == f"{RESTRICTIONS[code].sentence} Deep Origin says: the plan ends at 100."


def test_what_the_platform_itself_asks_to_do_is_the_hint() -> None:
    for body in places({"code": CODE, "message": "12 USD", "action_request": "Ask Ada"}):
        found = refused(body)
        assert found is not None
        assert (str(found), found.hint) == (
            "There are too few credits for this job. Deep Origin says: 12 USD.",
            "Ask Ada.",
        )


def test_several_restrictions_are_all_told() -> None:
    errors = [{"code": CODE, "message": "12 USD"}, {"code": CODES[0], "title": "No docking"}]
    found = refused({"errors": errors})
    assert found is not None
    assert str(found) == "There are too few credits for this job. Deep Origin says: 12 USD. No docking."


@pytest.mark.parametrize(
    ("body", "said", "hint"),
    [
        ({"status": "InsufficientFunds", "statusReason": "Budget exceeded"},
         "The balance does not cover this job. Deep Origin says: Budget exceeded.", "top up the balance"),
        ({"status": "InsufficientFunds"}, "The balance does not cover this job.", "top up the balance"),
        ({"purchase_approved": False, "purchase_approval_comment": "Over limit"},
         "This purchase was not approved. Deep Origin says: Over limit.", "to approve it"),
        ({"is_approved": False, "items": [{"actionRequest": "Buy more", "purchaseApprovalComment": "None"}]},
         "This purchase was not approved. Deep Origin says: None.", "Buy more."),
    ],
)  # fmt: skip
def test_a_restriction_without_a_code_is_told_as_well(body: dict[str, Any], said: str, hint: str) -> None:
    found = refused(body)
    assert found is not None
    assert str(found) == said
    assert hint in found.hint


def test_a_payment_that_is_required_by_an_unknown_code_keeps_the_platforms_words() -> None:
    found = refused({"message": "Pay first", "code": "NEW.CODE"}, status=402)
    assert isinstance(found, PlatformRestricted)
    assert str(found) == "Deep Origin's licensing or billing rules forbid it. It says: Pay first."
    assert "administrator" in found.hint


def test_a_read_of_such_a_job_is_no_trouble() -> None:
    assert refused({"status": "InsufficientFunds", "statusReason": NOTHING_SAID}, request=READ) is None


def test_other_refusals_stay_what_they_are() -> None:
    assert refused({"status": "Created"}) is None
    assert refused({"status": "Failed", "statusReason": {"code": "EXECUTOR.TIMEOUT"}}) is None
    assert type(refused({"code": "MASON.WRONG_STATE"}, status=409)) is PlatformRefused


@pytest.mark.parametrize("code", CODES)
def test_a_job_that_stands_still_because_of_it_says_so(code: str) -> None:
    ours = RESTRICTIONS[code]
    for reason in ({"code": code, "message": "12 USD"}, f"{code} (12 USD)"):
        row = {"executionId": JOB, "status": "InsufficientFunds", "statusReason": reason}
        assert wire.decode_job(json.dumps(row).encode()).reason == (
            f"{ours.sentence.rstrip('.')}. 12 USD. {ours.action.rstrip('.')}"
        )


def test_a_job_without_funds_says_what_to_do_though_the_platform_says_nothing() -> None:
    row = {"executionId": JOB, "status": "InsufficientFunds"}
    reason = wire.decode_job(json.dumps(row).encode()).reason or ""
    assert reason.startswith("The balance does not cover this job. Ask your Deep Origin administrator")
