"""What all tests share: the sample data beside the checkout, and the rule that CI skips nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# How long an example may take says more about the machine's other work than about the code. Half of the usual
# number of examples: two cores are to be through with everything in ten minutes.
hypothesis.settings.register_profile("steady", deadline=None, max_examples=50)
hypothesis.settings.load_profile("steady")

SAMPLES = Path(__file__).resolve().parents[2] / "shared" / "samples"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where everything is expected to be there."""
    report = yield
    if report.skipped and os.environ.get("DOJOBBOT_TESTS_MUST_NOT_SKIP") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped: {report.longrepr}"
    return report


def samples(name: str) -> Any:
    """Read a sample file; skips the test where the samples are not at hand."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no sample data at {path.name}")
    return json.loads(path.read_text())
