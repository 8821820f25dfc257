"""Progress reports of every shape, read into one form."""

import json
import math
import time
import tracemalloc
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.deeporigin.progress import parse
from dojobbot.domain import Job, Progress
from dojobbot.slack.views.progress import tree as draw


def parsed(report: object, **options: Any) -> Progress:
    found = parse(report, **options)
    assert found is not None
    return found


def test_docking_counts_what_is_through_and_what_failed() -> None:
    found = parsed("total_num_ligands = 8\nligand docked: CCO\nligand failed: CCC\nligand docked: C\n")
    assert (found.done, found.failed, found.total, found.unit) == (3, 1, 8, "ligands")
    assert found.fraction == 0.375


def test_docking_without_a_total_is_measured_by_the_inputs() -> None:
    assert parsed("ligand docked: CCO\n", ligands=4).fraction == 0.25
    assert parsed("ligand docked: CCO\n").fraction is None


def test_docking_beyond_its_total_is_not_more_than_all() -> None:
    assert parsed("total_num_ligands = 1\nligand docked: C\nligand docked: C\n").fraction == 1


@pytest.mark.parametrize(
    ("report", "fraction"),
    [
        ({"complete": 62.4}, 0.624),
        ('{"complete": 12}', 0.12),
        ({"complete": "40"}, 0.4),
        ({"complete": 250}, 1.0),
        ({"complete": -3}, 0.0),
    ],
)
def test_a_percentage_becomes_a_clamped_fraction(report: object, fraction: float) -> None:
    assert parsed(report).fraction == pytest.approx(fraction)


@pytest.mark.parametrize("report", [None, 7, True, [], {}, "", {"complete": None}, {"what": {}}, '"words"'])
def test_a_report_that_says_nothing_is_none(report: object) -> None:
    assert parse(report) is None


def test_an_unknown_text_is_kept_as_words() -> None:
    assert parsed("Warming up the cluster\nand more").note == "Warming up the cluster"


@pytest.mark.parametrize(("begins", "note"), [("Warming up\n[", "Warming up"), ("[", "[1,1")])
def test_a_text_of_many_megabytes_is_not_taken_apart(begins: str, note: str) -> None:
    """Nothing is made of it but a copy: its ten million numbers would take far more."""
    text = begins + "1," * 10_000_000 + "1]"
    tracemalloc.start()
    try:
        assert parsed(text).note.startswith(note)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(text)


def test_a_batch_is_averaged_over_its_workflows() -> None:
    report = {"workflow-1": {"complete": 100}, "workflow-2": {"complete": 40}, "workflow-3": {}}
    for shape in (report, json.dumps(report)):
        found = parsed(shape)
        assert found.fraction == pytest.approx(140 / 300)
        assert (found.done, found.total, found.unit) == (1, 3, "workflows")


def test_a_free_energy_run_names_its_step_and_sub_step() -> None:
    found = parsed(
        '{"cmd": "Solvation FEP", "status": "Running", "sub_step": "Production MD",'
        ' "current_avg_step": 137500.0, "target_step": 275000, "time_remaining_curr_stage_s": 571.5}'
    )
    assert (found.step, found.step_number, found.step_count) == ("Solvation FEP", 3, 4)
    assert (found.sub_step, found.fraction, found.seconds_left) == ("Production MD", 0.5, 571.5)
    assert (found.done, found.total, found.unit, found.note) == (137_500, 275_000, "steps", "")


def test_a_negative_target_means_initialising() -> None:
    found = parsed('{"cmd": "EMEQ", "current_avg_step": -1, "target_step": -1, "status": "Running"}')
    assert (found.fraction, found.note, found.total) == (None, "initialising", None)


def test_the_result_of_a_free_energy_run_is_told_with_its_error() -> None:
    report = {"cmd": "FEP Results", "Total": -8.42, "unit": "kcal/mol", "Std": 0.31}
    assert parsed(json.dumps(report)).result == "-8.42 ± 0.31 kcal/mol"
    del report["Std"]
    assert parsed(report).result == "-8.42 kcal/mol"


@pytest.mark.parametrize("spread", [0, 0.0, "0.0"])
def test_a_spread_that_nobody_measured_is_no_error_of_zero(spread: object) -> None:
    """Every recorded result says `Std: 0.0`: that of one run, without repeats."""
    report = {"cmd": "FEP Results", "Total": -89.266, "unit": "kcal/mol", "Std": spread}
    assert parsed(json.dumps(report)).result == "-89.27 kcal/mol"


def test_a_report_of_trouble_names_it() -> None:
    found = parsed({"cmd": "MD", "status": "Failed", "error_msg": "step size too small"})
    assert (found.failure, found.note) == ("MD: step size too small", "failed")
    assert parsed({"cmd": "MD", "status": "Done", "error_msg": ""}).failure == ""


