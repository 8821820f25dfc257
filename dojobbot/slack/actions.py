"""Presses: buttons, the menu of a card, and the menus that open a job."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.domain import KnownJob
from dojobbot.slack import verbs
from dojobbot.slack.cards import private_card
from dojobbot.slack.replies import Payload, Reply, answering
from dojobbot.slack.services import Services
from dojobbot.slack.verbs import Place
from dojobbot.slack.views import answers, ids

__all__ = ["register"]

Verb = Callable[[Services, KnownJob, "Press"], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """One press. `posted`: what was pressed is a message that everyone sees."""

    verb: str
    value: ids.Value
    place: Place
    posted: bool


def register(app: AsyncApp, services: Services) -> None:
    """Listen to every press of ours. Each is acked at once; the work comes after."""

    async def press(body: dict[str, Any]) -> None:
        await _answer(services, body)

    for action_id in ids.ALL:
        app.action(action_id)(ack=_ack, lazy=[press])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _answer(services: Services, body: dict[str, Any]) -> None:
    posted = not body.get("container", {}).get("is_ephemeral", False)
    action_id = body["actions"][0]["action_id"]
    opens = action_id in {ids.OPEN, ids.CHOOSE}

    async def work() -> Payload | None:
        if not await services.store.first_press(body["trigger_id"], services.clock.now()):
            return None
        refusal = await services.people.stranger(body["user"]["id"], body["user"].get("team_id"))
        if refusal is not None:
            return answers.sentence(refusal)
        press = _read(body, posted=posted)
        if press is None:
            return answers.sentence(
                "This button is from another version of me. Type `/jobs` for a fresh list."
            )
        return await _perform(services, press)

    # A list stays when one of its jobs is opened; a private card is redrawn where it is.
    reply = Reply(body["response_url"], in_place=not posted and not opens)
    await answering(reply, work, interim=answers.placeholder() if posted or opens else None)


def _read(body: dict[str, Any], *, posted: bool) -> Press | None:
    """Read a press; None when its value is not one of ours (values are never trusted)."""
    action = body["actions"][0]
    raw = action.get("value") or (action.get("selected_option") or {}).get("value") or ""
    verb = action["action_id"]
    if verb == ids.MENU:
        chosen = ids.decode_menu(raw)
        if chosen is None:
            return None
        verb, value = chosen
    else:
        decoded = ids.decode(raw)
        if decoded is None:
            return None
        value = decoded
    message = body.get("message") or {}
    thread_ts = message.get("thread_ts") or body.get("container", {}).get("thread_ts")
    if thread_ts == message.get("ts"):
        thread_ts = None
    place = Place(body["user"]["id"], body["channel"]["id"], thread_ts)
    return Press(verb=verb, value=value, place=place, posted=posted)


async def _perform(services: Services, press: Press) -> Payload:
    verb = _VERBS.get(press.verb)
    if verb is None:
        known, note = await services.read_or_recall(press.value.job_id)
    elif press.verb in {ids.CANCEL, ids.APPROVE}:
        known = await services.store.job(press.value.job_id) or await services.read_job(press.value.job_id)
        note = await verb(services, known, press)
    else:
        known, stale = await services.read_or_recall(press.value.job_id)
        note = " ".join(filter(None, [await verb(services, known, press), stale]))
    return await private_card(services, known.job.id, press.place, note=note)


async def _notify(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.notify(services, known, press.place)


async def _mute(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.mute(services, known, press.place)


async def _watch(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.watch(services, known, press.place)


async def _stop(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.stop(services, known, press.place)


async def _share(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.share(services, known, press.place)


async def _cancel(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.cancel(services, known, press.place)


async def _approve(services: Services, known: KnownJob, press: Press) -> str:
    return await verbs.approve(services, known, press.place, press.value.digest)


_VERBS: dict[str, Verb] = {
    ids.NOTIFY: _notify,
    ids.MUTE: _mute,
    ids.WATCH: _watch,
    ids.STOP: _stop,
    ids.CANCEL: _cancel,
    ids.APPROVE: _approve,
    ids.SHARE: _share,
}
"""What changes something; `open`, `choose` and `refresh` only read."""
