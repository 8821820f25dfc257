"""The crash test's judge finds each kind of wrong outcome, and nothing wrong in a right one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dojobbot.domain import Destination
from dojobbot.simulator.platform import Served
from dojobbot.simulator.slack_api.people import Message
from dojobbot.simulator.slack_api.web_api import RequestRecord
from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT
from tests.acceptance.chaos_judge import judge
from tests.acceptance.chaos_plan import SEALED, Plan, Wish
from tests.acceptance.chaos_play import Outcome

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LAB = Destination("C0CHAOS000")
FIRST, SECOND = "job-1", "job-2"
GREEN = "198754"


def after(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def said(
    seconds: float,
    text: str,
    post_id: str,
    where: Destination = LAB,
    *,
    color: str = "",
    is_card: bool = False,
) -> Message:
    """A message of the bot's."""
    menu = {"type": "overflow", "options": []}
    attachment = {"color": f"#{color}", "blocks": [menu]} if is_card else {"color": f"#{color}"}
    return Message(
        ts=f"{after(seconds).timestamp():.6f}",
        channel=where.channel_id,
        user=BOT,
        text=text,
        attachments=(attachment,),
        metadata={"event_type": "post", "event_payload": {"id": post_id}},
        thread_ts=where.thread_ts,
    )


def played(
    *messages: Message, where: Destination = LAB, wishes: Sequence[Wish] = (), **more: object
) -> Outcome:
    """A run in which Ada wished to be told of both jobs in a place, unless said; the first ended long before.

    The bot had read the first one's end before the second one ended, and looked again.
    """
    names = {FIRST: "K0001", SECOND: "K0002"}
    plan = Plan(
        names,
        created=dict.fromkeys(names, BEGAN - timedelta(hours=2)),
        colors=dict.fromkeys(names, GREEN),
        places=[where],
        wishes=set(wishes or (Wish(FIRST, where, ADA), Wish(SECOND, where, ADA))),
        watches=set(),
    )
    since = (after(2) - timedelta(minutes=10)).isoformat()
    looks = [
        Served("GET", f"/tools/example-lab/tools/executions/{FIRST}", {}, 200, after(2), 0.01),
        Served("GET", "/tools", {"filter": json.dumps({"createdAt": {"$gt": since}})}, 200, after(3), 0.01),
    ]
    outcome = Outcome(
        plan,
        ended={FIRST: after(1), SECOND: after(10)},
        messages=list(messages),
        platform=looks,
        settled=True,
    )
    return replace(outcome, **more)  # type: ignore[arg-type]  # what a test changes of it


def a_wrong(outcome: Outcome) -> str:
    """The one thing that the judge finds wrong."""
    (wrong,) = judge(outcome).wrong
    return wrong


ONE = said(4, f"<@{ADA}> Screen K0001 succeeded", "a")
TWO = said(12, f"<@{ADA}> Screen K0002 succeeded", "b")


def test_who_is_told_once_and_in_order_finds_the_judge_content() -> None:
    """A right outcome passes, and there was an order to keep."""
    verdict = judge(played(ONE, TWO))

    assert not verdict.wrong
    assert verdict.ordered_pairs == 1


def test_a_message_that_nobody_got_is_lost() -> None:
    """One that is owed and did not come is named with its place."""
    assert a_wrong(played(ONE)) == f"lost: K0002 in {LAB.key}"


def test_a_message_that_came_twice_is_doubled() -> None:
    """Where history can be read, once is once, whatever the reason."""
    again = said(6, ONE.text, "a")

    assert a_wrong(played(ONE, again, TWO)) == f"doubled: K0001 came 2 times to {LAB.key}"


def test_what_nobody_asked_for_is_wrong() -> None:
    """A job is told of only where somebody wished it."""
    wrong = judge(played(ONE, TWO, wishes=[Wish(FIRST, LAB, ADA)])).wrong

    assert f"nobody asked for K0002 in {LAB.key}" in wrong


def test_what_was_typed_and_not_confirmed_may_come_or_not() -> None:
    """An optional wish is no debt, and its fulfilment no fault."""
    outcome = played(ONE, TWO, wishes=[Wish(FIRST, LAB, ADA)])
    outcome.plan.optional.add(Wish(SECOND, LAB, ADA))

    assert not judge(outcome).wrong
    outcome.messages.remove(TWO)
    assert not judge(outcome).wrong


def test_a_message_of_its_own_must_mention_its_people_itself() -> None:
    """The mention in the message before it does not count: only a digest goes on without one."""
    bare = said(12, "Screen K0002 succeeded", "b")

    assert a_wrong(played(ONE, bare)) == f"not mentioned: ['{ADA}'] for K0002 in {LAB.key}"


def test_everybody_who_asked_is_mentioned() -> None:
    """One of two is not enough."""
    wishes = [Wish(FIRST, LAB, ADA), Wish(FIRST, LAB, BORIS), Wish(SECOND, LAB, ADA)]

    assert a_wrong(played(ONE, TWO, wishes=wishes)) == f"not mentioned: ['{BORIS}'] for K0001 in {LAB.key}"


