"""Presses: buttons, the menu of a card, and the menus that open a job."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.domain import ActionKind
from dojobbot.errors import JobNotFound, PlatformError
from dojobbot.slack.acting import turned_away
from dojobbot.slack.asking import ACTS, carry_out, private_card
from dojobbot.slack.replies import Payload, Reply
from dojobbot.slack.services import THOROUGH, Services
from dojobbot.slack.verbs import Asked, Place
from dojobbot.slack.views import answers, ids

__all__ = ["register"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press. `value` is None when it is not one of ours (values are never trusted)."""

    team_id: str | None
    verb: str
    value: ids.Value | None
    place: Place
    in_place: bool


def register(app: AsyncApp, services: Services) -> None:
    """Listen to every press of ours. Each is acked at once; the work comes after."""

    async def press(body: dict[str, Any]) -> None:
        await _answer(services, body)

    for action_id in ids.ALL:
        app.action(action_id)(ack=_ack, lazy=[press])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _answer(services: Services, body: dict[str, Any]) -> None:
    press = _read(body)
    is_first = let_in = False

    async def work() -> Payload | None:
        nonlocal is_first, let_in
        is_first = await services.is_first(body)
        if not is_first:
            return None
        refusal = await services.people.stranger(press.place.user_id, press.team_id)
        if refusal is not None:
            return await _turn_away(services, press, refusal)
        let_in = True
        return await _perform(services, press)

    async def interim() -> Payload | None:
        if not is_first:
            return None
        # Who may not use the bot sees nothing of a job, however long it takes to find that out.
        if let_in and press.in_place and press.value is not None:
            with contextlib.suppress(JobNotFound):
                return await private_card(services, press.value.job_id, press.place, note=answers.ASKING)
        return answers.placeholder()

    reply = Reply(body["response_url"], press.in_place)
    await services.desk.serve(reply, work, interim=interim)


def _read(body: dict[str, Any]) -> Press:
    action = body["actions"][0]
    raw = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
    verb, value = action["action_id"], ids.decode(raw)
    if verb == ids.MENU:
        verb, value = ids.decode_menu(raw) or (verb, None)
    container = body.get("container", {})
    return Press(
        team_id=body["user"].get("team_id"),
        verb=verb,
        value=value,
        place=Place.of_press(body),
        # A posted message is everyone's, and a list stays when one of its jobs is opened.
        in_place=bool(container.get("is_ephemeral")) and verb not in {ids.OPEN, ids.CHOOSE},
    )


async def _turn_away(services: Services, press: Press, refusal: str) -> Payload:
    """Refuse somebody who may not use the bot at all; an attempt to act is written down."""
    if press.value is not None and press.verb in ACTS:
        stored = await services.store.job(press.value.job_id)
        if stored is not None:
            await turned_away(services, ActionKind(press.verb), Asked(stored, press.place), refusal)
    return answers.sentence(refusal)


async def _perform(services: Services, press: Press) -> Payload:
    if press.value is None:
        return answers.sentence(answers.OLD_BUTTON)
    stored = await services.store.job(press.value.job_id)
    said = ""
    if press.verb in ACTS and stored is not None:
        known = stored
    else:
        try:
            known, said = await services.read_or_recall(press.value.job_id)
        except PlatformError:
            # Never seen, and the platform was slow: there is nothing to show yet, so take the time.
            known = await services.read_job(press.value.job_id, seconds=THOROUGH)
    return await carry_out(services, press.verb, Asked(known, press.place, press.value.digest), said=said)
