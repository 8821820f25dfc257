"""Deep Origin jobs in Slack, and in Python: `get_dataframe` and `Job`.

The names are looked up when they are first used, so that the bot, which imports this package as well, does
not pay for pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dojobbot.frames import get_dataframe
    from dojobbot.job import Job

__all__ = ["Job", "__version__", "get_dataframe"]

__version__ = "0.1.0"

_HOMES = {"Job": "dojobbot.job", "get_dataframe": "dojobbot.frames"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
