"""Slack's rules for modals, the App Home and shortcuts hold in the workspace."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dojobbot.simulator.slack_api.events import ALL_EVENTS
from dojobbot.simulator.slack_api.world import ADA, BORIS, GENERAL
from tests.fidelity.slack_side import ACTIONS, MODAL, App, Json, plain, simulated

SHORTCUTS = {"list_jobs": "global", "follow": "message"}


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with simulated(rate_limits=False, events=ALL_EVENTS, shortcuts=SHORTCUTS) as app:
        await app.connect()
        yield app


async def opened(app: App, **more: Any) -> str:
    """The id of a modal in front of Ada."""
    trigger = (await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"]
    body = await app.call("views.open", trigger_id=trigger, view=MODAL | more)
    assert body["ok"], body
    return str(body["view"]["id"])


async def trigger_of(app: App) -> str:
    return str((await app.workspace.type_command(ADA, GENERAL, "/jobs")).payload["trigger_id"])


async def test_a_trigger_opens_one_modal_within_three_seconds() -> None:
    """A trigger lives for 3 seconds and opens one view (reference/methods/views.open)."""
    moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with simulated(now=lambda: moment) as app:
        await app.connect()
        assert await app.error("views.open", trigger_id="x", view=MODAL) == "invalid_trigger_id"
        trigger = await trigger_of(app)
        assert await app.error("views.open", trigger_id=trigger, view=MODAL) == "ok"
        assert await app.error("views.open", trigger_id=trigger, view=MODAL) == "exchanged_trigger_id"
        late = await trigger_of(app)
        moment += timedelta(seconds=3.1)
        assert await app.error("views.open", trigger_id=late, view=MODAL) == "expired_trigger_id"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"title": plain("x" * 25)}, "less than 25"),
        ({"submit": plain("x" * 25)}, "less than 25"),
        ({"close": plain("x" * 25)}, "less than 25"),
        ({"private_metadata": "x" * 3001}, "less than 3001"),
        ({"callback_id": "x" * 256}, "less than 256"),
        ({"submit": None}, "missing required field: submit"),
        ({"title": None}, "missing required field: title"),
    ],
    ids=["title", "submit", "close", "private_metadata", "callback_id", "no submit", "no title"],
)
async def test_a_modal_keeps_its_limits(app: App, change: Json, complaint: str) -> None:
    """Title and buttons have 24 characters, private_metadata 3,000, callback_id 255; inputs need a submit.

    (reference/views/modal-views).
    """
    view = {name: value for name, value in (MODAL | change).items() if value is not None}
    told = await app.complaint("views.open", trigger_id=await trigger_of(app), view=view)
    assert told.startswith("invalid_arguments")
    assert complaint in told


async def test_modals_stack_three_high(app: App) -> None:
    """Up to three modals lie upon each other; each knows the root and the one below.

    (reference/views/modal-views).
    """
    root = await opened(app)
    pushed = await app.call("views.push", trigger_id=await trigger_of(app), view=MODAL)
    assert (pushed["view"]["root_view_id"], pushed["view"]["previous_view_id"]) == (root, root)
    assert await app.error("views.push", trigger_id=await trigger_of(app), view=MODAL) == "ok"
    full = await app.error("views.push", trigger_id=await trigger_of(app), view=MODAL)
    assert full == "push_limit_reached"


async def test_a_view_is_250_kilobytes_at_most(app: App) -> None:
    """A view larger than 250 KB is view_too_large (reference/views/modal-views)."""
    options = [{"text": plain("x" * 75), "value": "x" * 150, "description": plain("x" * 75)}] * 100
    menus = [
        {"type": "actions", "elements": [{"type": "static_select", "options": options}]} for _ in range(12)
    ]
    error = await app.error("views.open", trigger_id=await trigger_of(app), view=MODAL | {"blocks": menus})
    assert error == "view_too_large"


async def test_an_update_names_the_view_and_may_name_its_hash(app: App) -> None:
    """views.update finds a view by its id or the app's own, and refuses an old hash.

    (reference/methods/views.update).
    """
    view_id = await opened(app, external_id="mine")
    new = MODAL | {"title": plain("New"), "external_id": "mine"}
    first = await app.call("views.update", external_id="mine", view=new)
    assert first["view"]["id"] == view_id
    fresh = await app.call("views.update", view_id=view_id, view=new, hash=first["view"]["hash"])
    assert fresh["ok"]
    assert (
        await app.error("views.update", view_id=view_id, view=new, hash=first["view"]["hash"])
        == "hash_conflict"
    )
    assert await app.error("views.update", external_id="other", view=new) == "not_found"
    assert (
        await app.error("views.push", trigger_id=await trigger_of(app), view=new) == "duplicate_external_id"
    )


async def test_a_home_refuses_an_old_hash(app: App) -> None:
    """The hash of an earlier version is a hash_conflict (reference/methods/views.publish)."""
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = (await app.call("views.publish", user_id=ADA, view=home))["view"]["hash"]
    assert await app.error("views.publish", user_id=ADA, view=home, hash=first) == "ok"
    assert await app.error("views.publish", user_id=ADA, view=home, hash=first) == "hash_conflict"


async def test_a_submission_carries_what_was_entered(app: App) -> None:
    """view_submission holds state.values by block and action; required inputs are asked for first.

    (reference/interaction-payloads/view-interactions-payload).
    """
    view_id = await opened(app)
    with pytest.raises(LookupError, match="Words"):
        await app.workspace.submit_modal(ADA, view_id, {})
    await app.workspace.submit_modal(ADA, view_id, {"words": {"text": "abc"}})
    sent = app.envelopes[-1]["payload"]
    assert sent["view"]["state"]["values"]["words"]["text"] == {"type": "plain_text_input", "value": "abc"}
    assert sent["response_urls"] == []
    assert app.workspace.modals(ADA) == ()


async def test_an_answer_to_a_submission_updates_pushes_clears_or_complains(app: App) -> None:
    """response_action is update, push, clear or errors, the last keyed by block ids of inputs.

    (reference/interaction-payloads/view-interactions-payload).
    """
    view_id = await opened(app)

    async def submitted(**answer: object) -> tuple[str | None, list[str]]:
        app.answer = lambda _: answer
        top = app.workspace.modals(ADA)[-1].id
        done = await app.workspace.submit_modal(ADA, top, {"words": {"text": "abc"}})
        return done.error, [view.content["title"]["text"] for view in app.workspace.modals(ADA)]

    assert await submitted(response_action="errors", errors={"words": "Too short"}) == (None, ["Note"])
    assert app.workspace.modals(ADA)[-1].errors == (("words", "Too short"),)
    assert await submitted(response_action="errors", errors={"other": "?"}) == (
        "invalid_response_errors",
        ["Note"],
    )
    renamed = MODAL | {"title": plain("New")}
    assert await submitted(response_action="update", view=renamed) == (None, ["New"])
    assert await submitted(response_action="push", view=MODAL) == (None, ["New", "Note"])
    assert await submitted(response_action="clear") == (None, [])
    assert view_id


async def test_closing_is_told_only_on_request(app: App) -> None:
    """view_closed comes only with notify_on_close, and says whether the whole stack was closed.

    (reference/interaction-payloads/view-interactions-payload).
    """
    assert await app.workspace.close_modal(ADA, await opened(app)) is None
    done = await app.workspace.close_modal(ADA, await opened(app, notify_on_close=True), whole_stack=True)
    assert done is not None
    assert (done.kind, done.payload["is_cleared"]) == ("view_closed", True)
    assert app.workspace.modals(ADA) == ()


async def test_a_modal_gets_response_urls_only_for_inputs_that_ask(app: App) -> None:
    """A channel menu with response_url_enabled gives the submission a response URL for that channel.

    (reference/interaction-payloads/view-interactions-payload).
    """
    menu = {"type": "conversations_select", "action_id": "where", "response_url_enabled": True}
    block = {"type": "input", "block_id": "place", "label": plain("Where"), "element": menu}
    view_id = await opened(app, blocks=[block])
    await app.workspace.submit_modal(ADA, view_id, {"place": {"where": GENERAL}})
    [given] = app.envelopes[-1]["payload"]["response_urls"]
    assert (given["channel_id"], given["block_id"]) == (GENERAL, "place")
    assert await app.respond(given["response_url"], text="shared", response_type="in_channel") == 200


async def test_a_press_in_a_view_has_no_response_url(app: App) -> None:
    """A press in a view brings the view with its hash, and no response URL.

    (reference/interaction-payloads/block_actions-payload).
    """
    view_id = await opened(app, blocks=[ACTIONS])
    await app.workspace.press_in_view(ADA, view_id, "Go")
    payload = app.envelopes[-1]["payload"]
    assert payload["container"] == {"type": "view", "view_id": view_id}
    assert ("response_url" in payload, "hash" in payload["view"]) == (False, True)


async def test_a_global_shortcut_happens_nowhere(app: App) -> None:
    """A global shortcut has a trigger and no channel or response URL.

    (reference/interaction-payloads/shortcuts-interaction-payload).
    """
    done = await app.workspace.use_shortcut(ADA, "list_jobs")
    assert (done.kind, done.payload["callback_id"]) == ("shortcut", "list_jobs")
    assert not {"channel", "response_url", "message"} & done.payload.keys()
    assert await app.error("views.open", trigger_id=done.payload["trigger_id"], view=MODAL) == "ok"
    with pytest.raises(ValueError, match="no global shortcut 'follow'"):
        await app.workspace.use_shortcut(ADA, "follow")


async def test_a_message_shortcut_brings_its_message(app: App) -> None:
    """A message shortcut has the channel, the message and a response URL.

    (reference/interaction-payloads/shortcuts-interaction-payload).
    """
    ts = await app.workspace.say(BORIS, GENERAL, "look at this job")
    done = await app.workspace.use_message_shortcut(ADA, GENERAL, ts, "follow")
    assert (done.kind, done.payload["message"]["ts"]) == ("message_action", ts)
    assert done.payload["channel"]["id"] == GENERAL
    assert await app.respond(done.payload["response_url"], text="following") == 200
