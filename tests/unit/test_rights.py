"""Who may use the bot, and who may cancel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dojobbot.directory import PlatformUser, SlackUser
from dojobbot.domain import Job
from dojobbot.rights import creators_of, not_owner, owner_name, stranger

ADA = SlackUser(id="U1", team_id="T1", name="ada", email="Ada@Example.org", email_confirmed=True)
BORIS = SlackUser(id="U2", team_id="T1", name="boris", email="boris@example.org", email_confirmed=True)
MEMBERS = (
    PlatformUser(id="p1", auth_id="google-apps|ada@example.org", email="ada@example.org", name="Ada Osei"),
    PlatformUser(id="p2", auth_id="google-apps|boris@example.org", email="boris@example.org"),
)
BY_AUTH_ID = Job(id="j", status="Running", raw_status="Running", created_by="google-apps|ada@example.org")


@pytest.mark.parametrize("created_by", ["p1", "google-apps|ada@example.org", "okta|ADA@example.org"])
def test_the_owner_may(created_by: str) -> None:
    """By member id, by auth id, or by the e-mail inside createdBy, whatever its case."""
    job = replace(BY_AUTH_ID, created_by=created_by)
    assert not_owner(ADA, job, MEMBERS) is None


def test_a_colleague_may_not_and_is_told_whose_it_is() -> None:
    """The refusal names the owner."""
    reason = not_owner(BORIS, BY_AUTH_ID, MEMBERS)
    assert reason is not None
    assert "Ada Osei" in reason


def test_an_unconfirmed_email_proves_nothing() -> None:
    """Anybody can type an address into a profile."""
    reason = not_owner(replace(ADA, email_confirmed=False), BY_AUTH_ID, MEMBERS)
    assert reason is not None
    assert "not confirmed" in reason


def test_two_members_with_one_email_own_nothing_through_it() -> None:
    """A match must be unique."""
    twin = PlatformUser(id="p9", auth_id="x|ada@example.org", email="ada@example.org")
    assert creators_of(ADA, (*MEMBERS, twin)) == frozenset()
    assert not_owner(ADA, replace(BY_AUTH_ID, created_by="p1"), (*MEMBERS, twin))


def test_a_job_of_nobody_belongs_to_nobody() -> None:
    """No createdBy, no owner."""
    assert not_owner(ADA, replace(BY_AUTH_ID, created_by=None), MEMBERS)


@pytest.mark.parametrize(
    "user",
    [
        replace(ADA, is_guest=True),
        replace(ADA, is_bot=True),
        replace(ADA, is_deleted=True),
        replace(ADA, is_stranger=True),
        replace(ADA, team_id="T2"),
    ],
)
def test_only_full_members_get_in(user: SlackUser) -> None:
    """No guest, bot, deactivated user, or member of another workspace."""
    assert stranger(user, "T1")
    assert stranger(ADA, "T1") is None


@pytest.mark.parametrize(
    ("created_by", "name"),
    [
        ("p1", "Ada Osei"),
        ("p2", "boris@example.org"),
        ("x|z@y.org", "z@y.org"),
        ("abc", "abc"),
        (None, "unknown"),
    ],
)
def test_an_owner_always_has_a_name(created_by: str | None, name: str) -> None:
    """The member's name, else their e-mail, else what createdBy says."""
    assert owner_name(replace(BY_AUTH_ID, created_by=created_by), MEMBERS) == name
