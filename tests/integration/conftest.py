"""What these tests share: the middle of the bot between both simulators; a platform for the Python API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.integration.handlers_side import Front, front
from tests.integration.middle import Middle, middle
from tests.python_lab import NAMES, Lab, Notebook, in_notebook, running


@pytest.fixture
async def built(tmp_path: Path) -> AsyncIterator[Middle]:
    """Everything but Slack's handlers, on one clock."""
    async with middle(tmp_path) as made:
        yield made


@pytest.fixture
async def room(built: Middle) -> AsyncIterator[Front]:
    """What people type into."""
    async with front(built) as made:
        yield made


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have an account; they do not."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A simulated platform in a thread of its own."""
    with running() as made:
        yield made


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A stand-in for IPython's display."""
    return in_notebook(monkeypatch)
