"""The Details modal, opened and used in the simulated workspace; the platform well and unwell."""

from __future__ import annotations

import asyncio
import json

import pytest

from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack.modal import Modal, Turns
from dojobbot.slack.views import ids
from dojobbot.slack.views.blocks import plain_text
from tests.integration.handlers_side import Front
from tests.integration.middle import DEADLINE, Middle

GET = "GET /tools/*"
LOGS = "POST /data-platform/*/user_logs/search"
UPDATE = "views.update"
INPUTS = {"protein": {"$provider": "ufa", "key": "kras.pdb"}, "smiles_list": ["CCO"] * 900}


def switch(tab: str) -> str:
    return ids.in_details(ids.SWITCH, tab)


async def opened(room: Front, job_id: str, **more: str) -> None:
    """Open the modal from a fresh private card, and wait until it is filled."""
    await room.press(await room.card(job_id, **more), "Details", user=more.get("user", lab.ADA))
    await room.modal_shows("Status", job_id[:8], **{"user": more["user"]} if "user" in more else {})


async def test_every_tab_shows_its_part_of_the_job(room: Front, built: Middle) -> None:
    job_id = built.job(
        "Failed",
        name="KRAS screen",
        userInputs=INPUTS,
        userOutputs={"data_file": {"$provider": "ufa", "key": "results.csv"}},
        metadata={"protein_name": "kras"},
        statusReason="OOMKilled: worker 3 exceeded 32Gi",
        progressReport="total_num_ligands = 900\n",
        billingTransaction={"amount": 8.5},
    )
    await opened(room, job_id)
    read_so_far = built.gets(job_id)
    assert room.modal().content["title"]["text"] == "KRAS screen"
    assert room.shows("by Ada Osei", "OOMKilled")
    for tab, words in {
        ids.FIELDS: ("*metadata: protein_name*  kras", job_id),
        ids.INPUTS: ("*protein*  kras.pdb", "900 entries", "The first 3,000 characters"),
        ids.OUTPUTS: ("*data_file*  results.csv",),
        ids.BILLING: ("*Billed*  $8.50",),
        ids.LOG: (":x: *Error*", "OOMKilled: worker 3 exceeded 32Gi", "*Info*"),
        ids.PROGRESS: ("total_num_ligands = 900",),
        ids.STATUS: ("by Ada Osei",),
    }.items():
        await room.press_in_modal(switch(tab))
        await room.modal_shows("▸", *words)
    assert built.gets(job_id) == read_so_far, "what was read just now serves all tabs"


async def test_a_posted_card_opens_it_for_any_full_member_and_stays_as_it_is(
    room: Front, built: Middle
) -> None:
    job_id = built.job(userInputs=INPUTS)
    await built.watch(job_id)
    await built.deliver()
    card = built.messages()[-1]
    await room.press(card, "Details", user=lab.BORIS)
    await room.modal_shows("▸ Status", user=lab.BORIS)
    assert built.messages()[-1] == card
    assert "kras.pdb" not in str(built.messages(user=lab.BORIS)), "inputs are for the modal alone"


async def test_a_guest_sees_nothing(room: Front, built: Middle) -> None:
    job_id = built.job(userInputs=INPUTS)
    await built.watch(job_id)
    await built.deliver()
    read_so_far = built.gets(job_id)
    await room.press(built.messages()[-1], "Details", user=lab.DALIA)
    await room.modal_shows("full members", user=lab.DALIA)
    assert built.gets(job_id) == read_so_far


async def test_a_notice_opens_it_too(room: Front, built: Middle) -> None:
    await built.end("KRAS screen")
    await built.deliver()
    await room.press(built.messages()[-1], "Details")
    await room.modal_shows("▸ Status", "Succeeded")


async def test_a_notice_of_a_failure_in_a_channel_opens_the_log_for_the_presser_alone(
    room: Front, built: Middle
) -> None:
    job_id = built.job()
    await built.follow(job_id)
    await built.move(job_id, status="Failed", statusReason="OOMKilled: worker 3 exceeded 32Gi")
    await built.deliver()
    told = built.messages()[-1]
    assert "*Last log lines*" not in str(told)
    await room.press(told, "Logs", user=lab.BORIS)
    await room.modal_shows("▸ Logs", ":x: *Error*", user=lab.BORIS)
    assert built.messages()[-1] == told


async def test_a_hidden_job_is_shown_by_its_id(room: Front, built: Middle) -> None:
    await opened(room, built.job(visibility="hidden"))


async def test_inputs_are_kept_nowhere(room: Front, built: Middle) -> None:
    job_id = built.job(userInputs=INPUTS)
    await opened(room, job_id)
    await room.press_in_modal(switch(ids.INPUTS))
    await room.modal_shows("kras.pdb")
    stored = b"".join(each.read_bytes() for each in built.database.parent.glob("middle.db*"))
    assert b"kras.pdb" not in stored


