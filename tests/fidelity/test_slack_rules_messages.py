"""Slack's rules for posting, editing, deleting and reading messages hold in the simulated workspace."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from dojobbot.simulator.slack_api.world import (
    ADA,
    ADMINS,
    BOARD,
    BORIS,
    BOT,
    CHEMISTRY,
    CHEN,
    EMEKA,
    FATIMA,
    GENERAL,
    RANDOM,
    SCOPES,
)
from tests.fidelity.slack_side import App, section, simulated, texts

METADATA = {"event_type": "post", "event_payload": {"id": "p1"}}
ALL_SCOPES = SCOPES | {"links:write", "mpim:write"}


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(rate_limits=False, scopes=ALL_SCOPES) as app:
        yield app


async def test_foreign_text_needs_only_three_characters_escaped(app: App) -> None:
    """Only `&`, `<` and `>` are special: what is sent bare is read back escaped.

    (messaging/formatting-message-text).
    """
    await app.post(text="a < b & <@U1> &lt;")
    [read] = (await app.call("conversations.history", channel=GENERAL))["messages"]
    assert read["text"] == "a &lt; b &amp; <@U1> &lt;"


async def test_a_long_text_is_cut_with_a_warning(app: App) -> None:
    """A text beyond 40,000 characters is cut with a warning (reference/methods/chat.postMessage)."""
    answer = await app.call("chat.postMessage", channel=GENERAL, text="x" * 40_001)
    assert (answer["warning"], len(answer["message"]["text"])) == ("message_truncated", 40_000)


async def test_markdown_text_stands_alone_and_has_12000_characters(app: App) -> None:
    """`markdown_text` excludes text and blocks, and has at most 12,000 characters.

    (reference/methods/chat.postMessage).
    """
    assert await app.error("chat.postMessage", channel=GENERAL, markdown_text="**x**" * 2400) == "ok"
    assert await app.error("chat.postMessage", channel=GENERAL, markdown_text="x" * 12_001) == "msg_too_long"
    both = await app.error("chat.postMessage", channel=GENERAL, markdown_text="x", text="x")
    assert both == "markdown_text_conflict"


async def test_a_message_needs_something_to_show(app: App) -> None:
    """A message without text, blocks and attachments is `no_text` (reference/methods/chat.postMessage)."""
    assert await app.error("chat.postMessage", channel=GENERAL) == "no_text"
    assert await app.error("chat.postMessage", channel=GENERAL, blocks=[section()]) == "ok"


async def test_private_channels_are_unknown_to_those_outside(app: App) -> None:
    """A private channel without the bot is `channel_not_found`, a public one `not_in_channel`.

    Posting to public channels unjoined needs chat:write.public (reference/methods/chat.postMessage).
    """
    assert await app.error("chat.postMessage", channel=BOARD, text="x") == "channel_not_found"
    assert await app.error("chat.postMessage", channel=RANDOM, text="x") == "not_in_channel"


async def test_archived_channels_take_no_messages(app: App) -> None:
    """Posting to an archived channel is `is_archived`, editing there `is_inactive`.

    (reference/methods/chat.update).
    """
    ts = await app.post()
    await app.workspace.archive(ADA, GENERAL)
    assert await app.error("chat.postMessage", channel=GENERAL, text="x") == "is_archived"
    assert await app.error("chat.update", channel=GENERAL, ts=ts, text="x") == "is_inactive"


async def test_attachments_number_at_most_100_and_do_not_mix(app: App) -> None:
    """More than 100 attachments are refused, and so are legacy fields beside blocks.

    (legacy/legacy-messaging/legacy-secondary-message-attachments).
    """
    few, many = [{"text": "x"}] * 100, [{"text": "x"}] * 101
    assert await app.error("chat.postMessage", channel=GENERAL, attachments=few) == "ok"
    assert await app.error("chat.postMessage", channel=GENERAL, attachments=many) == "too_many_attachments"
    mixed = [{"text": "x", "blocks": [section()]}]
    assert await app.error("chat.postMessage", channel=GENERAL, attachments=mixed) == "invalid_attachments"


async def test_a_thread_is_named_by_its_parent(app: App) -> None:
    """`thread_ts` must be that of a parent, and `reply_broadcast` shows a reply in the channel, too.

    (reference/methods/chat.postMessage).
    """
    parent = await app.post()
    reply = await app.post(thread_ts=parent)
    shown = await app.post(thread_ts=parent, reply_broadcast=True)
    astray = await app.error("chat.postMessage", channel=GENERAL, text="x", thread_ts=reply)
    assert astray == "cannot_reply_to_message"
    history = (await app.call("conversations.history", channel=GENERAL))["messages"]
    assert [message["ts"] for message in history] == [shown, parent]
    thread = (await app.call("conversations.replies", channel=GENERAL, ts=parent))["messages"]
    assert [message["ts"] for message in thread] == [parent, reply, shown]


async def test_metadata_is_read_whole_only_on_request(app: App) -> None:
    """Of metadata only the type is read, unless include_all_metadata is set; ephemeral messages have none.

    (messaging/message-metadata).
    """
    await app.post(metadata=METADATA)
    plain = await app.call("conversations.history", channel=GENERAL)
    whole = await app.call("conversations.history", channel=GENERAL, include_all_metadata=True)
    assert plain["messages"][0]["metadata"] == {"event_type": "post"}
    assert whole["messages"][0]["metadata"] == METADATA
    await app.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="psst", metadata=METADATA)
    assert "metadata" not in app.workspace.messages(GENERAL, ADA)[-1]


async def test_metadata_has_a_type_a_payload_and_a_size(app: App) -> None:
    """Metadata has an event_type and an event_payload, and a limit of size (messaging/message-metadata)."""
    args = {"channel": GENERAL, "text": "x"}
    without = await app.error("chat.postMessage", **args, metadata={"event_type": "post"})
    assert without == "invalid_metadata_format"
    large = {"event_type": "post", "event_payload": {"text": "x" * 20_000}}
    assert await app.error("chat.postMessage", **args, metadata=large) == "metadata_too_large"


async def test_an_edit_keeps_what_it_does_not_name(app: App) -> None:
    """An edit keeps attachments and metadata that it omits; text alone removes blocks, and so does `[]`.

    (reference/methods/chat.update).
    """
    ts = await app.post(blocks=[section()], attachments=[{"text": "a"}], metadata=METADATA)
    edited = (await app.call("chat.update", channel=GENERAL, ts=ts, text="new"))["message"]
    assert ("blocks" in edited, "attachments" in edited, "metadata" in edited) == (False, True, True)
    await app.call("chat.update", channel=GENERAL, ts=ts, blocks=[section()])
    edited = (await app.call("chat.update", channel=GENERAL, ts=ts, blocks=[], attachments=[]))["message"]
    assert ("blocks" in edited, "attachments" in edited) == (False, False)


async def test_an_edit_with_blocks_leaves_no_mark(app: App) -> None:
    """A message is marked as edited only by an edit without blocks (reference/methods/chat.update)."""
    ts = await app.post()
    silent = (await app.call("chat.update", channel=GENERAL, ts=ts, text="x", blocks=[section()]))["message"]
    marked = (await app.call("chat.update", channel=GENERAL, ts=ts, text="y"))["message"]
    assert ("edited" in silent, "edited" in marked) == (False, True)


async def test_an_edit_has_4000_characters_and_is_of_ones_own(app: App) -> None:
    """chat.update takes 4,000 characters, the app's own messages and the D id of direct messages.

    (reference/methods/chat.update).
    """
    ts = await app.post()
    assert await app.error("chat.update", channel=GENERAL, ts=ts, text="x" * 4001) == "msg_too_long"
    assert await app.error("chat.update", channel=GENERAL, ts="1.1", text="x") == "message_not_found"
    foreign = await app.workspace.say(ADA, GENERAL, "mine")
    assert await app.error("chat.update", channel=GENERAL, ts=foreign, text="x") == "cant_update_message"
    in_dm = await app.post(channel=app.workspace.dm(ADA))
    assert await app.error("chat.update", channel=ADA, ts=in_dm, text="x") == "channel_not_found"


async def test_only_own_messages_are_deleted(app: App) -> None:
    """chat.delete removes the app's own messages (reference/methods/chat.delete)."""
    foreign = await app.workspace.say(ADA, GENERAL, "mine")
    assert await app.error("chat.delete", channel=GENERAL, ts=foreign) == "cant_delete_message"
    assert await app.error("chat.delete", channel=GENERAL, ts="1.1") == "message_not_found"
    assert await app.error("chat.delete", channel=GENERAL, ts=await app.post()) == "ok"
    assert texts(app.workspace, ADA) == ["mine"]