@pytest.mark.parametrize(
    ("step", "sub_step", "inputs", "ns"),
    [
        ("Binding FEP", "Production MD", {"binding": {"prod_md_options": {"dt": 0.004}}}, 4e-6),
        ("EMEQ", "NVT Equilibration", {"emeq": {"emeq_md_options": {"dt": 0.002}}}, 2e-6),
        ("MD", "MD", {"md": {"md_options": {"dt": "0.004"}}}, 4e-6),
        ("EMEQ", "Minimization", {"emeq": {"emeq_md_options": {"dt": 0.002}}}, None),
        ("MD", "MD", {"md": {"md_options": {"dt": -1}}}, None),
        ("MD", "MD", {"md": ["dt"]}, None),
        ("ABFE E2E", "", {}, None),
    ],
)
def test_the_time_of_a_step_is_what_the_inputs_say(
    step: str, sub_step: str, inputs: dict[str, Any], ns: float | None
) -> None:
    report = {"cmd": step, "sub_step": sub_step, "current_avg_step": 5, "target_step": 10}
    assert parsed(report, inputs=inputs).ns_per_step == (None if ns is None else pytest.approx(ns))


def test_nan_in_a_python_written_report_costs_that_number_alone() -> None:
    found = parsed('{"cmd": "MD", "current_avg_step": NaN, "target_step": 10, "sub_step": "prod"}')
    assert (found.fraction, found.sub_step) == (None, "prod")


def test_pages_of_a_patent_are_counted() -> None:
    item = {"total": 6, "description": {"expected_count": 9, "message": "Processed 6 pages out of 9."}}
    found = parsed(json.dumps({"counts": {"DO_PATENT": item}}))
    assert (found.done, found.total, found.note) == (6, 9, "")
    assert found.fraction == pytest.approx(2 / 3)


def tree(complete: float | None = None, status: str = "Running", **more: Any) -> dict[str, Any]:
    tool = {} if complete is None else {"toolProgress": {"complete": complete}}
    return {"displayName": "some-step", "status": status, **tool, **more}


def test_a_tree_becomes_lines_and_an_overall_fraction() -> None:
    report = tree(children=[tree(status="Succeeded"), tree(children=[tree(50), tree(status="Queued")])])
    found = parsed(report)
    assert [(line.depth, line.status, line.fraction) for line in found.branches] == [
        (0, "Running", None),
        (1, "Succeeded", None),
        (1, "Running", None),
        (2, "Running", 0.5),
        (2, "Queued", None),
    ]
    assert found.fraction == pytest.approx((1 + 0.25) / 2)


def test_the_innermost_message_of_a_failure_is_kept_with_the_name_of_its_step() -> None:
    deep = tree(status="Failed", displayName="binding-fep", message="em: step size too small")
    pair = tree(
        status="Failed", displayName="pair-pipeline(1:index:2)", message="child failed", children=[deep]
    )
    other = tree(status="Failed", displayName="analysis", message="nothing to analyse")
    report = tree(status="Failed", message="workflow failed", children=[tree(message="fine"), other, pair])
    assert parsed(report).failure == "Binding FEP: em: step size too small"
    del deep["message"]
    assert parsed(report).failure == "Analysis: nothing to analyse"
    del pair["message"], other["message"], report["message"]
    assert parsed(report).failure == "Binding FEP failed"
    assert parsed(tree(message="Running well")).failure == ""


def test_a_failure_beyond_what_is_drawn_is_still_told() -> None:
    broad = [tree(status="Succeeded") for _ in range(400)]
    assert parsed(tree(children=[*broad, tree(status="Failed", message="late")])).failure == "Some step: late"


def test_the_root_of_a_tree_has_the_last_word_on_the_whole() -> None:
    assert parsed(tree(90, children=[tree(10)])).fraction == 0.9
    assert parsed(tree()).fraction is None


def test_names_of_workflow_steps_are_made_readable() -> None:
    names = ["pair-pipeline(1:index:1,ligand:cmpd 2)", "binding-fep", "rbfe-end-to-end", "(odd)"]
    children = [tree(displayName=name) for name in names]
    found = [line.name for line in parsed(tree(children=children)).branches[1:]]
    assert found == ["Pair pipeline 1", "Binding FEP", "RBFE end to end", "(odd)"]


@pytest.mark.parametrize(
    ("arguments", "ligand"),
    [
        ("1:index:1,ligand:cmpd 2", "cmpd 2"),
        ("ligand:CC(=O)Oc1ccccc1C(=O)O", "CC(=O)Oc1ccccc1C(=O)O"),
        ("ligand:CC(C),index:3", "CC(C)"),
        ("ligand:InChI=1S/CH4/h1H4,(H,1)", "InChI=1S/CH4/h1H4,(H,1)"),
        ("index:1", ""),
        ("ligand:", ""),
    ],
)
def test_the_ligand_that_a_step_is_about_is_kept_whole_and_apart(arguments: str, ligand: str) -> None:
    report = tree(status="Failed", message="broke", displayName=f"pair-pipeline({arguments})")
    found = parsed(report)
    assert found.branches[0].ligand == ligand
    assert found.failure.removesuffix(": broke") in {"Pair pipeline", "Pair pipeline 1", "Pair pipeline 3"}


