"""Slack's Web API over real HTTP: what each answer means for the middle, and that nothing is sent twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dojobbot.directory import Channel
from dojobbot.domain import Destination
from dojobbot.errors import (
    DeliveryUnknown,
    DestinationClosed,
    SlackError,
    SlackThrottled,
    SlackUnavailable,
)
from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack.messenger import POST_EVENT, SlackMessenger
from tests.integration.middle import CHEMISTRY, EDIT, HERE, POST, Middle, middle

TEXT: dict[str, object] = {"text": "BRD series is running"}


async def refusal(built: Middle, where: Destination = HERE, payload: dict[str, object] = TEXT) -> SlackError:
    """Post, and give the error that comes of it; the call was made no more than once."""
    before = len(built.calls(POST))
    with pytest.raises(SlackError) as caught:
        await built.messenger.post(where, payload, "post-1")
    assert len(built.calls(POST)) <= before + 1
    assert built.slack.bot_token not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    return caught.value


async def look(built: Middle, where: Destination, post_id: str, since_ts: str | None) -> str | None:
    """Look for a post that was sent just now."""
    return await built.messenger.find(where, post_id, since_ts=since_ts, attempted_at=built.clock.now())


# --- sending


async def test_a_post_carries_its_id_and_gives_its_ts(built: Middle) -> None:
    """In the message's metadata, where `find` looks for it."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    (message,) = built.messages()
    assert (message["ts"], message["text"]) == (ts, TEXT["text"])
    assert message["metadata"] == {"event_type": POST_EVENT, "event_payload": {"id": "post-1"}}


async def test_a_post_to_a_thread_stays_in_it(built: Middle) -> None:
    """As a reply to the message that began it."""
    where = await built.thread()
    await built.messenger.post(where, TEXT, "post-1")
    assert built.messages()[0]["thread_ts"] == where.thread_ts


async def test_an_edit_replaces_what_is_shown_and_keeps_the_id(built: Middle) -> None:
    """The post can still be found afterwards."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    await built.messenger.edit(HERE.channel_id, ts, {"text": "BRD series failed"})
    assert built.texts() == ["BRD series failed"]
    assert await look(built, HERE, "post-1", None) == ts


@pytest.mark.parametrize(
    ("channel", "code"),
    [(lab.RANDOM, "not_in_channel"), (lab.BOARD, "channel_not_found"), ("C0NOWHERE", "channel_not_found")],
)
async def test_where_the_bot_cannot_post_the_destination_is_closed(
    built: Middle, channel: str, code: str
) -> None:
    """With Slack's own word, and a hint to invite the bot."""
    error = await refusal(built, Destination(channel))
    assert (type(error), error.code) == (DestinationClosed, code)
    assert "/invite" in error.hint


async def test_an_archived_channel_is_closed_for_posts_and_edits(built: Middle) -> None:
    """Slack has a word for each."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    await built.slack.archive(lab.ADA, lab.GENERAL)
    assert (await refusal(built)).code == "is_archived"
    with pytest.raises(DestinationClosed, match="is_inactive"):
        await built.messenger.edit(HERE.channel_id, ts, TEXT)


@pytest.mark.parametrize("whose", ["nobody's", "Ada's"])
async def test_a_message_that_is_not_there_or_not_ours_cannot_be_edited(built: Middle, whose: str) -> None:
    """Whatever the reason, the card is over."""
    ts = await built.slack.say(lab.ADA, lab.GENERAL, "mine") if whose == "Ada's" else "1763802900.000100"
    with pytest.raises(DestinationClosed):
        await built.messenger.edit(HERE.channel_id, ts, TEXT)


async def test_what_slack_cannot_draw_is_an_error_of_its_own(built: Middle) -> None:
    """Neither closed nor unavailable: another payload may arrive."""
    error = await refusal(built, payload={**TEXT, "blocks": [{"type": "no such block"}]})
    assert (type(error), error.code) == (SlackError, "invalid_blocks")


@pytest.mark.parametrize(
    ("kind", "retry_after", "waits"),
    [("status", 7, 7), ("html", 7, 7), ("status", None, 1), ("status", 0, 1)],
)
async def test_429_says_how_long_to_wait(
    built: Middle, kind: str, retry_after: float | None, waits: float
) -> None:
    """At least a second, also from a gateway's page or without the header."""
    built.slack_fault(POST, kind, status=429, retry_after=retry_after)
    error = await refusal(built)
    assert isinstance(error, SlackThrottled)
    assert error.retry_after == waits
    assert built.messages() == []