async def test_a_platform_that_is_away_leaves_what_is_stored_and_refresh_mends_it(
    room: Front, built: Middle
) -> None:
    job_id = built.job(userInputs=INPUTS)
    card = await room.card(job_id)
    built.platform_fault(GET, kind="status", status=503)
    await room.press(card, "Details")
    await room.modal_shows("▸ Status", "Running", "Deep Origin does not answer right now")
    await room.press_in_modal(switch(ids.INPUTS))
    await room.modal_shows("only while Deep Origin answers")
    built.platform.faults.clear()
    await room.press_in_modal(ids.in_details(ids.RELOAD, ids.INPUTS))
    await room.modal_shows("kras.pdb")
    assert not room.shows("does not answer")


async def test_what_was_read_once_is_still_there_in_an_outage(room: Front, built: Middle) -> None:
    job_id = built.job(userInputs=INPUTS)
    await opened(room, job_id)
    built.clock.advance(minutes=2)
    built.platform_fault(GET, kind="status", status=503)
    await room.press_in_modal(switch(ids.INPUTS))
    await room.modal_shows("kras.pdb", "this is what I saw last")


async def test_a_hanging_platform_does_not_keep_anybody_waiting(room: Front, built: Middle) -> None:
    """The window opens at once; a moment later it shows what is stored."""
    job_id = built.job()
    card = await room.card(job_id)
    built.platform_fault(GET, kind="hang")
    await room.press(card, "Details")
    await room.modal_shows("Asking Deep Origin")
    await room.modal_shows("▸ Status", "Asking Deep Origin", "Running")
    await room.desk.close(0.05)
    await room.modal_shows("being restarted")


async def test_a_job_that_is_gone_shows_what_was_seen_last(room: Front, built: Middle) -> None:
    job_id = built.job()
    card = await room.card(job_id)
    built.world.remove(job_id)
    await room.press(card, "Details")
    await room.modal_shows("▸ Status", "does not know this job any more")


async def test_a_log_that_cannot_be_read_does_not_hide_the_rest(room: Front, built: Middle) -> None:
    job_id = built.job()
    await opened(room, job_id)
    built.platform_fault(LOGS, kind="status", status=403)
    await room.press_in_modal(switch(ids.LOG))
    await room.modal_shows("could not be read", "refused the token", "▸ Logs")
    built.platform.faults.clear()
    await room.press_in_modal(ids.in_details(ids.RELOAD, ids.LOG))
    await room.modal_shows("*Info*", "Accepted")


async def test_a_press_that_comes_too_late_is_answered_beside_the_card(room: Front, built: Middle) -> None:
    card = await room.card(built.job())
    built.slack_fault("views.open", "status", status=503, times=1)
    await room.press(card, "Details")
    await room.sees(lambda: any("Slack failed" in each["text"] for each in built.messages()))
    built.slack_fault("views.open", "slow", seconds=1, times=1)
    await room.press(card, "Details")
    built.clock.advance(seconds=4)
    await room.sees(lambda: any("Press the button again" in each["text"] for each in built.messages()))
    assert built.messages()[0] == card
    assert built.slack.modals(lab.ADA) == ()


async def test_the_later_press_wins(room: Front, built: Middle) -> None:
    """The first one is answered slowly, and must not draw over the second one's tab."""
    job_id = built.job(userInputs=INPUTS)
    await opened(room, job_id)
    built.clock.advance(minutes=2)
    built.platform_fault(GET, kind="slow", seconds=1, times=1)
    await room.press_in_modal(switch(ids.INPUTS))
    await room.press_in_modal(switch(ids.FIELDS))
    await room.modal_shows("▸ Details")
    drawn = len(built.calls(UPDATE))
    await room.press_in_modal(switch(ids.BILLING))
    await room.modal_shows("▸ Billing")
    assert len(built.calls(UPDATE)) == drawn + 1
    assert not room.shows("▸ Inputs")


async def test_a_view_that_changed_meanwhile_is_drawn_all_the_same(room: Front, built: Middle) -> None:
    """Another process of ours may have drawn it between the press and its answer."""
    job_id = built.job(userInputs=INPUTS)
    await opened(room, job_id)
    built.clock.advance(minutes=2)
    built.platform_fault(GET, kind="slow", seconds=1, times=1)
    view = room.modal()
    await room.press_in_modal(switch(ids.INPUTS))
    other = {key: view.content[key] for key in ("type", "title", "close", "blocks")}
    await built.messenger.update_view(view.id, other, seen_hash=None)
    await room.modal_shows("▸ Inputs", "kras.pdb")


