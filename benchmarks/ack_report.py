"""What `ack.py` measured, and how it is printed."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from math import ceil, inf

ACK_MARGIN = 0.005
ANSWER_MARGIN = 0.3
DISTURBED = 0.05
"""Typing alone is late by this much only where the machine has other work to do."""
HEADER = f"{'':<36}{'ours p50':>9}{'p99':>8}{'peer p50':>10}{'p99':>8}{'p99 diff':>10}{'ratio':>7}  wanted"


@dataclass(frozen=True)
class Typed:
    """What came of typing, in seconds, command by command; None: not acknowledged, or not answered.

    `late`: by how many seconds a command was typed after its time at worst; a machine with other work to do
    shows here.
    """

    commands: Sequence[str]
    acks: Sequence[float | None]
    answers: Sequence[float | None]
    late: float


@dataclass(frozen=True)
class Phase:
    """Both bots in the same stretch of time. `ticks`: how many ticks began in it."""

    name: str
    ours: Typed
    peers: Typed
    ticks: int


def percentile(values: Sequence[float | None], share: float) -> float:
    """Give the value that this share of them does not exceed. What never came counts as infinite."""
    ordered = sorted(inf if value is None else value for value in values)
    return ordered[ceil(share * len(ordered)) - 1]


def machine_line() -> str:
    """Say where and with what this was measured."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    packages = ", ".join(
        f"{each} {version(each)}" for each in ("slack-bolt", "slack-sdk", "aiohttp", "httpx")
    )
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores, load {load}; "
        f"Python {platform.python_version()}, {packages}"
    )


def alone_line(typed: Typed) -> str:
    """Show the peer with the machine to itself."""
    p50, p99 = (_ms(percentile(typed.acks, share)) for share in (0.5, 0.99))
    return f"{'the peer alone':<36}{'':>17}{p50:>10}{p99:>8}"


def ack_line(phase: Phase) -> str:
    """Show the acks of a phase: ours, the peer's, the difference, and whether it is what is wanted."""
    ours50, ours99 = (percentile(phase.ours.acks, share) for share in (0.5, 0.99))
    peer50, peer99 = (percentile(phase.peers.acks, share) for share in (0.5, 0.99))
    difference = ours99 - peer99
    return (
        f"{phase.name:<36}{_ms(ours50):>9}{_ms(ours99):>8}{_ms(peer50):>10}{_ms(peer99):>8}"
        f"{difference * 1000:>+10.1f}{ours99 / peer99:>7.2f}  "
        f"p99 diff <= {_ms(ACK_MARGIN)}: {_reached(difference <= ACK_MARGIN)}"
    )


def circumstances_line(phase: Phase) -> str:
    """Show what tells how far the numbers of a phase can be trusted."""
    lost = sum(ack is None for ack in phase.ours.acks), sum(ack is None for ack in phase.peers.acks)
    late = max(phase.ours.late, phase.peers.late)
    return (
        f"{phase.name:<36}{len(phase.ours.acks)} commands each, not acknowledged {lost[0]} and {lost[1]}, "
        f"typed up to {_ms(late)} ms late, {phase.ticks} ticks began"
        f"{'  DISTURBED by other work on this machine: measure again' if late > DISTURBED else ''}"
    )


def answer_lines(typed: Typed, floors: Mapping[str, float]) -> list[str]:
    """Show for each form of command how long its full answer took, beside the platform's own time.

    Args:
        typed: what was typed in one phase.
        floors: a form of command -> the seconds that the platform's calls take, one after the other.
    """
    lines = []
    for form, floor in floors.items():
        times = [took for command, took in zip(typed.commands, typed.answers, strict=True) if command == form]
        p50, p99 = percentile(times, 0.5), percentile(times, 0.99)
        lines.append(
            f"{form:<16}{len(times):>5} answers  p50 {p50:6.3f} s  p99 {p99:6.3f} s  platform {floor:.2f} s  "
            f"p99 - platform {p99 - floor:+.3f} s, ratio {p99 / floor:.2f}  "
            f"wanted <= {ANSWER_MARGIN} s: {_reached(p99 - floor <= ANSWER_MARGIN)}"
        )
    return lines


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"


def _reached(yes: bool) -> str:
    return "reached" if yes else "NOT reached"
