"""The simulated Web API as a bot meets it: answers, error codes, limits and what is readable afterwards."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.world import (
    ADA,
    ADMINS,
    BOARD,
    BORIS,
    CHEMISTRY,
    CHEN,
    DALIA,
    EMEKA,
    EVENTS,
    FATIMA,
    GENERAL,
    PARTNERS,
    RANDOM,
    SCOPES,
)
from tests.fidelity.slack_side import BUTTON, App, Json, section, simulated

SECTION = section()


@pytest.fixture
async def bot() -> AsyncIterator[App]:
    async with simulated(rate_limits=False) as bot:
        yield bot


async def test_a_posted_message_is_seen_by_members_and_read_back(bot: App) -> None:
    ts = await bot.post(text="a < b & <@U1>", attachments=[{"color": "#0d6efd", "blocks": [SECTION]}])
    [seen] = bot.workspace.messages(GENERAL, ADA)
    assert (seen["ts"], seen["text"], seen["is_ephemeral"]) == (ts, "a &lt; b &amp; <@U1>", False)
    assert seen["attachments"][0]["color"] == "0d6efd"
    assert seen["attachments"][0]["blocks"][0]["block_id"]
    [read] = (await bot.call("conversations.history", channel=GENERAL))["messages"]
    assert read["attachments"] == seen["attachments"]
    with pytest.raises(ValueError, match="not a member"):
        bot.workspace.messages(GENERAL, EMEKA)


async def test_metadata_is_whole_only_when_asked_for(bot: App) -> None:
    metadata = {"event_type": "post", "event_payload": {"id": "p1"}}
    await bot.post(metadata=metadata)
    [plain] = (await bot.call("conversations.history", channel=GENERAL))["messages"]
    answer = await bot.call("conversations.history", channel=GENERAL, include_all_metadata=True)
    [whole] = answer["messages"]
    assert plain["metadata"] == {"event_type": "post"}
    assert whole["metadata"] == metadata


async def test_history_pages_newest_first_and_respects_its_bounds(bot: App) -> None:
    sent = [await bot.post(text=str(number)) for number in range(5)]
    first = await bot.call("conversations.history", channel=GENERAL, limit=2)
    assert [message["text"] for message in first["messages"]] == ["4", "3"]
    assert first["has_more"] is True
    cursor = first["response_metadata"]["next_cursor"]
    second = await bot.call("conversations.history", channel=GENERAL, limit=3, cursor=cursor)
    assert [message["text"] for message in second["messages"]] == ["2", "1", "0"]
    assert second["has_more"] is False
    bounds = {"channel": GENERAL, "oldest": sent[1], "latest": sent[3]}
    assert len((await bot.call("conversations.history", **bounds))["messages"]) == 1
    assert len((await bot.call("conversations.history", **bounds, inclusive=True))["messages"]) == 3


async def test_replies_stay_in_their_thread(bot: App) -> None:
    parent = await bot.post()
    reply = await bot.post(text="reply", thread_ts=parent)
    shown = await bot.post(text="shown", thread_ts=parent, reply_broadcast=True)
    history = (await bot.call("conversations.history", channel=GENERAL))["messages"]
    assert [message["ts"] for message in history] == [shown, parent]
    assert history[1]["reply_count"] == 2
    thread = (await bot.call("conversations.replies", channel=GENERAL, ts=parent))["messages"]
    assert [message["ts"] for message in thread] == [parent, reply, shown]


async def test_forms_work_like_json_with_the_token_inside(bot: App) -> None:
    form = {"token": bot.workspace.bot_token, "channel": GENERAL, "text": "x", "blocks": "[{"}
    url = bot.workspace.api_url + "chat.postMessage"
    async with bot.session.post(url, data=form) as response:
        assert (await response.json())["error"] == "invalid_blocks_format"
    form["blocks"] = '[{"type": "divider"}]'
    async with bot.session.post(url, data=form) as response:
        assert (await response.json())["ok"] is True
    async with bot.session.post(url, json=form) as response:
        assert (await response.json())["error"] == "not_authed"
    async with bot.session.post(url, data=form | {"token": "xoxb-other"}) as response:
        assert (await response.json())["error"] == "invalid_auth"


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE1", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": BOARD, "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": RANDOM, "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": GENERAL}, "no_text"),
        ("chat.postMessage", {"text": "x"}, "invalid_arguments"),
        (
            "chat.postMessage",
            {"channel": GENERAL, "text": "x", "thread_ts": "1.1"},
            "cannot_reply_to_message",
        ),
        (
            "chat.postMessage",
            {"channel": GENERAL, "text": "x", "metadata": {"event_type": 1}},
            "invalid_metadata_format",
        ),
        (
            "chat.postMessage",
            {
                "channel": GENERAL,
                "text": "x",
                "metadata": {"event_type": "e", "event_payload": {"a": "b" * 20_000}},
            },
            "metadata_too_large",
        ),
        ("chat.postEphemeral", {"channel": GENERAL, "user": EMEKA, "text": "x"}, "user_not_in_channel"),
        ("chat.update", {"channel": GENERAL, "ts": "1.1", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": ADA, "ts": "1.1", "text": "x"}, "channel_not_found"),
        ("chat.delete", {"channel": GENERAL, "ts": "1.1"}, "message_not_found"),
        ("chat.getPermalink", {"channel": GENERAL, "message_ts": "1.1"}, "message_not_found"),
        ("conversations.history", {"channel": RANDOM}, "not_in_channel"),
        ("conversations.history", {"channel": GENERAL, "limit": 1000}, "invalid_limit"),
        ("conversations.history", {"channel": GENERAL, "cursor": "nonsense"}, "invalid_cursor"),
        ("conversations.replies", {"channel": GENERAL, "ts": "1.1"}, "thread_not_found"),
        ("conversations.open", {"users": "U0NOBODY01"}, "user_not_found"),
        ("conversations.open", {"users": FATIMA}, "user_disabled"),
        ("conversations.open", {"users": f"{ADA},{BORIS}"}, "missing_scope"),
        ("users.info", {"user": "U0NOBODY01"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@example.org"}, "users_not_found"),
        ("users.lookupByEmail", {"email": "fatima@example.org"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NOTHERE1"}, "no_such_subteam"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
    ],
)
async def test_mistakes_get_slacks_error_codes(bot: App, method: str, args: Json, error: str) -> None:
    assert (await bot.call(method, **args))["error"] == error
    assert bot.workspace.requests[-1].error == error


def _menu(**fields: Any) -> Json:
    return {"type": "actions", "elements": [{"type": "static_select"} | fields]}


OPTION = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ({"type": "sektion"}, "unsupported type: sektion [json-pointer:/blocks/0/type]"),
        ({"type": "section"}, "missing required field: text or fields"),
        (section(emoji=True), "invalid additional property: emoji"),
        (section() | {"colour": "red"}, "invalid additional property: colour"),
        ({"type": "context", "elements": [BUTTON]}, "unsupported type: button"),
        ({"type": "actions", "elements": []}, "no fewer than 1 items allowed"),
        ({"type": "actions", "elements": [BUTTON | {"confirm": {}}]}, "missing required field: title"),
        (_menu(), "exactly one of options and option_groups is required"),
        (_menu(options=[OPTION], initial_option=OPTION | {"value": "2"}), "initial_option must be one of"),
        (
            _menu(option_groups=[{"label": {"type": "plain_text", "text": "x" * 76}, "options": [OPTION]}]),
            "must be less than 76 characters",
        ),
        (_menu(options=[OPTION | {"url": "https://example.org"}]), "invalid additional property: url"),
        (
            {"type": "actions", "elements": [BUTTON | {"block_id": "b"}]},
            "invalid additional property: block_id",
        ),
        ({"type": "image", "image_url": "https://example.org/a.png"}, "missing required field: alt_text"),
        ({"type": "rich_text", "elements": [{"type": "text", "text": "x"}]}, "unsupported type: text"),
    ],
)
async def test_blocks_that_slack_refuses_are_refused(bot: App, block: Json, complaint: str) -> None:
    answer = await bot.call("chat.postMessage", channel=GENERAL, text="x", blocks=[block])
    assert answer["error"] == "invalid_blocks"
    assert complaint in "\n".join(answer["response_metadata"]["messages"])
    framed = await bot.call("chat.postMessage", channel=GENERAL, text="x", attachments=[{"blocks": [block]}])
    assert framed["error"] == "invalid_attachments"


async def test_budgets_hold_for_the_whole_message(bot: App) -> None:
    async def refusal(**content: Any) -> str:
        return str((await bot.call("chat.postMessage", channel=GENERAL, text="x", **content)).get("error"))

    long = [section("x" * 2500)] * 5
    assert await refusal(blocks=long) == "msg_blocks_too_long"
    assert await refusal(attachments=[{"blocks": [block]} for block in long]) == "msg_blocks_too_long"
    assert await refusal(blocks=[{"type": "divider"}] * 51) == "invalid_blocks"
    assert await refusal(attachments=[{"text": "x"}] * 101) == "too_many_attachments"
    assert await refusal(attachments=[{"text": "x", "blocks": [SECTION]}]) == "invalid_attachments"
    twice = [{"blocks": [SECTION | {"block_id": "same"}]}] * 2
    assert await refusal(attachments=twice) == "invalid_attachments"


async def test_an_edit_changes_what_it_names_and_text_alone_drops_blocks(bot: App) -> None:
    card = [{"color": "#198754", "blocks": [SECTION]}]
    metadata = {"event_type": "post", "event_payload": {}}
    ts = await bot.post(blocks=[SECTION], attachments=card, metadata=metadata)

    async def edited(**content: Any) -> Json:
        body: Json = (await bot.call("chat.update", channel=GENERAL, ts=ts, **content))["message"]
        return body

    with_blocks = await edited(text="new", blocks=[SECTION])
    assert (with_blocks["text"], "edited" in with_blocks, "attachments" in with_blocks) == (
        "new",
        False,
        True,
    )
    text_alone = await edited(text="plain")
    assert ("blocks" in text_alone, "attachments" in text_alone, "edited" in text_alone) == (
        False,
        True,
        True,
    )
    assert text_alone["metadata"] == {"event_type": "post"}
    assert "attachments" not in await edited(attachments=[])
    assert (await bot.call("chat.update", channel=GENERAL, ts=ts, text="x" * 4001))["error"] == "msg_too_long"
    foreign = await bot.workspace.say(ADA, GENERAL, "mine")
    answer = await bot.call("chat.update", channel=GENERAL, ts=foreign, text="yours")
    assert answer["error"] == "cant_update_message"
    assert (await bot.call("chat.delete", channel=GENERAL, ts=foreign))["error"] == "cant_delete_message"
    assert (await bot.call("chat.delete", channel=GENERAL, ts=ts))["ok"] is True


async def test_only_its_reader_sees_an_ephemeral_message(bot: App) -> None:
    answer = await bot.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="psst")
    [seen] = bot.workspace.messages(GENERAL, ADA)
    assert (seen["ts"], seen["is_ephemeral"]) == (answer["message_ts"], True)
    assert bot.workspace.messages(GENERAL, BORIS) == []
    assert (await bot.call("conversations.history", channel=GENERAL))["messages"] == []
    edit = await bot.call("chat.update", channel=GENERAL, ts=seen["ts"], text="louder")
    assert edit["error"] == "message_not_found"


async def test_archived_and_left_channels_refuse_posts(bot: App) -> None:
    ts = await bot.post()
    await bot.workspace.archive(ADA, GENERAL)
    assert (await bot.call("chat.postMessage", channel=GENERAL, text="x"))["error"] == "is_archived"
    assert (await bot.call("chat.update", channel=GENERAL, ts=ts, text="x"))["error"] == "is_inactive"
    await bot.workspace.remove(CHEMISTRY)
    assert (await bot.call("chat.postMessage", channel=CHEMISTRY, text="x"))["error"] == "channel_not_found"
    await bot.workspace.invite(ADA, RANDOM)
    assert (await bot.call("chat.postMessage", channel=RANDOM, text="x"))["ok"] is True


async def test_people_and_channels_are_described_as_slack_does(bot: App) -> None:
    ada = (await bot.call("users.info", user=ADA))["user"]
    assert (ada["profile"]["email"], ada["tz"], ada["is_email_confirmed"]) == (
        "ada@example.org",
        "Europe/Paris",
        True,
    )
    assert (await bot.call("users.info", user=DALIA))["user"]["is_restricted"] is True
    emeka = (await bot.call("users.info", user=EMEKA))["user"]
    assert (emeka["is_stranger"], emeka["team_id"] == ada["team_id"]) == (True, False)
    assert (await bot.call("users.info", user=FATIMA))["user"]["deleted"] is True
    assert (await bot.call("users.lookupByEmail", email="Chen@example.org"))["user"]["id"] == CHEN
    assert (await bot.call("usergroups.users.list", usergroup=ADMINS))["users"] == [CHEN]
    assert (await bot.call("conversations.info", channel=PARTNERS))["channel"]["is_ext_shared"] is True
    assert (await bot.call("conversations.info", channel=RANDOM))["channel"]["is_member"] is False
    mine = await bot.call("users.conversations", types="public_channel,private_channel", limit=2)
    rest = await bot.call(
        "users.conversations",
        types="public_channel,private_channel",
        cursor=mine["response_metadata"]["next_cursor"],
    )
    assert len(mine["channels"]) == 2
    found = {each["id"]: each["is_ext_shared"] for each in (*mine["channels"], *rest["channels"])}
    assert found[PARTNERS] is True
    assert found[GENERAL] is False
    assert RANDOM not in found, "the bot is no member of it"
    dm = (await bot.call("conversations.open", users=ADA))["channel"]["id"]
    assert dm == bot.workspace.dm(ADA)
    ts = await bot.post(channel=ADA)
    assert [message["ts"] for message in bot.workspace.dms(ADA)] == [ts]
    link = (await bot.call("chat.getPermalink", channel=dm, message_ts=ts))["permalink"]
    assert link.endswith(f"/archives/{dm}/p{ts.replace('.', '')}")


async def test_a_missing_scope_is_named() -> None:
    async with simulated(scopes={"chat:write", "users:read"}) as bot:
        answer = await bot.call("conversations.history", channel=GENERAL)
        assert (answer["error"], answer["needed"]) == ("missing_scope", "channels:history")
        assert "email" not in (await bot.call("users.info", user=ADA))["user"]["profile"]


async def test_the_default_scopes_and_events_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[2] / "manifest.yml").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == EVENTS
    assert manifest["features"]["app_home"]["home_tab_enabled"] is True


async def test_a_method_that_it_lacks_is_recorded_loudly(bot: App, caplog: pytest.LogCaptureFixture) -> None:
    assert (await bot.call("pins.add", channel=GENERAL))["error"] == "unknown_method"
    assert bot.workspace.unknown_methods == ["pins.add"]
    assert "pins.add" in caplog.text


async def test_faults_strike_methods_by_name() -> None:
    faults = Faults()
    async with simulated(faults=faults) as bot:
        faults.add(Fault("chat.postMessage", "status", status=503, times=1))
        response = await bot.raw("chat.postMessage", channel=GENERAL, text="x")
        assert (response.status, await response.json()) == (
            503,
            {"ok": False, "error": "service_unavailable"},
        )
        faults.add(Fault("chat.*", "lost_reply", times=1))
        with pytest.raises(aiohttp.ClientError):
            await bot.raw("chat.postMessage", channel=GENERAL, text="kept")
        assert [message["text"] for message in bot.workspace.messages(GENERAL, ADA)] == ["kept"]
        assert [record.method for record in bot.workspace.requests] == ["chat.postMessage"] * 2
        assert [record.status for record in bot.workspace.requests] == [503, 0], "the second got no answer"


async def test_a_channel_can_be_made_to_refuse_while_others_do_not() -> None:
    async with simulated(rate_limits=True) as bot:
        bot.workspace.rates.refuse(GENERAL, 60)
        refused = await bot.raw("chat.postMessage", channel=GENERAL, text="x")
        assert (refused.status, int(refused.headers["Retry-After"])) == (429, 60)
        assert (await bot.raw("chat.postMessage", channel=CHEMISTRY, text="x")).status == 200


async def test_the_app_home_is_published_under_its_hash(bot: App) -> None:
    view = {"type": "home", "blocks": [SECTION]}
    first = (await bot.call("views.publish", user_id=ADA, view=view))["view"]
    assert (await bot.call("views.publish", user_id=ADA, view=view, hash=first["hash"]))["ok"] is True
    assert (await bot.call("views.publish", user_id=ADA, view=view, hash=first["hash"]))[
        "error"
    ] == "hash_conflict"
    home = bot.workspace.home(ADA)
    assert home is not None
    assert home.content["blocks"][0]["text"]["text"] == "hello"


async def test_message_ids_follow_the_clock_that_was_given() -> None:
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment) as bot:
        first, second = await bot.post(), await bot.post()
        assert first == f"{int(moment.timestamp())}.000000"
        assert float(second) - moment.timestamp() < timedelta(seconds=1).total_seconds()
        assert second > first
