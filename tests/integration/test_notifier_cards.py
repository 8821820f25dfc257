"""Live cards with real parts: what everybody in the channel sees while a watched job moves, and ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from dojobbot.domain import ActionKind
from dojobbot.ports import Messenger
from dojobbot.simulator.slack_api.world import BORIS, GENERAL
from tests.acceptance.stage import shown
from tests.integration.middle import EDIT, HERE, POST, Middle, about


async def test_a_live_card_is_edited_only_when_what_it_shows_changes(built: Middle) -> None:
    """Posted, edited, rests on Quoted, resumes, final: one message all the time, and no edit for nothing."""
    job_id = built.old_job(progressReport={"complete": 10})
    assert await built.watch(job_id)
    assert not await built.watch(job_id)
    await built.deliver()
    (card,) = built.messages()
    assert "10 %" in shown(card)
    built.clock.advance(minutes=1)
    await built.move(job_id, progressReport={"complete": 10.4}, metadata={"unseen": True})
    await built.deliver()
    assert built.calls(EDIT) == []
    for fields, words in (
        ({"progressReport": {"complete": 60}}, "60 %"),
        ({"status": "Quoted"}, "uoted"),
        ({"status": "Running"}, "running"),
        ({"status": "Succeeded"}, "ucceeded"),
    ):
        built.clock.advance(minutes=1)
        await built.move(job_id, **fields)
        await built.deliver()
        (now,) = built.messages()
        assert now["ts"] == card["ts"]
        assert words in shown(now)
    assert len(built.calls(EDIT)) == built.notifier.tally.edits == 4
    assert await built.store.watches(job_id) == ()


async def test_edits_are_paced_and_show_the_latest(built: Middle) -> None:
    """Many changes within two seconds are one edit."""
    job_id = built.old_job(progressReport={"complete": 1})
    await built.watch(job_id)
    await built.deliver()
    built.clock.advance(seconds=10)
    for complete in range(10, 30):
        await built.move(job_id, progressReport={"complete": complete})
        await built.notifier.drain()
        built.clock.advance(seconds=0.1)
    await built.deliver()
    assert len(built.calls(EDIT)) == 2
    assert "29 %" in shown(built.messages()[0])


async def test_the_end_of_a_watched_and_followed_job_is_an_edit_and_one_ping(built: Middle) -> None:
    """Watch and Notify me on one job."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.follow(job_id)
    await built.deliver()
    await built.move(job_id, status="Failed", statusReason="disk full")
    await built.deliver()
    card, ping = built.messages()
    assert ping["text"].startswith(about("BRD series failed"))
    assert "<@" not in card["text"]
    assert "disk full" in shown(card)


async def test_stopping_shows_who_stopped_and_is_the_last_edit(built: Middle) -> None:
    """The card stays; what the job does then is not shown any more."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.deliver()
    stopped = f"Watching stopped by <@{BORIS}>."
    assert await built.store.stop_watch(job_id, HERE, note=stopped, now=built.clock.now())
    await built.deliver()
    (card,) = built.messages()
    assert stopped in shown(card)
    await built.move(job_id, status="Failed")
    await built.deliver()
    assert len(built.calls(EDIT)) == 1
    assert "failed" not in shown(built.messages()[0])


async def test_a_card_whose_message_is_deleted_ends_its_watch_quietly(built: Middle) -> None:
    """No new card, no ping, and a new watch is possible."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.deliver()
    (card,) = built.messages()
    message = built.slack.state.find(GENERAL, card["ts"])
    assert message is not None
    built.slack.state.remove(message)
    await built.move(job_id, progressReport={"complete": 50})
    await built.deliver()
    assert built.messages() == []
    assert await built.store.watches(job_id) == ()
    assert (built.notifier.tally.dead, built.reasons()) == (0, [])
    assert await built.watch(job_id)


@pytest.mark.parametrize(("kind", "status"), [("lost_reply", 200), ("status", 500), ("status", 429)])
async def test_an_edit_that_fails_is_made_again(built: Middle, kind: str, status: int) -> None:
    """Edits may be repeated: the last word is shown in the end."""
    job_id = built.old_job()
    await built.watch(job_id)
    await built.deliver()
    built.slack_fault(EDIT, kind, status=status, retry_after=5, times=2)
    await built.move(job_id, status="Failed")
    await built.deliver()
    assert len(built.calls(EDIT)) == 3
    assert "failed" in shown(built.messages()[0])
    assert await built.store.watches(job_id) == ()


async def test_a_card_whose_reply_is_lost_is_found_and_edited_from_then_on(built: Middle) -> None:
    """Not posted twice, though nobody heard its ts."""
    job_id = built.old_job()
    await built.watch(job_id)
    built.slack_fault(POST, "lost_reply", times=1)
    await built.notifier.drain()
    await built.move(job_id, status="Failed")
    await built.deliver()
    (card,) = built.messages()
    assert "failed" in shown(card)
    assert len(built.calls(POST)) == 1


class Garbled:
    """A messenger whose cards Slack does not draw, until it is mended; plain text gets through."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self.mended = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._messenger, name)

    async def edit(self, channel_id: str, ts: str, payload: dict[str, object]) -> None:
        """Spoil the blocks, if there are any."""
        if payload["attachments"] and not self.mended:
            payload = {**payload, "attachments": [{"blocks": [{"type": "no such block"}]}]}
        await self._messenger.edit(channel_id, ts, payload)


async def test_a_card_that_slack_does_not_draw_shows_its_headline_and_lives_on(
    built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing old stays below it, and its next change is drawn again."""
    job_id = built.old_job()
    await built.watch(job_id)
    garbled = Garbled(built.messenger)
    notifier = built.another_notifier(cast("Messenger", garbled))
    await built.deliver(notifier)
    await built.move(job_id, status="Quoted")
    await built.deliver(notifier)
    (card,) = built.messages()
    assert "quote" in card["text"]
    assert not card.get("attachments")
    assert "invalid_attachments" in caplog.text
    assert len(await built.store.watches(job_id)) == 1
    garbled.mended = True
    await built.move(job_id, status="Running", progressReport={"complete": 60})
    await built.deliver(notifier)
    (card,) = built.messages()
    assert "60 %" in shown(card)


async def acted_on(built: Middle) -> str:
    """A job whose live card shows that somebody asked to cancel it."""
    job_id = built.old_job(progressReport={"complete": 10})
    await built.watch(job_id)
    now, expires = built.clock.now(), timedelta(minutes=2)
    await built.store.begin_action(ActionKind.CANCEL, job_id, BORIS, now, expires=expires)
    await built.deliver()
    (card,) = built.messages()
    assert f"Cancel requested by <@{BORIS}>" in shown(card)
    assert "Cancel job" not in shown(card)
    return job_id


async def test_a_card_gives_its_button_back_when_an_action_stays_unanswered(built: Middle) -> None:
    """Nothing else has to happen, and it says that nothing came of it."""
    await acted_on(built)
    built.clock.advance(minutes=2)
    await built.notifier.tidy()
    await built.deliver()
    (card,) = built.messages()
    assert "Cancel job" in shown(card)
    assert "without success" in shown(card)
    assert len(built.calls(EDIT)) == 1


async def test_an_edit_after_the_time_for_an_answer_gives_the_button_back_too(built: Middle) -> None:
    """Whether or not somebody has tidied up by then."""
    job_id = await acted_on(built)
    built.clock.advance(minutes=3)
    await built.move(job_id, progressReport={"complete": 10.4})
    await built.deliver()
    (card,) = built.messages()
    assert "Cancel job" in shown(card)
