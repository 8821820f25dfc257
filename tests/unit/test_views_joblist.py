"""What `/jobs` answers: groups, lines, the menu, and what it says about what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from dojobbot.domain import Job, Progress, Quote
from dojobbot.slack.views import ids
from dojobbot.slack.views.joblist import JobList, job_list

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)


def job(number: int, status: str = "Running", **more: Any) -> Job:
    basis = Job(
        id=f"{number:08x}-1c58-5f0c-9d3b-0a4f2b7e6c11",
        status=status,
        raw_status=status,
        tool_key="deeporigin.docking",
        created_at=NOW - timedelta(minutes=20),
        started_at=NOW - timedelta(minutes=16),
    )
    return replace(basis, **more)


def draw(
    *jobs: Job, total: int | None = None, asked: str = "", owner: str = "Ada Osei", **more: Any
) -> dict[str, Any]:
    items = tuple((each, owner) for each in jobs)
    return job_list(
        JobList(items=items, total=len(jobs) if total is None else total, description=asked, now=NOW, **more)
    )


def sections(drawn: dict[str, Any]) -> list[str]:
    blocks = [block for attachment in drawn["attachments"] for block in attachment["blocks"]]
    return [block["text"]["text"] for block in blocks if block["type"] == "section"]


def footer(drawn: dict[str, Any]) -> str:
    blocks = [block for attachment in drawn["attachments"] for block in attachment["blocks"]]
    return "\n".join(
        each["text"] for block in blocks if block["type"] == "context" for each in block["elements"]
    )


def options(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    blocks = [block for attachment in drawn["attachments"] for block in attachment["blocks"]]
    (menu,) = [each for block in blocks if block["type"] == "actions" for each in block["elements"]]
    assert menu["action_id"] == ids.CHOOSE
    return cast("list[dict[str, Any]]", menu["options"])


def test_groups_come_in_the_order_of_what_matters_with_their_colours() -> None:
    drawn = draw(
        job(1, "Succeeded"), job(2), job(3, "Quoted"), job(4, "Hibernating"), job(5), job(6, "Failed")
    )
    colours = [attachment["color"] for attachment in drawn["attachments"]]
    titles = [section.split("\n")[0] for section in sections(drawn)]
    assert titles == [
        ":large_blue_circle: *Running*",
        ":moneybag: *Quoted*",
        ":x: *Failed*",
        ":white_check_mark: *Succeeded*",
        ":grey_question: *Other*",
    ]
    assert colours == ["#0d6efd", "#ffc107", "#dc3545", "#198754", "#adb5bd", "#adb5bd"]


def test_a_line_has_id_name_tool_share_owner_and_time() -> None:
    running = job(1, name="BRD series", progress=Progress(fraction=0.62))
    line = sections(draw(running))[0].split("\n")[1]
    assert line.startswith("`00000001`  BRD series · Docking · 62 % · Ada Osei · 16 min, since <!date^")


def test_lines_say_what_matters_in_their_status() -> None:
    ended = job(1, "Failed", completed_at=NOW)
    assert "· 16 min, ended <!date^" in sections(draw(ended))[0]
    assert "· $184.50, created <!date^" in sections(draw(job(1, "Quoted", quote=Quote(184.5, "d"))))[0]
    assert "· created <!date^" in sections(draw(job(1, "Cancelled")))[0]
    assert "· Hibernating ·" in sections(draw(job(1, "Hibernating")))[0]


def test_the_share_of_a_sub_step_is_not_taken_for_the_jobs() -> None:
    assert "%" not in sections(draw(job(1, progress=Progress(fraction=0.5, step="Binding FEP"))))[0]


def test_the_headline_counts_what_is_shown_and_what_matches() -> None:
    assert draw(job(1))["text"] == "1 job"
    assert draw(job(1), asked="running")["text"] == "1 job that matches `running`"
    assert draw(job(1), job(2), asked="mine")["text"] == "2 jobs that match `mine`"
    assert draw(job(1), job(2), total=1530)["text"] == "The 2 newest of 1,530 jobs"


def test_when_more_match_it_says_how_to_narrow() -> None:
    assert "To narrow" in footer(draw(job(1), total=2))
    assert "To narrow" not in footer(draw(job(1)))


def test_it_says_what_it_did_not_see() -> None:
    said = footer(draw(job(1), looked_through=1000, bad_rows=2))
    assert "newest 1,000 jobs" in said
    assert "2 jobs could not be read and are left out." in said


def test_the_menu_opens_each_job_once_in_the_order_of_the_groups() -> None:
    offered = options(draw(job(1, "Failed"), job(2, name="BRD series"), job(2)))
    assert [each["text"]["text"] for each in offered] == [
        "Docking 00000002 · Running",
        "Docking 00000001 · Failed",
    ]
    assert [ids.decode(each["value"]) for each in offered] == [
        ids.Value(job(2).id, 0),
        ids.Value(job(1).id, 0),
    ]


def test_fifty_jobs_with_long_words_are_cut_to_one_message_and_say_so() -> None:
    jobs = [job(number, "X" * 40, name="N" * 500, tool_key="T" * 80) for number in range(50)]
    drawn = draw(*jobs, owner="O" * 80)
    shown = len(options(drawn))
    assert 20 < shown < 50
    assert drawn["text"] == f"The {shown} newest of 50 jobs"
    assert "To narrow" in footer(drawn)


def test_nothing_found_names_what_was_asked() -> None:
    drawn = draw(asked="failed, tool:rbfe")
    assert drawn["text"].startswith("No job matches `failed, tool:rbfe`.")
    assert drawn["attachments"] == []


def test_nothing_found_still_says_how_far_it_looked() -> None:
    assert "newest 1,000 jobs" in footer(draw(asked="mine", looked_through=1000))


def test_an_empty_organisation_gets_a_sentence() -> None:
    assert draw()["text"].startswith("There are no jobs in this organisation yet.")


def test_what_was_asked_is_shown_as_text() -> None:
    assert draw(asked="tool:<!channel>`x`")["text"].startswith("No job matches `tool:&lt;!channel&gt;'x'`.")
