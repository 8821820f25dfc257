"""What is read out of `/jobs export ...` and `/jobs stats ...`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dojobbot.errors import InvalidQuery
from dojobbot.orders import FileKind
from dojobbot.query_reports import Report, ReportQuery, parse_report

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def read(text: str, tz: str = "Europe/Paris") -> ReportQuery:
    """Parse words that ask for a report."""
    found = parse_report(text, now=NOW, tz=tz)
    assert found is not None
    return found


def refused(text: str) -> str:
    """What is said about words that are not understood: the message and the hint."""
    with pytest.raises(InvalidQuery) as caught:
        parse_report(text, now=NOW, tz="UTC")
    return f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("text", ["", "failed mine", "help", "export help", "stats help", "exprot"])
def test_other_words_are_for_the_list(text: str) -> None:
    """Also help, and what is mistyped."""
    assert parse_report(text, now=NOW, tz="UTC") is None


def test_export_alone_is_every_job_as_csv() -> None:
    """Nothing is added unless asked for."""
    query = read("export")
    assert (query.report, query.kind, query.extras, query.limit) == (Report.EXPORT, FileKind.CSV, (), None)
    assert query.jobs.statuses == frozenset()
    assert query.jobs.since is None


def test_the_other_words_mean_the_jobs_that_the_list_has() -> None:
    """Statuses, mine, tool and since, wherever they stand."""
    query = read("failed, Completed export mine tool:docking since:7d")
    assert query.jobs.statuses == {"Failed", "Succeeded"}
    assert query.jobs.mine
    assert query.jobs.tool == "docking"
    assert query.jobs.since == NOW - timedelta(days=7)
    assert query.jobs.description == "failed, completed, mine, tool:docking, since:7d"


@pytest.mark.parametrize(
    "text",
    [
        "export with:metadata,outputs as:xlsx",
        "export with:outputs, metadata as:excel",
        "Export WITH:Outputs with:metadata AS:XLSX",
        "as:xlsx, export, with:`metadata`,outputs",
    ],
)
def test_what_is_added_and_the_kind_of_file(text: str) -> None:
    """With or without spaces behind commas, once or several times; in the order of the columns."""
    query = read(text)
    assert query.extras == ("metadata", "outputs")
    assert query.kind is FileKind.XLSX


def test_a_comma_after_with_begins_another_word_when_it_is_one() -> None:
    """`with:inputs, failed` is inputs of the failed ones."""
    query = read("export with:inputs, failed")
    assert query.extras == ("inputs",)
    assert query.jobs.statuses == {"Failed"}


def test_an_export_may_be_longer_than_a_list() -> None:
    """But not longer than a sheet."""
    assert read("export limit:50000").limit == 50_000
    assert "1,000,000" in refused("export limit:2000000")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("export as:pdf", "as:xlsx"),
        ("export as:", "as:csv"),
        ("export as:csv as:json", "contradict"),
        ("export with:", "with:metadata,inputs,outputs"),
        ("export with:metdata", "Did you mean `with:metadata`?"),
        ("export limit:0", "limit:500"),
        ("stats export", "both"),
        ("export watch", "at once"),
        ("failed as:csv", "/jobs export"),
        ("stats with:inputs", "/jobs export"),
        ("stats limit:5", "since:7d"),
        ("export faild", "Did you mean `failed`?"),
    ],
)
def test_what_is_not_understood_is_answered_with_what_to_type(text: str, said: str) -> None:
    """Nothing is guessed."""
    assert said in refused(text)


def test_figures_are_about_the_last_fourteen_days_of_the_asker() -> None:
    """Whole days in their zone, today among them; and they say so."""
    jobs = read("stats mine").jobs
    assert jobs.since == datetime(2026, 11, 8, 23, 0, tzinfo=UTC)
    assert jobs.description == "mine, last 14 days"
    assert read("stats since:2d").jobs.description == "since:2d"


@pytest.mark.parametrize("text", ["since:2d", "since:40h", "since:2026-11-20"])
def test_figures_begin_at_midnight(text: str) -> None:
    """Half a first day would look like a quiet one. A file has what was asked for, to the minute."""
    assert read(f"stats {text}").jobs.since == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)
    exact = read(f"export {text}").jobs.since
    assert (exact == datetime(2026, 11, 19, 23, 0, tzinfo=UTC)) is text.endswith("20")
