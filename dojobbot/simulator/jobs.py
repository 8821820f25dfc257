"""Lifelike jobs: execution objects with the script of their life, from Created to the wanted outcome."""

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice, product
from typing import Any

from dojobbot.simulator.progress import docking_text, fep_report, fep_result, rbfe_tree
from dojobbot.simulator.world import TREE, Execution, Script, World, iso

DOCKING = ("deeporigin.docking", "4")
BULK_DOCKING = ("deeporigin.bulk-docking", "0.3.0")
ABFE = ("deeporigin.abfe-end-to-end", "2")
RBFE = ("deeporigin.rbfe", "2")
QUICK = ("deeporigin.mol-props-combined", "2")

GOOD = frozenset({"Completed", "Succeeded"})
MAX_REPORTS = 150
"""A docking of more ligands reports several at a time."""
RESOURCE_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
CORES = (
    "n1cc(-c2cccc(C(=O)N(C)C)c2)c2cc[nH]c2c1=O",
    "c1ccc(CN2CCN(C(=O)c3ccccc3)CC2)cc1",
    "c1ccc(-c2nnc(N)s2)cc1Cl",
    "c1cnc2[nH]ccc2c1C(=O)NC",
    "N1CCC(c2noc3cc(F)ccc23)CC1",
    "c1cc(C#N)ccc1OC(C)C",
    "C(=O)Nc1ccc2[nH]ncc2c1",
    "c1nc(N)c2ncn(C)c2n1",
)
TAILS = (
    "C",
    "CC",
    "CCC",
    "CCCC",
    "C=CC",
    "COCC",
    "CC(C)",
    "FC(F)",
    "OCC",
    "C1CC1",
    "NCC",
    "N#CC",
    "CS(=O)(=O)",
)


@dataclass(frozen=True)
class Outcome:
    """How a job ends: the fields that change, after which share of its run."""

    fields: Mapping[str, Any]
    share: float = 1.0


COMPLETED = Outcome({"status": "Completed"})
SUCCEEDED = Outcome({"status": "Succeeded"})
CANCELLED = Outcome({"status": "Cancelled"}, 0.4)
OUT_OF_MEMORY = Outcome({"status": "Failed", "statusReason": "OOMKilled: worker 3 exceeded 32Gi"}, 0.6)
TIMED_OUT = Outcome(
    {
        "status": "Failed",
        "statusReason": {
            "code": "EXECUTOR.TIMEOUT",
            "message": "Timed out",
            "detail": "Worker 2 stopped answering",
        },
    },
    0.8,
)
NO_FUNDS = Outcome(
    {
        "status": "InsufficientFunds",
        "statusReason": {
            "code": "CREDITS_TX.PREPARE.INSUFFICIENT",
            "message": "Balance 12.00 USD is below the quoted cost",
            "action_request": "Ask your administrator to add credits",
        },
    }
)


@dataclass(frozen=True)
class Life:
    """When a job is created, how long it is queued and runs, in seconds, and how it ends."""

    created: datetime
    runs: float
    queued: float = 6.0
    outcome: Outcome = COMPLETED

    @property
    def started(self) -> datetime:
        """When it starts to run."""
        return self.created + timedelta(seconds=self.queued)


@dataclass(frozen=True)
class Label:
    """What people attach to a job; `session` is what all jobs of one notebook share."""

    name: str | None = None
    tag: str | None = None
    session: str | None = None
    visibility: str = "visible"
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Plan:
    """A job for a world: what it is at first, its script, and the script that a confirmed quote begins."""

    execution: Execution
    created: datetime
    script: Script = ()
    confirmed: Script = ()

    def put(self, world: World) -> str:
        """Put the job into a world, at the point of its life where the world's clock is; returns its id."""
        return world.put(self.execution, self.script, since=self.created, confirmed=self.confirmed)


def ligands(count: int) -> list[str]:
    """That many different SMILES (up to 104)."""
    return [tail + core for core, tail in islice(product(CORES, TAILS), count)]


