"""The outbox with its real parts: everything owed arrives, once, in order and paced, whatever Slack does."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dojobbot.domain import Destination, Post, PostKind
from dojobbot.outbox import Claim
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL, SCOPES
from dojobbot.simulator.slack_api.world import CHEMISTRY as CHEMISTRY_ID
from dojobbot.slack.messenger import REQUEST_TIMEOUT, SlackMessenger
from tests.acceptance.stage import color, shown
from tests.integration.middle import CHEMISTRY, DEADLINE, HERE, POST, START, Middle, about, middle, until

LEASE = timedelta(seconds=90)
HISTORY = "conversations.history"
REPLIES = "conversations.replies"


def seconds(built: Middle, channel: str = GENERAL) -> list[float]:
    """When the bot's messages of a channel were posted, in seconds since the start."""
    return [round(float(Decimal(each["ts"])) - START.timestamp(), 2) for each in built.messages(channel)]


# --- in good times


async def test_what_is_owed_arrives_in_order_and_nobody_else_waits(built: Middle) -> None:
    """A busy channel does not hold up a quiet one; some fit in at once, then it is one a second."""
    await built.end("One", "Two", "Three")
    await built.end("Quiet", where=CHEMISTRY)
    await built.notifier.drain()
    assert [text.split()[1] for text in built.texts()] == ["One", "Two", "Three"]
    assert built.texts(CHEMISTRY_ID)[0].startswith(about("Quiet succeeded"))
    await built.end("Four", "Five")
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["One", "Two", "Three", "Four", "Five"]
    assert seconds(built) == [4, 4, 4, 6, 6]
    assert built.notifier.tally.posts == 6


async def test_a_notice_mentions_everybody_there_and_wears_its_colour(built: Middle) -> None:
    """One message for one destination, and one more in the direct messages of who asked there."""
    job_id = built.old_job()
    dm = Destination(await built.messenger.open_dm(BORIS))
    await built.follow(job_id)
    await built.follow(job_id, user=BORIS)
    await built.follow(job_id, user=BORIS, where=dm)
    await built.move(job_id, status="Failed", statusReason="disk full")
    await built.deliver()
    (notice,) = built.messages()
    assert notice["text"].startswith(about("BRD series failed", users=(ADA, BORIS)))
    assert color(notice) == "dc3545"
    assert "disk full" in shown(notice)
    (private,) = built.messages(dm.channel_id, BORIS)
    assert private["text"].startswith(about("BRD series failed", users=(BORIS,)))


async def test_a_shared_card_is_posted_once(built: Middle) -> None:
    """What was queued by Share goes the same way."""
    post = Post(
        id="shared-1",
        destination=HERE,
        kind=PostKind.SHARE,
        payload={"text": "A shared card"},
        created_at=built.clock.now(),
    )
    await built.store.add_post(post)
    await built.deliver()
    await built.deliver()
    assert built.texts() == ["A shared card"]


async def test_two_notifiers_never_post_twice(built: Middle) -> None:
    """They share the work: a destination is held by one of them."""
    await built.end("One", "Two", "Three")
    await built.end("Four", "Five", where=CHEMISTRY)
    first, second = built.another_notifier(), built.another_notifier()
    while await built.store.next_due(built.clock.now()) is not None:
        await asyncio.gather(first.drain(), second.drain())
        built.clock.advance(seconds=1)
    assert len(built.calls(POST)) == 5
    assert (len(built.texts()), len(built.texts(CHEMISTRY_ID))) == (3, 2)
    assert first.tally.posts + second.tally.posts == 5


async def test_cards_are_drawn_while_the_platform_is_away(built: Middle) -> None:
    """A name is decoration: what is known is delivered."""
    await built.end("One")
    built.platform_fault("GET /*", kind="status", status=503)
    await built.deliver()
    assert "by ada@example.org" in shown(built.messages()[0])