async def test_an_ephemeral_message_is_beyond_the_web_api(app: App) -> None:
    """The ts of an ephemeral message can be neither updated nor deleted; its reader must be in the channel.

    (reference/methods/chat.postEphemeral).
    """
    ts = (await app.call("chat.postEphemeral", channel=GENERAL, user=ADA, text="psst"))["message_ts"]
    assert texts(app.workspace, BORIS) == []
    assert await app.error("chat.update", channel=GENERAL, ts=ts, text="x") == "message_not_found"
    assert await app.error("chat.delete", channel=GENERAL, ts=ts) == "message_not_found"
    outsider = await app.error("chat.postEphemeral", channel=GENERAL, user=EMEKA, text="x")
    assert outsider == "user_not_in_channel"


async def test_history_needs_membership_scope_and_pages_of_999(app: App) -> None:
    """History is for members, needs the scope of the channel's kind, and gives at most 999 messages.

    (reference/methods/conversations.history).
    """
    assert await app.error("conversations.history", channel=RANDOM) == "not_in_channel"
    assert await app.error("conversations.history", channel=GENERAL, limit=1000) == "invalid_limit"
    assert await app.error("conversations.history", channel=GENERAL, limit=999) == "ok"
    async with simulated(scopes={"channels:history"}) as other:
        refused = await other.call("conversations.history", channel=CHEMISTRY)
        assert (refused["error"], refused["needed"]) == ("missing_scope", "groups:history")


