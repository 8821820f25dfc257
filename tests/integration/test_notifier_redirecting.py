"""Notices that can't arrive in their channel: whom they mention is told directly, and why it comes there."""

from __future__ import annotations

from typing import cast

import pytest

from dojobbot.domain import Destination, Post, PostKind
from dojobbot.errors import SlackError
from dojobbot.ports import Messenger
from dojobbot.simulator.slack_api.world import ADA, BORIS, FATIMA, GENERAL
from tests.acceptance.stage import shown
from tests.integration.middle import HERE, POST, FailingHere, Middle, about


async def ended_for(built: Middle, *users: str, where: Destination = HERE) -> None:
    """Let a job end that people follow in one place."""
    job_id = built.job()
    for user in users:
        await built.follow(job_id, user=user, where=where)
    await built.move(job_id, status="Failed", statusReason="disk full")


@pytest.mark.parametrize(
    "code", ["not_in_channel", "is_archived", "channel_not_found", "cannot_reply_to_message"]
)
async def test_people_are_told_directly_when_their_channel_is_closed(
    built: Middle, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One message each, about the same end, with the reason why it comes there."""
    where = {
        "channel_not_found": Destination("C0NOWHERE"),
        "cannot_reply_to_message": Destination(GENERAL, "1763802900.000100"),
    }.get(code, HERE)
    await ended_for(built, ADA, BORIS, where=where)
    if code == "is_archived":
        await built.slack.archive(ADA, GENERAL)
    elif code == "not_in_channel":
        await built.slack.remove(GENERAL)
    await built.deliver()
    assert built.texts() == []
    for user in (ADA, BORIS):
        (message,) = await built.told_directly(user)
        assert message["text"].startswith(about("BRD series failed", users=(user,)))
        name = f"a thread in <#{GENERAL}>" if where.thread_ts else f"<#{where.channel_id}>"
        assert f"I couldn't post this in {name}: " in shown(message)
        assert "disk full" in shown(message)
    assert built.reasons() == [code]
    assert (built.notifier.tally.dead, built.notifier.tally.redirected) == (1, 2)
    assert f"a post to {where.key} can't arrive" in caplog.text


async def test_whatever_slack_refuses_it_for_people_are_told_directly(built: Middle) -> None:
    """Also where its word is none that we know, so that nobody can say whether the place is closed."""
    await ended_for(built, ADA)
    refusing = FailingHere(built.messenger, SlackError("Slack says odd_rule.", code="odd_rule"))
    await built.deliver(built.another_notifier(cast("Messenger", refusing)))
    assert built.texts() == []
    (message,) = await built.told_directly(ADA)
    assert message["text"].startswith(about("BRD series failed"))
    assert "Slack says odd_rule" in shown(message)


async def test_a_thread_in_direct_messages_that_is_gone_leaves_the_messages_around_it(built: Middle) -> None:
    dm = await built.messenger.open_dm(ADA)
    await ended_for(built, ADA, where=Destination(dm, "1763802900.000100"))
    await built.deliver()
    (message,) = await built.told_directly(ADA)
    assert message["text"].startswith(about("BRD series failed"))


async def test_who_cannot_be_told_directly_either_is_left_out(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody who left; the others are told all the same."""
    await ended_for(built, FATIMA, ADA)
    await built.slack.remove(GENERAL)
    await built.deliver()
    assert len(await built.told_directly(ADA)) == 1
    assert built.notifier.tally.redirected == 1
    assert f"{FATIMA} can't be told directly" in caplog.text


async def test_while_direct_messages_cannot_be_opened_the_notice_waits(built: Middle) -> None:
    """Slack fails for a while: nobody is told twice, and nobody is forgotten."""
    await ended_for(built, ADA, BORIS)
    await built.slack.remove(GENERAL)
    built.slack_fault("conversations.open", "status", status=503, times=3)
    await built.deliver()
    built.slack.faults.clear()
    assert [len(await built.told_directly(user)) for user in (ADA, BORIS)] == [1, 1]
    assert built.notifier.tally.redirected == 2


async def test_who_asked_to_be_told_directly_too_is_told_once(built: Middle) -> None:
    """The direct message that is owed anyway says all of it."""
    job_id = built.job()
    await built.follow(job_id)
    await built.follow(job_id, where=Destination(await built.messenger.open_dm(ADA)))
    await built.slack.remove(GENERAL)
    await built.move(job_id, status="Failed")
    await built.deliver()
    assert len(await built.told_directly(ADA)) == 1


async def test_a_quote_that_was_stuck_is_not_told_after_the_end(built: Middle) -> None:
    """The channel is archived while its message waits, and the end has come directly by then."""
    dm = Destination(await built.messenger.open_dm(ADA))
    job_id = built.job()
    await built.follow(job_id)
    built.slack_fault(POST, "status", status=429, retry_after=60, times=1)
    await built.move(job_id, status="Quoted")
    await built.notifier.drain()
    await built.move(job_id, status="Running")
    await built.follow(job_id, where=dm)
    built.clock.advance(seconds=5)
    await built.move(job_id, status="Succeeded")
    await built.notifier.drain()
    await built.slack.archive(ADA, GENERAL)
    await built.deliver()
    told = [each["text"] for each in await built.told_directly(ADA) if "BRD series" in each["text"]]
    assert [text.startswith(about("BRD series succeeded")) for text in told] == [True]


async def test_a_direct_message_that_fails_is_dead_with_its_reason(built: Middle) -> None:
    """There is nowhere else to say it."""
    await ended_for(built, ADA, where=Destination("D0NOWHERE"))
    await built.deliver()
    assert built.reasons() == ["channel_not_found"]
    assert (built.notifier.tally.dead, built.notifier.tally.redirected) == (1, 0)
    assert await built.told_directly(ADA) == []


async def test_cards_go_nowhere_else(built: Middle) -> None:
    """They were for the channel: a watch is over, and a shared card is dead. Its maker is told so."""
    job_id = built.job()
    await built.watch(job_id)
    await built.store.add_post(
        Post(
            id="shared-1",
            destination=HERE,
            kind=PostKind.SHARE,
            payload={"text": f"<@{ADA}> shared a card"},
            created_at=built.clock.now(),
        )
    )
    await built.slack.remove(GENERAL)
    await built.deliver()
    (word,) = await built.told_directly(ADA)
    assert word["text"].startswith(f"I can't keep your live card in <#{GENERAL}> up to date any more")
    assert await built.store.watches(job_id) == ()
    assert built.notifier.tally.redirected == 0
