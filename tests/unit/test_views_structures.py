"""No molecule gets into a channel, however it is wrapped or cut; what people say in words stays readable."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.slack.views.structures import without_structures
from tests.conftest import samples

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
MOLECULES = (
    ASPIRIN,
    "CCO",
    "CC=O",
    "CCOc1ccccc1",
    "c1ccccc1-c2ccccc2",
    "c1ccsc1",
    "CCn1cc(-c2cccc(C(=O)N(C)C)c2)c2cc[nH]c2c1=O",
    "C[C@@H](N)C(=O)[O-]",
    "F/C=C/F",
    "FC(F)(F)Cl",
    "[Na+].[Cl-]",
    "[13CH4]",
    "C[Si](C)(C)C",
    "OB(O)c1ccccc1",
    "O=S(=O)(O)O",
    "C[C,N]c1ccccc1",
    "*c1ccncc1",
    "C#N",
    "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
    "BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
)
WRAPPINGS = (
    "no pose for {}",
    "no pose for {}: bad charge",
    '{{"smiles":"{}"}}',
    "ligand={}",
    "ligand:{},worker=3",
    "SMILES:{}",
    "smiles_list=['{}','{}']",
    "\u2039{}\u203a",
    "<{}>",
    "({})",
    "[{}]",
    "{}|{}",
    "{}>>{}",
    "ligand_{}.sdf",
    "/data/{}/out.log",
    "…{}!",
    "pair-pipeline(1:index:1,ligand:{})",
    "{};",
    "x~{}",
    "`{}`",
)


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_molecule_is_hidden_whatever_it_is_wrapped_in(wrapping: str) -> None:
    for molecule in MOLECULES:
        shown = without_structures(wrapping.replace("{}", molecule).replace("{{", "{").replace("}}", "}"))
        assert molecule not in shown
        assert "(structure)" in shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('{"smiles":"CC(=O)O","error":"charge"}', '{"smiles":"(structure)","error":"charge"}'),
        ("smiles_list=['CCOc1ccccc1','CCN','CN']", "smiles_list=['(structure)','(structure)','(structure)']"),
        ("CCO|c1ccccc1O", "(structure)|(structure)"),
        ("Dock: no pose for CCO, worker 3 gave up.", "Dock: no pose for (structure), worker 3 gave up."),
        ("\u2039CC…>", "\u2039(structure)…>"),
        ("SMILES: CO", "SMILES: (structure)"),
    ],
)
def test_what_stands_beside_a_molecule_stays(said: str, shown: str) -> None:
    assert without_structures(said) == shown


def test_a_molecule_that_was_cut_is_hidden_too() -> None:
    """The platform's texts are cut to a length, with an ellipsis, before anybody looks for molecules."""
    rows = [*samples("executions-shapes.json"), *samples("executions-recorded.json")]
    inputs = [row.get("execution", row).get("userInputs") or {} for row in rows]
    molecules = {smiles for each in inputs for smiles in each.get("smiles_list") or []} | {ASPIRIN}
    assert len(molecules) > 5
    for molecule in molecules:
        for length in range(6, len(molecule)):
            cut = molecule[:length]
            assert cut not in without_structures(f"no pose for {cut}…"), cut


@pytest.mark.parametrize(
    "said",
    [
        "out of memory",
        "node lost",
        "CUDA error 700",
        "NCCL timeout on node-7",
        "OOMKilled: worker 3 exceeded 32Gi",
        "Timed out after 48h. gmx mdrun did not finish",
        "Balance 12.00 USD is below 184.50 USD. Ask your administrator to add credits",
        "exit code -11 (SIGSEGV) on node-7, I/O error; so soon?",
        "NFS mount failed: no space left on /dev/sda1 (ENOSPC)",
        "OCI runtime create failed: CNI and CSI on PCI bus",
        "[ERROR] Poisson solver did not converge",
        "BF16 is not supported on P100, use FP32",
        "Phase III: SNP calls at 300 K in CO2 and H2O",
        "s3://bucket/no/c/on.txt not found",
        "job 9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11 failed",
        "Invalid SMILES: could not parse the input on line 3",
        "LINCS warning: bond 12-13 rotated, NaN at step 1500",
        "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "Step 3 of 4: Binding FEP, Production MD",
        "-8.42 ± 0.31 kcal/mol",
        "HTTP 503 from S3? NoSuchKey…",
    ],
)
def test_what_people_say_in_words_stays_readable(said: str) -> None:
    assert without_structures(said) == said


@given(st.text(max_size=300))
def test_any_text_comes_through(said: str) -> None:
    """Nothing raises, and what is shown once is shown so again."""
    shown = without_structures(said)
    assert shown.count("(structure)") or shown == said


def test_a_very_long_text_takes_no_time() -> None:
    began = time.process_time()
    for said in ("C" * 100_000, "(" * 100_000 + "a", "1c" * 50_000, "[" * 100_000, "=C1 a" * 20_000):
        assert len(without_structures(said)) < 5_000
    assert time.process_time() - began < 2