async def test_what_slack_refuses_to_draw_is_told(
    room: Front, built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    await opened(room, built.job())
    view = room.modal()
    modal = Modal(built.messenger, Turns(), view.id, view.hash)
    await modal.send({"type": "modal", "title": plain_text("x" * 25), "blocks": []})
    await room.modal_shows("Slack refuses to show this here")
    assert ["invalid_arguments" in message for message in caplog.messages] == [True]


async def test_closing_it_early_is_no_trouble(
    room: Front, built: Middle, caplog: pytest.LogCaptureFixture
) -> None:
    card = await room.card(built.job())
    built.platform_fault(GET, kind="slow", seconds=1, times=1)
    await room.press(card, "Details")
    await room.modal_shows("Asking")
    await built.slack.close_modal(lab.ADA, room.modal().id)
    await room.sees(lambda: built.calls(UPDATE))
    await room.desk.close(DEADLINE)
    assert caplog.records == []


async def test_a_file_comes_into_the_pressers_dm(room: Front, built: Middle) -> None:
    job_id = built.job(userInputs=INPUTS, name="KRAS <screen>")
    await opened(room, job_id, user=lab.BORIS)
    await room.press_in_modal(switch(ids.INPUTS), user=lab.BORIS)
    await room.modal_shows("Download as JSON", user=lab.BORIS)
    await room.press_in_modal(ids.in_details(ids.DOWNLOAD, ids.INPUTS), user=lab.BORIS)
    await room.modal_shows("I've sent you", "▸ Inputs", user=lab.BORIS)
    (message,) = built.slack.dms(lab.BORIS)
    (file,) = message["files"]
    assert file["name"] == f"{job_id[:8]}-inputs.json"
    assert "KRAS &lt;screen&gt;" in message["text"]
    stored = built.slack.file(file["id"])
    assert stored is not None
    assert json.loads(stored.content or b"") == INPUTS


async def test_a_file_that_slack_refuses_is_told_in_the_modal(room: Front, built: Middle) -> None:
    await opened(room, built.job())
    await room.press_in_modal(switch(ids.LOG))
    await room.modal_shows("Download as text")
    built.slack_fault("files.getUploadURLExternal", "status", status=503)
    await room.press_in_modal(ids.in_details(ids.DOWNLOAD, ids.LOG))
    await room.modal_shows(":warning:", "nothing was shared", "▸ Logs")


@pytest.mark.parametrize("then", ["another tab", "nothing"])
async def test_a_file_that_does_not_come_is_told_directly_where_nobody_looks_at_the_tab_any_more(
    room: Front, built: Middle, then: str
) -> None:
    job_id = built.job(userInputs=INPUTS)
    await opened(room, job_id)
    await room.press_in_modal(switch(ids.INPUTS))
    await room.modal_shows("Download as JSON")
    # Slack thinks about it, and in the end does not answer; the person does not wait for it.
    built.slack_fault("files.completeUploadExternal", "hang", times=1)
    await room.press_in_modal(ids.in_details(ids.DOWNLOAD, ids.INPUTS))
    await room.sees(lambda: built.slack.faults.struck)
    if then == "another tab":
        await room.press_in_modal(switch(ids.FIELDS))
        await room.modal_shows("▸ Details")
    else:
        await built.slack.close_modal(lab.ADA, room.modal().id)
    built.slack.faults.release()
    async with asyncio.timeout(DEADLINE):
        while await built.store.next_due(built.clock.now()) is None:  # noqa: ASYNC110 - nobody announces it
            await asyncio.sleep(0.01)
    await built.deliver()
    told = built.messages(built.slack.dm(lab.ADA))
    assert len(told) == 1
    assert f"The file of job `{job_id[:8]}`" in told[0]["text"]
    assert "Slack" in told[0]["text"]


async def test_a_file_is_sent_once_though_the_press_comes_twice(room: Front, built: Middle) -> None:
    await opened(room, built.job())
    await room.press_in_modal(switch(ids.LOG))
    await room.modal_shows("Download as text")
    built.slack_fault("deliver interactive", "duplicate", times=1)
    await room.press_in_modal(ids.in_details(ids.DOWNLOAD, ids.LOG))
    await room.modal_shows("I've sent you")
    await room.desk.close(DEADLINE)
    assert len(built.slack.dms(lab.ADA)) == 1


async def test_an_opening_press_that_comes_twice_opens_one_modal_and_says_nothing(
    room: Front, built: Middle
) -> None:
    card = await room.card(built.job())
    built.slack_fault("deliver interactive", "duplicate", times=1)
    await room.press(card, "Details")
    await room.modal_shows("▸ Status")
    await room.sees(lambda: len(built.calls("views.open")) == 2)
    await room.desk.close(DEADLINE)
    assert len(built.slack.modals(lab.ADA)) == 1
    assert built.messages() == [card]
