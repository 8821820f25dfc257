"""Where the platform is and who we are to it: the base URL, the organisation, the token. Pure.

Hosts, the meaning of `iss` and the check of `exp` are as in the official client 5.4.0 (`utils/constants.py`,
`auth.py`); `edge` is known up to its version 4.0. The signature is not verified: that is the platform's work.
"""

from __future__ import annotations

import base64
import ipaddress
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from dojobbot.errors import SettingsError

HOSTS = {
    "prod": "https://api.deeporigin.io",
    "staging": "https://api.staging.deeporigin.io",
    "dev": "https://api.dev.deeporigin.io",
    "edge": "https://api.edge.deeporigin.io",
    "local": "http://127.0.0.1:4931",
}
ENVIRONMENTS_IN_ISSUER = ("dev", "staging", "local")


@dataclass(frozen=True, slots=True)
class Account:
    """An organisation on a platform, and the token that opens it. The token is in no `repr`.

    Raises:
        SettingsError: the token or the organisation's key cannot be one.
    """

    base_url: str
    org_key: str
    token: str = field(repr=False)
    project_id: str | None = None

    def __post_init__(self) -> None:
        problems = [
            *_token_problems(self.token),
            *([] if self.org_key.strip() else ["DO_ORG_KEY is empty: it is the key of your organisation."]),
        ]
        if problems:
            raise SettingsError(*problems)

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires, or None where it does not say."""
        exp = _claims(self.token).get("exp")
        if isinstance(exp, bool) or not isinstance(exp, int | float):
            return None
        try:
            return datetime.fromtimestamp(exp, UTC)
        except (ValueError, OverflowError, OSError):
            return None


def choose_base_url(*, base_url: str | None, env: str | None, token: str) -> str:
    """Choose the platform's base URL, without a slash at its end.

    Args:
        base_url: `DO_BASE_URL`; it wins.
        env: `DO_ENV`, one of `HOSTS`; it comes second.
        token: its issuer names the environment where neither is set; prod when it names none.

    Raises:
        SettingsError: the URL is not one that a token may be sent to, or the environment is unknown.
    """
    if base_url:
        return _checked(base_url)
    if env:
        if env not in HOSTS:
            raise SettingsError(f"DO_ENV is {env!r}: set it to one of {', '.join(HOSTS)}.")
        return HOSTS[env]
    issuer = str(_claims(token).get("iss", ""))
    return HOSTS[next((name for name in ENVIRONMENTS_IN_ISSUER if name in issuer), "prod")]


def _checked(base_url: str) -> str:
    try:
        parts = urlsplit(base_url.strip())
        host, _ = parts.hostname, parts.port
        if host is not None:
            host.encode("idna")  # refuses what no resolver takes, such as a part of over 63 characters
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"}:
        raise SettingsError("DO_BASE_URL is not a URL: it looks like https://api.deeporigin.io.")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise SettingsError("DO_BASE_URL holds more than a host and a path: leave the rest away.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise SettingsError("DO_BASE_URL must be https: the token would travel readable by others.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token_problems(token: str) -> list[str]:
    """Say why a token cannot be sent as a header: else the HTTP library would quote it in its complaint."""
    if not token:
        return ["DO_AUTH_TOKEN is empty: paste your Deep Origin token."]
    if not all("!" <= character <= "~" for character in token):
        return ["DO_AUTH_TOKEN holds a space, a line break or a foreign letter: paste the token alone."]
    return []


def _claims(token: str) -> dict[str, Any]:
    """Read a JWT's claims; empty for a token that is none."""
    _, _, rest = token.partition(".")
    payload = rest.partition(".")[0]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
