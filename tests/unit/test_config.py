"""Settings: what is read, and what a person is told about what is missing."""

from __future__ import annotations

import pytest

from dojobbot.config import needed_by_workers, read_settings
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
    assert settings.retention_days == 90


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
        ("SLACK_API_URL", "https:///api/", "no host"),
        ("SLACK_API_URL", "slack.com/api", "no host"),
        ("SLACK_API_URL", "https://[slack/api/", "address"),
        ("DO_BASE_URL", "http://platform.example", "https"),
        ("DO_ENV", "moon", "prod"),
        ("DOJOBBOT_POLL_SECONDS", "often", "10"),
        ("DOJOBBOT_POLL_SECONDS", "nan", "10"),
        ("DOJOBBOT_HTTP_PORT", "99999", "8080"),
        ("DOJOBBOT_DATABASE_URL", "dojobbot.db", "sqlite:///"),
        ("DOJOBBOT_DATABASE_URL", "mysql://bot:hush@db/dojobbot", "sqlite:///"),
        ("DOJOBBOT_DATABASE_URL", "postgresql+asyncpg://bot:hush@db/dojobbot", "postgresql://"),
        ("DOJOBBOT_DATABASE_URL", "postgresql://bot:hush@db", "no database"),
        ("DOJOBBOT_DATABASE_URL", "postgresql:///dojobbot", "no host"),
        ("DOJOBBOT_DATABASE_URL", "postgresql://bot:hush#1@db/dojobbot", "%23"),
        ("DOJOBBOT_DATABASE_URL", "postgresql://bot:hush@db:often/dojobbot", "port"),
        ("DOJOBBOT_DATABASE_URL", "sqlite:///", "no file"),
        ("DOJOBBOT_DATABASE_URL", "sqlite:///:memory:", "no file"),
        ("DOJOBBOT_DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true", "no file"),
        ("DOJOBBOT_RETENTION_DAYS", "0", "3650"),
        ("DOJOBBOT_RETENTION_DAYS", "3651", "3650"),
        ("DOJOBBOT_RETENTION_DAYS", "for ever", "90"),
        ("DOJOBBOT_CONTROL", "everyone", "anyone"),
        ("DOJOBBOT_ADMINS", "U1 chen", "chen"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable(name: str, value: str, says: str) -> None:
    """And it says what would be right."""
    lines = problems(**{name: value})
    assert len(lines) == 1
    assert lines[0].startswith(name)
    assert says in lines[0]
    assert "hush" not in lines[0]


def test_tokens_are_not_in_the_repr() -> None:
    """Settings may end up in a log."""
    database = "postgresql://bot:hush@db/dojobbot"
    settings = read_settings({**GOOD, "SLACK_SIGNING_SECRET": "shhh", "DOJOBBOT_DATABASE_URL": database})
    for secret in ("xoxb-1", "xapp-1", "made-up", "shhh", "hush"):
        assert secret not in repr(settings)


def test_workers_get_no_secret_and_what_they_need_to_reach_the_platform() -> None:
    """Whatever else is in the environment may be a secret, as the database's password of compose.yaml is."""
    needed = {
        "PATH": "/bin",
        "TMPDIR": "/data/tmp",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONPATH": "/app",
        "SSL_CERT_FILE": "/etc/ca.pem",
        "HTTPS_PROXY": "http://proxy:3128",
        "no_proxy": "localhost",
    }
    others = ("POSTGRES_PASSWORD", "PGPASSWORD", "DOJOBBOT_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "NAME")

    assert needed_by_workers({**GOOD, **needed, **dict.fromkeys(others, "hush")}) == needed


def test_admins_and_plain_http_to_this_machine() -> None:
    """Ids separated by commas or spaces; the simulators are on loopback."""
    settings = read_settings({**GOOD, "DOJOBBOT_ADMINS": "U1, S2", "SLACK_API_URL": "http://127.0.0.1:9/api"})
    assert settings.admins == ("U1", "S2")
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"


def test_databases_and_days_that_are_taken() -> None:
    """Relative and absolute files, servers and sockets, with and without the name of a driver."""
    for url in (
        "sqlite:///bot.db",
        "sqlite:////data/bot.db",
        "sqlite+aiosqlite:////data/bot.db",
        "postgresql://bot:hush@db/dojobbot",
        "postgresql+psycopg://bot:hush@[::1]:5433/dojobbot?sslmode=require",
        "postgres://bot@/dojobbot?host=/var/run/postgresql",
    ):
        assert read_settings({**GOOD, "DOJOBBOT_DATABASE_URL": url}).database_url == url
    assert read_settings({**GOOD, "DOJOBBOT_RETENTION_DAYS": "3650"}).retention_days == 3650
