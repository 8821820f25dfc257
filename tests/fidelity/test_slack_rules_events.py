"""Slack's rules for events, links, tokens, rates and lost deliveries hold in the workspace."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from dojobbot.simulator.faults import Fault, Faults
from dojobbot.simulator.slack_api.events import ALL_EVENTS, RETRY_PAUSES
from dojobbot.simulator.slack_api.methods import METHODS
from dojobbot.simulator.slack_api.problems import SlackError
from dojobbot.simulator.slack_api.rates import TIERS, Rates
from dojobbot.simulator.slack_api.world import ADA, BORIS, BOT, CHEMISTRY, GENERAL, RANDOM, SCOPES
from tests.fidelity.slack_side import ACTIONS, QUICK, App, section, simulated, texts, told

DOMAINS = ("os.deeporigin.io",)
LINK = "https://os.deeporigin.io/jobs/1"


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(
        rate_limits=False,
        events=ALL_EVENTS,
        unfurl_domains=DOMAINS,
        scopes=SCOPES | {"links:write"},
    ) as app:
        await app.connect()
        yield app


async def test_an_event_that_nobody_takes_is_repeated_three_times() -> None:
    """An event is repeated at once, after a minute and after five, under the same event id, then lost.

    (apis/events-api).
    """
    assert RETRY_PAUSES == (0.0, 60.0, 300.0)
    async with simulated(**QUICK, events=ALL_EVENTS) as app:
        await app.connect()
        app.answer = lambda _: None
        await app.workspace.mention(ADA, GENERAL)
        await told(app, 4)
        assert [envelope["retry_attempt"] for envelope in app.envelopes] == [0, 1, 2, 3]
        assert len({envelope["payload"]["event_id"] for envelope in app.envelopes}) == 1
        assert {delivery.error for delivery in app.workspace.event_deliveries} == {"operation_timeout"}


async def test_a_repetition_may_be_the_first_that_arrives() -> None:
    """While no connection is open events wait for their repetition, so that may be the first one seen.

    (apis/events-api).
    """
    async with simulated(retry_pauses=(0.0, 0.3), events=ALL_EVENTS) as app:
        await app.workspace.mention(ADA, GENERAL)
        await told(app, 2)
        await app.connect()
        [event] = await told(app, 3)
        assert (event["type"], app.envelopes[0]["retry_attempt"]) == ("app_mention", 2)


async def test_an_app_hears_only_what_it_subscribed_to() -> None:
    """Only events of the manifest's bot_events are sent (reference/app-manifest)."""
    async with simulated(events={"message.im"}) as app:
        await app.connect()
        await app.workspace.mention(ADA, GENERAL)
        await app.workspace.say(ADA, app.workspace.dm(ADA), "hello")
        [event] = await told(app, 1)
        assert (event["type"], event["channel_type"]) == ("message", "im")


async def test_the_bot_hears_of_its_own_coming_and_going(app: App) -> None:
    """member_joined_channel also fires for the bot; archiving is told by the kind of channel.

    (reference/events/member_joined_channel).
    """
    await app.workspace.invite(ADA, RANDOM)
    await app.workspace.archive(ADA, RANDOM)
    await app.workspace.archive(ADA, CHEMISTRY)
    await app.workspace.remove(GENERAL)
    events = {event["type"]: event for event in await told(app, 4)}
    assert events.keys() == {"member_joined_channel", "channel_archive", "group_archive", "channel_left"}
    assert events["member_joined_channel"]["user"] == BOT


async def test_a_mention_in_a_direct_message_is_a_plain_message(app: App) -> None:
    """app_mention is not sent for direct messages (reference/events/app_mention)."""
    await app.workspace.say(ADA, app.workspace.dm(ADA), f"<@{BOT}> hello")
    assert [event["type"] for event in await told(app, 1)] == ["message"]


async def test_every_opening_of_the_app_is_told_with_its_tab(app: App) -> None:
    """app_home_opened comes at every opening with the tab, and with the view once one was published.

    (reference/events/app_home_opened).
    """
    await app.workspace.open_home(ADA)
    await told(app, 1)
    await app.call("views.publish", user_id=ADA, view={"type": "home", "blocks": []})
    await app.workspace.open_home(ADA)
    await told(app, 2)
    await app.workspace.open_home(ADA, "messages")
    events = await told(app, 3)
    assert [(event["tab"], "view" in event) for event in events] == [
        ("home", False),
        ("home", True),
        ("messages", False),
    ]


