"""The short answers: each names what happened and what to do next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dojobbot.domain import Job, Quote, QuoteLine
from dojobbot.errors import (
    InvalidQuery,
    PlatformRefused,
    PlatformRestricted,
    PlatformUnavailable,
    TokenRejected,
)
from dojobbot.slack.views import answers, ids

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)
JOB = Job(
    id="9e9eb45e-1c58-5f0c-9d3b-0a4f2b7e6c11",
    status="Running",
    raw_status="Running",
    tool_key="deeporigin.docking",
    started_at=NOW - timedelta(minutes=16),
)


def opens(drawn: dict[str, Any]) -> list[str]:
    """The ids of the jobs that can be opened from an answer."""
    blocks = [block for attachment in drawn["attachments"] for block in attachment["blocks"]]
    values = [ids.decode(block["accessory"]["value"]) for block in blocks if "accessory" in block]
    return [value.job_id for value in values if value is not None]


@pytest.mark.parametrize(
    "error",
    [
        InvalidQuery("I don't know `x`."),
        PlatformUnavailable("No answer."),
        PlatformRestricted("Too few credits.", status=200),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error: InvalidQuery) -> None:
    assert answers.from_error(error)["text"] == f":warning: {error} {error.hint}"


def test_an_error_that_quotes_foreign_text_pings_nobody() -> None:
    assert "<!channel>" not in str(answers.from_error(InvalidQuery("I don't know `<!channel>`.")))


def test_what_to_do_is_said_in_the_words_of_slack() -> None:
    """An error itself knows no button, and whose token it is only where it is shown."""
    refused = PlatformRefused("It is Cancelled.", status=409)
    assert answers.words_of(refused) == "It is Cancelled. Press Refresh to see where the job is now."
    assert answers.words_of(TokenRejected("The token expired.")).startswith(
        "The token expired. Whoever runs dojobbot sets a new `DO_AUTH_TOKEN`"
    )
    restricted = PlatformRestricted("Too few credits.", status=200, hint="Ask Ada.")
    assert answers.words_of(restricted) == "Too few credits. Ask Ada."


def test_several_matches_can_each_be_opened() -> None:
    other = replace(JOB, id="9e9eb4ff-1c58-5f0c-9d3b-0a4f2b7e6c11", status="Failed")
    drawn: dict[str, Any] = answers.choices("9e9eb4", (JOB, other), now=NOW)
    assert drawn["text"] == "Several jobs begin with `9e9eb4`. Which one do you mean?"
    assert opens(drawn) == [JOB.id, other.id]


def test_no_match_says_how_far_it_looked_and_offers_the_newest() -> None:
    drawn: dict[str, Any] = answers.not_found("abcdef", (JOB,), looked_through=1000, now=NOW)
    assert "No job begins with `abcdef` among the newest 1,000" in drawn["text"]
    assert "paste all of it" in drawn["text"]
    assert opens(drawn) == [JOB.id]


def test_no_match_in_an_empty_organisation_is_a_sentence() -> None:
    assert answers.not_found("abcdef", (), looked_through=0, now=NOW)["attachments"] == []


def test_mine_names_the_address_that_was_looked_for() -> None:
    assert "`ada@example.org`" in str(answers.nobody_matches("ada@example.org", confirmed=True)["text"])
    assert "not confirmed" in str(answers.nobody_matches("ada@example.org", confirmed=False)["text"])
    assert "no e-mail address" in str(answers.nobody_matches(None, confirmed=False)["text"])


def test_a_typed_approve_leads_to_the_button_or_says_why_not() -> None:
    quoted = replace(JOB, status="Quoted", quote=Quote(184.5, "abc"))
    assert answers.approve_below(quoted) == "Look at the price, then press *Approve* below."
    assert "no price" in answers.approve_below(replace(quoted, quote=None))
    partly = Quote(None, "abc", (QuoteLine("GPU-001", 1, None, None),))
    assert answers.approve_below(replace(quoted, quote=partly)) == (
        "Deep Origin could not quote GPU-001, so there is no sum to approve. "
        "Ask for a new quote, or look at the job on Deep Origin's own page."
    )
    assert answers.approve_below(JOB) == "There is nothing to approve: this job is running."


def test_the_helps_show_every_word() -> None:
    jobs_help, job_help = str(answers.jobs_help()), str(answers.job_help())
    assert all(word in jobs_help for word in ("mine", "tool:", "since:", "limit:", "completed"))
    assert all(word in job_help for word in ("watch", "stop", "notify", "mute", "cancel", "approve"))


def test_a_quote_whose_id_no_button_can_carry_is_approved_elsewhere() -> None:
    """The platform's ids are UUIDs; anything odd gets a sentence and no button."""
    odd = replace(JOB, id="<odd> id", status="Quoted", quote=Quote(46.0, "abc123"))
    assert "approve it there" in answers.approve_below(odd)
