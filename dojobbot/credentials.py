"""The keyword arguments by which code says who it is to the platform, where the environment does not."""

from __future__ import annotations

from typing import TypedDict


class Credentials(TypedDict, total=False):
    """Each in place of `DO_AUTH_TOKEN`, `DO_ORG_KEY`, `DO_BASE_URL` (and `DO_ENV`), `DO_PROJECT_ID`."""

    token: str | None
    org_key: str | None
    base_url: str | None
    project_id: str | None