async def test_it_runs_when_it_is_woken_and_ends_when_it_is_stopped(built: Middle) -> None:
    """What is owed after the stop waits in the store."""
    running = asyncio.create_task(built.notifier.run())
    await built.end("One")
    built.notifier.wake()
    await built.slack.wait_for(built.texts)
    built.notifier.stop()
    await asyncio.wait_for(running, DEADLINE)
    await built.end("Two")
    await built.notifier.drain()
    assert len(built.texts()) == 1
    await built.deliver(built.another_notifier())
    assert len(built.texts()) == 2


async def test_a_destination_is_held_while_its_message_is_on_its_way(built: Middle) -> None:
    """Another notifier leaves it alone; cut off before Slack took it, it is sent after three looks."""
    await built.end("One", "Two")
    built.slack_fault(POST, "hang", times=1)
    sending = asyncio.create_task(built.notifier.drain())
    await until(lambda: built.slack.faults.struck)
    await built.another_notifier().drain()
    assert (built.texts(), built.calls(HISTORY)) == ([], [])
    built.slack.faults.release()
    await sending
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["One", "Two"]
    assert len(built.calls(HISTORY)) == 3


# --- Slack in bad mood


async def test_asked_to_wait_it_waits_that_long_and_sends_once(built: Middle) -> None:
    """429 with Retry-After: nothing was done, so nothing is looked for."""
    await built.end("One", "Two")
    built.slack_fault(POST, "status", status=429, retry_after=30, times=1)
    began = built.clock.now()
    await built.notifier.drain()
    assert await built.store.next_due(began) == began + timedelta(seconds=30)
    await built.deliver()
    assert seconds(built) == [32, 33]
    assert len(built.calls(POST)) == 3
    assert built.calls(HISTORY) == []
    assert built.notifier.tally.throttled == 1


@pytest.mark.parametrize("kind", ["lost_reply", "cut"])
async def test_a_message_whose_reply_is_lost_is_found_and_not_sent_again(built: Middle, kind: str) -> None:
    """It is looked for a second later; what comes after it waits for that, and is paced."""
    await built.end("One", "Two")
    built.slack_fault(POST, kind, times=1)
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["One", "Two"]
    assert seconds(built) == [2, 3]
    assert len(built.calls(POST)) == 2
    assert len(built.calls(HISTORY)) == 1
    assert built.notifier.tally.posts == 2


async def test_a_message_that_is_not_found_after_a_silence_may_still_be_on_its_way(built: Middle) -> None:
    """It is sent again only when the request must be over, and after two more looks."""
    await built.end("One")
    began = built.clock.now()
    built.slack_fault(POST, "lost_reply", times=1)
    await built.notifier.drain()
    (sent,) = built.slack.state.messages(GENERAL)
    built.slack.state.remove(sent)
    built.clock.advance(seconds=1)
    await built.notifier.drain()
    due = await built.store.next_due(built.clock.now())
    assert due is not None
    assert (due - began).total_seconds() > REQUEST_TIMEOUT
    assert (len(built.calls(POST)), len(built.calls(HISTORY))) == (1, 1)
    await built.deliver()
    assert (len(built.texts()), len(built.calls(POST)), len(built.calls(HISTORY))) == (1, 2, 3)


@pytest.mark.parametrize(
    ("kind", "status", "arrives", "looks"),
    [("status", 500, 7, 2), ("status", 503, 7, 2), ("html", 200, 7, 2), ("html", 502, 41, 3)],
)
async def test_a_message_that_slack_failed_to_take_is_looked_for_and_sent_again(
    built: Middle, kind: str, status: int, arrives: float, looks: int
) -> None:
    """An error reply may hide a success: two looks. An edge's own page is a silence, and waited out."""
    await built.end("One")
    built.slack_fault(POST, kind, status=status, times=1)
    await built.deliver()
    assert len(built.texts()) == 1
    assert seconds(built) == [arrives]
    assert (len(built.calls(POST)), len(built.calls(HISTORY))) == (2, looks)


async def test_while_history_fails_nothing_is_sent_again(built: Middle) -> None:
    """An unanswered question is no answer."""
    await built.end("One")
    built.slack_fault(POST, "lost_reply", times=1)
    built.slack_fault(HISTORY, "status", status=500, times=5)
    built.slack_fault(HISTORY, "status", status=429, retry_after=9, times=1)
    await built.deliver()
    assert (len(built.texts()), len(built.calls(POST)), len(built.calls(HISTORY))) == (1, 1, 7)


