"""The official Slack clients work against the simulated workspace as they do against Slack."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT, GENERAL, SCOPES
from dojobbot.simulator.workspace import SimulatedWorkspace

BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "1"}
BLOCKS = [{"type": "actions", "elements": [BUTTON]}]
CARD = [{"color": "#0d6efd", "blocks": BLOCKS}]


@pytest.fixture
async def workspace() -> AsyncIterator[SimulatedWorkspace]:
    workspace = SimulatedWorkspace(rate_limits=False)
    await workspace.start()
    yield workspace
    await workspace.stop()


def texts(workspace: SimulatedWorkspace, user: str) -> list[str]:
    return [message["text"] for message in workspace.messages(GENERAL, user)]


async def test_the_synchronous_client_posts_pages_and_edits(workspace: SimulatedWorkspace) -> None:
    def work() -> list[str]:
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)
        assert client.auth_test()["user_id"] == BOT
        posted = client.chat_postMessage(
            channel=GENERAL,
            text="one",
            attachments=CARD,
            metadata={"event_type": "post", "event_payload": {"id": "1"}},
        )
        client.chat_update(channel=GENERAL, ts=posted["ts"], text="uno")
        client.chat_postMessage(channel=GENERAL, text="two")
        pages = client.conversations_history(channel=GENERAL, limit=1, include_all_metadata=True)
        found = [message for page in pages for message in page["messages"]]
        assert found[1]["metadata"]["event_payload"] == {"id": "1"}
        assert client.users_lookupByEmail(email="ada@example.org")["user"]["id"] == ADA
        with pytest.raises(SlackApiError, match="channel_not_found"):
            client.chat_postMessage(channel="C0NOWHERE1", text="x")
        return [message["text"] for message in found]

    assert await asyncio.to_thread(work) == ["two", "uno"]


async def test_the_asynchronous_client_reaches_every_method(workspace: SimulatedWorkspace) -> None:
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    dm = (await client.conversations_open(users=ADA))["channel"]["id"]
    ts = (await client.chat_postMessage(channel=dm, text="hello"))["ts"]
    await client.chat_postMessage(channel=dm, text="reply", thread_ts=ts)
    thread = await client.conversations_replies(channel=dm, ts=ts)
    assert [message["text"] for message in thread["messages"]] == ["hello", "reply"]
    assert (await client.chat_getPermalink(channel=dm, message_ts=ts))["ok"]
    assert (await client.conversations_info(channel=GENERAL))["channel"]["name"] == "general"
    assert GENERAL in [each["id"] for each in (await client.users_conversations())["channels"]]
    await client.chat_postEphemeral(channel=GENERAL, user=ADA, text="psst", blocks=BLOCKS)
    assert texts(workspace, ADA) == ["psst"]
    assert (await client.users_info(user=ADA))["user"]["tz"] == "Europe/Paris"
    assert (await client.usergroups_users_list(usergroup="S0ADMINS01"))["users"]
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    assert (await client.views_publish(user_id=ADA, view=home))["view"]["type"] == "home"
    await client.chat_update(channel=dm, ts=ts, text="edited")
    assert (await client.users_lookupByEmail(email="ada@example.org"))["ok"]
    assert (await client.conversations_history(channel=dm))["messages"]
    await client.chat_delete(channel=dm, ts=ts)
    assert (await client.auth_test())["user_id"] == BOT
    assert workspace.unknown_methods == []


async def test_the_asynchronous_client_opens_pushes_and_updates_modals(workspace: SimulatedWorkspace) -> None:
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)

    async def trigger() -> str:
        return str((await workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"])

    view = {"type": "modal", "title": {"type": "plain_text", "text": "Hi"}, "blocks": BLOCKS}
    opened = await client.views_open(trigger_id=await trigger(), view=view)
    await client.views_push(trigger_id=await trigger(), view=view)
    await client.views_update(view_id=opened["view"]["id"], view=view)
    assert len(workspace.modals(ADA)) == 2


async def test_the_asynchronous_client_uploads_schedules_and_unfurls() -> None:
    """The SDK's own three-step upload works, and so do scheduled messages and link previews."""
    workspace = SimulatedWorkspace(scopes=SCOPES | {"links:write"}, unfurl_domains=["os.deeporigin.io"])
    await workspace.start()
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    uploaded = await client.files_upload_v2(
        channel=GENERAL, content="lines", filename="log.txt", title="Log", initial_comment="see"
    )
    stored = workspace.file(uploaded["file"]["id"])
    assert stored is not None
    assert (stored.content, stored.title) == (b"lines", "Log")
    assert texts(workspace, ADA) == ["see"]
    at = int(time.time()) + 600
    later = await client.chat_scheduleMessage(channel=GENERAL, text="later", post_at=at)
    assert (await client.chat_scheduledMessages_list(channel=GENERAL))["scheduled_messages"]
    await client.chat_deleteScheduledMessage(
        channel=GENERAL, scheduled_message_id=later["scheduled_message_id"]
    )
    link = "https://os.deeporigin.io/jobs/1"
    ts = await workspace.say(ADA, GENERAL, link)
    await client.chat_unfurl(channel=GENERAL, ts=ts, unfurls={link: {"blocks": BLOCKS}})
    assert workspace.messages(GENERAL, ADA)[-1]["attachments"][0]["from_url"] == link
    assert workspace.unknown_methods == []
    await workspace.stop()


