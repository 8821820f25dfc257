"""Bearer tokens of the simulated platform: shaped like the real ones, worth nothing anywhere else."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

ISSUER = "https://local.deeporigin.io/realms/deeporigin"


def make_token(now: datetime, *, expires_in: timedelta = timedelta(days=365), name: str = "Ada Osei") -> str:
    """A JWT with the claims that clients read (`exp`, `iss`, `name`) and a signature that signs nothing."""
    claims = {
        "exp": int((now + expires_in).timestamp()),
        "iat": int(now.timestamp()),
        "iss": ISSUER,
        "name": name,
    }
    return f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}.{_encode(b'simulated-signature')}"


def expired(token: str, now: datetime) -> bool:
    """Whether the token's `exp` has passed; ValueError for one that `make_token` did not make."""
    parts = token.split(".")
    if len(parts) != 3:
        raise ValueError("The simulated platform's token must have the shape of a JWT: use make_token.")
    claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    return bool(claims["exp"] <= now.timestamp())


def _part(content: Mapping[str, Any]) -> str:
    return _encode(json.dumps(content, separators=(",", ":")).encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
