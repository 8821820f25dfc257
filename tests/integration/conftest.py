"""What the tests of the Python API share: a platform to talk to, and no account of whoever runs them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.python_lab import NAMES, Lab, Notebook, in_notebook, running


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
