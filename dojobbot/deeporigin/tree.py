"""The progress tree of version 2: lines to draw, and one fraction for the whole. Pure, and never raises.

A node is `{id, displayName, status, message, toolProgress{complete, skipped_ligands, known_failures},
children[]}` (official client 5.4.0, `progress_tree_display.py` and `admet.py`). Walked with a list in place
of recursion, and bounded, so that neither depth nor breadth can hurt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dojobbot.domain import ENDED, FAILED, Branch, Progress, normalise
from dojobbot.fields import count, percent, text

MOST_NODES = 5_000
MOST_BRANCHES = 100
DEEPEST = 8
NAME_LIMIT = 120
MESSAGE_LIMIT = 300

ACRONYMS = frozenset({"abfe", "rbfe", "fep", "md", "admet"})
INDEX = re.compile(r"index:(\d{1,6})", re.ASCII)
LIGAND = re.compile(r"ligand:([^,)]+)")


@dataclass(frozen=True, slots=True)
class _Line:
    depth: int
    parent: int
    node: Mapping[str, object]

    @property
    def fraction(self) -> float | None:
        tool = self.node.get("toolProgress")
        return percent(tool.get("complete")) if isinstance(tool, Mapping) else None

    @property
    def has_ended(self) -> bool:
        return self._status in ENDED

    @property
    def has_failed(self) -> bool:
        return self._status in FAILED

    @property
    def _status(self) -> str:
        status = self.node.get("status")
        return normalise(status) if isinstance(status, str) else ""


def is_tree(report: Mapping[str, object]) -> bool:
    """Whether a report is a root: named and with a status, or with a tool's progress, or with children."""
    named = isinstance(report.get("displayName"), str) and isinstance(report.get("status"), str)
    return (
        named or isinstance(report.get("toolProgress"), Mapping) or isinstance(report.get("children"), list)
    )


def parse(root: Mapping[str, object]) -> Progress:
    """Read a tree.

    Returns:
        Its lines in the order of reading, the root first. The fraction is the root's own where it has one,
        else the mean over its children, and so on down; a step that has ended, however, is over. None for a
        root alone that says nothing. The failure is the message of the innermost step that failed with one.
    """
    lines = _flatten(root)
    branches = tuple(_branch(line) for line in lines[:MOST_BRANCHES])
    return Progress(fraction=_overall(lines), branches=branches, failure=_failure(lines))


def _flatten(root: Mapping[str, object]) -> list[_Line]:
    lines: list[_Line] = []
    waiting = [_Line(0, -1, root)]
    while waiting and len(lines) < MOST_NODES:
        line = waiting.pop()
        lines.append(line)
        children = line.node.get("children")
        if isinstance(children, list) and line.depth < DEEPEST:
            here = len(lines) - 1
            waiting.extend(
                _Line(line.depth + 1, here, child)
                for child in reversed(children)
                if isinstance(child, Mapping)
            )
    return lines


def _overall(lines: Sequence[_Line]) -> float | None:
    """Fold the fractions from the last line up: every child stands after its parent."""
    shares: list[list[float]] = [[] for _ in lines]
    overall: float | None = None
    for place in reversed(range(len(lines))):
        line, below = lines[place], shares[place]
        overall = line.fraction
        if overall is None and below:
            overall = sum(below) / len(below)
        if overall is None and line.has_ended:
            overall = 1.0
        if line.parent >= 0:
            shares[line.parent].append(overall or 0.0)
    return overall


def _failure(lines: Sequence[_Line]) -> str:
    """Say what the innermost failed step says, after its name; failing that, which one failed."""
    failed = [line for line in lines if line.has_failed]
    telling = [line for line in failed if text(line.node.get("message"))]
    # The first of those that are equally deep: what fails later often fails because of it.
    chosen = max(telling or failed, key=lambda line: line.depth, default=None)
    if chosen is None:
        return ""
    name, message = _name(chosen.node), text(chosen.node.get("message"), MESSAGE_LIMIT)
    return f"{name}: {message}" if message else f"{name} failed"


def _name(node: Mapping[str, object]) -> str:
    raw = text(node.get("displayName"), NAME_LIMIT) or text(node.get("id"), NAME_LIMIT) or "step"
    return _readable(raw)


def _branch(line: _Line) -> Branch:
    node = line.node
    message = text(node.get("message"), MESSAGE_LIMIT) or _left_out(node.get("toolProgress"))
    status = normalise(text(node.get("status"), NAME_LIMIT) or "")
    return Branch(line.depth, _name(node), status, line.fraction, message)


def _readable(raw: str) -> str:
    """Turn `pair-pipeline(1:index:1,ligand:cmpd 2)` into `Pair pipeline 1 (cmpd 2)`."""
    base, _, arguments = raw.partition("(")
    words = [word.upper() if word.lower() in ACRONYMS else word for word in re.split(r"[\s-]+", base) if word]
    if not words:
        return raw
    index, ligand = INDEX.search(arguments), LIGAND.search(arguments)
    name = " ".join(words)
    name = name[0].upper() + name[1:]
    name += f" {index.group(1)}" if index else ""
    return name + (f" ({ligand.group(1).strip()})" if ligand else "")


def _left_out(tool: object) -> str:
    """Say how many ligands a step passed over, because of earlier results or earlier failures."""
    if not isinstance(tool, Mapping):
        return ""
    skipped, failed = count(tool.get("skipped_ligands")) or 0, count(tool.get("known_failures")) or 0
    said = [f"{skipped} ligands skipped"] if skipped else []
    said += [f"{failed} known to fail"] if failed else []
    return ", ".join(said)
