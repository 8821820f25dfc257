"""The table of documented behaviour names tests that exist, and no counterpart stands there without one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "documented-behaviour.md").read_text(encoding="utf-8")
LISTED = re.compile(r"^- \*\*(\w+)\*\*: (.+)$", re.MULTILINE)
FILES = {name: re.findall(r"`([^`]+)`", paths) for name, paths in LISTED.findall(DOCUMENT)}
REFERENCE = re.compile(r"(\w+): (`\w+`(?:, `\w+`)*)")


def counterparts() -> list[tuple[str, ...]]:
    """The rows of the tables that name tests, cell by cell."""
    lines = DOCUMENT.partition("## Meant to differ")[0].split("\n")
    rows = (line.strip("|").split(" | ") for line in lines if line.startswith("| "))
    cells = [tuple(cell.strip() for cell in row) for row in rows]
    return [row for row in cells if row[0] not in {"The document says", "What", "---"}]


def references(text: str) -> Iterator[tuple[str, str]]:
    """The tests that a text names: (short name of their files, their own)."""
    for files, names in REFERENCE.findall(text):
        if files in FILES:
            yield from ((files, name) for name in re.findall(r"`(\w+)`", names))


@pytest.mark.parametrize("short", sorted(FILES))
def test_the_files_exist_and_are_used(short: str) -> None:
    assert all((ROOT / path).is_file() for path in FILES[short])
    assert short in {files for files, _ in references(DOCUMENT)}


@pytest.mark.parametrize(("files", "name"), sorted(set(references(DOCUMENT))))
def test_every_named_test_exists(files: str, name: str) -> None:
    sources = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in FILES[files])
    assert re.search(rf"^(?:async )?def test_{name}\(", sources, re.MULTILINE), f"{files} has no test_{name}"


@pytest.mark.parametrize("row", counterparts(), ids=lambda row: row[0][:40])
def test_no_counterpart_stands_without_a_test(row: tuple[str, ...]) -> None:
    says, python, held, slack, also_held = row
    assert says
    assert python
    assert slack
    for cell in (held, also_held):
        assert list(references(cell)), cell
        assert REFERENCE.sub("", cell).strip("; ") == "", f"not read as names of tests: {cell}"


def test_nothing_that_looks_like_a_test_is_overlooked() -> None:
    assert len(counterparts()) > 20
    assert "_..." not in DOCUMENT