@pytest.mark.parametrize(
    ("kind", "status", "code", "arrived"),
    [
        ("status", 500, "internal_error", 0),
        ("status", 503, "service_unavailable", 0),
        ("html", 502, "no_reply", 0),
        ("html", 200, "http_200", 0),
        ("lost_reply", 200, "no_reply", 1),
        ("cut", 200, "no_reply", 1),
    ],
)
async def test_an_outcome_that_nobody_knows_is_said_to_be_unknown(
    built: Middle, kind: str, status: int, code: str, arrived: int
) -> None:
    """It may have arrived or not, and the SDK must not repeat it."""
    built.slack_fault(POST, kind, status=status)
    error = await refusal(built)
    assert (type(error), error.code) == (DeliveryUnknown, code)
    assert len(built.messages()) == arrived


async def test_an_edit_is_not_repeated_by_itself_either(built: Middle) -> None:
    """The outbox decides."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    built.slack_fault(EDIT, "lost_reply")
    with pytest.raises(DeliveryUnknown):
        await built.messenger.edit(HERE.channel_id, ts, TEXT)
    assert len(built.calls(EDIT)) == 1


async def test_a_refused_connection_means_that_nothing_was_sent(built: Middle) -> None:
    """Then it may be sent again without a look."""
    await built.slack.stop()
    error = await refusal(built)
    assert (type(error), error.code) == (SlackUnavailable, "unreachable")


async def test_a_refused_token_means_that_nothing_was_sent(built: Middle) -> None:
    """And that nothing is given up: somebody will set another."""
    revoked = SlackMessenger("xoxb-revoked", built.slack.api_url)
    with pytest.raises(SlackUnavailable) as caught:
        await revoked.post(HERE, TEXT, "post-1")
    assert caught.value.code == "invalid_auth"
    assert "xoxb-revoked" not in f"{caught.value!r} {caught.value.hint}"


async def test_a_missing_scope_means_that_nothing_was_sent(tmp_path: Path) -> None:
    """The operator adds it to the app."""
    async with middle(tmp_path, scopes=lab.SCOPES - {"chat:write"}) as built:
        error = await refusal(built)
        assert (type(error), error.code) == (SlackUnavailable, "missing_scope")


@pytest.mark.parametrize(
    "code",
    [
        "not_allowed_token_type",
        "access_denied",
        "no_permission",
        "two_factor_setup_required",
        "team_added_to_org",
        "enterprise_is_restricted",
        "message_limit_exceeded",
    ],
)
async def test_a_refusal_of_the_whole_app_means_that_nothing_was_sent(code: str) -> None:
    """Whichever word Slack has for it, nothing is given up."""

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error": code})

    application = web.Application()
    application.router.add_post("/api/chat.postMessage", refuse)
    async with TestServer(application) as server:
        with pytest.raises(SlackUnavailable, match=code):
            await SlackMessenger("xoxb-1", str(server.make_url("/api/"))).post(HERE, TEXT, "post-1")


# --- looking for a post


async def test_a_post_is_found_behind_many_others(built: Middle) -> None:
    """Page by page."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    for number in range(2_100):
        await built.slack.say(lab.ADA, lab.GENERAL, f"message {number}")
    assert await look(built, HERE, "post-1", None) == ts
    assert len(built.calls("conversations.history")) == 3
    assert await look(built, HERE, "post-2", None) is None


async def test_the_search_begins_at_the_last_known_message(built: Middle) -> None:
    """That one included; what is older is not read."""
    old = await built.messenger.post(HERE, TEXT, "post-1")
    for _ in range(250):
        await built.messenger.post(HERE, TEXT, "post-2")
    last = built.messages()[-1]["ts"]
    assert await look(built, HERE, "post-1", last) is None
    assert await look(built, HERE, "post-2", last) == last
    assert len(built.calls("conversations.history")) == 2
    assert await look(built, HERE, "post-1", old) == old


