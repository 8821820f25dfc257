"""The progress tree of version 2: lines to draw, and one fraction for the whole. Pure, and never raises.

A node is `{id, displayName, status, message, toolProgress{complete, skipped_ligands, known_failures},
children[]}` (official client 5.4.0, `progress_tree_display.py` and `admet.py`). Walked with a list in place
of recursion, and bounded, so that neither depth nor breadth can hurt. Of a large tree those lines are kept
that matter most, wherever they stand: what fails, what runs and what nobody knows the word of, with what is
above them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dojobbot.domain import ENDED, FAILED, Branch, Progress, normalise
from dojobbot.fields import count, percent, text
from dojobbot.standing import Standing, standing_of

MOST_NODES = 20_000
MOST_BRANCHES = 100
DEEPEST = 8
"""What is deeper is kept if it matters most, and drawn as if it were no deeper."""
NAME_LIMIT = 120
MESSAGE_LIMIT = 300

ACRONYMS = frozenset({"abfe", "rbfe", "fep", "md", "admet"})
INDEX = re.compile(r"index:(\d{1,6})", re.ASCII)
LIGAND = re.compile(r"ligand:([^)].*?)(?:,\s*[A-Za-z_]+:.*)?\)?$")
"""A SMILES has parentheses of its own: the last one closes the arguments."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A node, with the places of its parent and of what is drawn `above` it, -1 for nothing."""

    depth: int
    parent: int
    above: int
    status: str
    node: Mapping[str, object]

    @property
    def fraction(self) -> float | None:
        tool = self.node.get("toolProgress")
        return percent(tool.get("complete")) if isinstance(tool, Mapping) else None


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
    kept = _kept(lines)
    left_out = Counter(standing_of(line.status) for place, line in enumerate(lines) if place not in kept)
    return Progress(
        fraction=_overall(lines),
        branches=tuple(_branch(lines[place]) for place in sorted(kept)),
        left_out=tuple(sorted(left_out.items())),
        failure=_failure(lines),
    )


def _flatten(root: Mapping[str, object]) -> list[_Line]:
    lines: list[_Line] = []
    waiting = [_line(root, 0, -1, -1)]
    while waiting and len(lines) < MOST_NODES:
        line = waiting.pop()
        lines.append(line)
        children = line.node.get("children")
        if isinstance(children, list):
            here = len(lines) - 1
            above = here if line.depth < DEEPEST else line.above
            room = children[: MOST_NODES - len(lines)]
            waiting.extend(
                _line(child, line.depth + 1, here, above)
                for child in reversed(room)
                if isinstance(child, Mapping)
            )
    return lines


def _line(node: Mapping[str, object], depth: int, parent: int, above: int) -> _Line:
    return _Line(depth, parent, above, normalise(text(node.get("status"), NAME_LIMIT) or ""), node)


def _kept(lines: Sequence[_Line]) -> set[int]:
    """Choose the places of what is drawn: what matters most first, each with what is above it."""
    kept: set[int] = set()
    for place in _by_weight(lines):
        if len(kept) == MOST_BRANCHES:
            break
        wanted = set(_path(lines, place)) - kept
        if len(kept) + len(wanted) <= MOST_BRANCHES:
            kept |= wanted
    return kept


def _by_weight(lines: Sequence[_Line]) -> Iterator[int]:
    """Give the places of the innermost lines that fail, run, do nobody knows what; then of what is left."""
    for standing in (Standing.FAILED, Standing.RUNNING, Standing.OTHER):
        holds_one = [False] * len(lines)
        innermost: list[int] = []
        for place in reversed(range(len(lines))):
            line = lines[place]
            is_one = standing_of(line.status) is standing
            if is_one and not holds_one[place]:
                innermost.append(place)
            if line.parent >= 0 and (is_one or holds_one[place]):
                holds_one[line.parent] = True
        yield from reversed(innermost)
    yield from (place for place, line in enumerate(lines) if line.depth <= DEEPEST)


def _path(lines: Sequence[_Line], place: int) -> Iterator[int]:
    """Give a place, and those of the at most `DEEPEST` lines that are drawn above it."""
    while place >= 0:
        yield place
        place = lines[place].above


def _overall(lines: Sequence[_Line]) -> float | None:
    """Fold the fractions from the last line up: every child stands after its parent."""
    shares: list[list[float]] = [[] for _ in lines]
    overall: float | None = None
    for place in reversed(range(len(lines))):
        line, below = lines[place], shares[place]
        overall = line.fraction
        if overall is None and below:
            overall = sum(below) / len(below)
        if overall is None and line.status in ENDED:
            overall = 1.0
        if line.parent >= 0:
            shares[line.parent].append(overall or 0.0)
    return overall


def _failure(lines: Sequence[_Line]) -> str:
    """Say what the innermost failed step says, after its name; failing that, which one failed."""
    failed = [line for line in lines if line.status in FAILED]
    telling = [line for line in failed if text(line.node.get("message"))]
    # The first of those that are equally deep: what fails later often fails because of it.
    chosen = max(telling or failed, key=lambda line: line.depth, default=None)
    if chosen is None:
        return ""
    name, message = _named(chosen.node)[0], text(chosen.node.get("message"), MESSAGE_LIMIT)
    return f"{name}: {message}" if message else f"{name} failed"


def _named(node: Mapping[str, object]) -> tuple[str, str]:
    """Give a readable name, and which ligand the node is about, where its name says that.

    `pair-pipeline(1:index:1,ligand:cmpd 2)` is `Pair pipeline 1`, about `cmpd 2`.
    """
    raw = text(node.get("displayName"), NAME_LIMIT) or text(node.get("id"), NAME_LIMIT) or "step"
    base, _, arguments = raw.partition("(")
    words = [word.upper() if word.lower() in ACRONYMS else word for word in re.split(r"[\s-]+", base) if word]
    if not words:
        return raw, ""
    index, ligand = INDEX.search(arguments), LIGAND.search(arguments)
    name = " ".join(words)
    name = name[0].upper() + name[1:]
    return name + (f" {index.group(1)}" if index else ""), ligand.group(1).strip() if ligand else ""


def _branch(line: _Line) -> Branch:
    message = text(line.node.get("message"), MESSAGE_LIMIT) or _left_out(line.node.get("toolProgress"))
    name, ligand = _named(line.node)
    return Branch(min(line.depth, DEEPEST), name, line.status, line.fraction, message, ligand)


def _left_out(tool: object) -> str:
    """Say how many ligands a step passed over, because of earlier results or earlier failures."""
    if not isinstance(tool, Mapping):
        return ""
    skipped, failed = count(tool.get("skipped_ligands")) or 0, count(tool.get("known_failures")) or 0
    said = [f"{skipped} ligands skipped"] if skipped else []
    said += [f"{failed} known to fail"] if failed else []
    return ", ".join(said)