def test_a_page_of_a_digest_goes_on_with_the_mentions_and_the_place_of_the_first() -> None:
    """Both pages count as one message, in which any order is right."""
    pages = (said(12, f"<@{ADA}> 2 jobs: K0002", "d-000"), said(13, "2 jobs, 2 of 2: K0001", "d-001"))

    assert not judge(played(*pages)).wrong


def test_a_page_does_not_go_on_with_another_digest() -> None:
    """Only the pages of one digest share its mentions."""
    pages = (said(4, f"<@{ADA}> K0001", "d-000"), said(13, "K0002", "e-001"))

    assert a_wrong(played(*pages)) == f"not mentioned: ['{ADA}'] for K0002 in {LAB.key}"


def test_what_ended_later_must_not_come_first() -> None:
    """The bot knew of the first end before the second job ended, so it is told first."""
    early = said(3.5, TWO.text, "b")

    assert a_wrong(played(ONE, early)) == f"out of order: K0002 came before K0001 to {LAB.key}"


def test_a_message_without_a_mention_has_a_place_in_the_order_all_the_same() -> None:
    """Two messages that mention nobody are not taken for one."""
    wrong = judge(played(said(3.5, "K0002", "b"), said(4, "K0001", "a"))).wrong

    assert f"out of order: K0002 came before K0001 to {LAB.key}" in wrong


def test_what_ended_between_the_same_two_looks_may_come_in_any_order() -> None:
    """Where the bot had not read the first end before the second, none is promised."""
    outcome = played(TWO, said(13, ONE.text, "a"), ended={FIRST: after(1), SECOND: after(1.5)})

    assert not judge(outcome).wrong


def test_a_card_must_show_how_its_job_ended() -> None:
    """A card that kept the colour of a job that runs was not brought up to date."""
    card = said(0, "Screen K0001 is running", "c", color="0d6efd", is_card=True)
    outcome = played(card, ONE, TWO)
    outcome.plan.watches.add((FIRST, LAB))

    assert a_wrong(outcome) == f"the card of K0001 in {LAB.key} still has the colour 0d6efd"
    outcome.messages[0] = said(0, "Screen K0001 succeeded", "c", color=GREEN, is_card=True)
    assert not judge(outcome).wrong


def test_a_card_is_there_once_and_only_where_it_was_asked_for() -> None:
    """None, two, and one that nobody watches are wrong."""
    cards = [said(0, "K0001", post_id, color=GREEN, is_card=True) for post_id in ("c", "d")]
    outcome = played(*cards, ONE, TWO)

    assert a_wrong(outcome) == f"nobody watches K0001 in {LAB.key}"
    outcome.plan.watches.add((FIRST, LAB))
    assert a_wrong(outcome) == f"2 live cards of K0001 in {LAB.key}"
    outcome.messages = [ONE, TWO]
    assert a_wrong(outcome) == f"0 live cards of K0001 in {LAB.key}"


def sealed(*copies_at: float, **more: object) -> Outcome:
    """A run in the place without history, where the second job's message came at these times."""
    told = [said(at, TWO.text, "b", SEALED) for at in copies_at]
    outcome = played(said(4, ONE.text, "a", SEALED), *told, where=SEALED)
    return replace(outcome, **more)  # type: ignore[arg-type]  # what a test changes of it


def lost_reply(at: float) -> RequestRecord:
    return RequestRecord("chat.postMessage", {"channel": SEALED.channel_id}, 0, None, after(at - 0.01), 0.02)


def test_a_double_without_history_needs_a_reason() -> None:
    """It may come twice when its reply was lost or the bot died then, and the bot has counted it."""
    wrong = f"post b came again to {SEALED.key} for no reason that is known"

    assert a_wrong(sealed(12, 14, resent=1)) == wrong
    assert a_wrong(sealed(12, 14, resent=1, slack=[lost_reply(4)])) == wrong
    assert not judge(sealed(12, 14, resent=1, slack=[lost_reply(12)])).wrong
    assert not judge(sealed(12, 14, kills=[after(12.5)])).wrong


def test_a_double_that_the_bot_did_not_count_is_wrong() -> None:
    """What is sent again unseen shows in the metrics."""
    wrong = "1 messages came again, and the bot counted only 0"

    assert a_wrong(sealed(12, 14, slack=[lost_reply(12)])) == wrong


def test_a_job_that_two_different_messages_tell_of_is_wrong_also_without_history() -> None:
    """Sent again means the same message."""
    outcome = sealed(12)
    outcome.messages.append(said(14, TWO.text, "z", SEALED))

    assert a_wrong(outcome) == f"K0002 is in 2 posts to {SEALED.key}"


def test_a_store_that_owes_for_ever_and_a_bot_that_stumbles_are_wrong() -> None:
    """What people saw may be right, and something is broken all the same."""
    assert a_wrong(played(ONE, TWO, settled=False)) == "the store owes something for ever"
    complaints = ["a tick failed unexpectedly"]
    assert a_wrong(played(ONE, TWO, complaints=complaints)) == "a bot said: a tick failed unexpectedly"