@pytest.mark.parametrize("last_known", [None, "1763802900.000100"])
async def test_what_came_long_before_or_after_is_not_looked_through(
    built: Middle, last_known: str | None
) -> None:
    """Also where the last message known is old, or none is: the post came when it was sent."""
    for number in range(250):
        await built.slack.say(lab.ADA, lab.GENERAL, f"before {number}")
    built.clock.advance(minutes=15)
    sent_at = built.clock.now()
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    built.clock.advance(hours=2)
    for number in range(250):
        await built.slack.say(lab.ADA, lab.GENERAL, f"after {number}")
    found = await built.messenger.find(HERE, "post-1", since_ts=last_known, attempted_at=sent_at)
    assert found == ts
    assert len(built.calls("conversations.history")) == 1


async def test_clocks_that_differ_a_little_do_not_hide_a_post(built: Middle) -> None:
    """Ours is ahead of Slack's by nine minutes."""
    ts = await built.messenger.post(HERE, TEXT, "post-1")
    built.clock.advance(minutes=9)
    assert await look(built, HERE, "post-1", None) == ts


async def test_a_post_among_too_many_others_is_not_said_to_be_missing(built: Middle) -> None:
    """That nobody looked to the end is no answer: it is as if the history could not be read."""
    await built.messenger.post(HERE, TEXT, "post-1")
    for number in range(5_000):
        await built.slack.say(lab.ADA, lab.GENERAL, f"message {number}")
    with pytest.raises(DestinationClosed, match="4,995 messages"):
        await look(built, HERE, "post-1", None)
    assert len(built.calls("conversations.history")) == 5


async def test_a_message_that_says_that_it_has_no_metadata_is_none_of_ours() -> None:
    async def history(_: web.Request) -> web.Response:
        every = [{"ts": "2.1", "metadata": None}, {"ts": "1.1", "metadata": {"event_payload": None}}]
        return web.json_response({"ok": True, "messages": every, "has_more": False})

    application = web.Application()
    application.router.add_get("/api/conversations.history", history)
    async with TestServer(application) as server:
        slack = SlackMessenger("xoxb-1", str(server.make_url("/api/")))
        found = await slack.find(HERE, "post-1", since_ts=None, attempted_at=datetime.now(UTC))
    assert found is None


async def test_a_post_in_a_thread_is_found_there_and_only_there(built: Middle) -> None:
    """A channel's history does not hold replies."""
    where = await built.thread()
    ts = await built.messenger.post(where, TEXT, "post-1")
    assert await look(built, where, "post-1", None) == ts
    assert await look(built, where, "post-1", ts) == ts
    assert await look(built, HERE, "post-1", None) is None


async def test_a_post_in_direct_messages_is_found(built: Middle) -> None:
    """By the id of the conversation."""
    where = Destination(await built.messenger.open_dm(lab.BORIS))
    ts = await built.messenger.post(where, TEXT, "post-1")
    assert await look(built, where, "post-1", None) == ts


@pytest.mark.parametrize(
    ("channel", "code"), [(lab.RANDOM, "not_in_channel"), (lab.BOARD, "channel_not_found")]
)
async def test_a_history_that_the_bot_may_not_read_is_closed(built: Middle, channel: str, code: str) -> None:
    """As the contract says, whatever Slack's word for it."""
    with pytest.raises(DestinationClosed, match=code):
        await look(built, Destination(channel), "post-1", None)


async def test_a_history_without_the_scope_is_closed_too(tmp_path: Path) -> None:
    """To wait for the scope would be to wait for ever; a channel of another kind is still read."""
    async with middle(tmp_path, scopes=lab.SCOPES - {"channels:history"}) as built:
        with pytest.raises(DestinationClosed, match="missing_scope"):
            await look(built, HERE, "post-1", None)
        assert await look(built, CHEMISTRY, "post-1", None) is None


