"""The Details modal: opened from a card or a notice at once, filled when the platform has answered.

A press's trigger lives for three seconds (reference/methods/views.open), so the modal opens empty, before
anything is asked. Values and the modal itself are never trusted: each press is checked like the first.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.domain import Destination, Post, PostKind
from dojobbot.errors import DojobbotError, StoreError, TriggerSpent
from dojobbot.slack.homescreen import HomeScreen
from dojobbot.slack.modal import Modal, Turns
from dojobbot.slack.replies import Payload, Reply, Sink
from dojobbot.slack.services import Services
from dojobbot.slack.shelf import Seen, Shelf
from dojobbot.slack.text import code
from dojobbot.slack.views import answers, ids
from dojobbot.slack.views.details import sentence, waiting
from dojobbot.slack.views.documents import document

__all__ = ["register"]

TOO_LATE = "That took me too long, and Slack opens no window any more. Press the button again."
NOTHING_THERE = "There is nothing to download here."
PREPARING = ":hourglass_flowing_sand: Preparing the file…"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press in the modal, or the one that opened it."""

    user_id: str
    team_id: str | None
    trigger_id: str
    verb: str
    tab: str
    job_id: str


def register(app: AsyncApp, services: Services) -> None:
    """Listen to what opens the modal and to what is pressed in it. Each press is acked at once."""
    turns, shelf = Turns(), Shelf(services)

    async def opened(body: dict[str, Any]) -> None:
        await _open(services, turns, shelf, body)

    async def pressed(body: dict[str, Any]) -> None:
        await _press(services, turns, shelf, body)

    for action_id in ids.OPENERS:
        app.action(action_id)(ack=_ack, lazy=[opened])
    for action_id in ids.IN_DETAILS:
        app.action(action_id)(ack=_ack, lazy=[pressed])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _open(services: Services, turns: Turns, shelf: Shelf, body: dict[str, Any]) -> None:
    """Open the modal; what is wrong with that is told beside the card, which stays as it is."""
    press = _read(body, ids.SWITCH, ids.OPENERS[body["actions"][0]["action_id"]])
    modals: list[Modal] = []

    async def opening() -> Payload | None:
        if press is None:
            return answers.sentence(answers.OLD_BUTTON)
        try:
            view_id, seen_hash = await services.messenger.open_view(press.trigger_id, waiting(press.job_id))
        except TriggerSpent as error:
            # One that was used already came twice: the modal is open.
            return None if error.was_used else answers.sentence(TOO_LATE)
        modals.append(Modal(services.messenger, turns, view_id, seen_hash))
        return None

    await services.desk.serve(_beside(services, body), opening, interim=_nothing)
    if press is not None:
        for modal in modals:
            await _serve(services, shelf, modal, press)


def _beside(services: Services, body: dict[str, Any]) -> Sink:
    """Give where it is told that no modal opens: the Home, which has no response_url, is drawn with it."""
    if body["actions"][0]["action_id"] == ids.HOME_OPEN:
        return HomeScreen(services, body["user"]["id"], body["user"].get("team_id"))
    return Reply(body["response_url"], in_place=False)


async def _press(services: Services, turns: Turns, shelf: Shelf, body: dict[str, Any]) -> None:
    verb, tab = ids.IN_DETAILS[body["actions"][0]["action_id"]]
    view = body["view"]
    try:
        # One that comes twice must not take the turn of the first.
        if not await services.is_first(body):
            return
    except StoreError as error:
        await Modal(services.messenger, turns, view["id"], view["hash"]).send(answers.from_error(error))
        return
    modal = Modal(services.messenger, turns, view["id"], view["hash"])
    press = _read(body, verb, tab)
    if press is None:
        await modal.send(answers.sentence(answers.OLD_BUTTON))
    else:
        await _serve(services, shelf, modal, press)


def _read(body: dict[str, Any], verb: str, tab: str) -> Press | None:
    action = body["actions"][0]
    value = ids.decode(action.get("value") or (action.get("selected_option") or {}).get("value") or "")
    if value is None:
        return None
    return Press(
        user_id=body["user"]["id"],
        team_id=body["user"].get("team_id"),
        trigger_id=body["trigger_id"],
        verb=verb,
        tab=tab,
        job_id=value.job_id,
    )


async def _serve(services: Services, shelf: Shelf, modal: Modal, press: Press) -> None:
    """Draw what was asked for; while that takes long, what is known already."""
    let_in = False
    trouble = ""

    async def work() -> Payload:
        nonlocal let_in
        refusal = await services.people.stranger(press.user_id, press.team_id)
        if refusal is not None:
            return sentence(refusal)
        let_in = True
        if press.verb == ids.DOWNLOAD:
            return await download()
        seen = await shelf.look(press.job_id, press.tab, fresh=press.verb == ids.RELOAD)
        return await shelf.drawn(seen, press.tab)

    async def download() -> Payload:
        nonlocal trouble
        try:
            seen = await shelf.look(press.job_id, press.tab, fresh=False)
        except DojobbotError as error:
            trouble = answers.words_of(error)
            raise
        try:
            note = await _send_file(services, seen, press)
        except DojobbotError as error:
            trouble = answers.words_of(error)
            note = f":warning: {trouble}"
        return await shelf.drawn(seen, press.tab, note=note)

    async def interim() -> Payload | None:
        seen = await shelf.recall(press.job_id) if let_in else None
        if seen is None:
            return None
        note = PREPARING if press.verb == ids.DOWNLOAD else answers.ASKING
        return await shelf.drawn(seen, press.tab, note=note)

    await services.desk.serve(modal, work, interim=interim)
    # Who looks at something else by now, or at nothing, would wait for the file for ever.
    if trouble and not modal.shows_it:
        await _tell_directly(services, press, trouble)


async def _send_file(services: Services, seen: Seen, press: Press) -> str:
    """Send what a tab holds as a file to the presser alone, and say so. Raises DojobbotError."""
    # Some jobs have many megabytes of inputs; whoever else presses something is not to wait for them.
    file = await asyncio.to_thread(document, press.tab, seen.known.job, seen.snapshot, seen.lines)
    if file is None:
        return NOTHING_THERE
    await services.messenger.upload(
        await services.messenger.open_dm(press.user_id),
        filename=file.filename,
        title=file.filename,
        content=file.content,
        comment=answers.file_of(seen.known.job, file.filename),
    )
    return f":inbox_tray: I've sent you {code(file.filename)} in our direct messages."


async def _tell_directly(services: Services, press: Press, trouble: str) -> None:
    """Say in the presser's direct messages what came of their download."""
    words = f":warning: The file of job {code(press.job_id[:8])} that you asked for in its Details: {trouble}"
    now = services.clock.now()
    try:
        dm = Destination(await services.messenger.open_dm(press.user_id))
        await services.store.add_post(
            Post(
                id=uuid.uuid4().hex,
                destination=dm,
                kind=PostKind.WORDS,
                payload=answers.sentence(words),
                created_at=now,
            )
        )
    except DojobbotError as error:
        log.warning("nobody could be told that a file did not come: %s", error)
    services.wake()


async def _nothing() -> None:
    """Say nothing while the modal opens: it says itself that it is being filled."""