async def test_the_clients_rate_limit_handler_waits_as_it_is_told() -> None:
    workspace = SimulatedWorkspace(post_burst=1)
    await workspace.start()
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    await client.chat_postMessage(channel=GENERAL, text="one")
    await client.chat_postMessage(channel=GENERAL, text="two")
    assert [record.status for record in workspace.requests] == [200, 429, 200]
    assert texts(workspace, ADA) == ["one", "two"]
    await workspace.stop()


def bolt_app(workspace: SimulatedWorkspace, **settings: Any) -> AsyncApp:
    client = AsyncWebClient(workspace.bot_token, base_url=workspace.api_url)
    app = AsyncApp(client=client, **settings)

    async def jobs(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(text="card", attachments=CARD)

    async def go(ack: AsyncAck, respond: AsyncRespond, body: dict[str, Any]) -> None:
        await ack()
        await respond(text=f"pressed by {body['user']['name']}", replace_original=True)

    app.command("/jobs")(jobs)
    app.action("go")(go)
    return app


async def play(workspace: SimulatedWorkspace) -> None:
    """Type a command, press the button of its answer, and see the answer change."""
    done = await workspace.type_command(BORIS, GENERAL, "/jobs")
    assert done.error is None
    await workspace.wait_for(lambda: texts(workspace, BORIS) == ["card"])
    [card] = workspace.messages(GENERAL, BORIS)
    await workspace.press(BORIS, GENERAL, card["ts"], "Go")
    await workspace.wait_for(lambda: texts(workspace, BORIS) == ["pressed by boris"])
    assert len(workspace.ack_times) == 2


async def test_a_bolt_app_answers_over_socket_mode(workspace: SimulatedWorkspace) -> None:
    handler = AsyncSocketModeHandler(bolt_app(workspace), workspace.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call] # nor has Bolt
    await workspace.wait_for(lambda: workspace.socket_count == 1)
    await play(workspace)
    await handler.close_async()  # type: ignore[no-untyped-call] # nor has Bolt


async def test_a_bolt_app_answers_over_signed_http(workspace: SimulatedWorkspace) -> None:
    app = bolt_app(workspace, signing_secret="our-secret")
    runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    workspace.signing_secret = "our-secret"
    workspace.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    await play(workspace)
    workspace.signing_secret = "somebody-elses"
    assert (await workspace.type_command(ADA, GENERAL, "/jobs")).error == "dispatch_failed"
    await runner.cleanup()


async def test_signatures_satisfy_the_official_verifier(workspace: SimulatedWorkspace) -> None:
    valid: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        verifier = SignatureVerifier("our-secret")
        valid.append(verifier.is_valid_request(await request.read(), dict(request.headers)))
        return web.Response()

    server = web.Application()
    server.router.add_post("/slack/events", handler)
    runner = web.AppRunner(server)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    workspace.signing_secret = "our-secret"
    workspace.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    done = await workspace.type_command(ADA, GENERAL, "/jobs größer")
    assert (valid, done.error) == ([True], None)
    await runner.cleanup()


async def test_the_webhook_client_uses_response_urls(workspace: SimulatedWorkspace) -> None:
    workspace.request_url = None
    url = (await workspace.type_command(ADA, GENERAL, "/jobs")).payload["response_url"]
    webhook = AsyncWebhookClient(url)
    said = await webhook.send(text="hello", response_type="ephemeral")
    assert (said.status_code, said.body) == (200, "ok")
    refused = await webhook.send(text="x", blocks=[{"type": "nonsense"}])
    assert refused.status_code == 400
    assert "invalid_blocks" in refused.body
