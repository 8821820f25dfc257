"""The card of one job: private after `/job`, live in a channel when watched, or shared."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dojobbot.domain import Action, ActionKind, Job, KnownJob
from dojobbot.slack.text import date, mention, money, stamp
from dojobbot.slack.views import blocks, ids
from dojobbot.slack.views.blocks import Block, Payload
from dojobbot.slack.views.describe import full_title, headline, identity, state, times
from dojobbot.slack.views.progress import chain, summary, tree
from dojobbot.slack.views.quote import prices
from dojobbot.slack.views.status import look
from dojobbot.slack.views.why import quoted

__all__ = ["ANSWERED_WITHIN", "Card", "approve_button", "body", "card", "fingerprint"]

ANSWERED_WITHIN = {ActionKind.CANCEL: timedelta(minutes=2), ActionKind.APPROVE: timedelta(minutes=15)}
"""How long the platform may take to answer before a card offers the same button again."""
ONLY_IF = "Tell me only if it fails"
_NO_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card shows.

    Args:
        known: the job as stored; its `seq` travels in the buttons.
        owner: the owner's name, foreign text.
        now: the time of drawing.
        private: for one person's eyes: offers Share, and shows the tool's free text.
        notifying: whether that person is to be told already (private cards).
        failures_only: whether that is so only if the job fails.
        watching: whether a watch of this job is open here.
        action: the job's latest cancel or approval, open or closed.
        note: a sentence of ours, mrkdwn, on what just happened; shown at the top.
        shared_by: the Slack user id of who shared it.
        lag: a sentence on how long the platform was not heard; for private cards, which are drawn anew.
        paused: a sentence on the person's subscriptions that are paused (private cards).
    """

    known: KnownJob
    owner: str
    now: datetime
    private: bool
    notifying: bool = False
    failures_only: bool = False
    watching: bool = False
    action: Action | None = None
    note: str = ""
    shared_by: str = ""
    lag: str = ""
    paused: str = ""


def card(view: Card) -> Payload:
    """Draw a card: the headline as `text`, one attachment with the status's colour bar below it."""
    job = view.known.job
    first, *rest = body(view)
    drawn = [*([blocks.section(view.note)] if view.note else []), first]
    drawn += [*prices(job, as_table=view.private), *rest]
    if ids.carriable(job.id):
        drawn.append(blocks.actions(_buttons(view)))
    return blocks.message(headline(job), [blocks.attachment(look(job.status).color, drawn)])


def body(view: Card) -> list[Block]:
    """Draw what a card says between its note and its buttons, but for the prices: a modal takes no table."""
    drawn = [blocks.section("\n".join(_lines(view)))]
    branches = tree(view.known.job, private=view.private)
    if branches:
        drawn.append(blocks.section(branches))
    return [*drawn, blocks.context(" · ".join(_small_print(view)))]


def fingerprint(view: Card) -> str:
    """Give a digest of what a card shows, the mere passing of time apart.

    It is drawn at a fixed time, and without the version, which moves with changes that nobody sees, too. That
    an action has waited too long for its answer is seen, by the buttons.
    """
    timeless = replace(view, now=_NO_TIME, known=replace(view.known, seq=0))
    seen = [card(timeless), _awaits_answer(view)]
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:32]


def approve_button(job: Job, seq: int) -> Block | None:
    """Build the Approve button of a quoted job, or None where there is no price to agree to, or an odd id."""
    quote = job.quote
    if job.status != "Quoted" or not ids.carriable(job.id):
        return None
    amount = None if quote is None else quote.amount
    if quote is None or amount is None or not math.isfinite(amount) or amount < 0:
        return None
    price = money(amount)
    dialog = blocks.confirm(
        "Approve this quote?",
        f"{full_title(job, 120)} will run and cost {price}.",
        f"Approve {price}" if len(price) <= 20 else "Approve",
        "Not now",
        "primary",
    )
    value = ids.encode(ids.Value(job.id, seq, quote.digest, amount))
    return blocks.button("Approve", ids.APPROVE, value, style="primary", dialog=dialog)