async def test_an_uninstalled_app_hears_of_it_and_is_refused(app: App) -> None:
    """app_uninstalled and tokens_revoked come in no promised order; the tokens end.

    (reference/events/tokens_revoked).
    """
    await app.workspace.uninstall()
    assert {event["type"] for event in await told(app, 2)} == {"app_uninstalled", "tokens_revoked"}
    assert await app.error("auth.test") == "account_inactive"


async def test_a_link_is_told_and_unfurled_without_membership(app: App) -> None:
    """link_shared tells of links of the app's domains, also where it is no member; unfurls go by exact URL.

    (reference/methods/chat.unfurl).
    """
    ts = await app.workspace.say(BORIS, RANDOM, f"see {LINK} and https://example.org")
    [event] = await told(app, 1)
    assert (event["channel"], event["message_ts"]) == (RANDOM, ts)
    assert event["links"] == [{"domain": DOMAINS[0], "url": LINK}]
    place = {"channel": RANDOM, "ts": ts}
    wrong = {"https://os.deeporigin.io/jobs/2": {"blocks": [section()]}}
    assert await app.error("chat.unfurl", **place, unfurls=wrong) == "cannot_unfurl_url"
    missing = await app.error("chat.unfurl", channel=RANDOM, ts="1.1", unfurls=wrong)
    assert missing == "cannot_find_message"
    rich = {LINK: {"blocks": [{"type": "rich_text", "elements": []}]}}
    assert await app.error("chat.unfurl", **place, unfurls=rich) == "invalid_blocks"
    assert await app.error("chat.unfurl", **place, unfurls={LINK: {"blocks": [ACTIONS]}}) == "ok"
    done = await app.workspace.press(BORIS, RANDOM, ts, "Go")
    assert done is not None
    assert (done.payload["app_unfurl"]["app_unfurl_url"], "message" in done.payload) == (LINK, False)


async def test_a_link_in_the_composer_is_told_too(app: App) -> None:
    """A link that is not sent yet has the channel COMPOSER, and is unfurled by unfurl_id and source.

    (reference/events/link_shared).
    """
    await app.workspace.draft(ADA, f"look: {LINK}")
    [event] = await told(app, 1)
    assert (event["channel"], event["source"]) == ("COMPOSER", "composer")
    args = {"unfurl_id": event["unfurl_id"], "source": event["source"]}
    assert await app.error("chat.unfurl", **args, unfurls={LINK: {"blocks": [section()]}}) == "ok"
    assert [attachment["from_url"] for attachment in app.workspace.previews(ADA)] == [LINK]


async def test_links_of_the_app_itself_and_beyond_five_domains_are_not_told(app: App) -> None:
    """link_shared is not sent for the app's own messages, and an app has at most five domains.

    (reference/events/link_shared).
    """
    await app.post(text=LINK)
    await app.workspace.say(ADA, GENERAL, LINK)
    assert len(await told(app, 1)) == 1
    with pytest.raises(ValueError, match="5 domains"):
        async with simulated(unfurl_domains=[f"{n}.example.org" for n in range(6)]):
            pass


async def test_tokens_are_checked_before_anything_else(app: App) -> None:
    """A call without a token is not_authed, with a wrong one invalid_auth (reference/methods/auth.test)."""
    async with app.session.post(app.workspace.api_url + "auth.test") as response:
        assert (await response.json())["error"] == "not_authed"
    assert await app.error("chat.postMessage", token="xoxb-other") == "invalid_auth"


async def test_an_expired_token_is_told_in_a_200() -> None:
    """An expired token is token_expired, not an HTTP status (reference/methods/chat.postMessage)."""
    faults = Faults()
    async with simulated(faults=faults) as app:
        faults.add(Fault("auth.test", "expired_token"))
        response = await app.raw("auth.test")
        assert (response.status, (await response.json())["error"]) == (200, "token_expired")
        assert app.workspace.requests[-1].error == "token_expired"


async def refusal(app: App, method: str, **args: Any) -> aiohttp.ClientResponse:
    """Call a method until there is a 429, which is returned."""
    for _ in range(200):
        response = await app.raw(method, **args)
        if response.status == 429:
            return response
    raise AssertionError(f"{method} was never refused")


