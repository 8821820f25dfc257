"""Compares what people saw in the crash test with what they were owed.

The order that is promised: in each place, a job is told of before another whenever the bot had taken in the
end of the first before the second ended. That it had is seen from outside, in the platform's own log: the
end was read whole, and later in the same life of the bot a listing of new jobs was asked for that says that a
look after the end was good (a bot asks for what was created since ten minutes before its last good look).
What ended between the same two looks may come in any order, and so may what one digest tells, which may go on
in further messages: their ids are alike up to a dash.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dojobbot.domain import Destination
from dojobbot.simulator.platform import Served
from dojobbot.simulator.slack_api.people import Message
from tests.acceptance.chaos_plan import NAME, SEALED, Plan
from tests.acceptance.chaos_play import Outcome

OVERLAP = timedelta(minutes=10)
MENTION = re.compile(r"<@(\w+)>")
JUST_BEFORE = timedelta(seconds=5)
"""A kill this soon after a message was sent may have kept the bot from writing down that it arrived."""


@dataclass(frozen=True)
class Told:
    """A message as far as it matters here. `is_card`: a live card, and not a message that tells of an end."""

    at: datetime
    where: Destination
    names: frozenset[str]
    mentions: frozenset[str]
    post_id: str
    color: str
    is_card: bool

    @property
    def digest(self) -> str:
        """What the messages that belong together have in common; a message of its own has it alone."""
        return self.post_id.partition("-")[0]


@dataclass(frozen=True)
class Verdict:
    """What is wrong, in words; the numbers of the run; how many pairs of messages had an order to keep."""

    wrong: tuple[str, ...]
    numbers: str
    ordered_pairs: int


def judge(outcome: Outcome) -> Verdict:
    """Judge a run."""
    told = [_told(message) for message in sorted(outcome.messages, key=lambda each: each.ts)]
    notices = [each for each in told if not each.is_card and each.names]
    counts = Counter((name, each.where) for each in notices for name in each.names)
    doubled = sum(count - 1 for (_, where), count in counts.items() if where == SEALED and count > 1)
    disorder, pairs = _disorder(outcome, notices)
    wrong = (
        *_lost(outcome.plan, counts),
        *_doubled(outcome.plan, counts),
        *_not_mentioned(outcome.plan, notices),
        *_not_explained(outcome, notices),
        *_wrong_cards(outcome.plan, told),
        *disorder,
        *(f"a bot said: {line}" for line in outcome.complaints),
        *(() if outcome.settled else ("the store owes something for ever",)),
    )
    owed = len({(wish.job_id, wish.where) for wish in outcome.plan.wishes})
    numbers = (
        f"{len(outcome.ended)} jobs ended, {len(outcome.kills)} kills, "
        f"{owed} owed ({outcome.promised} typed meanwhile), {len(notices)} messages, "
        f"{doubled} doubled where history can't be read ({outcome.resent} counted), {pairs} pairs in order"
    )
    return Verdict(wrong, numbers, pairs)


def _told(message: Message) -> Told:
    drawn = json.dumps([message.text, message.attachments, message.blocks])
    payload = (message.metadata or {}).get("event_payload", {})
    return Told(
        at=datetime.fromtimestamp(float(message.ts), UTC),
        where=Destination(message.channel, message.thread_ts),
        names=frozenset(NAME.findall(drawn)),
        mentions=frozenset(MENTION.findall(message.text)),
        post_id=str(payload.get("id", "")),
        color=str(message.attachments[0].get("color", "")).lstrip("#") if message.attachments else "",
        # Only a card has a card's own menu.
        is_card='"type": "overflow"' in drawn,
    )


# --- nothing lost, nothing doubled, everybody mentioned


def _lost(plan: Plan, counts: Mapping[tuple[str, Destination], int]) -> Iterator[str]:
    for job_id, where in sorted({(wish.job_id, wish.where) for wish in plan.wishes}, key=str):
        if not counts.get((plan.names[job_id], where)):
            yield f"lost: {plan.names[job_id]} in {where.key}"


def _doubled(plan: Plan, counts: Mapping[tuple[str, Destination], int]) -> Iterator[str]:
    asked = {(plan.names[wish.job_id], wish.where) for wish in (*plan.wishes, *plan.optional)}
    for (name, where), count in counts.items():
        if (name, where) not in asked:
            yield f"nobody asked for {name} in {where.key}"
        if count > 1 and where != SEALED:
            yield f"doubled: {name} came {count} times to {where.key}"


def _not_mentioned(plan: Plan, notices: Sequence[Told]) -> Iterator[str]:
    """Everybody owed is mentioned, in the message itself or in one of its digest before it."""
    wanted: dict[tuple[str, Destination], set[str]] = defaultdict(set)
    for wish in plan.wishes:
        wanted[plan.names[wish.job_id], wish.where].add(wish.user)
    so_far: dict[tuple[Destination, str], frozenset[str]] = defaultdict(frozenset)
    for each in notices:
        mentions = so_far[each.where, each.digest] = so_far[each.where, each.digest] | each.mentions
        for name in sorted(each.names):
            if missing := wanted[name, each.where] - mentions:
                yield f"not mentioned: {sorted(missing)} for {name} in {each.where.key}"


# --- doubles are explained


def _not_explained(outcome: Outcome, notices: Sequence[Told]) -> Iterator[str]:
    """A message is sent again only where its reply was lost, or the bot died before it could note it."""
    arrivals: dict[str, list[Told]] = defaultdict(list)
    for each in notices:
        if each.where == SEALED:
            arrivals[each.post_id].append(each)
    again = 0
    for post_id, copies in arrivals.items():
        for first, second in itertools.pairwise(copies):
            again += 1
            died = any(
                first.at - timedelta(seconds=1) <= kill <= min(second.at, first.at + JUST_BEFORE)
                for kill in outcome.kills
            )
            if not died and not _reply_was_lost(outcome, first):
                yield f"post {post_id} came again to {first.where.key} for no reason that is known"
    # What the bot counted between the last look at its counter and a kill is counted nowhere.
    if again > outcome.resent + len(outcome.kills):
        yield f"{again} messages came again, and the bot counted only {outcome.resent}"
    counts = Counter(name for copies in arrivals.values() for name in copies[0].names)
    yield from (f"{name} is in {count} posts to {SEALED.key}" for name, count in counts.items() if count > 1)


def _reply_was_lost(outcome: Outcome, message: Told) -> bool:
    """Whether nobody got the reply to the request that posted it, by Slack's own record."""
    return any(
        record.status == 0
        and record.method == "chat.postMessage"
        and record.args.get("channel") == message.where.channel_id
        and record.at <= message.at <= record.at + timedelta(seconds=record.seconds + 0.01)
        for record in outcome.slack
    )


