"""The examples of docs/python.md, run in their order against the demo's world."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dojobbot.simulator.scenario import demo_world
from tests.python_lab import NAMES, now, running

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_every_example_of_the_guide_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a reader would paste them, one after the other."""
    examples = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(examples) >= 10
    names: dict[str, object] = {}
    with running(demo_world(now)) as lab:
        for name in NAMES:
            monkeypatch.delenv(name, raising=False)
        for name, value in lab.environ.items():
            monkeypatch.setenv(name, value)
        for example in examples:
            exec(compile(example, GUIDE.name, "exec"), names)  # noqa: S102  # what is tested
    assert "is already Cancelled: there is nothing to cancel" in capsys.readouterr().out
