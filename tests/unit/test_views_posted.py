"""Whatever is posted where others read along shows no molecule, wherever the platform put one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from dojobbot.deeporigin import progress
from dojobbot.domain import (
    Batch,
    BatchKind,
    Branch,
    Delivery,
    Destination,
    Job,
    KnownJob,
    Progress,
    Transition,
    Watch,
)
from dojobbot.slack.views.batch import BatchCard, batch_card
from dojobbot.slack.views.blocks import Payload
from dojobbot.slack.views.card import Card, card
from dojobbot.slack.views.digest import digest
from dojobbot.slack.views.notice import notice

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
HERE = Destination("C1")
SMILES = "CCn1cc(-c2cccc(C(=O)N(C)C)c2)c2cc[nH]c2c1=O"
PAIR = {
    "displayName": f"pair-pipeline(1:index:1,ligand:{SMILES})",
    "status": "Failed",
    "message": f"child failed for ligand={SMILES}",
    "children": [
        {"displayName": f"dock {SMILES}", "status": "Failed", "message": f'{{"smiles":"{SMILES}"}}'},
        {"displayName": "ligand-prep(ligand:cmpd 2)", "status": f"docking {SMILES}"},
    ],
}
FLAT = Progress(
    fraction=0.5,
    step=f"Docking {SMILES}",
    step_number=2,
    sub_step=f"pose:{SMILES}",
    note=f"now {SMILES}",
    failure=f"Docking {SMILES}: bad {SMILES}",
)


def posted_card(job: Job) -> Payload:
    return card(Card(known=KnownJob(job=job, seq=1, read_at=NOW), owner="", now=NOW, private=False))


def shared_card(job: Job) -> Payload:
    known = KnownJob(job=job, seq=1, read_at=NOW)
    return card(Card(known=known, owner="", now=NOW, private=False, shared_by="U1"))


def batch(job: Job) -> Payload:
    tag = Batch(BatchKind.TAG, job.tag or "cdk2")
    watch = Watch(id=7, job_id=job.id, destination=HERE, user_id="U1", created_at=NOW, batch=tag)
    return batch_card(BatchCard(watch=watch, batch=tag, jobs=(job,), now=NOW))


def owed(job: Job) -> Delivery:
    moved = Transition(job_id=job.id, seq=2, old="Running", new=job.status, seen_at=NOW)
    return Delivery(id=1, transition=moved, destination=HERE, mentions=("U1",), snapshot=job)


def posted_notice(job: Job) -> Payload:
    return notice(owed(job), "Ada Osei", NOW)


def posted_digest(job: Job) -> Payload:
    (page,) = digest([owed(job)] * 4, NOW)
    return page.payload


@pytest.mark.parametrize("draw", [posted_card, shared_card, batch, posted_notice, posted_digest])
@pytest.mark.parametrize("status", ["Running", "Failed", "FailedQuotation", "Succeeded", "Hibernating"])
def test_no_posted_view_shows_a_molecule(draw: Callable[[Job], Payload], status: str) -> None:
    """Whole or cut, escaped or not: no part of it of a few characters is shown."""
    tree = progress.parse(PAIR)
    assert tree is not None
    for report in (tree, FLAT):
        for reason in (f"No pose for {SMILES}.", f"ligand:{SMILES}", f"failed: {SMILES[:20]}…", None):
            job = Job(
                id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
                status=status,
                raw_status=status,
                name="BRD series",
                reason=reason,
                progress=report,
            )
            shown = json.dumps(draw(job), ensure_ascii=False)
            assert "BRD series" in shown
            assert SMILES[:6] not in shown
            assert "c2cc" not in shown
            assert "cmpd 2" not in shown


@pytest.mark.parametrize("draw", [posted_card, shared_card, posted_notice, posted_digest])
def test_the_name_that_people_gave_a_job_is_posted_as_it_is(draw: Callable[[Job], Payload]) -> None:
    """It is what they look for, be it a structure."""
    job = Job(id="9e9eb45e-1c58", status="Failed", raw_status="Failed", name=SMILES, reason=SMILES)
    shown = json.dumps(draw(job), ensure_ascii=False)
    assert SMILES in shown
    assert "(structure)" in shown, "that is for what the platform says"


def test_the_tag_that_people_gave_is_posted_as_it_is() -> None:
    job = Job(id="9e9eb45e-1c58", status="Failed", raw_status="Failed", name="BRD", tag=SMILES, reason=SMILES)
    assert batch(job)["text"] == f"Tag {SMILES}: the job has ended, 1 failed"


def test_the_private_card_says_which_ligand_a_branch_is_about() -> None:
    branches = (Branch(0, "Pair pipeline 1", "Failed", ligand="CC(=O)O"),)
    job = Job(id="1", status="Running", raw_status="Running", progress=Progress(branches=branches))
    known = KnownJob(job=job, seq=1, read_at=NOW)
    assert "Pair pipeline 1 (CC(=O)O)" in json.dumps(
        card(Card(known=known, owner="", now=NOW, private=True)), ensure_ascii=False
    )