# --- live cards


def _wrong_cards(plan: Plan, told: Sequence[Told]) -> Iterator[str]:
    cards = defaultdict(list)
    for each in told:
        if each.is_card:
            for name in each.names:
                cards[name, each.where].append(each)
    for job_id, where in plan.watches:
        name = plan.names[job_id]
        found = cards.pop((name, where), [])
        if len(found) != 1:
            yield f"{len(found)} live cards of {name} in {where.key}"
        elif found[0].color.lower() != plan.colors[job_id]:
            yield f"the card of {name} in {where.key} still has the colour {found[0].color}"
    yield from (f"nobody watches {name} in {where.key}" for name, where in cards)


# --- order


def _disorder(outcome: Outcome, notices: Sequence[Told]) -> tuple[list[str], int]:
    """Say what came out of order, and how many pairs had a promised order at all."""
    ids = {name: job_id for job_id, name in outcome.plan.names.items()}
    known_at = _known_at(outcome)
    wrong, pairs = [], 0
    for where, told in _first_tellings(notices).items():
        for (position, first), (other, second) in itertools.permutations(told, 2):
            known, ended = known_at.get(ids[first]), outcome.ended[ids[second]]
            if known is None or ended <= known:
                continue
            pairs += 1
            if position > other:
                wrong.append(f"out of order: {second} came before {first} to {where.key}")
    return wrong, pairs


def _first_tellings(notices: Sequence[Told]) -> dict[Destination, list[tuple[int, str]]]:
    """For each place the jobs told of, with the number of the message or digest that did it first."""
    found: dict[Destination, dict[str, int]] = defaultdict(dict)
    begun: dict[Destination, dict[str, int]] = defaultdict(dict)
    for each in notices:
        position = begun[each.where].setdefault(each.digest, len(begun[each.where]))
        for name in each.names:
            found[each.where].setdefault(name, position)
    return {where: [(position, name) for name, position in told.items()] for where, told in found.items()}


def _known_at(outcome: Outcome) -> dict[str, datetime]:
    """For each job since when the bot certainly had its end stored, as far as the platform's log tells."""
    known: dict[str, datetime] = {}
    ends = sorted([*outcome.kills, *outcome.turns])
    bounds = [datetime.min.replace(tzinfo=UTC), *ends, datetime.max.replace(tzinfo=UTC)]
    log = sorted(outcome.platform, key=lambda served: served.at)
    for begin, end in itertools.pairwise(bounds):
        life = [served for served in log if begin < served.at < end]
        read: set[str] = set()
        for served in life:
            since = _asks_for_new(served)
            if since is not None:
                for job_id in read:
                    if outcome.ended[job_id] <= since + OVERLAP:
                        known.setdefault(job_id, served.at)
            read |= set(_ends_read(served, since, outcome.plan, outcome.ended))
    return known


def _asks_for_new(served: Served) -> datetime | None:
    """From when on a listing asks for new jobs; None for any other request."""
    if served.path.startswith("/sse/"):  # whose filters are words, not JSON
        return None
    condition = json.loads(served.query.get("filter", "{}")).get("createdAt")
    return None if condition is None else datetime.fromisoformat(condition["$gt"])


def _ends_read(
    served: Served, since: datetime | None, plan: Plan, ended: Mapping[str, datetime]
) -> Iterable[str]:
    """The jobs whose end was in an answer that arrived whole."""
    if served.status != 200:
        return ()
    if since is not None:
        return (job for job, created in plan.created.items() if since < created and ended[job] < served.at)
    job_id = served.path.rpartition("/")[2]
    return (job_id,) if job_id in ended and ended[job_id] < served.at else ()