async def test_a_permalink_is_of_a_message_that_is_there(app: App) -> None:
    """chat.getPermalink: `channel_not_found` or `message_not_found` (reference/methods/chat.getPermalink)."""
    assert await app.error("chat.getPermalink", channel=BOARD, message_ts="1.1") == "channel_not_found"
    assert await app.error("chat.getPermalink", channel=GENERAL, message_ts="1.1") == "message_not_found"
    ts = await app.post()
    assert await app.error("chat.getPermalink", channel=GENERAL, message_ts=ts) == "ok"


async def test_conversations_are_opened_with_one_to_eight_users(app: App) -> None:
    """Up to eight users are opened; groups need mpim:write (reference/methods/conversations.open)."""
    group = (await app.call("conversations.open", users=f"{ADA},{BORIS}"))["channel"]["id"]
    await app.post(channel=group)
    assert texts(app.workspace, BORIS, group) == ["hello"]
    assert (
        await app.error("conversations.open", users=",".join(f"U{n}" for n in range(9))) == "too_many_users"
    )
    assert await app.error("conversations.open", users="U0NOBODY01") == "user_not_found"
    assert await app.error("conversations.open", users=FATIMA) == "user_disabled"
    async with simulated() as other:
        assert await other.error("conversations.open", users=f"{ADA},{BORIS}") == "missing_scope"
        assert await other.error("conversations.open", users=ADA) == "ok"


async def test_people_are_found_by_id_and_by_address(app: App) -> None:
    """users.lookupByEmail answers users_not_found, users.info user_not_found, groups list their members.

    (reference/methods/users.lookupByEmail).
    """
    assert await app.error("users.lookupByEmail", email="nobody@example.org") == "users_not_found"
    assert await app.error("users.info", user="U0NOBODY01") == "user_not_found"
    assert (await app.call("usergroups.users.list", usergroup=ADMINS))["users"] == [CHEN]


