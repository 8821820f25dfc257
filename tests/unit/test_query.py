"""What people type after `/jobs` and `/job`, and what they are told when it is not understood."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dojobbot.errors import InvalidQuery
from dojobbot.query import VERBS, JobQuery, JobsQuery, parse_job, parse_jobs
from dojobbot.slack.views import answers

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
FULL = "9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11"
OTHER = "11111111-2222-3333-4444-555555555555"


def jobs(text: str, tz: str = "UTC") -> JobsQuery:
    return parse_jobs(text, now=NOW, tz=tz)


def refusal(text: str) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as caught:
        jobs(text)
    return caught.value


def job_refusal(text: str) -> InvalidQuery:
    with pytest.raises(InvalidQuery) as caught:
        parse_job(text)
    return caught.value


# --- /jobs


def test_nothing_typed_asks_for_the_ten_newest() -> None:
    assert jobs("") == JobsQuery(limit=10)


@pytest.mark.parametrize(
    "typed", ["running failed", "RUNNING, Failed", "failed,running,running", "`running` failed"]
)
def test_statuses_come_in_any_case_with_spaces_or_commas(typed: str) -> None:
    assert jobs(typed).statuses == {"Running", "Failed"}


def test_completed_is_succeeded() -> None:
    assert jobs("completed").statuses == jobs("succeeded").statuses == {"Succeeded"}


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("quoted", "Quoted"),
        ("insufficientfunds", "InsufficientFunds"),
        ("failedquotation", "FailedQuotation"),
        ("dataingesting", "DataIngesting"),
    ],
)
def test_every_known_status_can_be_asked_for(typed: str, status: str) -> None:
    assert jobs(typed).statuses == {status}


def test_all_words_together_are_described_as_typed() -> None:
    query = jobs("mine completed tool:docking since:7d limit:20")
    assert (query.mine, query.tool, query.limit) == (True, "docking", 20)
    assert query.since == NOW - timedelta(days=7)
    assert query.description == "completed, mine, tool:docking, since:7d"


@pytest.mark.parametrize(
    ("typed", "ago"),
    [("since:12h", timedelta(hours=12)), ("since:7d", timedelta(days=7)), ("Since:2W", timedelta(weeks=2))],
)
def test_since_counts_back_from_now(typed: str, ago: timedelta) -> None:
    assert jobs(typed).since == NOW - ago


@pytest.mark.parametrize(
    ("tz", "begins"),
    [
        ("UTC", datetime(2026, 11, 19, tzinfo=UTC)),
        ("Asia/Tokyo", datetime(2026, 11, 18, 15, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 19, 5, tzinfo=UTC)),
        ("No/Such_Zone", datetime(2026, 11, 19, tzinfo=UTC)),
        ("Europe", datetime(2026, 11, 19, tzinfo=UTC)),
        ("", datetime(2026, 11, 19, tzinfo=UTC)),
    ],
)
def test_a_date_begins_at_midnight_where_the_person_is(tz: str, begins: datetime) -> None:
    assert jobs("since:2026-11-19", tz).since == begins


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("runing", "running"),
        ("faild", "failed"),
        ("canceled", "cancelled"),
        ("hlep", "help"),
        ("success", "succeeded"),
        ("tol:docking", "tool:docking"),
        ("tool", "tool:"),
    ],
)
def test_a_misspelt_word_gets_a_suggestion(typed: str, near: str) -> None:
    assert f"Did you mean `{near}`?" in str(refusal(typed))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("since:2027-01-01", "future"),
        ("since:20w30d", "not a time"),
        ("since:2026-02-30", "not a time"),
        ("since:yesterday", "not a time"),
        ("since:999999w", "ten years"),
        ("since:0001-01-01", "ten years"),
        ("since:", "needs a value"),
        ("tool:", "needs a value"),
        ("tool:a tool:b", "contradict"),
        ("since:1d since:2d", "contradict"),
        ("limit:0", "1 to 50"),
        ("limit:51", "1 to 50"),
        ("limit:many", "1 to 50"),
        ("limit:²", "1 to 50"),
        ("limit:-3", "1 to 50"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(typed: str, said: str) -> None:
    error = refusal(typed)
    assert said in str(error)
    assert error.hint


def test_the_same_word_twice_is_no_contradiction() -> None:
    assert jobs("mine mine tool:rbfe tool:rbfe") == jobs("mine tool:rbfe")


def test_help_wins_over_everything_else() -> None:
    assert jobs("running HELP whatever") == JobsQuery(help=True)


@pytest.mark.parametrize(
    ("typed", "said", "hint"),
    [
        ("cancel 9e9eb45e", "`cancel` is about one job.", "Type `/job 9e9eb45e cancel`."),
        (f"{FULL} cancel", "looks like a job's id.", f"Type `/job {FULL} cancel`."),
        ("9e9eb45e", "`9e9eb45e` looks like a job's id.", "Type `/job 9e9eb45e` to open it."),
        ("watch 9e9eb45e", "`9e9eb45e` looks like a job's id.", "Type `/job 9e9eb45e watch`."),
        ("notify", "`notify` is about one job.", "Type `/job <id> notify`."),
    ],
)
def test_what_is_about_one_job_points_to_the_other_command(typed: str, said: str, hint: str) -> None:
    error = refusal(typed)
    assert said in str(error)
    assert error.hint == hint


def test_a_tag_may_end_as_it_likes() -> None:
    assert jobs("tag:cdk2(b)").tag == "cdk2(b)"


def test_characters_that_nobody_sees_make_no_other_word() -> None:
    assert jobs("run\u200bning\u2060 mine\ufeff") == jobs("running mine")
    assert parse_job("\u200b9e9eb45e\u00ad cancel") == parse_job("9e9eb45e cancel")


# --- /job


@pytest.mark.parametrize(
    "typed",
    [
        FULL,
        FULL.upper(),
        f"`{FULL}`",
        f"<https://os.deeporigin.io/jobs/{FULL}|https://os.deeporigin.io/jobs/{FULL}>",
        f"https://os.deeporigin.io/projects/{OTHER}/executions/{FULL}?tab=inputs",
        f"&lt;https://os.deeporigin.io/jobs/{FULL}&gt;",
    ],
)
def test_an_id_is_found_in_what_was_pasted(typed: str) -> None:
    assert parse_job(typed) == JobQuery(target=FULL)


@pytest.mark.parametrize(
    ("typed", "target"),
    [
        ("9e9eb4", "9e9eb4"),
        ("9E9EB45E", "9e9eb45e"),
        ("9e9eb45e-1c", "9e9eb45e-1c"),
        (FULL.replace("-", ""), FULL),
        ("9e9eb45e,", "9e9eb45e"),
        ("(9e9eb45e)", "9e9eb45e"),
        ("[9e9eb45e].", "9e9eb45e"),
        ("#9e9eb45e…", "9e9eb45e"),
        (f"({FULL}),", FULL),
    ],
)
def test_six_characters_of_an_id_are_a_prefix(typed: str, target: str) -> None:
    assert parse_job(typed).target == target


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_may_follow_or_lead_in_any_case(verb: str) -> None:
    assert parse_job(f"9e9eb45e {verb.upper()}") == parse_job(f"{verb} 9e9eb45e")
    assert parse_job(f"9e9eb45e {verb}").verb == verb


@pytest.mark.parametrize("typed", ["", "   ", "help", "9e9eb45e help"])
def test_nothing_or_help_shows_the_help(typed: str) -> None:
    assert parse_job(typed) == JobQuery(help=True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9e9e", "too short"),
        ("BRD series", "I don't know `brd`"),
        ("9e9eb45e cancl", "Did you mean `cancel`?"),
        ("9e9eb45e notify failure", "Did you mean `failures`?"),
        ("9e9eb45e delete", "Did you mean `cancel`?"),
        ("9e9eb45e watch stop", "both `watch` and `stop`"),
        ("9e9eb45e 1a2b3c4d", "more than one job"),
        ("cancel", "Which job do you mean to cancel?"),
        ("https://os.deeporigin.io/jobs", "no job id in that link"),
    ],
)
def test_what_names_no_job_is_refused_with_a_reason(typed: str, said: str) -> None:
    error = job_refusal(typed)
    assert said in str(error)
    assert error.hint


# --- where the words are said


def test_slacks_hints_and_the_help_name_every_word() -> None:
    """A hint holds 1,000 characters (reference/app-manifest)."""
    manifest = (Path(__file__).resolve().parents[2] / "manifest.yml").read_text("utf-8")
    jobs_hint, job_hint = re.findall(r'usage_hint: "(.*)"', manifest)
    assert max(len(jobs_hint), len(job_hint)) <= 1000
    helped = str(answers.jobs_help())
    for word in ("mine", "tool:", "tag:", "session:", "since:", "limit:", "watch", "export", "stats"):
        assert word in jobs_hint, word
        assert word in helped, word
    helped = str(answers.job_help())
    for verb in (*VERBS, "failures"):
        assert verb in job_hint, verb
        assert verb in helped, verb


# --- anything at all

pieces = st.sampled_from(
    [
        "running",
        "mine",
        "tool:",
        "since:",
        "limit:",
        "7d",
        "2026-11-20",
        ",",
        " ",
        "help",
        FULL,
        "cancel",
        "<",
        "`",
        "9",
    ]
)
anything = st.one_of(
    st.text(max_size=200), st.lists(pieces, max_size=8).map("".join), st.lists(pieces).map(" ".join)
)


def expect_helpful(error: InvalidQuery) -> None:
    assert 0 < len(str(error).strip()) < 300
    assert error.hint.strip()


@given(text=anything, tz=st.one_of(st.text(max_size=20), st.just("Europe/Berlin")))
def test_any_words_after_jobs_give_a_query_or_a_hint(text: str, tz: str) -> None:
    try:
        query = parse_jobs(text, now=NOW, tz=tz)
    except InvalidQuery as error:
        expect_helpful(error)
    else:
        assert 1 <= query.limit <= 50
        assert query.since is None or query.since <= NOW


@given(text=anything)
def test_any_words_after_job_give_a_query_or_a_hint(text: str) -> None:
    try:
        query = parse_job(text)
    except InvalidQuery as error:
        expect_helpful(error)
    else:
        assert query.help or 6 <= len(query.target) <= 36


@pytest.mark.parametrize(
    "typed", ["9e9eb45e notify failures", "notify failures 9e9eb45e", "failures 9e9eb45e NOTIFY"]
)
def test_failures_narrows_notify(typed: str) -> None:
    assert parse_job(typed) == JobQuery(target="9e9eb45e", verb="failures")


@pytest.mark.parametrize(
    "typed", ["9e9eb45e failures", "9e9eb45e watch failures", "9e9eb45e notify mute failures"]
)
def test_failures_goes_with_notify_alone(typed: str) -> None:
    with pytest.raises(InvalidQuery, match="goes with `notify`"):
        parse_job(typed)
