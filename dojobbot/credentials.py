"""The keyword arguments by which code says who it is to the platform, where the environment does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from inspect import Parameter, signature
from typing import TypedDict

from dojobbot.config import read_account
from dojobbot.deeporigin.account import Account

__all__ = ["Credentials", "account_for"]


class Credentials(TypedDict, total=False):
    """Each in place of `DO_AUTH_TOKEN`, `DO_ORG_KEY`, `DO_BASE_URL` (and `DO_ENV`), `DO_PROJECT_ID`."""

    token: str | None
    org_key: str | None
    base_url: str | None
    project_id: str | None


def account_for(function: Callable[..., object], credentials: Credentials) -> Account:
    """Read the account for a call of a function that has its own parameters and these.

    Raises:
        TypeError: one is not among those that the function takes, or is no text.
        SettingsError: a credential is missing or wrong.
    """
    own = [
        each.name for each in signature(function).parameters.values() if each.kind != Parameter.VAR_KEYWORD
    ]
    for name, value in credentials.items():
        if name not in Credentials.__annotations__:
            takes = ", ".join([*own, *Credentials.__annotations__])
            raise TypeError(f"{function.__qualname__}() takes no {name!r}. It takes {takes}")
        if value is not None and not isinstance(value, str):
            # A token is not repeated.
            raise TypeError(f"{name} is of the type {type(value).__name__}: it takes text")
    return read_account(os.environ, **credentials)