async def test_slack_away_is_waited_for_and_logged_once(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections refused: everything waits, and goes out once when Slack is back."""
    caplog.set_level(logging.INFO, "dojobbot.notifier")
    await built.end("One", "Two")
    await built.end("Quiet", where=CHEMISTRY)
    port = await built.slack_goes()
    for _ in range(4):
        await built.notifier.drain()
        built.clock.advance(seconds=5)
    assert built.texts() == []
    await built.slack.start(port=port)
    await built.deliver()
    assert (len(built.texts()), len(built.texts(CHEMISTRY_ID))) == (2, 1)
    assert len(built.calls(POST)) == 3
    assert built.calls(HISTORY) == []
    assert len(caplog.messages) == 2
    assert "interrupted" in caplog.messages[0]
    assert caplog.messages[1] == "delivering works again"


@pytest.mark.parametrize("kind", ["status", "html", "lost_reply"])
async def test_slack_failing_is_logged_once_and_its_end_once(
    built: Middle, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Also when Slack can be reached, and does not answer properly."""
    caplog.set_level(logging.INFO, "dojobbot.notifier")
    await built.end("One", "Two")
    built.slack_fault("*", kind, status=503, times=6)
    await built.deliver()
    assert len(built.texts()) == 2
    said = [record.getMessage() for record in caplog.records if record.name == "dojobbot.notifier"]
    assert ["interrupted" in message for message in said] == [True, False]
    assert said[1] == "delivering works again"


@pytest.mark.parametrize("code", ["is_archived", "not_in_channel"])
async def test_a_closed_destination_costs_its_own_messages_alone(
    built: Middle, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    """The reason is kept and logged; others get theirs."""
    await built.end("One", "Two")
    await built.end("Quiet", where=CHEMISTRY)
    if code == "is_archived":
        await built.slack.archive(ADA, GENERAL)
    else:
        await built.slack.remove(GENERAL)
    await built.deliver()
    assert built.texts() == []
    assert len(built.texts(CHEMISTRY_ID)) == 1
    assert built.reasons() == [code, code]
    assert built.notifier.tally.dead == 2
    assert GENERAL in caplog.text
    assert code in caplog.text


async def test_what_slack_does_not_draw_arrives_as_its_headline(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """A queued post with blocks that Slack refuses."""
    post = Post(
        id="shared-1",
        destination=HERE,
        kind=PostKind.SHARE,
        payload={"text": "BRD series is running", "blocks": [{"type": "no such block"}]},
        created_at=built.clock.now(),
    )
    await built.store.add_post(post)
    await built.deliver()
    assert built.texts() == ["BRD series is running"]
    assert "invalid_blocks" in caplog.text
    assert (built.notifier.tally.posts, built.notifier.tally.dead) == (1, 0)


async def test_a_refused_token_gives_nothing_up(built: Middle) -> None:
    """Somebody must lift it for the whole app; then all of it is sent."""
    await built.end("One", "Two")
    revoked = built.another_notifier(SlackMessenger("xoxb-revoked", built.slack.api_url))
    for _ in range(3):
        await revoked.drain()
        built.clock.advance(seconds=5)
    assert (revoked.tally.dead, built.texts()) == (0, [])
    await built.deliver()
    assert len(built.texts()) == 2


# --- deaths


async def commit(built: Middle) -> tuple[Claim, Post]:
    """Do what a process does before it sends: claim, and freeze the post. Then it is dead."""
    claim = await built.store.claim(built.clock.now(), lease=LEASE)
    assert claim is not None
    post = Post(
        id="interrupted",
        destination=claim.destination,
        kind=PostKind.NOTICE,
        payload={"text": f"{about('One')} succeeded"},
        created_at=built.clock.now(),
        deliveries=tuple(each.id for each in claim.deliveries),
    )
    assert await built.store.commit_post(claim, post)
    return claim, post


async def places(built: Middle) -> dict[str, Destination]:
    """A destination of each kind."""
    dm = Destination(await built.messenger.open_dm(ADA))
    return {"channel": HERE, "thread": await built.thread(), "dm": dm}


@pytest.mark.parametrize("place", ["channel", "thread", "dm"])
@pytest.mark.parametrize("attempted", [False, True])
async def test_a_death_before_sending_costs_nothing(built: Middle, place: str, attempted: bool) -> None:
    """Whoever comes after the lease sends it, exactly once; if it was perhaps sent, after two looks."""
    where = (await places(built))[place]
    await built.end("One", where=where)
    claim, post = await commit(built)
    if attempted:
        assert await built.store.attempt(claim, post.id, built.clock.now())
    await built.notifier.drain()
    assert built.texts(where.channel_id) == []
    built.clock.advance(seconds=90)
    await built.deliver(built.another_notifier())
    await built.deliver(built.another_notifier())
    (text,) = built.texts(where.channel_id)
    assert text.startswith(f"{about('One')} succeeded")
    looks = len(built.calls(HISTORY)) + len(built.calls(REPLIES))
    assert looks == (2 if attempted else 0)


@pytest.mark.parametrize("place", ["channel", "thread", "dm"])
async def test_a_death_after_sending_is_settled_from_history(built: Middle, place: str) -> None:
    """In a channel, a thread and a DM: the message is found by its id, and the next one follows."""
    where = (await places(built))[place]
    await built.end("One", where=where)
    claim, post = await commit(built)
    assert await built.store.attempt(claim, post.id, built.clock.now())
    await built.messenger.post(where, post.payload, post.id)
    await built.end("Two", where=where)
    built.clock.advance(seconds=90)
    survivor = built.another_notifier()
    await built.deliver(survivor)
    assert [text.split()[1] for text in built.texts(where.channel_id)] == ["One", "Two"]
    assert len(built.calls(POST)) == 2
    assert len(built.calls(REPLIES if place == "thread" else HISTORY)) == 1
    assert survivor.tally.resent_unverified == 0


async def test_one_who_lost_the_claim_does_not_settle_it(built: Middle) -> None:
    """The fencing token: a sleeper that wakes up late changes nothing."""
    await built.end("One")
    claim, post = await commit(built)
    built.clock.advance(seconds=90)
    await built.deliver(built.another_notifier())
    assert not await built.store.attempt(claim, post.id, built.clock.now())
    await built.store.bury(claim, post.id, "late", built.clock.now())
    assert built.reasons() == []
    assert len(built.texts()) == 1


async def test_where_history_cannot_be_read_it_is_sent_again_and_counted(tmp_path: Path) -> None:
    """At least once, where the app has no right to look."""
    async with middle(tmp_path, scopes=SCOPES - {"channels:history"}) as built:
        await built.end("One")
        built.slack_fault(POST, "lost_reply", times=1)
        await built.deliver()
        assert [text.split()[1] for text in built.texts()] == ["One", "One"]
        assert built.notifier.tally.resent_unverified == 1


async def test_what_is_sent_again_hours_later_where_history_cannot_be_read_says_that_it_is_late(
    tmp_path: Path,
) -> None:
    async with middle(tmp_path, scopes=SCOPES - {"channels:history"}) as built:
        await built.end("One")
        built.slack_fault(POST, "lost_reply", times=1)
        await built.notifier.drain()
        built.slack_fault(POST, "status", status=429, retry_after=7200, times=1)
        await built.deliver()
        assert [text.split()[1] for text in built.texts()] == ["One", "One"]
        assert ["late by 2 h" in shown(each) for each in built.messages()] == [False, True]


async def test_a_bot_that_was_removed_after_sending_gives_up_with_a_reason(built: Middle) -> None:
    """It can neither look nor send; the operator finds why, and the count."""
    await built.end("One")
    built.slack_fault(POST, "lost_reply", times=1)
    await built.notifier.drain()
    await built.slack.remove(GENERAL)
    await built.deliver()
    assert built.reasons() == ["not_in_channel"]
    assert (built.notifier.tally.resent_unverified, built.notifier.tally.dead) == (1, 1)