def test_ligands_that_a_step_passed_over_are_told() -> None:
    report = tree() | {"toolProgress": {"complete": 10, "skipped_ligands": 3, "known_failures": 1}}
    assert parsed(report).branches[0].message == "3 ligands skipped, 1 known to fail"


def test_a_tree_of_any_depth_and_breadth_is_bounded() -> None:
    deep: dict[str, Any] = tree()
    for _ in range(50_000):
        deep = tree(children=[deep])
    assert max(line.depth for line in parsed(deep).branches) <= 8
    broad = parsed(tree(children=[tree(100) for _ in range(4_000)]))
    assert len(broad.branches) == 100
    assert broad.fraction == 1


def test_of_a_large_tree_what_fails_and_runs_is_kept_wherever_it_stands_and_the_rest_is_counted() -> None:
    statuses = ["Succeeded"] * 249 + ["Failed"] + ["Succeeded"] * 10 + ["Running"] * 20 + ["Queued"] * 20
    children = [tree(displayName=f"pair {number}", status=each) for number, each in enumerate(statuses, 1)]
    found = parsed(tree(children=children))
    names = [line.name for line in found.branches]
    assert len(names) == 100
    assert {"Pair 250", "Pair 261", "Pair 280"} <= set(names)
    assert names[0] == "Some step"
    kept = Counter(line.status for line in found.branches[1:])
    assert (kept["Failed"], kept["Running"]) == (1, 20)
    counted = Counter({"done": kept["Succeeded"], "waiting": kept["Queued"]}) + Counter(dict(found.left_out))
    assert counted == {"done": 259, "waiting": 20}
    drawn = draw(Job(id="1", status="Running", raw_status="Running", progress=found), private=False)
    assert "✗ Pair 250  failed" in drawn
    assert "▸ Pair 261  running" in drawn
    assert drawn.split("\n")[-2] == "… 286 more: 259 done, 20 waiting, 7 running"


def test_of_a_large_tree_a_word_that_nobody_knows_is_kept_and_does_not_count_as_running() -> None:
    statuses = ["Succeeded"] * 250 + ["Pending", "Running"]
    children = [tree(displayName=f"pair {number}", status=each) for number, each in enumerate(statuses, 1)]
    found = parsed(tree(children=children))
    assert {"Pair 251", "Pair 252"} <= {line.name for line in found.branches}
    many = parsed(tree(children=[tree(status="Pending") for _ in range(250)]))
    assert dict(many.left_out) == {"other": 151}


def test_a_failure_deeper_than_what_is_drawn_is_kept_with_what_is_above_it() -> None:
    deep = tree(status="Failed", displayName="innermost", message="em: step size too small")
    for level in range(30):
        deep = tree(
            status="Failed", displayName=f"level {30 - level}", message="child failed", children=[deep]
        )
    found = parsed(tree(children=[tree(status="Succeeded") for _ in range(200)] + [deep]))
    assert found.failure == "Innermost: em: step size too small"
    names = [line.name for line in found.branches if line.status == "Failed"]
    assert (names[0], names[-1]) == ("Level 1", "Innermost")
    drawn = draw(Job(id="1", status="Failed", raw_status="Failed", progress=found), private=True)
    assert "✗ Innermost  failed  em: step size too small" in drawn


@pytest.mark.parametrize("pattern", [("Failed",), ("Failed", "Running"), ("Running",), ("Queued", "Failed")])
def test_hostile_trees_cost_little(pattern: tuple[str, ...]) -> None:
    """A chain, and a comb with a failing tooth at every level: what is kept is the innermost, soon."""
    chain = tree(status="Failed", displayName="innermost")
    comb = tree(status="Failed", displayName="innermost")
    for level in range(15_000):
        status = pattern[level % len(pattern)]
        chain = tree(status=status, children=[chain])
        if level < 9_000:
            comb = tree(status=status, children=[tree(status="Failed"), comb])
    began = time.process_time()
    for report in (chain, comb):
        found = parsed(report)
        assert len(found.branches) <= 100
        assert max(line.depth for line in found.branches) <= 8
    assert parsed(chain).branches[-1].name == "Innermost"
    assert time.process_time() - began < 3


KEYS = ["cmd", "complete", "counts", "children", "displayName", "status", "toolProgress", "target_step"]
KEYS += ["current_avg_step", "Total", "Std", "workflow-1", "description", "total", "message"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner)
)


@given(JSON | st.dictionaries(st.sampled_from(KEYS), JSON), st.none() | st.integers(0, 10))
def test_no_report_breaks_anything(report: object, ligands: int | None) -> None:
    """Any JSON, as it is or once more as a string, gives None or sane numbers and storable text."""
    for shape in (report, json.dumps(report)):
        found = parse(shape, ligands=ligands)
        if found is None:
            continue
        for share in (found.fraction, *(line.fraction for line in found.branches)):
            assert share is None or 0 <= share <= 1
        assert found.seconds_left is None or math.isfinite(found.seconds_left)
        repr(found).encode("utf-8")


@given(st.text())
def test_no_text_breaks_anything(report: str) -> None:
    parse(report)
    parse(f"total_num_ligands = {report}")