def _lines(view: Card) -> list[str]:
    job = view.known.job
    asked = _action_line(view) if _is_open(view.action) else ""
    done = [summary(job, view.now, private=view.private), chain(job)]
    why = quoted(job, private=view.private, innermost=view.private)
    lines = [identity(job, view.owner), state(job, view.now), asked, *done, why]
    return [line for line in lines if line]


def _small_print(view: Card) -> list[str]:
    job = view.known.job
    said = [*times(job, view.now), "" if _is_open(view.action) else _action_line(view)]
    if view.notifying and not job.has_ended:
        said.append(f"I tell you {'only if it fails' if view.failures_only else 'when it ends'}")
    if view.shared_by:
        said.append(f"Shared by {mention(view.shared_by)}")
    said += [view.paused, f"As of {stamp(view.now)}", view.lag]
    return [part for part in said if part]


def _is_open(action: Action | None) -> bool:
    return action is not None and action.closed_at is None


def _awaits_answer(view: Card) -> bool:
    """Whether an action was asked for so lately that asking again makes no sense."""
    action = view.action
    if action is None or action.closed_at is not None:
        return False
    return view.now - action.asked_at < ANSWERED_WITHIN[action.kind]


def _action_line(view: Card) -> str:
    """Say who asked for a cancel or an approval, and what came of it."""
    action, job = view.action, view.known.job
    if action is None:
        return ""
    verb = "Cancel" if action.kind is ActionKind.CANCEL else "Approval"
    who = f"{mention(action.user_id)}, {date(action.asked_at, view.now)}"
    if action.closed_at is None:
        return f"{verb} requested by {who}"
    if action.outcome in {"cancelled", "approved"}:
        return f"{action.outcome.capitalize()} by {who}"
    if action.outcome == "too late":
        return f"Cancel requested by {who}, too late"
    return "" if job.has_ended else f"{verb} requested by {who}, without success"


def _buttons(view: Card) -> list[Block]:
    """Choose what can be done: least for a job that has ended, nothing twice while an action is open."""
    job, seq = view.known.job, view.known.seq
    value = ids.encode(ids.Value(job.id, seq))
    acting = _awaits_answer(view)
    row: list[Block] = []
    approve = None if acting else approve_button(job, seq)
    if approve is not None:
        row.append(approve)
    if not job.has_ended:
        row.append(
            blocks.button("Stop notifying", ids.MUTE, value)
            if view.notifying
            else blocks.button("Notify me", ids.NOTIFY, value)
        )
        row.append(
            blocks.button("Stop watching", ids.STOP, value)
            if view.watching
            else blocks.button("Watch", ids.WATCH, value)
        )
    if job.can_be_cancelled and not acting:
        row.append(_cancel_button(job, value))
    row.append(blocks.button("Details", ids.DETAILS, value))
    menu = [blocks.option("Refresh", ids.encode_menu(ids.REFRESH, ids.Value(job.id, seq)))]
    if view.private:
        menu.append(blocks.option("Share", ids.encode_menu(ids.SHARE, ids.Value(job.id, seq))))
    if not job.has_ended:
        widens = view.failures_only
        label, verb = ("Tell me however it ends", ids.NOTIFY) if widens else (ONLY_IF, ids.FAILURES)
        menu.append(blocks.option(label, ids.encode_menu(verb, ids.Value(job.id, seq))))
    return [*row, blocks.overflow(ids.MENU, menu)]


def _cancel_button(job: Job, value: str) -> Block:
    dialog = blocks.confirm(
        "Cancel this job?",
        f"{full_title(job, 120)} will stop. This cannot be undone.",
        "Cancel job",
        "Keep it running",
        "danger",
    )
    return blocks.button("Cancel job", ids.CANCEL, value, style="danger", dialog=dialog)
