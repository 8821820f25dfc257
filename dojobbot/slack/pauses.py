"""The buttons of the message that a place is closed: try again there, or tell me here."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from dojobbot.domain import Destination
from dojobbot.fates import Resumed
from dojobbot.slack.replies import Payload, Reply
from dojobbot.slack.services import Services
from dojobbot.slack.text import escape
from dojobbot.slack.views import answers, ids
from dojobbot.slack.views.closed import place_name, resumed

__all__ = ["register"]

NOTHING_PAUSED = "Nothing of yours is paused there any more, so nothing changed."


def register(app: AsyncApp, services: Services) -> None:
    """Listen to both buttons. Each press is acked at once; the work comes after."""

    async def press(body: dict[str, Any]) -> None:
        await _answer(services, body)

    for action_id in ids.OF_PLACES:
        app.action(action_id)(ack=_ack, lazy=[press])


async def _ack(ack: AsyncAck) -> None:
    await ack()


async def _answer(services: Services, body: dict[str, Any]) -> None:
    user_id = body["user"]["id"]
    action = body["actions"][0]

    async def work() -> Payload | None:
        if not await services.is_first(body):
            return None
        refusal = await services.people.stranger(user_id, body["user"].get("team_id"))
        if refusal is not None:
            return answers.sentence(refusal)
        place = ids.decode_place(action.get("value") or "")
        if place is None:
            return answers.sentence(
                "This button is from another version of me. Type `/jobs` for a fresh list."
            )
        # Before anything is asked about the place: whose it is not learns nothing of it.
        if not (await services.store.paused(user_id, place)).anything:
            return answers.sentence(NOTHING_PAUSED)
        do = _try_again if action["action_id"] == ids.RESUME else _move_here
        done = await do(services, user_id, place)
        if isinstance(done, str):
            return answers.sentence(done)
        services.wake()
        # The message is the presser's own, and has nothing left to press.
        where = f"in {place_name(place)} again" if do is _try_again else "here from now on"
        await Reply(body["response_url"], in_place=True).send(answers.sentence(resumed(done, where)))
        return None

    async def interim() -> Payload:
        return answers.placeholder()

    # What goes wrong is said below the message, whose buttons stay.
    await services.desk.serve(Reply(body["response_url"], in_place=False), work, interim=interim)


async def _try_again(services: Services, user_id: str, place: Destination) -> Resumed | str:
    """Resume, if the bot could post there now; else say what to do first."""
    channel = await services.messenger.channel(place.channel_id)
    name = f"<#{escape(place.channel_id)}>"
    if channel is not None and channel.is_archived:
        return f"{name} is still archived. Unarchive it, then press again; or let me tell you here."
    if channel is None or not channel.is_member:
        return f"I'm still not in {name}. Type `/invite @dojobbot` there, then press again."
    if channel.is_shared:
        return (
            f"{name} is shared with another organisation by now, so I don't post jobs there. "
            "Press *Tell me here* instead."
        )
    return await services.store.resume(user_id, place)


async def _move_here(services: Services, user_id: str, place: Destination) -> Resumed | str:
    """Move everything to the presser's direct messages, which is where the button is."""
    dm = Destination(await services.messenger.open_dm(user_id))
    note = f"You wanted this in {place_name(place)}, and chose to be told here."
    return await services.store.move(user_id, place, dm, note=note, now=services.clock.now())
