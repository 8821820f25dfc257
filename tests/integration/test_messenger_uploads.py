"""Files to Slack over real HTTP: they arrive whole, once, and what goes wrong says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from dojobbot.domain import Destination
from dojobbot.errors import DeliveryUnknown, DestinationClosed, FileRefused, SlackError, SlackUnavailable
from dojobbot.simulator.slack_api import world as lab
from dojobbot.slack.messenger import SlackMessenger
from tests.integration.middle import HERE, Middle, middle

ANNOUNCE, SEND, COMPLETE = "files.getUploadURLExternal", "file upload", "files.completeUploadExternal"
LINES = b"id,status\n1,Running\n"


async def upload(built: Middle, content: bytes | Path = LINES, where: Destination = HERE) -> None:
    """Share a small file."""
    await built.messenger.upload(
        where.channel_id, filename="jobs.csv", title="Jobs", content=content, comment="*2* jobs"
    )


async def refusal(built: Middle, where: Destination = HERE) -> SlackError:
    """Try to share a file, and give the error that comes of it."""
    with pytest.raises(SlackError) as caught:
        await upload(built, where=where)
    assert built.slack.bot_token not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    return caught.value


def shared(built: Middle, channel: str = lab.GENERAL) -> list[dict[str, Any]]:
    """The messages with a file that Ada sees in a channel."""
    return [message for message in built.messages(channel) if message.get("files")]


@pytest.mark.parametrize("kind", ["bytes", "a file"])
async def test_a_file_arrives_whole_beside_its_comment(built: Middle, tmp_path: Path, kind: str) -> None:
    """Held in memory or on disk: three megabytes, byte for byte."""
    content = bytes(range(256)) * 12_000
    path = tmp_path / "made.csv"
    path.write_bytes(content)
    await upload(built, path if kind == "a file" else content)
    (message,) = shared(built)
    assert message["text"] == "*2* jobs"
    (file,) = message["files"]
    assert (file["name"], file["title"], file["size"]) == ("jobs.csv", "Jobs", len(content))
    stored = built.slack.file(file["id"])
    assert stored is not None
    assert stored.content == content


async def test_a_file_goes_into_direct_messages(built: Middle) -> None:
    """Where nobody but its person sees it."""
    channel = await built.messenger.open_dm(lab.ADA)
    await upload(built, where=Destination(channel))
    assert len(shared(built, channel)) == 1
    assert shared(built) == []


@pytest.mark.parametrize(("step", "kind"), [(SEND, "lost_reply"), (SEND, "status"), (ANNOUNCE, "status")])
async def test_what_nobody_sees_yet_is_done_again(built: Middle, step: str, kind: str) -> None:
    """One failure before the last step is made good, and there is one message."""
    built.slack_fault(step, kind, status=503, times=1)
    await upload(built)
    assert len(shared(built)) == 1


@pytest.mark.parametrize(("step", "kind"), [(SEND, "status"), (SEND, "lost_reply"), (ANNOUNCE, "html")])
async def test_when_the_bytes_do_not_arrive_nothing_was_shared(built: Middle, step: str, kind: str) -> None:
    """And that is what the error says, with what to do."""
    built.slack_fault(step, kind, status=503)
    error = await refusal(built)
    assert isinstance(error, SlackUnavailable)
    assert "nothing was shared" in error.hint
    assert len(built.calls(step)) == 2
    assert shared(built) == []


async def test_a_lost_reply_to_the_last_step_is_unknown_and_not_repeated(built: Middle) -> None:
    """The file is there; a second try would be refused by Slack and look like a failure."""
    built.slack_fault(COMPLETE, "lost_reply")
    assert isinstance(await refusal(built), DeliveryUnknown)
    assert len(built.calls(COMPLETE)) == 1
    assert len(shared(built)) == 1


async def test_without_the_scope_the_operator_learns_which_and_where(tmp_path: Path) -> None:
    """An app that was installed before files were wanted."""
    async with middle(tmp_path, scopes=lab.SCOPES - {"files:write"}) as built:
        error = await refusal(built)
        assert (type(error), error.code) == (SlackUnavailable, "missing_scope")
        assert "files:write" in str(error)
        assert "reinstalls" in error.hint


async def test_a_slack_that_is_not_there_is_named(built: Middle) -> None:
    """Nothing was shared, and the hint does not promise that it will be."""
    await built.slack.stop()
    error = await refusal(built)
    assert (type(error), error.code) == (SlackUnavailable, "unreachable")
    assert "Try again" in error.hint


async def test_a_channel_without_the_bot_is_closed(built: Middle) -> None:
    """As for any message."""
    assert isinstance(await refusal(built, Destination(lab.RANDOM)), DestinationClosed)


@pytest.mark.parametrize(
    ("code", "hint"),
    [("file_upload_size_restricted", "ask for less"), ("file_uploads_disabled", "administrator")],
)
async def test_the_rules_of_the_workspace_are_said_in_words(code: str, hint: str) -> None:
    """Trying again would not help; the hint says what does."""

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"ok": False, "error": code})

    application = web.Application()
    application.router.add_post(f"/api/{ANNOUNCE}", refuse)
    async with TestServer(application) as server:
        messenger = SlackMessenger("xoxb-1", str(server.make_url("/api/")))
        with pytest.raises(FileRefused, match=code) as caught:
            await messenger.upload("D1", filename="a", title="A", content=LINES, comment="")
    assert hint in caught.value.hint