async def test_a_channel_takes_about_one_message_a_second() -> None:
    """After a burst a channel takes one message a second; then 429 with Retry-After, elsewhere not.

    (apis/web-api/rate-limits).
    """
    async with simulated(post_burst=2) as app:
        refused = await refusal(app, "chat.postMessage", channel=GENERAL, text="x")
        assert refused.headers["Retry-After"] == "1"
        assert (await refused.json())["error"] == "ratelimited"
        await app.post(channel=CHEMISTRY)


async def test_a_workspace_takes_some_hundred_messages_a_minute() -> None:
    """All channels together take several hundred messages a minute (apis/web-api/rate-limits)."""
    moment = 0.0
    rates = Rates(lambda: moment, enabled=True, burst=5)

    def takes(channel: str) -> bool:
        try:
            rates.post(channel)
        except SlackError:
            return False
        return True

    taken = 0
    for second in range(60):
        moment = float(second)
        taken += sum(takes(f"C{channel}") for channel in range(20))
    assert 300 <= taken <= 600


async def test_a_missing_scope_is_named() -> None:
    """A call without its scope is missing_scope and names what it needs (reference/methods/auth.test)."""
    async with simulated(scopes={"chat:write"}) as app:
        refused = await app.call("users.info", user=ADA)
        assert (refused["error"], refused["needed"], refused["provided"]) == (
            "missing_scope",
            "users:read",
            "chat:write",
        )


async def test_a_tier_limits_each_method_by_itself() -> None:
    """A method's tier is its calls a minute; a 429 covers that method only (apis/web-api/rate-limits)."""
    assert (TIERS["T1"], TIERS["T2"], TIERS["T3"], TIERS["T4"]) == (1, 20, 50, 100)
    async with simulated() as app:
        await refusal(app, "usergroups.users.list", usergroup="S0ADMINS01")
        assert 20 <= len(app.workspace.requests) - 1 <= 40  # some more where the test itself is slow
        assert await app.error("users.info", user=ADA) == "ok"


async def test_every_method_has_the_tier_of_its_page() -> None:
    """Editing, deleting and reading are tier 3, views, files, ephemerals and users.info tier 4.

    (apis/web-api/rate-limits).
    """
    tiers = {"T2": "usergroups.users.list", "T3": "chat.update chat.delete chat.unfurl chat.scheduleMessage"}
    tiers["T3"] += " conversations.open conversations.history conversations.replies"
    tiers["T4"] = "views.open views.publish users.info chat.postEphemeral files.getUploadURLExternal"
    tiers["special"] = "auth.test chat.getPermalink chat.postMessage"
    for tier, names in tiers.items():
        assert {METHODS[name].tier for name in names.split()} == {tier}


async def test_a_duplicate_delivery_has_the_same_trigger(app: App) -> None:
    """Whatever is delivered twice has the same trigger or event id, to tell it by.

    (apis/events-api).
    """
    app.workspace.faults.add(Fault("deliver *", "duplicate", times=2))
    await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert len({envelope["payload"]["trigger_id"] for envelope in app.envelopes}) == 1
    await app.workspace.mention(ADA, GENERAL)
    await app.workspace.wait_for(lambda: len(app.workspace.event_deliveries) == 1)
    events = [envelope["payload"] for envelope in app.envelopes if envelope["type"] == "events_api"]
    assert len(events) == 2
    assert len({event["event_id"] for event in events}) == 1


async def test_a_late_delivery_arrives_after_the_person_was_told_that_it_failed() -> None:
    """What is delivered late is a failure to the person and still arrives at the app.

    (interactivity/implementing-slash-commands).
    """
    async with simulated(**QUICK) as app:
        await app.connect()
        app.workspace.faults.add(Fault("deliver slash_commands", "late", seconds=1, times=1))
        done = await app.workspace.type_command(ADA, GENERAL, "/jobs")
        assert (done.error, app.envelopes) == ("operation_timeout", [])
        assert "operation_timeout" in texts(app.workspace, ADA)[0]
        await app.workspace.wait_for(lambda: len(app.workspace.ack_times) == 1)
        assert len(app.envelopes) == 1


async def test_a_dropped_socket_loses_what_was_on_its_way(app: App) -> None:
    """While nobody is connected commands fail; an event is repeated (apis/events-api/using-socket-mode)."""
    app.workspace.faults.add(Fault("deliver slash_commands", "drop", times=1))
    done = await app.workspace.type_command(ADA, GENERAL, "/jobs")
    assert done.error == "dispatch_failed"
    await app.workspace.wait_for(lambda: app.workspace.socket_count == 0)
