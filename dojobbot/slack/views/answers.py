"""The short private answers: sentences, help, errors, choices, and the notes that a card shows at its top."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dojobbot.domain import Job
from dojobbot.errors import DojobbotError, JobNotFound, PlatformRefused, TokenRejected
from dojobbot.slack.text import clip, code, escape, foreign
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.card import approve_button
from dojobbot.slack.views.describe import row, title
from dojobbot.slack.views.quote import ASK_AGAIN, gap
from dojobbot.slack.views.status import OTHER, look, outcome

__all__ = [
    "ASKING",
    "NOTHING_LEFT",
    "OLD_BUTTON",
    "approve_below",
    "choices",
    "file_of",
    "from_error",
    "job_help",
    "jobs_help",
    "nobody_matches",
    "not_found",
    "placeholder",
    "restarting",
    "sentence",
    "unmatched",
    "words_of",
]

ASKING = ":hourglass_flowing_sand: Asking Deep Origin…"
NOTHING_LEFT = "There is nothing left to follow."
"""A card's note: its headline says how the job ended."""
OLD_BUTTON = "This button is from another version of me. Type `/jobs` for a fresh list."
_LONGEST = 2000
_IN_SLACK = {
    DojobbotError.hint: "Try again; if it stays, tell the person who runs dojobbot.",
    TokenRejected.hint: "Whoever runs dojobbot sets a new `DO_AUTH_TOKEN` (and checks `DO_ORG_KEY`), "
    "then restarts it.",
    JobNotFound.hint: "Check the id. `/jobs` shows the newest ones.",
    PlatformRefused.hint: "Press Refresh to see where the job is now.",
}
"""What to do, in words that know the buttons and commands at hand, and that the token is not the reader's."""


def sentence(text: str) -> Payload:
    """Answer with a sentence of ours (mrkdwn; foreign parts escaped by the caller)."""
    return blocks.message(clip(text, _LONGEST))


def placeholder() -> Payload:
    """Say that it takes a moment."""
    return sentence(ASKING)


def restarting() -> Payload:
    """Say that what was asked for was cut short."""
    return sentence(
        "I'm being restarted, so I can't tell what came of this. Open the job again in a minute with `/job`."
    )


def words_of(error: DojobbotError) -> str:
    """Say what went wrong and what to do next, escaped, as whole sentences."""
    said = clip(escape(str(error)).rstrip(), 1000)
    todo = _IN_SLACK.get(error.hint, error.hint)
    return f"{said if said.endswith(('.', '!', '?', '…')) else said + '.'} {escape(todo)}"


def from_error(error: DojobbotError, more: str = "") -> Payload:
    """Answer with what went wrong and what to do next, and `more` of ours (mrkdwn) behind it."""
    return sentence(f":warning: {words_of(error)} {more}".rstrip())


def file_of(job: Job, filename: str) -> str:
    """Say, in mrkdwn, which job a file is about."""
    return f"{code(filename)} of {title(job)}"


def jobs_help() -> Payload:
    """Explain `/jobs`."""
    return _help(
        "`/jobs` lists the newest jobs. Add words to narrow it:",
        (
            ("/jobs running failed", "by status; `completed` means succeeded"),
            ("/jobs mine", "only yours"),
            ("/jobs tool:docking", "by tool"),
            ("/jobs tag:cdk2-screen", "by tag; `session:906a456b` by session"),
            ("/jobs since:7d", "created lately: `12h`, `7d`, `2w` or a date such as `2026-11-20`"),
            ("/jobs limit:20", "how many to show: 10 unless said, 50 at most"),
            ("/jobs mine failed since:2w", "all of it together"),
            ("/jobs watch tag:cdk2-screen", "posts one live card here for all jobs that match"),
            ("/jobs export failed", "sends them (not the hidden ones) as a file into our direct messages"),
            ("/jobs export with:metadata,inputs,outputs", "adds these columns"),
            ("/jobs export as:xlsx", "the kind of file: `csv` unless said, `xlsx` or `json`"),
            ("/jobs stats mine", "figures of the last 14 days, or `since:90d`"),
        ),
        "To open one job: `/job <id>`. My Home tab shows your own jobs and all that you follow.",
    )


