"""The App Home: their jobs by status, what they follow and where, what ended, and Slack's limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dojobbot.domain import Batch, BatchKind, Destination, Job, Progress, Quote, Subscription, Watch
from dojobbot.following import Overview
from dojobbot.slack.views import ids
from dojobbot.slack.views.home import Home, home, sentence
from tests.unit import view_strategies
from tests.unit.slack_budgets import home_problems

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
CHANNEL, DM = Destination("C0GENERAL1"), Destination("D0ADA")


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


def wish(about: Job, where: Destination = CHANNEL, **more: Any) -> tuple[Subscription, Job]:
    basis = Subscription(id=1, user_id="U1", job_id=about.id, destination=where, created_at=NOW)
    return replace(basis, **more), about


def card(about: Job, where: Destination = CHANNEL, **more: Any) -> tuple[Watch, Job]:
    basis = Watch(id=1, user_id="U1", job_id=about.id, destination=where, created_at=NOW)
    return replace(basis, **more), about


def draw(*under_way: Job, whose: str = "", note: str = "", lag: str = "", **more: Any) -> dict[str, Any]:
    counts = more.pop(
        "counts", {each.status: [one.status for one in under_way].count(each.status) for each in under_way}
    )
    for name in ("told", "watched"):
        more[f"{name}_in_all"] = more.get(f"{name}_in_all", len(more.get(name, ())))
    overview = Overview(under_way=under_way, counts=counts, **more)
    return cast("dict[str, Any]", home(Home(overview=overview, now=NOW, whose=whose, note=note, lag=lag)))


def texts(drawn: dict[str, Any], kind: str = "section") -> list[str]:
    if kind == "context":
        return [
            each["text"] for block in drawn["blocks"] if block["type"] == kind for each in block["elements"]
        ]
    return [block["text"]["text"] for block in drawn["blocks"] if block["type"] == kind]


def controls(drawn: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for block in drawn["blocks"] if block["type"] == "actions" for each in block["elements"]]


def test_jobs_under_way_are_grouped_by_status_as_in_the_list() -> None:
    drawn = draw(job(1, "Quoted", quote=Quote(184.5, "d")), job(2), job(3, "Hibernating"), job(4))
    assert [text.split("\n")[0] for text in texts(drawn)] == [
        ":large_blue_circle: *Running*",
        ":moneybag: *Quoted*",
        ":grey_question: *Other*",
    ]
    assert "$184.50" in texts(drawn)[1]
    assert "Hibernating" in texts(drawn)[2]


def test_progress_is_a_line_of_its_own_and_says_the_share_once() -> None:
    running = job(1, name="BRD series", progress=Progress(fraction=0.62, done=17, total=27, unit="ligands"))
    _, first, second = texts(draw(running))[0].split("\n")
    assert first.startswith("`00000001`  BRD series · Docking · 16 min, since <!date^")
    assert second.startswith(">`[######----] 62 %`  17 of 27 ligands")


def test_what_has_no_report_takes_one_line() -> None:
    assert len(texts(draw(job(1), job(2, "Queued")))[1].split("\n")) == 2


def test_more_than_is_shown_is_counted_by_status() -> None:
    queued = [job(number, "Queued") for number in range(10)]
    running, waiting = texts(draw(job(99), *queued, counts={"Queued": 1988, "Running": 1}))
    assert "more" not in running
    assert waiting.endswith("… and 1,978 more. `/jobs mine limit:50` lists them.")


def test_what_is_followed_says_where_how_and_what_is_paused() -> None:
    a, b = job(1, name="BRD series"), job(2, "Queued", name="KRAS screen")
    drawn = draw(
        told=(
            wish(a),
            wish(a, DM, failures_only=True),
            wish(b, paused_at=NOW, paused_because="is_archived"),
        ),
        watched=(card(a), card(b, batch=Batch(BatchKind.TAG, "cdk2-screen"))),
    )
    (followed,) = [text for text in texts(drawn) if "I tell you" in text]
    lines = followed.split("\n")
    assert lines[0].startswith(":large_blue_circle: `00000001`  BRD series · Docking · Running")
    assert lines[1] == (
        ">I tell you in <#C0GENERAL1> · I tell you in our direct messages, only if it fails · "
        "Live card in <#C0GENERAL1>"
    )
    assert "KRAS screen" in lines[2]
    assert lines[3] == ">I tell you in <#C0GENERAL1> (paused: it is archived)"
    assert lines[4:] == [":eyes: Many jobs on one card: Tag cdk2-screen", ">Live card in <#C0GENERAL1>"]


def test_of_much_that_is_followed_the_rest_is_counted() -> None:
    drawn = draw(told=tuple(wish(job(number)) for number in range(30)), told_in_all=70)
    assert any("… and 60 more." in text for text in texts(drawn))


def test_a_failure_gives_the_first_words_of_its_reason() -> None:
    reason = "OOMKilled: worker 3 exceeded 32Gi " * 20
    drawn = draw(ended=(job(1, "Failed", completed_at=NOW, reason=reason), job(2, "Succeeded")))
    (ended,) = [text for text in texts(drawn) if "Failed" in text]
    first, why, second = ended.split("\n")
    assert first.startswith(":x: `00000001`  Docking · Failed · 16 min, ended <!date^")
    assert why.startswith(">OOMKilled: worker 3 exceeded 32Gi")
    assert len(why) <= 121
    assert second.startswith(":white_check_mark: `00000002`")


def test_the_menu_opens_each_job_once_and_refresh_is_beside_it() -> None:
    a, b, c = job(1, "Queued"), job(2), job(3, "Failed")
    menu, refresh = controls(draw(a, b, told=(wish(b),), ended=(c,)))
    assert (menu["action_id"], refresh["action_id"]) == (ids.HOME_OPEN, ids.HOME_REFRESH)
    assert [ids.decode(each["value"]) for each in menu["options"]] == [
        ids.Value(each.id, 0) for each in (b, a, c)
    ]


def test_it_says_as_of_when_it_is_what_went_wrong_and_what_to_type() -> None:
    drawn = draw(job(1), note="Deep Origin does not answer.", lag="I last heard from it 2 h ago.")
    first, last = texts(drawn, "context")
    assert first.startswith("As of <!date^")
    assert first.endswith("· I last heard from it 2 h ago.")
    assert texts(drawn)[0] == "Deep Origin does not answer."
    assert "`/jobs`" in last


def test_nothing_to_show_is_a_sentence_with_a_next_step() -> None:
    drawn = draw()
    (said,) = texts(drawn)
    assert "Start one in Deep Origin" in said
    assert [each["action_id"] for each in controls(drawn)] == [ids.HOME_REFRESH]


def test_whoever_matches_nobody_sees_what_they_follow_all_the_same() -> None:
    said = texts(draw(whose="I looked for `ada@example.org`.", told=(wish(job(1)),)))
    assert said[0] == "I looked for `ada@example.org`."
    assert "I tell you in" in said[1]
    assert "Nothing of yours" not in str(said)


def test_a_sentence_alone_keeps_the_way_back() -> None:
    drawn = cast("dict[str, Any]", sentence("x" * 5000))
    assert home_problems(drawn) == []
    assert [each["action_id"] for each in controls(drawn)] == [ids.HOME_REFRESH]


some = st.lists(view_strategies.jobs(), max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mine=some, followed=some, ended=some, words=view_strategies.words, times=st.integers(1, 8))
def test_any_jobs_make_a_home_within_slacks_limits(
    mine: list[Job], followed: list[Job], ended: list[Job], words: str, times: int
) -> None:
    """Hostile words, huge trees, many of everything."""
    drawn = draw(
        *(mine * times),
        told=tuple(wish(each, DM, paused_at=NOW, paused_because=words) for each in followed * times),
        watched=tuple(card(each, DM, batch=Batch(BatchKind.WORDS, words)) for each in followed),
        ended=tuple(ended),
        counts={each.status: 5000 for each in mine},
    )
    assert home_problems(drawn) == []


def test_the_longest_lines_of_all_kinds_fit_together() -> None:
    """As many as the store gives, each with all that a line can hold."""
    statuses = (
        "Running",
        "Finishing",
        "DataIngesting",
        "Queued",
        "Created",
        "Accepted",
        "Suspended",
        "Quoted",
    )
    long = "N" * 400
    report = Progress(fraction=0.5, note=long, result=long, done=10**12, total=10**13, unit=long)
    mine = [
        job(number, status, name=long, tool_key=long, progress=report)
        for number, status in enumerate(statuses * 10)
    ]
    drawn = draw(
        *mine,
        told=tuple(wish(each, DM, paused_at=NOW, paused_because=long) for each in mine[:50]),
        ended=tuple(replace(each, status="Failed", reason=long) for each in mine[:10]),
    )
    assert home_problems(drawn) == []
    groups = [text.split("\n")[0] for text in texts(drawn) if "*" in text]
    assert len(groups) == len(statuses)