async def test_any_other_refusal_to_show_the_history_closes_it(built: Middle) -> None:
    """Here a thread that is none."""
    with pytest.raises(DestinationClosed, match="thread_not_found"):
        await look(built, Destination(lab.GENERAL, "1763802900.000100"), "post-1", None)


async def test_a_history_that_a_refused_token_asks_for_is_not_closed(built: Middle) -> None:
    """The next token may read it."""
    with pytest.raises(SlackUnavailable):
        await SlackMessenger("xoxb-revoked", built.slack.api_url).find(
            HERE, "post-1", since_ts=None, attempted_at=built.clock.now()
        )


# --- who and where


@pytest.mark.parametrize(
    ("channel_id", "expected"),
    [
        (lab.GENERAL, Channel(id=lab.GENERAL, name="general", is_member=True)),
        (lab.CHEMISTRY, Channel(id=lab.CHEMISTRY, name="lead-chemistry", is_member=True)),
        (lab.RANDOM, Channel(id=lab.RANDOM, name="random", is_member=False)),
        (lab.BOARD, None),
        (lab.PARTNERS, Channel(id=lab.PARTNERS, name="with-partner", is_member=True, is_shared=True)),
    ],
)
async def test_channels_are_described_as_the_bot_sees_them(
    built: Middle, channel_id: str, expected: Channel | None
) -> None:
    """A private channel without the bot is not there at all."""
    assert await built.messenger.channel(channel_id) == expected


async def test_direct_messages_are_opened_and_ours_to_post_in(built: Middle) -> None:
    """They have no name, and the bot is in them."""
    dm = await built.messenger.open_dm(lab.BORIS)
    assert await built.messenger.open_dm(lab.BORIS) == dm
    assert await built.messenger.channel(dm) == Channel(id=dm, is_member=True, is_dm=True)


async def test_nobody_writes_to_who_left(built: Middle) -> None:
    """A deactivated person's direct messages are closed."""
    with pytest.raises(DestinationClosed, match="user_disabled"):
        await built.messenger.open_dm(lab.FATIMA)


@pytest.mark.parametrize(
    ("user_id", "expected"),
    [
        (lab.ADA, {"name": "ada", "email": "ada@example.org", "email_confirmed": True, "tz": "Europe/Paris"}),
        (lab.DALIA, {"is_guest": True}),
        (lab.EMEKA, {"is_stranger": True, "team_id": lab.PARTNER_TEAM_ID, "email": None}),
        (lab.FATIMA, {"is_deleted": True}),
        (lab.MALLORY, {"email_confirmed": False}),
        (lab.BOT, {"is_bot": True}),
        (lab.SLACKBOT, {"is_bot": True}),
    ],
)
async def test_people_are_described(built: Middle, user_id: str, expected: dict[str, Any]) -> None:
    """What decides whether the bot listens to them; the rest is ordinary."""
    user = await built.messenger.user(user_id)
    ordinary = {"is_guest": False, "is_stranger": False, "is_deleted": False, "is_bot": False}
    described = {**ordinary, "team_id": lab.TEAM_ID, **expected}
    assert {name: getattr(user, name) for name in described} == described


async def test_without_the_scope_there_is_no_address(tmp_path: Path) -> None:
    """Then nobody is taken for an owner by e-mail."""
    async with middle(tmp_path, scopes=lab.SCOPES - {"users:read.email"}) as built:
        assert (await built.messenger.user(lab.ADA)).email is None


async def test_a_user_group_is_its_members(built: Middle) -> None:
    """And one that does not exist is an error that names Slack's word."""
    assert await built.messenger.group_members(lab.ADMINS) == {lab.CHEN}
    with pytest.raises(SlackError, match="no_such_subteam"):
        await built.messenger.group_members("S0NOBODY1")


@pytest.mark.parametrize("kind", ["status", "lost_reply"])
async def test_questions_are_asked_again(built: Middle, kind: str) -> None:
    """They change nothing, and somebody waits for the answer."""
    built.slack_fault("users.info", kind, status=429, retry_after=0, times=1)
    assert (await built.messenger.user(lab.ADA)).name == "ada"
    assert len(built.calls("users.info")) == 2