def job_help() -> Payload:
    """Explain `/job`."""
    return _help(
        "`/job` opens one job: its state, its progress and what you can do.",
        (
            ("/job 9e9eb45e", "the first six or more characters of its id"),
            ("/job <link>", "or a Deep Origin link that contains the id"),
            ("/job 9e9eb45e notify", "tells you when it ends; `mute` stops that"),
            ("/job 9e9eb45e notify failures", "tells you only if it fails"),
            ("/job 9e9eb45e watch", "posts a live card here; `stop` ends that"),
            ("/job 9e9eb45e deliveries", "why didn't I get this? What I saw, and whom I told"),
            ("/job 9e9eb45e cancel", "cancels it, if it is yours"),
            ("/job 9e9eb45e approve", "shows its quote, to approve it"),
        ),
        "To find an id: `/jobs`. Details, on the card, shows inputs, outputs, the bill and the log.",
    )


def choices(prefix: str, jobs: Sequence[Job], *, now: datetime) -> Payload:
    """Offer the jobs, newest first, that begin with a prefix."""
    text = f"Several jobs begin with {code(prefix, 40)}. Which one do you mean?"
    return blocks.message(text, [blocks.attachment(OTHER.color, [_offer(job, now) for job in jobs])])


def not_found(target: str, newest: Sequence[Job], *, looked_through: int | None, now: datetime) -> Payload:
    """Say that there is no such job, and offer the newest ones.

    Args:
        target: a full id, or the beginning of one.
        newest: what to offer.
        looked_through: among how many of the newest a beginning was looked for; None for a full id.
        now: the present.
    """
    if looked_through is None:
        text = f"Deep Origin knows no job {code(target, 40)}. Check the id."
    else:
        text = (
            f"No job begins with {code(target, 40)} among the newest {looked_through:,} and those I know. "
            "Check the id, or paste all of it: then I find older jobs, too."
        )
    if not newest:
        return sentence(text)
    body = [blocks.context("The newest ones are:"), *(_offer(job, now) for job in newest)]
    return blocks.message(text, [blocks.attachment(OTHER.color, body)])


def nobody_matches(email: str | None, *, confirmed: bool) -> Payload:
    """Say why `mine` finds nobody's jobs: which e-mail was looked for, and what would help."""
    reason, remedy = unmatched(email, confirmed=confirmed)
    return sentence(f"{reason} Leave out `mine`, or {remedy}.")


def unmatched(email: str | None, *, confirmed: bool) -> tuple[str, str]:
    """Say why nobody's jobs can be told to be a person's: a sentence, and what would help (`do this`)."""
    if email is None:
        return (
            "Slack shows me no e-mail address for you, so I can't tell which jobs are yours.",
            "ask your Slack administrator to let apps see e-mail addresses",
        )
    address = code(email, 100)
    if not confirmed:
        return (
            f"Your Slack e-mail address, {address}, is not confirmed, so I can't tell which jobs are yours.",
            "confirm it in Slack",
        )
    return (
        f"I looked for {address}, your address in Slack, and not exactly one person in Deep Origin has it.",
        "use the same address in both",
    )


def approve_below(job: Job) -> str:
    """Say, as a card's note, what to do about the quote that the card shows."""
    if job.status != "Quoted":
        return f"There is nothing to approve: this job {outcome(job)}."
    if job.quote is not None and job.quote.amount is None:
        return f"{foreign(gap(job.quote), 400)} {ASK_AGAIN}"
    if approve_button(job, 0) is None:
        return "Deep Origin sent no price with this quote, so approve it there."
    return "Look at the price, then press *Approve* below."


def _help(text: str, lines: Sequence[tuple[str, str]], last: str) -> Payload:
    table = "\n".join(f"`{escape(typed)}`  {meaning}" for typed, meaning in lines)
    body = [blocks.section(table), blocks.context(escape(last))]
    return blocks.message(text, [blocks.attachment(OTHER.color, body)])


def _offer(job: Job, now: datetime) -> Block:
    line = f"{look(job.status).emoji} {row(job, '', now, says_status=True)}"
    if not ids.carriable(job.id):
        return blocks.section(line)
    return blocks.section(line, blocks.button("Open", ids.OPEN, ids.encode(ids.Value(job.id, 0))))