async def test_a_scheduled_message_comes_when_its_time_has() -> None:
    """chat.scheduleMessage: from now to 120 days ahead, and one with metadata never posts.

    (reference/methods/chat.scheduleMessage).
    """
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment, rate_limits=False) as app:

        async def schedule(ahead: timedelta, text: str, **content: object) -> str:
            at = int((moment + ahead).timestamp())
            return await app.error("chat.scheduleMessage", channel=GENERAL, post_at=at, text=text, **content)

        assert await schedule(timedelta(seconds=-1), "x") == "time_in_past"
        assert await schedule(timedelta(days=121), "x") == "time_too_far"
        assert await schedule(timedelta(minutes=1), "never", metadata=METADATA) == "ok"
        assert await schedule(timedelta(minutes=1), "later") == "ok"
        assert await schedule(timedelta(hours=1), "withdrawn") == "ok"
        waiting = (await app.call("chat.scheduledMessages.list", channel=GENERAL))["scheduled_messages"]
        gone = waiting[-1]["id"]
        assert (
            await app.error("chat.deleteScheduledMessage", channel=GENERAL, scheduled_message_id=gone) == "ok"
        )
        assert texts(app.workspace, ADA) == []
        moment += timedelta(hours=2)
        await app.workspace.wait_for(lambda: texts(app.workspace, ADA) == ["later"])


async def test_a_channel_takes_30_scheduled_messages_in_five_minutes(app: App) -> None:
    """At most 30 messages are scheduled within five minutes of one channel.

    (reference/methods/chat.scheduleMessage).
    """
    at = int(datetime.now(UTC).timestamp()) + 3600
    args = {"channel": GENERAL, "post_at": at, "text": "x"}
    assert {await app.error("chat.scheduleMessage", **args) for _ in range(30)} == {"ok"}
    assert await app.error("chat.scheduleMessage", **args) == "restricted_too_many"
    assert await app.error("chat.scheduleMessage", **args | {"post_at": at + 300}) == "ok"


async def upload(app: App, content: bytes, announced: int) -> tuple[str, int]:
    """The first two steps of an upload: the file's id, and the status of sending its bytes."""
    said = await app.call("files.getUploadURLExternal", filename="log.txt", length=announced)
    async with app.session.post(said["upload_url"], data=content) as response:
        return said["file_id"], response.status


async def test_a_file_is_announced_sent_and_completed_once(app: App) -> None:
    """An upload has three steps, and is completed once; without a channel the file stays private.

    (reference/methods/files.completeUploadExternal).
    """
    file_id, status = await upload(app, b"lines", 5)
    assert status == 200
    done = {"files": [{"id": file_id, "title": "Log"}]}
    assert await app.error("files.completeUploadExternal", **done) == "ok"
    assert texts(app.workspace, ADA) == []
    assert await app.error("files.completeUploadExternal", **done) == "file_not_found"
    assert (await upload(app, b"lines", 6))[1] == 400
    async with simulated(scopes=SCOPES - {"files:write"}) as other:
        refused = await other.call("files.getUploadURLExternal", filename="log.txt", length=5)
        assert (refused["error"], refused["needed"]) == ("missing_scope", "files:write")


async def test_a_shared_file_comes_with_its_comment_and_without_blocks(app: App) -> None:
    """A file completed with a channel is posted there; blocks are ignored beside an initial comment.

    (reference/methods/files.completeUploadExternal).
    """
    file_id, _ = await upload(app, b"lines", 5)
    await app.call(
        "files.completeUploadExternal",
        files=[{"id": file_id}],
        channel_id=GENERAL,
        initial_comment="see",
        blocks=[section()],
    )
    [message] = app.workspace.messages(GENERAL, ADA)
    assert (message["text"], message["user"], "blocks" in message) == ("see", BOT, False)
    assert message["files"][0]["id"] == file_id
