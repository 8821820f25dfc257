"""How progress is drawn: bars, steps, results, trees, and words when there is nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dojobbot.domain import Branch, Job, Progress
from dojobbot.slack.views import progress
from dojobbot.slack.views.progress import bar, chain, tree

STARTED = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)


def job(status: str = "Running", *, minutes: float = 14, **progress: Any) -> Job:
    return Job(
        id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
        status=status,
        raw_status=status,
        started_at=STARTED,
        updated_at=STARTED + timedelta(minutes=minutes),
        progress=Progress(**progress) if progress else None,
    )


def summary(job: Job, *, private: bool, age: timedelta = timedelta()) -> str:
    """The line as it is drawn when the report is that old."""
    return progress.summary(job, (job.updated_at or STARTED) + age, private=private)


@pytest.mark.parametrize(
    ("fraction", "drawn"),
    [
        (0, "`[----------] 0 %`"),
        (0.624, "`[######----] 62 %`"),
        (0.29, "`[##--------] 29 %`"),
        (0.999, "`[#########-] 99 %`"),
        (1, "`[##########] 100 %`"),
    ],
)
def test_a_bar_is_full_only_at_the_end(fraction: float, drawn: str) -> None:
    assert bar(fraction) == drawn


def test_docking_shows_bar_numbers_pace_and_time_left() -> None:
    report = job(fraction=17 / 27, done=17, failed=2, total=27, unit="ligands")
    assert (
        summary(report, private=True)
        == "`[######----] 62 %`  17 of 27 ligands, 2 failed, 1.2/min, about 9 min left"
    )


@pytest.mark.parametrize(
    ("age", "said"),
    [
        ({"minutes": 9}, "about 9 min left"),
        ({"minutes": 20}, "about 9 min left"),
        ({"minutes": 24}, "last report 24 min ago"),
        ({"days": 3}, "last report 3 d ago"),
        ({"days": -1}, "about 9 min left"),
    ],
)
@pytest.mark.parametrize("report", [{"done": 17, "total": 27, "unit": "ligands"}, {"seconds_left": 530}])
def test_a_guess_is_given_up_when_the_job_stops_reporting(
    age: dict[str, float], said: str, report: dict[str, Any]
) -> None:
    """Nobody waits for days because 9 minutes are left; a report that comes a little late is no news."""
    assert summary(job(**report), private=False, age=timedelta(**age)).endswith(said)


def test_a_slow_job_has_its_pace_per_hour() -> None:
    assert "2.0/h, about 3 h left" in summary(
        job(minutes=120, done=4, total=10, unit="ligands"), private=True
    )


@pytest.mark.parametrize(("fraction", "done"), [(0.46, 0), (0.46, 1)])
def test_workflows_that_run_together_are_measured_by_their_shares(fraction: float, done: int) -> None:
    """Nearly half of it took 15 minutes, so the rest takes about as long, whichever of them is through."""
    said = summary(job(minutes=15, fraction=fraction, done=done, total=3, unit="workflows"), private=False)
    assert said == f"`[####------] 46 %`  {done} of 3 workflows, 5.5/h, about 18 min left"


def test_one_ligand_is_one_ligand() -> None:
    assert "0 of 1 ligand" in summary(job(done=0, total=1, unit="ligands"), private=True)


def test_a_job_with_steps_shows_the_share_of_its_sub_step_behind_it() -> None:
    report = job(
        fraction=0.5, done=137_500, total=275_000, unit="steps", step="Binding FEP", step_number=3,
        step_count=4, sub_step="Production MD", seconds_left=2400,
    )  # fmt: skip
    assert (
        summary(report, private=True)
        == "Step 3 of 4: Binding FEP, Production MD  `[#####-----] 50 %`  137,500 of 275,000 steps, "
        "about 40 min left"
    )


def test_steps_of_a_known_length_are_told_as_simulated_time() -> None:
    report = job(fraction=0.5, done=137_500, total=275_000, unit="steps", step="MD", ns_per_step=4e-6)
    assert summary(report, private=False) == "MD  `[#####-----] 50 %`  0.55 of 1.1 ns"


def test_a_sub_step_that_is_called_as_its_step_is_named_once() -> None:
    assert summary(job(fraction=0.5, step="MD", sub_step="MD"), private=True) == "MD  `[#####-----] 50 %`"


@pytest.mark.parametrize(
    ("status", "at", "drawn"),
    [
        ("Running", 1, "▸ EMEQ  ○ MD  ○ Solvation FEP"),
        ("Running", 3, "✓ EMEQ  ✓ MD  ▸ Solvation FEP"),
        ("Failed", 2, "✓ EMEQ  ✗ MD  ○ Solvation FEP"),
        ("Succeeded", 2, ""),
    ],
)
def test_the_steps_are_a_chain_of_what_is_done_and_what_comes(status: str, at: int, drawn: str) -> None:
    steps = ("EMEQ", "MD", "Solvation FEP")
    assert chain(job(status, step=steps[at - 1], step_number=at, steps=steps)) == drawn
    assert chain(job(status, step="ABFE E2E", note="initialising")) == ""


@pytest.mark.parametrize(
    ("status", "words"),
    [("Running", "No progress reported yet"), ("Hibernating", "No progress reported yet"),
     ("Queued", "Not started yet"), ("Quoted", ""), ("Failed", ""), ("Succeeded", "")],
)  # fmt: skip
def test_there_are_words_when_there_is_nothing_to_draw(status: str, words: str) -> None:
    assert summary(job(status), private=True) == words


def test_a_succeeded_job_is_not_said_to_be_at_one_of_eight() -> None:
    """Recorded: succeeded jobs whose last report still said so."""
    report = job("Succeeded", fraction=1 / 8, done=1, total=8, unit="ligands")
    assert summary(report, private=True) == "8 ligands"


def test_a_succeeded_job_shows_its_result_and_what_was_lost() -> None:
    assert (
        summary(job("Succeeded", result="-8.42 ± 0.31 kcal/mol"), private=False)
        == "Result: -8.42 ± 0.31 kcal/mol"
    )
    assert (
        summary(job("Succeeded", done=8, failed=2, total=8, unit="ligands"), private=False)
        == "8 ligands, 2 failed, 34.3/h"
    )
    assert summary(job("Succeeded", failed=2, unit="ligands"), private=False) == "2 ligands failed"


def test_the_pace_of_what_has_ended_is_measured_up_to_its_end() -> None:
    """The last report may come long before the end, or after it."""
    report = job("Succeeded", minutes=30, done=24, total=24, unit="ligands")
    ended = replace(report, completed_at=STARTED + timedelta(minutes=12))
    assert summary(ended, private=False) == "24 ligands, 2.0/min"


def test_a_failed_job_says_that_its_report_is_an_old_one() -> None:
    assert summary(job("Failed", fraction=0.5), private=True) == "Last report: `[#####-----] 50 %`"


def test_free_text_of_the_tool_stays_out_of_channels() -> None:
    report = job(fraction=0.5, note="reading CCO from /data/secret")
    assert "CCO" in summary(report, private=True)
    assert "CCO" not in summary(report, private=False)
    failing = job(branches=(Branch(0, "Dock", "Failed", None, "CCO broke"),))
    assert "CCO" in tree(failing, private=True)
    assert "CCO" not in tree(failing, private=False)


def test_names_of_steps_go_into_channels_without_molecules() -> None:
    report = job(fraction=0.5, step="Docking CCOc1ccccc1", sub_step="pose:CCN")
    assert summary(report, private=False) == "Docking (structure), (structure)  `[#####-----] 50 %`"
    assert "Docking CCOc1ccccc1, pose:CCN" in summary(report, private=True)
    running = job(branches=(Branch(0, "Dock CCO", "Running", ligand="cmpd 2"), Branch(0, "Rank", "Queued")))
    assert tree(running, private=False).split("\n")[1:3] == ["▸ Dock (structure)  running", "· Rank"]
    assert "▸ Dock CCO (cmpd 2)  running" in tree(running, private=True)


def test_what_was_left_out_of_a_large_tree_is_counted_with_the_rest() -> None:
    kept = (Branch(0, "Pair 7", "Failed"), Branch(0, "Pair 8", "Running"))
    drawn = tree(job(branches=kept, left_out=(("done", 200), ("failed", 3))), private=False)
    assert drawn.split("\n")[-2] == "… 203 more: 200 done, 3 failed"


def test_a_short_tree_is_drawn_whole_without_its_lone_root() -> None:
    branches = (
        Branch(0, "RBFE end to end", "Running", 0.5),
        Branch(1, "Ligand prep", "Succeeded", 1.0),
        Branch(1, "Pair pipeline 1", "Running"),
        Branch(2, "Binding FEP", "Running", 0.37),
        Branch(1, "Analysis", "Queued"),
    )
    assert tree(job(branches=branches), private=True).split("\n") == [
        "```", "✓ Ligand prep", "▸ Pair pipeline 1  running", "  ▸ Binding FEP  37 %", "· Analysis", "```",
    ]  # fmt: skip


def test_a_long_tree_keeps_what_fails_and_runs_and_counts_the_rest() -> None:
    done = [Branch(0, f"Pair {number}", "Succeeded") for number in range(30)]
    later = [Branch(0, f"Pair {number}", "Queued") for number in range(30, 50)]
    nested = [
        Branch(0, "Pair X", "Succeeded"),
        Branch(1, "Solvation", "Failed"),
        Branch(0, "Pair Y", "Running"),
    ]
    drawn = tree(job(branches=(*done, *nested, *later)), private=True)
    assert drawn.split("\n") == [
        "```",
        "✓ Pair X",
        "  ✗ Solvation  failed",
        "▸ Pair Y  running",
        "… 50 more: 30 done, 20 waiting",
        "```",
    ]


def test_a_step_whose_word_nobody_knows_is_shown_with_it_and_does_not_run() -> None:
    """Fifty that wait under another word are not fifty at work."""
    branches = tuple(Branch(0, f"Pair {number}", "Pending") for number in range(50))
    drawn = tree(job(branches=(*branches, Branch(0, "Prep", "Running"))), private=True).split("\n")
    assert "▸ Prep  running" in drawn
    assert drawn[1] == "· Pair 0  pending"
    assert drawn[-2] == "… 37 more: 37 in other states"


def test_a_step_that_is_suspended_waits() -> None:
    branches = (Branch(0, "Prep", "Suspended"), Branch(0, "Dock", "Queued"), Branch(0, "Rank", "Finishing"))
    assert tree(job(branches=branches), private=True).split("\n")[1:-1] == [
        "· Prep  suspended",
        "· Dock",
        "▸ Rank  finishing",
    ]
    many = tuple(Branch(0, f"Pair {number}", "Suspended") for number in range(50))
    drawn = tree(job(branches=(*many, Branch(0, "Prep", "Running"))), private=True)
    assert drawn.split("\n")[1:-1] == ["▸ Prep  running", "… 50 more: 50 waiting"]
    assert tree(job(branches=many), private=True).split("\n")[1:-1] == ["… 50 more: 50 waiting"]


def test_a_step_that_stands_says_why_beside_its_share() -> None:
    branches = (
        Branch(0, "Prep", "Suspended", fraction=0.4),
        Branch(0, "Dock", "Hibernating", fraction=0.4),
        Branch(0, "Rank", "Running", fraction=0.4),
    )
    assert tree(job(branches=branches), private=True).split("\n")[1:-1] == [
        "· Prep  suspended, 40 %",
        "· Dock  hibernating, 40 %",
        "▸ Rank  40 %",
    ]


def test_a_tree_of_fifty_failures_is_still_short() -> None:
    branches = tuple(Branch(0, f"Pair {number}", "Failed") for number in range(50))
    drawn = tree(job(branches=branches), private=True).split("\n")
    assert len(drawn) == 14 + 3
    assert drawn[-2] == "… 36 more: 36 failed"


def test_after_the_end_only_failures_are_drawn() -> None:
    branches = (Branch(0, "Prep", "Succeeded"), Branch(0, "Dock", "Failed"), Branch(0, "Rank", "Running"))
    assert tree(job("Failed", branches=branches), private=True) == "```\n✗ Dock  failed\n```"
    assert tree(job("Succeeded", branches=branches[:1]), private=True) == ""
