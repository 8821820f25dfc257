"""Progress reports in the shapes that the platform's tools write them: text, JSON strings and trees."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

Node = dict[str, Any]


def docking_text(smiles: Sequence[str], done: int, failed: frozenset[int]) -> str:
    """The text of a docking run of which the first `done` ligands are through, some of them in vain."""
    lines = [f"total_num_ligands = {len(smiles)}"]
    for index, ligand in enumerate(smiles[:done]):
        lines.append(f"ligand {'failed' if index in failed else 'docked'}: {ligand}")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Stage:
    """A stage of a free-energy run and the share of the whole run that is over when it ends."""

    command: str
    run_name: str
    sub_step: str
    current_name: str
    target_step: int
    windows: int
    until: float


FEP_STAGES = (
    Stage("EMEQ", "simple_md", "Minimization", "1_EM_solvent", 500_000, 1, 0.06),
    Stage("EMEQ", "simple_md", "NVT Equilibration", "3_NVT_heating", 275_000, 1, 0.14),
    Stage("EMEQ", "simple_md", "NPT Equilibration", "5_NPT_reduce_restraints", 225_000, 1, 0.20),
    Stage("MD", "simple_md", "MD", "prod", 250_000, 1, 0.32),
    Stage("Solvation FEP", "solvation", "NVT Equilibration", "3_NVT_heating", 275_000, 7, 0.42),
    Stage("Solvation FEP", "solvation", "Production MD", "prod", 275_000, 7, 0.55),
    Stage("Binding FEP", "binding", "NVT Equilibration", "3_NVT_heating", 275_000, 8, 0.70),
    Stage("Binding FEP", "binding", "Production MD", "prod", 275_000, 8, 1.0),
)


def fep_report(share: float, run_seconds: float) -> str:
    """The JSON string of an ABFE or RBFE run of which that share is over; at 0 it is still initialising."""
    if share <= 0:
        start = {"cmd": "ABFE E2E", "status": "Initiating", "current_avg_step": -1, "target_step": -1}
        return _pretty(start)
    begins = 0.0
    stage = FEP_STAGES[-1]
    for stage in FEP_STAGES:
        if share <= stage.until:
            break
        begins = stage.until
    within = min((share - begins) / (stage.until - begins), 1.0)
    average = stage.target_step * within
    spread = stage.target_step // 200
    middle = (stage.windows - 1) / 2
    report = {
        "cmd": stage.command,
        "run_name": stage.run_name,
        "status": "Running",
        "sub_step": stage.sub_step,
        "current_name": stage.current_name,
        "target_step": stage.target_step,
        "current_steps": [round(average + (window - middle) * spread) for window in range(stage.windows)],
        "current_avg_step": average,
        "time_remaining_curr_stage_s": (1 - within) * (stage.until - begins) * run_seconds,
    }
    return _pretty(report)


def fep_result(total: float, spread: float = 0.31) -> str:
    """The JSON string of a free-energy run that is done, with its result in kcal/mol."""
    solvation, correction = 12.1, 0.38
    binding = round(total - solvation - correction, 3)
    result = {
        "cmd": "FEP Results",
        "Solvation": solvation,
        "Binding": binding,
        "AnalyticalCorr": correction,
        "Std": spread,
        "Total": total,
        "unit": "kcal/mol",
    }
    return _pretty(result)


def rbfe_tree(ligands: Sequence[str], started: datetime, elapsed: float, run_seconds: float) -> Node:
    """The tree of an RBFE run some seconds after its start.

    Args:
        ligands: the compounds' names; each has one pair pipeline, and three of them run side by side.
        started: when the run started.
        elapsed: the seconds since then.
        run_seconds: how long the whole run takes.

    Returns:
        The root node, in the form that a read in version 2 brings.
    """
    clock = _Clock(started, elapsed)
    prepared, analysed = 0.05 * run_seconds, 0.95 * run_seconds
    rounds = -(-len(ligands) // 3)
    length = (analysed - prepared) / rounds
    children = [clock.leaf("prep", "ligand-prep", 0, prepared)]
    for index, ligand in enumerate(ligands):
        begins = prepared + (index // 3) * length
        half = begins + 0.4 * length
        pair = clock.leaf(
            f"pair-{index}", f"pair-pipeline({index}:index:{index},ligand:{ligand})", begins, begins + length
        )
        del pair["toolProgress"]
        pair["children"] = [
            clock.leaf(f"pair-{index}-solvation", "solvation-fep", begins, half),
            clock.leaf(f"pair-{index}-binding", "binding-fep", half, begins + length),
        ]
        children.append(pair)
    children.append(clock.leaf("analysis", "analysis", analysed, run_seconds))
    return clock.leaf("root", "rbfe-end-to-end", 0, run_seconds) | {"children": children}


@dataclass(frozen=True)
class _Clock:
    started: datetime
    elapsed: float

    def leaf(self, node_id: str, name: str, begins: float, ends: float) -> Node:
        """A node that works from one second of the run to another, as it stands at the elapsed time."""
        node: Node = {
            "id": node_id,
            "displayName": name,
            "status": "Queued",
            "toolProgress": {},
            "children": [],
        }
        if self.elapsed < begins:
            return node
        share = min((self.elapsed - begins) / (ends - begins), 1.0)
        node |= {"status": "Running", "startedAt": self._stamp(begins)}
        node["toolProgress"] = {"complete": round(100 * share, 1)}
        if share == 1:
            node |= {"status": "Completed", "finishedAt": self._stamp(ends)}
        return node

    def _stamp(self, seconds: float) -> str:
        return (self.started + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pretty(report: Node) -> str:
    return json.dumps(report, indent=2) + "\n"