class JobMaker:
    """Makes plans for jobs of one organisation; the same seed makes the same jobs, ids included."""

    def __init__(self, org: str = "example-lab", seed: int = 0) -> None:
        self.org = org
        self._random = random.Random(seed)
        self.cluster = self.uuid()
        self.project = self.uuid()

    def uuid(self) -> str:
        """A fresh UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def execution(
        self, owner: str, tool: tuple[str, str], created: datetime, inputs: Mapping[str, Any], label: Label
    ) -> Execution:
        """An execution object in status Created, with every key that the platform sends."""
        stamp = iso(created)
        return {
            "executionId": self.uuid(),
            "resourceId": "".join(self._random.choices(RESOURCE_ALPHABET, k=21)),
            "type": "ToolExecution",
            "orgKey": self.org,
            "name": label.name,
            "status": "Created",
            "statusReason": None,
            "createdAt": stamp,
            "startedAt": None,
            "completedAt": None,
            "updatedAt": stamp,
            "createdBy": owner,
            "tool": {"key": tool[0], "version": tool[1]},
            "cluster": {"id": self.cluster},
            "metadata": None if label.metadata is None else dict(label.metadata),
            "userInputs": dict(inputs),
            "userOutputs": {},
            "jobOutputs": None,
            "progressReport": None,
            "quotationResult": None,
            "billingTransaction": None,
            "resourcesRequested": None,
            "resourcesUsed": None,
            "tag": label.tag,
            "approveAmount": None,
            "app": "python-client",
            "session": label.session or self.uuid(),
            "projectId": self.project,
            "visibility": label.visibility,
        }

    def docking(
        self,
        owner: str,
        life: Life,
        smiles: Sequence[str],
        label: Label = Label(),
        *,
        tool: tuple[str, str] = DOCKING,
        failed: frozenset[int] = frozenset(),
    ) -> Plan:
        """A docking of some ligands, reported one by one as text; those at the places in `failed` fail."""
        count = len(smiles)
        execution = self.execution(owner, tool, life.created, docking_inputs(smiles), label)
        progress = [
            (index / count, {"progressReport": docking_text(smiles, index, failed)})
            for index in range(1, count, 1 + count // MAX_REPORTS)
        ]
        folder = f"tool-runs/docking/{execution['executionId']}"
        outputs = {
            "data_file": {"$provider": "ufa", "key": f"{folder}/results.csv"},
            "results_sdf": {"$provider": "ufa", "key": f"{folder}/poses.sdf"},
        }
        end = {"progressReport": docking_text(smiles, count, failed), "userOutputs": outputs}
        return Plan(execution, life.created, _script(life, progress, end))

    def quick(self, owner: str, life: Life, label: Label = Label()) -> Plan:
        """A calculation of molecular properties that reports only how much is complete."""
        execution = self.execution(owner, QUICK, life.created, {"smiles_list": ligands(12)}, label)
        progress = [(share / 4, {"progressReport": {"complete": 25 * share}}) for share in range(1, 4)]
        return Plan(execution, life.created, _script(life, progress, {"progressReport": {"complete": 100}}))

    def abfe(
        self,
        owner: str,
        life: Life,
        label: Label = Label(),
        tool: tuple[str, str] = ABFE,
        total: float = -8.42,
    ) -> Plan:
        """An absolute binding free energy of one ligand, reported stage by stage as a JSON string."""
        inputs = fep_inputs({"ligand": {"$provider": "ufa", "key": "entities/ligands/cmpd-6.sdf"}})
        execution = self.execution(owner, tool, life.created, inputs, label)
        progress = [
            (share / 40, {"progressReport": fep_report(share / 40, life.runs)}) for share in range(40)
        ]
        return Plan(execution, life.created, _script(life, progress, {"progressReport": fep_result(total)}))

    def rbfe(self, owner: str, life: Life, count: int, label: Label = Label()) -> Plan:
        """Relative free energies of `count` ligands, reported as a JSON string and, in version 2, a tree."""
        names = [f"cmpd {number}" for number in range(1, count + 1)]
        inputs = fep_inputs({"smiles_list": ligands(count), "reference": names[0]})
        execution = self.execution(owner, RBFE, life.created, inputs, label)
        steps = 4 * count
        progress = []
        for step in range(steps):
            share = step / steps
            tree = rbfe_tree(names, life.started, share * life.runs, life.runs)
            progress.append((share, {"progressReport": fep_report(share, life.runs), TREE: tree}))
        end = {
            "progressReport": fep_result(-0.782),
            TREE: rbfe_tree(names, life.started, life.runs, life.runs),
        }
        return Plan(execution, life.created, _script(life, progress, end))


Prices = Sequence[tuple[str, int, float]]
"""The rows of a quote: (item, quantity, price of each)."""


def quoted(plan: Plan, prices: Prices, funds: bool = True) -> Plan:
    """The same job waiting for its quote to be confirmed, and billed for that when it has succeeded.

    Args:
        plan: the job; its script begins when the quote is confirmed.
        prices: what it is quoted at.
        funds: False for an account that turns out to be empty at the confirmation.
    """
    execution = plan.execution | {
        "status": "Quoted",
        "quotationResult": _quotation(prices),
        "approveAmount": -1,
    }
    begins = [(0.0, {"status": "Created"}), *_with_bill(plan.script, prices)]
    return replace(
        plan, execution=execution, script=(), confirmed=begins if funds else [(0.0, NO_FUNDS.fields)]
    )


def approved(plan: Plan, prices: Prices) -> Plan:
    """The same job, whose quote was accepted before it began: it is billed for that when it has succeeded."""
    execution = plan.execution | {"quotationResult": _quotation(prices), "approveAmount": _sum(prices)}
    return replace(plan, execution=execution, script=_with_bill(plan.script, prices))


def _sum(prices: Prices) -> float:
    return sum(qty * each for _, qty, each in prices)


def _quotation(prices: Prices) -> dict[str, Any]:
    rows = [
        {"itemCode": item, "qty": qty, "priceEach": each, "priceTotal": qty * each, "status": "Quoted"}
        for item, qty, each in prices
    ]
    return {"anyFailed": False, "failedQuotations": [], "successfulQuotations": rows}


def _with_bill(script: Script, prices: Prices) -> Script:
    """Add the bill to an end that is a success. None was ever recorded: what is in one is a guess."""
    bill = {"status": "Completed", "currency": "USD", "amount": _sum(prices)}
    return [
        (at, {**fields, "billingTransaction": bill} if fields.get("status") in GOOD else fields)
        for at, fields in script
    ]


def unquotable(plan: Plan) -> Plan:
    """The same job, ended because no price could be found for it."""
    failure = {"itemCode": "DOCK-001", "message": "No price for this item"}
    quotation = {"anyFailed": True, "failedQuotations": [failure], "successfulQuotations": []}
    execution = plan.execution | {"status": "FailedQuotation", "quotationResult": quotation}
    return replace(plan, execution=execution, script=())


def docking_inputs(smiles: Sequence[str]) -> dict[str, Any]:
    """What a docking is given."""
    return {
        "protein": {"$provider": "ufa", "key": "entities/proteins/kras.pdb"},
        "box_size": [20, 20, 20],
        "pocket_center": [17.3, -9.1, 21.7],
        "smiles_list": list(smiles),
    }


def fep_inputs(more: Mapping[str, Any]) -> dict[str, Any]:
    """What a free-energy run is given, with the parameters of its stages."""
    dynamics = {"T": 298.15, "cutoff": 0.9, "dt": 0.004, "hydrogen_mass": 2, "integrator": "BAOABIntegrator"}
    windows = [{"coul_A": [1, 0.8, 0.6, 0.4, 0.2, 0]}, {"vdw_A": [1, 0.85, 0.7, 0.5, 0.35, 0.2, 0.1, 0]}]
    preparation = {"charge_method": "bcc", "force_field": "ff14SB", "lig_force_field": "gaff2", "padding": 1}
    leg = {"annihilate": True, "steps": 1_250_000, "fep_windows": windows, "prod_md_options": dynamics}
    return {
        "protein": {"$provider": "ufa", "key": "entities/proteins/brd.pdb"},
        "complex_prep": {"sysprep_params": preparation},
        "emeq": {"emeq_md_options": dynamics, "nvt_heating_ns": 1, "npt_reduce_restraints_ns": 2},
        "md": {"continue": 0, "md_options": dynamics, "steps": 250_000},
        "solvation": leg,
        "binding": leg,
        **more,
    }


def _script(
    life: Life, progress: Sequence[tuple[float, Mapping[str, Any]]], success: Mapping[str, Any]
) -> Script:
    """The life as steps; progress is given by shares of the run, `success` is added to an end that is one."""
    outcome = life.outcome
    steps: list[tuple[float, Mapping[str, Any]]] = [
        (min(0.4, life.queued), {"status": "Queued"}),
        (life.queued, {"status": "Running"}),
    ]
    steps += [
        (life.queued + share * life.runs, fields) for share, fields in progress if share < outcome.share
    ]
    end = {**success, **outcome.fields} if outcome.fields["status"] in GOOD else outcome.fields
    return [*steps, (life.queued + outcome.share * life.runs, end)]
