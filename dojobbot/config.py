"""Settings: the only reader of the environment. Every problem is found at once, one line for each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import platformdirs

from dojobbot.deeporigin.account import Account, choose_base_url
from dojobbot.errors import SettingsError
from dojobbot.rights import Control

__all__ = ["Settings", "needed_by_workers", "read_account", "read_settings"]

SLACK_API = "https://slack.com/api/"
POSTGRESQL = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
Parsed = TypeVar("Parsed")
WORKERS_NEED = frozenset(
    "PATH HOME TMPDIR TEMP TMP LANG LANGUAGE TZ TZDIR LD_LIBRARY_PATH DYLD_LIBRARY_PATH "
    "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR "
    "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS".split()
)
WORKERS_NEED_ALL = ("LC_", "PYTHON", "MALLOC_")
"""Which programs a process finds and how, its language and time, and its way to the outside. Names that begin
so, too. Proxies are named in small letters as well."""
_NOBODY: tuple[str, ...] = ()
_WHERE_TOKEN = "your Deep Origin account's API tokens"  # noqa: S105  # words, no token
_WHERE_ORG = "Deep Origin > your organisation's settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that `dojobbot run` needs. Tokens stay out of its repr, and so does the database's password."""

    slack_bot_token: str = field(repr=False)
    slack_app_token: str | None = field(default=None, repr=False)
    slack_signing_secret: str | None = field(default=None, repr=False)
    slack_api_url: str = SLACK_API
    do_token: str = field(repr=False)
    do_org: str
    do_base_url: str
    do_project_id: str | None = None
    database_url: str = field(repr=False)
    poll_seconds: float = 10.0
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    control: Control = Control.OWNER
    admins: tuple[str, ...] = ()
    retention_days: int = 90


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from environment variables.

    Raises:
        SettingsError: with a line for each variable that is missing or wrong, and where to get it.
    """
    reader = _Reader(environ)
    bot_token = reader.token(
        "SLACK_BOT_TOKEN", "xoxb-", "api.slack.com/apps > your app > OAuth & Permissions", required=True
    )
    app_token = reader.token(
        "SLACK_APP_TOKEN", "xapp-", "api.slack.com/apps > your app > Basic Information > App-Level Tokens"
    )
    secret = reader.text("SLACK_SIGNING_SECRET")
    if app_token is None and secret is None and not environ.get("SLACK_APP_TOKEN", "").strip():
        reader.problems.append(
            "SLACK_APP_TOKEN is not set (for Socket Mode; or set SLACK_SIGNING_SECRET for HTTP mode). "
            "Both are at api.slack.com/apps > your app > Basic Information."
        )
    do_token = reader.required("DO_AUTH_TOKEN", _WHERE_TOKEN)
    settings = {
        "slack_bot_token": bot_token,
        "slack_app_token": app_token,
        "slack_signing_secret": secret,
        "slack_api_url": reader.parse("SLACK_API_URL", _slack_url, SLACK_API),
        "do_token": do_token,
        "do_org": reader.required("DO_ORG_KEY", _WHERE_ORG),
        "do_base_url": reader.base_url(do_token),
        "do_project_id": reader.text("DO_PROJECT_ID"),
        "database_url": reader.parse("DOJOBBOT_DATABASE_URL", _database_url, _default_database()),
        "poll_seconds": reader.parse("DOJOBBOT_POLL_SECONDS", _seconds, 10.0),
        "http_host": reader.text("DOJOBBOT_HTTP_HOST") or "127.0.0.1",
        "http_port": reader.parse("DOJOBBOT_HTTP_PORT", _port, 8080),
        "control": reader.parse("DOJOBBOT_CONTROL", _control, Control.OWNER),
        "admins": reader.parse("DOJOBBOT_ADMINS", _slack_ids, _NOBODY),
        "retention_days": reader.parse("DOJOBBOT_RETENTION_DAYS", _days, 90),
    }
    if reader.problems:
        raise SettingsError(*reader.problems)
    return Settings(**settings)  # type: ignore[arg-type]  # every None in a required place made a problem


def read_account(
    environ: Mapping[str, str],
    *,
    token: str | None = None,
    org_key: str | None = None,
    base_url: str | None = None,
    project_id: str | None = None,
) -> Account:
    """Read where the platform is and who we are to it, as the Python API needs it.

    Args:
        environ: environment variables, those that `dojobbot run` reads as well.
        token: instead of `DO_AUTH_TOKEN`.
        org_key: instead of `DO_ORG_KEY`.
        base_url: instead of `DO_BASE_URL` and `DO_ENV`.
        project_id: instead of `DO_PROJECT_ID`.

    Raises:
        SettingsError: with a line for each variable that is missing or wrong, and where to get it.
    """
    given = {
        "DO_AUTH_TOKEN": token,
        "DO_ORG_KEY": org_key,
        "DO_BASE_URL": base_url,
        "DO_PROJECT_ID": project_id,
    }
    reader = _Reader({**environ, **{name: value for name, value in given.items() if value is not None}})
    account_token = reader.required("DO_AUTH_TOKEN", _WHERE_TOKEN)
    account_org = reader.required("DO_ORG_KEY", _WHERE_ORG)
    account_url = reader.base_url(account_token)
    if account_token is None or account_org is None or account_url is None:
        raise SettingsError(*reader.problems)
    return Account(account_url, account_org, account_token, reader.text("DO_PROJECT_ID"))


def needed_by_workers(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the environment for a process that is told by us whatever else it needs: no secret is in it.

    What to leave out could not be listed: who starts the bot puts what he likes into its environment.
    """
    return {
        name: value
        for name, value in environ.items()
        if name.upper() in WORKERS_NEED or name.startswith(WORKERS_NEED_ALL)
    }


