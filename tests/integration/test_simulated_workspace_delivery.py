"""What people of the simulated workspace do reaches the app, and what the app answers reaches them."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from dojobbot.simulator.slack_api.controls import ConfirmNeeded
from dojobbot.simulator.slack_api.events import ALL_EVENTS
from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT, CHEMISTRY, EMEKA, GENERAL, PARTNERS, RANDOM
from tests.fidelity.slack_side import MODAL, App, listening, plain, simulated, texts

DIALOG = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
MENU_OPTIONS = [{"text": plain("Refresh"), "value": "refresh"}, {"text": plain("Share"), "value": "share"}]
CONTROLS = [
    {"type": "button", "action_id": "go", "text": plain("Go"), "value": "job-1"},
    {"type": "button", "action_id": "end", "text": plain("Cancel job"), "confirm": DIALOG},
    {"type": "overflow", "action_id": "more", "options": MENU_OPTIONS},
    {"type": "static_select", "action_id": "open", "placeholder": plain("Open"), "options": MENU_OPTIONS},
]
CARD = [{"color": "#0d6efd", "blocks": [{"type": "actions", "block_id": "verbs", "elements": CONTROLS}]}]


async def card_of(app: App) -> str:
    return await app.post(text="card", attachments=CARD)


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(ack_seconds=0.3, rate_limits=False, events=ALL_EVENTS) as app:
        assert (await app.connect())["type"] == "hello"
        yield app


async def test_a_command_arrives_whole_and_its_answer_is_private(app: App) -> None:
    app.answer = lambda _: {"text": "Here are your jobs"}
    done = await app.workspace.type_command(ADA, CHEMISTRY, "/jobs running  mine")
    [envelope] = app.envelopes
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    payload = envelope["payload"]
    assert (payload["command"], payload["text"]) == ("/jobs", "running  mine")
    assert (payload["user_id"], payload["channel_name"]) == (ADA, "privategroup")
    assert done.error is None
    assert app.workspace.ack_times == [done.ack_seconds]
    assert texts(app.workspace, ADA, CHEMISTRY) == ["Here are your jobs"]
    assert texts(app.workspace, BORIS, CHEMISTRY) == []


async def test_an_answer_in_the_channel_shows_the_command_too(app: App) -> None:
    app.answer = lambda _: {"text": "For all", "response_type": "in_channel"}
    await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert texts(app.workspace, BORIS) == ["/jobs", "For all"]


async def test_an_app_that_does_not_acknowledge_in_time_is_shown_to_have_failed(app: App) -> None:
    app.answer = lambda _: None
    done = await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert (done.error, done.ack_seconds) == ("operation_timeout", None)
    assert texts(app.workspace, ADA) == ['/jobs failed with the error "operation_timeout"']
    assert app.workspace.ack_times == []


async def test_without_a_connection_commands_fail_at_once() -> None:
    async with simulated() as app:
        done = await app.workspace.type_command(ADA, GENERAL, "/jobs")
        assert done.error == "dispatch_failed"
        assert "dispatch_failed" in texts(app.workspace, ADA)[0]
        unknown = await app.workspace.type_command(ADA, GENERAL, "/jbos")
        assert unknown.error == "unknown_command"
        assert texts(app.workspace, ADA)[1] == "/jbos is not a valid command."


async def test_typed_names_become_ids_only_when_the_app_asked_for_it() -> None:
    async with simulated(should_escape=True) as app:
        await app.connect()
        await app.workspace.type_command(ADA, GENERAL, "/jobs @boris #general #lead-chemistry a@b")
        words = app.envelopes[0]["payload"]["text"]
        assert words == f"<@{BORIS}> <#{GENERAL}|general> <#{CHEMISTRY}|> a@b"


async def test_strangers_type_no_commands_but_can_press(app: App) -> None:
    with pytest.raises(ValueError, match="another workspace"):
        await app.workspace.type_command(EMEKA, PARTNERS, "/jobs")
    ts = (await app.call("chat.postMessage", channel=PARTNERS, text="card", attachments=CARD))["ts"]
    await app.workspace.press(EMEKA, PARTNERS, ts, "Go")
    payload = app.envelopes[0]["payload"]
    assert payload["user"]["team_id"] != payload["team"]["id"]


async def test_a_press_tells_what_was_pressed_where(app: App) -> None:
    ts = await card_of(app)
    await app.workspace.press(BORIS, GENERAL, ts, "Go")
    payload = app.envelopes[0]["payload"]
    assert payload["type"] == "block_actions"
    assert payload["container"] == {
        "type": "message_attachment",
        "message_ts": ts,
        "channel_id": GENERAL,
        "is_ephemeral": False,
        "attachment_id": 1,
        "is_app_unfurl": False,
    }
    assert (payload["message"]["ts"], payload["channel"]["name"]) == (ts, "general")
    [action] = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("go", "verbs", "job-1")


async def test_choosing_from_a_menu_tells_the_choice(app: App) -> None:
    ts = await card_of(app)
    await app.workspace.press(ADA, GENERAL, ts, "more", option="Share")
    await app.workspace.press(ADA, GENERAL, ts, "Open", option="refresh")
    overflow, select = [envelope["payload"] for envelope in app.envelopes]
    assert overflow["actions"][0]["selected_option"]["value"] == "share"
    assert select["actions"][0]["selected_option"]["value"] == "refresh"
    assert select["state"]["values"]["verbs"]["open"]["selected_option"]["value"] == "refresh"
    with pytest.raises(LookupError, match="'Refresh', 'Share'"):
        await app.workspace.press(ADA, GENERAL, ts, "more", option="Delete")
    with pytest.raises(LookupError, match="Cancel job"):
        await app.workspace.press(ADA, GENERAL, ts, "Stop")


async def test_a_control_with_a_dialog_asks_first(app: App) -> None:
    ts = await card_of(app)
    with pytest.raises(ConfirmNeeded, match="Sure"):
        await app.workspace.press(ADA, GENERAL, ts, "Cancel job")
    assert await app.workspace.press(ADA, GENERAL, ts, "Cancel job", confirm=False) is None
    assert app.envelopes == []
    await app.workspace.press(ADA, GENERAL, ts, "Cancel job", confirm=True)
    assert len(app.envelopes) == 1


async def test_a_private_card_changes_through_its_response_url_only(app: App) -> None:
    ts = (await app.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="card", attachments=CARD))[
        "message_ts"
    ]
    done = await app.workspace.press(ADA, GENERAL, ts, "Go")
    assert done is not None
    assert done.payload["container"]["is_ephemeral"] is True
    assert "message" not in done.payload
    url = done.payload["response_url"]
    new = {"text": "new", "replace_original": True, "response_type": "in_channel"}
    assert await app.respond(url, **new) == 200
    assert (texts(app.workspace, ADA), texts(app.workspace, BORIS)) == (["new"], [])
    assert await app.respond(url, delete_original=True) == 200
    assert texts(app.workspace, ADA) == []
    assert await app.respond(url, text="late", replace_original=True) == 400
    with pytest.raises(LookupError, match="sees no message"):
        await app.workspace.press(BORIS, GENERAL, ts, "Go")


async def test_a_response_url_serves_five_times_and_half_an_hour() -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment) as app:
        await app.connect()
        payload = (await app.workspace.type_command(ADA, RANDOM, "/jobs")).payload
        url, second = payload["response_url"], None
        said = [await app.respond(url, text=str(number), replace_original=True) for number in range(6)]
        assert said == [200] * 5 + [404]
        # A command has no original to replace, and the bot need not be in the channel.
        assert texts(app.workspace, ADA, RANDOM) == ["0", "1", "2", "3", "4"]
        second = (await app.workspace.type_command(ADA, RANDOM, "/jobs")).payload["response_url"]
        assert await app.respond(second) == 400
        moment += timedelta(minutes=31)
        assert await app.respond(second, text="late") == 404
        assert app.workspace.requests[-1].error == "http_404"


async def test_a_modal_opens_once_for_a_fresh_trigger() -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment) as app:
        await app.connect()
        trigger = (await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"]
        assert (await app.call("views.open", trigger_id="nonsense", view=MODAL))[
            "error"
        ] == "invalid_trigger_id"
        no_submit = {name: MODAL[name] for name in MODAL if name != "submit"}
        refusal = await app.call("views.open", trigger_id=trigger, view=no_submit)
        assert "missing required field: submit" in refusal["response_metadata"]["messages"][0]
        assert (await app.call("views.open", trigger_id=trigger, view=MODAL))["ok"] is True
        again = await app.call("views.open", trigger_id=trigger, view=MODAL)
        assert again["error"] == "exchanged_trigger_id"
        late = (await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"]
        moment += timedelta(seconds=4)
        assert (await app.call("views.open", trigger_id=late, view=MODAL))["error"] == "expired_trigger_id"


async def test_a_submitted_modal_does_what_the_app_answers(app: App) -> None:
    trigger = (await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"]
    view_id = (await app.call("views.open", trigger_id=trigger, view=MODAL))["view"]["id"]
    with pytest.raises(LookupError, match="Words"):
        await app.workspace.submit_modal(ADA, view_id, {})
    app.answer = lambda _: {"response_action": "errors", "errors": {"words": "Too short"}}
    await app.workspace.submit_modal(ADA, view_id, {"words": {"text": "a"}})
    assert app.workspace.modals(ADA)[-1].errors == (("words", "Too short"),)
    app.answer = lambda _: {"response_action": "push", "view": MODAL | {"callback_id": "next"}}
    await app.workspace.submit_modal(ADA, view_id, {"words": {"text": "abc"}})
    sent = app.envelopes[-1]["payload"]["view"]
    assert sent["state"]["values"]["words"]["text"] == {"type": "plain_text_input", "value": "abc"}
    assert [view.content["callback_id"] for view in app.workspace.modals(ADA)] == ["note", "next"]
    app.answer = lambda _: {}
    await app.workspace.submit_modal(ADA, app.workspace.modals(ADA)[-1].id, {"words": {"text": "abc"}})
    assert len(app.workspace.modals(ADA)) == 1


async def test_each_payload_goes_to_one_of_the_connections(app: App) -> None:
    assert (await app.connect())["num_connections"] == 2
    for _ in range(4):
        await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert len(app.envelopes) == 4


async def test_an_eleventh_connection_is_turned_away(app: App) -> None:
    for _ in range(9):
        await app.connect()
    assert (await app.connect())["reason"] == "too_many_websockets"


async def test_slack_announces_a_disconnect_and_then_closes(app: App) -> None:
    await app.workspace.disconnect("link_disabled")
    await app.workspace.wait_for(lambda: app.envelopes)
    assert app.envelopes[0]["reason"] == "link_disabled"
    assert app.workspace.socket_count == 0
    await app.connect()
    await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert app.envelopes[-1]["type"] == "slash_commands"


async def test_dropped_sockets_are_gone_without_a_word(app: App) -> None:
    app.workspace.drop_sockets()
    await app.workspace.wait_for(lambda: app.workspace.socket_count == 0)
    assert app.envelopes == []


async def test_slack_pings_and_answers_pings_with_the_same_words() -> None:
    async with simulated(ping_seconds=0.05) as app:
        headers = {"Authorization": f"Bearer {app.workspace.app_token}"}
        async with app.session.post(app.workspace.api_url + "apps.connections.open", headers=headers) as said:
            url = (await said.json())["url"]
        async with app.session.ws_connect(url, autoping=False) as socket:
            await socket.ping(b"sdk-ping-pong:1")
            kinds: dict[WSMsgType, object] = {}
            while {WSMsgType.PING, WSMsgType.PONG} - kinds.keys():
                message = await asyncio.wait_for(socket.receive(), 40)
                kinds[message.type] = message.data
            assert kinds[WSMsgType.PONG] == b"sdk-ping-pong:1"
        async with app.session.get(url.replace("ws://", "http://")) as reused:
            assert reused.status == 401


async def test_events_are_repeated_until_they_are_acknowledged() -> None:
    async with simulated(ack_seconds=0.1, retry_pauses=(0.0, 0.0), events=ALL_EVENTS) as app:
        await app.connect()
        app.answer = lambda envelope: {} if envelope["retry_attempt"] == 1 else None
        await app.workspace.mention(ADA, GENERAL, "hello")
        await app.workspace.wait_for(lambda: len(app.workspace.event_deliveries) == 2)
        first, second = app.envelopes
        assert (first["retry_attempt"], second["retry_attempt"]) == (0, 1)
        assert second["retry_reason"] == "timeout"
        assert first["payload"]["event_id"] == second["payload"]["event_id"]
        assert first["payload"]["event"]["type"] == "app_mention"


async def test_the_bot_hears_what_concerns_it(app: App) -> None:
    await app.workspace.say(ADA, GENERAL, "not for the bot")
    await app.workspace.say(ADA, app.workspace.dm(ADA), "for the bot")
    await app.workspace.invite(ADA, RANDOM)
    await app.workspace.archive(ADA, RANDOM)
    await app.workspace.remove(GENERAL)
    await app.workspace.open_home(ADA)
    await app.workspace.wait_for(lambda: len(app.workspace.event_deliveries) == 5)
    events = {
        envelope["payload"]["event"]["type"]: envelope["payload"]["event"] for envelope in app.envelopes
    }
    assert events.keys() == {
        "message",
        "member_joined_channel",
        "channel_archive",
        "channel_left",
        "app_home_opened",
    }
    assert events["message"]["channel_type"] == "im"
    assert events["member_joined_channel"]["user"] == BOT


async def test_over_http_everything_arrives_as_slack_sends_it() -> None:
    seen: list[tuple[web.Request, str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request, await request.text()))
        if request.content_type == "application/json":
            retried = "X-Slack-Retry-Num" in request.headers
            return web.Response(status=500, headers={"X-Slack-No-Retry": "1"} if retried else {})
        return web.Response(text="in words") if len(seen) == 1 else web.json_response({"text": "as JSON"})

    async with (
        listening(handler) as url,
        simulated(request_url=url, signing_secret="s", retry_pauses=(0.0,) * 3, events=ALL_EVENTS) as app,
    ):
        await app.workspace.type_command(ADA, GENERAL, "/jobs running")
        await app.workspace.type_command(ADA, GENERAL, "/jobs")
        assert texts(app.workspace, ADA) == ["in words", "as JSON"]
        assert parse_qs(seen[0][1])["text"] == ["running"]
        await app.workspace.press(ADA, GENERAL, await card_of(app), "Go")
        assert json.loads(parse_qs(seen[2][1])["payload"][0])["type"] == "block_actions"
        await app.workspace.mention(ADA, GENERAL)
        await app.workspace.wait_for(lambda: len(app.workspace.event_deliveries) == 2)
        assert seen[4][0].headers["X-Slack-Retry-Reason"] == "http_error"
        app.workspace.request_url = "http://127.0.0.1:1/slack/events"
        assert (await app.workspace.type_command(ADA, GENERAL, "/jobs")).error == "dispatch_failed"


async def test_slack_can_be_away_and_come_back_on_the_same_port_with_all_it_knew() -> None:
    async with simulated(rate_limits=False) as app:
        await app.connect()
        ts = await card_of(app)
        port = int(app.workspace.api_url.rsplit(":", 1)[1].split("/")[0])
        await app.workspace.stop()
        with pytest.raises(aiohttp.ClientError):
            await app.call("auth.test")
        await app.workspace.start(port=port)
        [message] = (await app.call("conversations.history", channel=GENERAL))["messages"]
        assert message["ts"] == ts
        assert app.workspace.socket_count == 0


async def test_waiting_ends_with_a_clear_error(app: App) -> None:
    with pytest.raises(TimeoutError, match="Nothing in the workspace"):
        await app.workspace.wait_for(lambda: False, timeout=0.05)


async def test_a_subscriber_hears_of_every_change(app: App) -> None:
    queue = app.workspace.subscribe()
    ts = await app.workspace.say(ADA, GENERAL, "hello")
    change = queue.get_nowait()
    assert (change.kind, change.channel, change.ts) == ("message", GENERAL, ts)
    app.workspace.unsubscribe(queue)
