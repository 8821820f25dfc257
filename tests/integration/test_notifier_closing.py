"""Places where nothing can be posted any more: what was wished there pauses, and its makers are told once."""

from __future__ import annotations

from pathlib import Path

import pytest

from dojobbot.domain import Destination
from dojobbot.fates import Resumed
from dojobbot.simulator.slack_api.world import ADA, BORIS, FATIMA, GENERAL, SCOPES
from tests.acceptance.stage import labels, shown
from tests.integration.middle import HERE, Middle, about, middle


async def closes(built: Middle, how: str = "is_archived") -> None:
    """Close the channel, and let a first message fail there."""
    job_id = built.job(name="First to end")
    await built.follow(job_id)
    if how == "is_archived":
        await built.slack.archive(ADA, GENERAL)
    elif how == "shared":
        built.others_come()
    else:
        await built.slack.remove(GENERAL)
    await built.move(job_id, status="Failed")
    await built.deliver()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("is_archived", "it is archived"),
        ("not_in_channel", "I'm not in it any more"),
        ("shared", "it is shared with another organisation by now"),
    ],
)
async def test_each_maker_is_told_once_what_is_paused_and_what_to_do(
    built: Middle, how: str, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """With the jobs that they still follow there; who follows nothing more there hears of the end alone."""
    others = [built.job(name=name) for name in ("Second", "Third")]
    for job_id in others:
        await built.follow(job_id)
    await built.follow(others[0], user=BORIS)
    await closes(built, how)
    word, end = await built.told_directly(ADA)
    assert end["text"].startswith(about("First to end failed"))
    assert word["text"] == f"I can't post in <#{GENERAL}> any more: {why}."
    assert "Second" in shown(word)
    assert "Third" in shown(word)
    assert "First to end" not in shown(word)
    assert labels(word) == ["Try again there", "Tell me here"]
    (to_boris,) = await built.told_directly(BORIS)
    assert "Third" not in shown(to_boris)
    assert built.notifier.tally.paused == 3
    assert "can't arrive" in caplog.text
    await built.move(others[0], status="Failed")
    await built.deliver()
    assert len(await built.told_directly(ADA)) == 2
    assert await built.store.paused(ADA, HERE) == Resumed(1, 1)
    assert others[1] in await built.store.followed()


async def test_what_goes_on_in_a_channel_is_not_shown_to_an_organisation_that_comes_later(
    built: Middle,
) -> None:
    """Neither by a message nor by the live card; who leads the channel is not asked about each of them."""
    job_id, card = await built.card_of("Secret series")
    built.clock.advance(minutes=6)
    built.others_come()
    await built.move(job_id, status="Failed", statusReason="OOMKilled")
    await built.deliver()
    assert built.messages() == [card]
    texts = [each["text"] for each in await built.told_directly(ADA)]
    assert any(text.startswith(about("Secret series failed")) for text in texts)
    assert len(built.calls("users.conversations")) == 2


async def test_messages_go_on_while_nobody_can_say_what_is_shared(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """It is asked again after some minutes, and said once."""
    built.slack_fault("users.conversations", "status", status=500)
    for name in ("First", "Second"):
        await built.end(name)
        await built.deliver()
        built.clock.advance(minutes=6)
    assert len(built.messages()) == 2
    assert caplog.text.count("which channels are shared") == 1
    built.slack.faults.clear()
    built.others_come()
    await built.end("Third")
    await built.deliver()
    assert len(built.messages()) == 2


async def test_a_restart_neither_loses_nor_doubles_the_word(built: Middle) -> None:
    """It is owed with the pause; whoever comes next sends it, once."""
    await built.follow(built.job(name="Second"))
    built.slack_fault("chat.postMessage", "lost_reply", times=3)
    await closes(built)
    await built.deliver(built.another_notifier(), built.another_notifier())
    assert sum("any more" in each["text"] for each in await built.told_directly(ADA)) == 1


async def test_what_was_held_is_sent_late_and_in_order_when_it_goes_on(built: Middle) -> None:
    """In the channel when it works again; each says how late it is."""
    jobs = [built.job(name=name) for name in ("Second", "Third", "Fourth")]
    for job_id in jobs:
        await built.follow(job_id)
    await closes(built)
    for job_id in jobs[:2]:
        await built.move(job_id, status="Succeeded")
        built.clock.advance(minutes=1)
    built.clock.advance(hours=2)
    await built.slack.unarchive(ADA, GENERAL)
    assert await built.store.resume(ADA, HERE) == Resumed(1, 2)
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["Second", "Third"]
    assert all("late by 2 h" in shown(each) for each in built.messages())
    await built.move(jobs[2], status="Succeeded")
    await built.deliver()
    assert "late by" not in shown(built.messages()[-1])


async def test_it_can_go_on_in_direct_messages(built: Middle) -> None:
    jobs = [built.job(name=name) for name in ("Second", "Third")]
    for job_id in jobs:
        await built.follow(job_id)
    await closes(built)
    await built.move(jobs[0], status="Succeeded")
    dm = Destination(await built.messenger.open_dm(ADA))
    await built.store.move(ADA, HERE, dm, note="You chose this.", now=built.clock.now())
    await built.move(jobs[1], status="Succeeded")
    await built.deliver()
    *_, second, third = await built.told_directly(ADA)
    assert second["text"].startswith(about("Second succeeded"))
    assert "You chose this." in shown(second)
    assert third["text"].startswith(about("Third succeeded"))
    assert "You chose this." not in shown(third)


async def test_a_maker_who_left_is_logged_and_counted(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is there to tell; the others are told all the same."""
    job_id = built.job(name="Second")
    await built.follow(job_id, user=FATIMA)
    await built.follow(job_id)
    await closes(built)
    assert f"{FATIMA} can't be told directly" in caplog.text
    assert (built.notifier.tally.paused, built.notifier.tally.untold) == (2, 1)
    assert len(await built.told_directly(ADA)) == 2


async def test_direct_messages_that_are_closed_pause_too(built: Middle) -> None:
    """The dead notice has its reason, and there is nobody to tell."""
    gone = Destination("D0NOWHERE")
    first, second = built.job(name="First"), built.job(name="Second")
    await built.follow(first, where=gone)
    await built.follow(second, where=gone)
    await built.move(first, status="Failed")
    await built.deliver()
    assert built.reasons() == ["channel_not_found"]
    assert (await built.store.subscriptions(second))[0].paused_because == "channel_not_found"
    assert built.notifier.tally.paused == 1
    assert await built.told_directly(ADA) == []


async def test_what_only_the_operator_can_mend_pauses_nothing_and_is_said(tmp_path: Path) -> None:
    """A scope is missing: everything waits, and goes out when it is there."""
    async with middle(tmp_path, scopes=SCOPES - {"chat:write"}) as built:
        job_id = built.job()
        await built.follow(job_id)
        await built.move(job_id, status="Failed")
        for _ in range(3):
            await built.notifier.drain()
            built.clock.advance(minutes=1)
        assert "missing_scope" in built.notifier.trouble()
        assert built.reasons() == []
        assert await built.store.paused(ADA, HERE) == Resumed(0, 0)


async def test_a_thread_that_is_gone_pauses_itself_alone(built: Middle) -> None:
    """There is no use in trying again there; the channel around it goes on."""
    thread = Destination(GENERAL, "1763802900.000100")
    first, second = built.job(name="First"), built.job(name="Second")
    await built.follow(first, where=thread)
    await built.follow(second, where=thread)
    await built.follow(second)
    await built.move(first, status="Failed")
    await built.deliver()
    word, _ = await built.told_directly(ADA)
    assert word["text"] == f"I can't post in a thread in <#{GENERAL}> any more: the thread is gone."
    assert labels(word) == ["Tell me here"]
    await built.move(second, status="Failed")
    await built.deliver()
    assert [text.split()[1] for text in built.texts()] == ["Second"]


async def test_a_live_card_that_somebody_deleted_ends_and_its_maker_hears_of_it(built: Middle) -> None:
    """Nothing else in the channel pauses."""
    job_id = built.job()
    await built.watch(job_id)
    await built.follow(built.job(name="Second"))
    await built.deliver()
    (card,) = built.messages()
    posted = built.slack.state.find(GENERAL, card["ts"])
    assert posted is not None
    built.slack.state.remove(posted)
    await built.move(job_id, progressReport={"complete": 60})
    await built.deliver()
    (word,) = await built.told_directly(ADA)
    assert word["text"] == f"A live card of yours in <#{GENERAL}> is over: somebody deleted it."
    assert labels(word) == []
    assert await built.store.paused(ADA, HERE) == Resumed(0, 0)


async def test_an_archived_channel_ends_its_live_cards_with_one_word(built: Middle) -> None:
    """However many there are, and with the subscriptions in the same message."""
    jobs = [built.job(name=name) for name in ("Second", "Third")]
    for job_id in jobs:
        await built.watch(job_id)
        await built.follow(job_id)
    await built.deliver()
    await built.slack.archive(ADA, GENERAL)
    for job_id in jobs:
        await built.move(job_id, progressReport={"complete": 60})
    await built.deliver()
    (word,) = await built.told_directly(ADA)
    assert "Your live cards there are over" in shown(word)
    assert labels(word) == ["Try again there", "Tell me here"]
    assert [await built.store.watches(job_id) for job_id in jobs] == [(), ()]
