"""Why a job is where it is, as people are told, and what is hidden where others read along."""

from __future__ import annotations

import pytest

from dojobbot.domain import Job, Progress
from dojobbot.slack.views.why import quoted, words
from tests.conftest import samples

ID = "9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11"


def job(status: str = "Failed", reason: str | None = None, failure: str = "") -> Job:
    return Job(id=ID, status=status, raw_status=status, reason=reason, progress=Progress(failure=failure))


def test_the_reason_comes_first_and_the_innermost_message_after_it() -> None:
    failed = job(reason="Workflow failed", failure="Binding FEP: em <broke>")
    assert quoted(failed, private=True) == ">Workflow failed\n>Binding FEP: em &lt;broke&gt;"
    assert quoted(failed, private=True, innermost=False) == ">Workflow failed"


def test_a_message_that_the_reason_repeats_is_told_once() -> None:
    assert words(job(reason="Step failed: em broke", failure="Binding FEP: em broke")) == (
        "Step failed: em broke",
    )


def test_a_failed_branch_of_a_job_that_goes_on_is_not_why_it_is_there() -> None:
    assert words(job("Running", failure="Pair 2: em broke")) == ()
    assert words(job("Succeeded", failure="Pair 2: em broke")) == ()


def test_structures_are_hidden_where_others_read_along() -> None:
    failed = job(failure='Dock: no pose for "CCn1cc(-c2cccc(C(=O)N(C)C)c2)c2cc[nH]c2c1=O", worker 3 gave up')
    assert quoted(failed, private=False) == '>Dock: no pose for "(structure)", worker 3 gave up'
    assert "CCn1cc" in quoted(failed, private=True)


@pytest.mark.parametrize("name", ["executions-shapes.json", "executions-recorded.json"])
def test_no_molecule_of_the_samples_gets_into_a_channel(name: str) -> None:
    found = 0
    for row in samples(name):
        inputs = row.get("execution", row).get("userInputs") or {}
        for smiles in inputs.get("smiles_list") or []:
            found += 1
            assert smiles not in quoted(job(reason=f"can't prepare {smiles}: bad charge"), private=False)
    assert found > 0


@pytest.mark.parametrize(
    "said",
    [
        "OOMKilled: worker 3 exceeded 32Gi",
        "Timed out after 48h. gmx mdrun did not finish",
        "Balance 12.00 USD is below 184.50 USD. Ask your administrator to add credits",
        "No price for this item",
        "exit code -11 (SIGSEGV) on node-7, I/O error; so soon?",
    ],
)
def test_ordinary_sentences_stay_whole(said: str) -> None:
    assert quoted(job(reason=said), private=False) == f">{said}"
