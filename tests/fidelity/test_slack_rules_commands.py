"""Slack's rules for commands, response URLs and presses hold in the workspace."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dojobbot.simulator.slack_api.controls import ConfirmNeeded
from dojobbot.simulator.slack_api.events import ALL_EVENTS
from dojobbot.simulator.slack_api.world import ADA, BORIS, CHEMISTRY, EMEKA, GENERAL, PARTNERS, RANDOM
from tests.fidelity.slack_side import ACTIONS, BUTTON, App, plain, simulated, texts


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(rate_limits=False, events=ALL_EVENTS) as app:
        await app.connect()
        yield app


async def test_a_command_carries_its_documented_fields(app: App) -> None:
    """A command tells who typed what where, with a response URL and a trigger, and no thread.

    (interactivity/implementing-slash-commands).
    """
    payload = (await app.workspace.type_command(ADA, CHEMISTRY, "/jobs running")).payload
    fields = "token team_id team_domain channel_id channel_name user_id user_name command text response_url"
    assert payload.keys() == {*fields.split(), "trigger_id", "api_app_id", "is_enterprise_install"}
    assert (payload["command"], payload["text"], payload["channel_id"]) == ("/jobs", "running", CHEMISTRY)


async def test_a_command_is_acknowledged_in_three_seconds_or_fails() -> None:
    """Without an acknowledgement within 3,000 ms the person reads operation_timeout.

    (interactivity/implementing-slash-commands).
    """
    async with simulated() as app:
        assert app.workspace.ack_seconds == 3.0
    async with simulated(ack_seconds=0.1) as app:
        await app.connect()
        app.answer = lambda _: None
        assert (await app.workspace.type_command(ADA, GENERAL, "/jobs")).error == "operation_timeout"
        assert "operation_timeout" in texts(app.workspace, ADA)[0]


async def test_an_answer_is_private_unless_it_says_in_channel(app: App) -> None:
    """An answer is ephemeral by default; `in_channel` also shows the typed command.

    (interactivity/implementing-slash-commands).
    """
    app.answer = lambda _: {"text": "for you"}
    await app.workspace.type_command(ADA, GENERAL, "/jobs")
    app.answer = lambda _: {"text": "for all", "response_type": "in_channel"}
    await app.workspace.type_command(ADA, GENERAL, "/jobs mine")
    assert texts(app.workspace, BORIS) == ["/jobs mine", "for all"]


async def test_an_empty_acknowledgement_is_silent(app: App) -> None:
    """An empty answer shows nothing (interactivity/implementing-slash-commands)."""
    assert (await app.workspace.type_command(ADA, GENERAL, "/jobs")).error is None
    assert texts(app.workspace, ADA) == []


async def test_names_are_escaped_only_where_the_app_asks_for_it() -> None:
    """With should_escape names become ids; private channels lose their name.

    (interactivity/implementing-slash-commands).
    """
    typed = "/jobs @boris #general #lead-chemistry"
    for escape, words in (
        (False, "@boris #general #lead-chemistry"),
        (True, f"<@{BORIS}> <#{GENERAL}|general> <#{CHEMISTRY}|>"),
    ):
        async with simulated(should_escape=escape) as app:
            await app.connect()
            assert (await app.workspace.type_command(ADA, GENERAL, typed)).payload["text"] == words


async def test_a_response_url_serves_five_times_within_half_an_hour() -> None:
    """A response URL works five times and for 30 minutes, also where the app is no member.

    (interactivity/handling-user-interaction).
    """
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment) as app:
        await app.connect()
        url = (await app.workspace.type_command(ADA, RANDOM, "/jobs")).payload["response_url"]
        assert [await app.respond(url, text="x") for _ in range(6)] == [200] * 5 + [404]
        late = (await app.workspace.type_command(ADA, RANDOM, "/jobs")).payload["response_url"]
        moment += timedelta(minutes=31)
        assert await app.respond(late, text="x") == 404


async def test_an_ephemeral_source_stays_ephemeral(app: App) -> None:
    """replace_original edits the source, delete_original removes it; what was ephemeral stays so.

    (interactivity/handling-user-interaction).
    """
    body = await app.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="card", blocks=[ACTIONS])
    done = await app.workspace.press(ADA, GENERAL, body["message_ts"], "Go")
    assert done is not None
    url = done.payload["response_url"]
    assert await app.respond(url, text="new", replace_original=True, response_type="in_channel") == 200
    assert (texts(app.workspace, ADA), texts(app.workspace, BORIS)) == (["new"], [])
    assert await app.respond(url, delete_original=True) == 200
    assert texts(app.workspace, ADA) == []


async def test_a_response_can_go_into_the_thread(app: App) -> None:
    """A reply in the thread says in_channel, thread_ts and replace_original false.

    (interactivity/handling-user-interaction).
    """
    ts = await app.post(blocks=[ACTIONS])
    done = await app.workspace.press(ADA, GENERAL, ts, "Go")
    assert done is not None
    reply = {"response_type": "in_channel", "thread_ts": ts, "replace_original": False}
    assert await app.respond(done.payload["response_url"], text="more", **reply) == 200
    thread = (await app.call("conversations.replies", channel=GENERAL, ts=ts))["messages"]
    assert [message["text"] for message in thread] == ["hello", "more"]


async def test_a_command_has_no_original_to_delete(app: App) -> None:
    """delete_original is not supported for commands (interactivity/handling-user-interaction)."""
    url = (await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["response_url"]
    assert await app.respond(url, delete_original=True) == 400


async def test_a_press_tells_where_it_happened(app: App) -> None:
    """block_actions names the container, the message, the user with their team, and the action.

    (reference/interaction-payloads/block_actions-payload).
    """
    ts = await app.post(attachments=[{"blocks": [ACTIONS]}])
    await app.workspace.press(ADA, GENERAL, ts, "Go")
    payload = app.envelopes[-1]["payload"]
    assert payload["container"]["type"] == "message_attachment"
    assert (payload["container"]["message_ts"], payload["message"]["ts"]) == (ts, ts)
    [action] = payload["actions"]
    assert {"type", "block_id", "action_id", "value", "action_ts"} <= action.keys()
    assert payload.keys() >= {"team", "user", "api_app_id", "trigger_id", "channel", "response_url", "state"}


async def test_an_ephemeral_message_is_not_part_of_its_press(app: App) -> None:
    """The container of an ephemeral message says so, and the payload holds no message.

    (reference/interaction-payloads/block_actions-payload).
    """
    body = await app.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="card", blocks=[ACTIONS])
    await app.workspace.press(ADA, GENERAL, body["message_ts"], "Go")
    payload = app.envelopes[-1]["payload"]
    assert (payload["container"]["is_ephemeral"], "message" in payload) == (True, False)


async def test_people_of_other_workspaces_can_press_but_not_command(app: App) -> None:
    """In a shared channel a stranger presses, with a team of their own in the payload.

    (reference/interaction-payloads/block_actions-payload).
    """
    ts = await app.post(channel=PARTNERS, blocks=[ACTIONS])
    await app.workspace.press(EMEKA, PARTNERS, ts, "Go")
    payload = app.envelopes[-1]["payload"]
    assert payload["user"]["team_id"] != payload["team"]["id"]
    with pytest.raises(ValueError, match="another workspace"):
        await app.workspace.type_command(EMEKA, PARTNERS, "/jobs")


async def test_a_confirm_dialog_comes_first(app: App) -> None:
    """A control with a confirm dialog sends nothing until the person has agreed.

    (reference/block-kit/composition-objects/confirmation-dialog-object).
    """
    dialog = {"title": plain("Sure?"), "text": plain("?"), "confirm": plain("Yes"), "deny": plain("No")}
    ts = await app.post(blocks=[{"type": "actions", "elements": [BUTTON | {"confirm": dialog}]}])
    with pytest.raises(ConfirmNeeded, match="Sure"):
        await app.workspace.press(ADA, GENERAL, ts, "Go")
    assert await app.workspace.press(ADA, GENERAL, ts, "Go", confirm=False) is None
    assert app.envelopes == []
    assert await app.workspace.press(ADA, GENERAL, ts, "Go", confirm=True) is not None


async def test_a_button_with_an_address_sends_a_payload_too(app: App) -> None:
    """A button that opens an address sends a payload as well, which wants an acknowledgement.

    (interactivity/handling-user-interaction).
    """
    link = BUTTON | {"url": "https://example.org"}
    ts = await app.post(blocks=[{"type": "actions", "elements": [link]}])
    done = await app.workspace.press(ADA, GENERAL, ts, "Go")
    assert done is not None
    assert done.payload["actions"][0]["url"] == "https://example.org"