class _Reader:
    """Reads variables one by one and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def required(self, name: str, where: str) -> str | None:
        value = self.text(name)
        if value is None:
            self.problems.append(f"{name} is not set. Get it from {where}.")
        return value

    def token(self, name: str, prefix: str, where: str, *, required: bool = False) -> str | None:
        value = self.required(name, where) if required else self.text(name)
        if value is not None and not value.startswith(prefix):
            self.problems.append(f"{name} does not start with {prefix}. Get the right one from {where}.")
            return None
        return value

    def parse(self, name: str, how: Callable[[str], Parsed], default: Parsed) -> Parsed:
        value = self.text(name)
        if value is None:
            return default
        try:
            return how(value)
        except ValueError as error:
            self.problems.append(f"{name} {error}.")
            return default

    def base_url(self, token: str | None) -> str | None:
        try:
            return choose_base_url(
                base_url=self.text("DO_BASE_URL"), env=self.text("DO_ENV"), token=token or ""
            )
        except SettingsError as error:
            self.problems.extend(error.problems)
            return None


def _default_database() -> str:
    return f"sqlite:///{Path(platformdirs.user_data_dir('dojobbot')) / 'dojobbot.db'}"


def _database_url(text: str) -> str:
    # A URL may hold a password: it is not repeated.
    if text.partition("://")[0] in POSTGRESQL:
        _check_postgresql(text)
        return text
    scheme, separator, file = text.partition(":///")
    if not separator or scheme not in {"sqlite", "sqlite+aiosqlite"}:
        raise ValueError(
            "takes a SQLite file such as sqlite:////data/dojobbot.db, or a PostgreSQL database such as "
            "postgresql://user:password@host/database"
        )
    if not file.partition("?")[0] or file.startswith((":memory:", "file:")):
        raise ValueError(
            "names no file, and what the bot knows must outlive it; it takes one such as "
            "sqlite:////data/dojobbot.db"
        )
    return text


def _check_postgresql(text: str) -> None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(
            "is not an address: after the host comes a port number or nothing, and in the password / ? # @ : "
            "and % are written as %2F %3F %23 %40 %3A and %25"
        )
    if parts.hostname is None and not parse_qs(parts.query).get("host"):
        raise ValueError("names no host; it takes one such as postgresql://user:password@host/database")
    if not parts.path.strip("/"):
        raise ValueError("names no database; it takes one such as postgresql://user:password@host/database")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0.05 <= seconds <= 3600:
        raise ValueError(f"is {json.dumps(text)}; it takes a number of seconds from 0.05 to 3600, such as 10")
    return seconds


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise ValueError(f"is {json.dumps(text)}; it takes a port number from 0 to 65535, such as 8080")
    return int(text)


def _days(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 3650:
        raise ValueError(f"is {json.dumps(text)}; it takes a number of days from 1 to 3650, such as 90")
    return int(text)


def _control(text: str) -> Control:
    try:
        return Control(text.lower())
    except ValueError:
        raise ValueError(f"is {json.dumps(text)}; it takes owner, admins or anyone") from None


def _slack_ids(text: str) -> tuple[str, ...]:
    ids = tuple(text.replace(",", " ").split())
    wrong = [each for each in ids if each[0] not in "UWS" or not each.isalnum() or each != each.upper()]
    if wrong:
        raise ValueError(
            f"has {json.dumps(wrong[0])}; it takes Slack user or user-group ids such as U012ABCDEF or "
            "S012ABCDEF (in Slack: profile > ... > Copy member ID)"
        )
    return ids


def _slack_url(text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError("is not an address; leave it out for Slack's own, https://slack.com/api/") from None
    if parts.hostname is None:
        raise ValueError("names no host; leave it out for Slack's own, https://slack.com/api/")
    local = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ValueError("must be an https address (plain http only to this machine)")
    return text if text.endswith("/") else text + "/"
