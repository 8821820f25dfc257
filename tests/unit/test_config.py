"""Settings: what is read, and what a person is told about what is missing."""

from __future__ import annotations

import pytest

from dojobbot.config import read_settings
from dojobbot.errors import SettingsError
from dojobbot.rights import Control

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1",
    "DO_AUTH_TOKEN": "made-up",
    "DO_ORG_KEY": "example-lab",
    "DO_ENV": "staging",
}


def problems(**changes: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read_settings({**GOOD, **changes})
    return caught.value.problems


def test_defaults() -> None:
    """Four settings are enough."""
    settings = read_settings(GOOD)
    assert settings.do_base_url == "https://api.staging.deeporigin.io"
    assert settings.poll_seconds == 10
    assert (settings.http_host, settings.http_port) == ("127.0.0.1", 8080)
    assert settings.control is Control.OWNER
    assert settings.database_url.startswith("sqlite:///")


def test_everything_that_is_missing_is_named_at_once() -> None:
    """One line each, with the variable and where to get it."""
    with pytest.raises(SettingsError) as caught:
        read_settings({})
    named = [problem.split()[0] for problem in caught.value.problems]
    assert named == ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DO_AUTH_TOKEN", "DO_ORG_KEY"]
    assert all("api.slack.com" in problem for problem in caught.value.problems[:2])


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SLACK_BOT_TOKEN", "xapp-2", "xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-2", "xapp-"),
        ("SLACK_API_URL", "http://slack.example/api/", "https"),
        ("DO_BASE_URL", "http://platform.example", "https"),
        ("DO_ENV", "moon", "prod"),
        ("DOJOBBOT_POLL_SECONDS", "often", "10"),
        ("DOJOBBOT_POLL_SECONDS", "nan", "10"),
        ("DOJOBBOT_HTTP_PORT", "99999", "8080"),
        ("DOJOBBOT_CONTROL", "everyone", "anyone"),
        ("DOJOBBOT_ADMINS", "U1 chen", "chen"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(name: str, value: str, says: str) -> None:
    """And it says what would be right."""
    lines = problems(**{name: value})
    assert len(lines) == 1
    assert name in lines[0]
    assert says in lines[0]


def test_tokens_are_not_in_the_repr() -> None:
    """Settings may end up in a log."""
    settings = read_settings({**GOOD, "SLACK_SIGNING_SECRET": "shhh"})
    for secret in ("xoxb-1", "xapp-1", "made-up", "shhh"):
        assert secret not in repr(settings)


def test_admins_and_plain_http_to_this_machine() -> None:
    """Ids separated by commas or spaces; the simulators are on loopback."""
    settings = read_settings({**GOOD, "DOJOBBOT_ADMINS": "U1, S2", "SLACK_API_URL": "http://127.0.0.1:9/api"})
    assert settings.admins == ("U1", "S2")
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"
