"""Jobs as Hypothesis makes them: hostile names, huge trees, unknown statuses, missing everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from dojobbot.domain import GONE, KNOWN_STATUSES, Action, ActionKind, Branch, Job, Progress, Quote, QuoteLine

NOW = datetime(2026, 11, 20, 9, 31, tzinfo=UTC)

HOSTILE = (
    "<!channel> *bold* `code` <https://evil.example|free> & @here #general",
    "&" * 400,
    "<" * 4000,
    "\u202e\u200b\x00\n\t ",
    "```\n<@U123>\n```",
    "&lt;!channel&gt;",
    "🧪" * 300,
)
words = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=400))
maybe_words = st.none() | words
statuses = st.one_of(st.sampled_from((*KNOWN_STATUSES, GONE)), words)
moments = st.datetimes(timezones=st.sampled_from((UTC, timezone(timedelta(hours=9))))).filter(
    lambda moment: 1 < moment.year < 9999
)
fractions = st.none() | st.floats(0, 1)
counts = st.integers(0, 10**15)
ids = st.uuids().map(str) | words

progresses = st.builds(
    Progress,
    fraction=fractions,
    done=st.none() | counts,
    failed=counts,
    total=st.none() | counts,
    unit=words,
    step=words,
    step_number=st.none() | counts,
    step_count=st.none() | counts,
    steps=st.lists(words, max_size=6).map(tuple),
    ns_per_step=st.none() | st.floats(0, 1e-3),
    failure=words,
    sub_step=words,
    note=words,
    result=words,
    seconds_left=st.none() | st.floats(0, 1e12),
    branches=st.lists(
        st.builds(Branch, st.integers(0, 50), words, statuses, fractions, words), max_size=40
    ).map(tuple),
)
amounts = st.floats(-1e6, 1e15)
quote_lines = st.builds(QuoteLine, words, st.none() | amounts, st.none() | amounts, st.none() | amounts)
quotes = st.builds(
    Quote,
    st.none() | amounts,
    st.text("0123456789abcdef", min_size=8, max_size=16),
    st.lists(quote_lines, max_size=30).map(tuple),
)


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Any job at all."""
    status = draw(statuses)
    return Job(
        id=draw(ids),
        status=status,
        raw_status=status,
        name=draw(maybe_words),
        tool_key=draw(maybe_words),
        tool_version=draw(maybe_words),
        created_by=draw(maybe_words),
        created_at=draw(st.none() | moments),
        started_at=draw(st.none() | moments),
        completed_at=draw(st.none() | moments),
        updated_at=draw(st.none() | moments),
        reason=draw(maybe_words),
        progress=draw(st.none() | progresses),
        quote=draw(st.none() | quotes),
    )


actions = st.builds(
    Action,
    id=st.just(1),
    job_id=st.just("x"),
    kind=st.sampled_from(ActionKind),
    user_id=st.sampled_from(("U1", "<!channel>")),
    asked_at=moments,
    closed_at=st.none() | moments,
    outcome=st.sampled_from(("", "cancelled", "approved", "too late", "refused", "<!here>")),
)
