"""Triggers, modals and the App Home: what is open in front of whom, and Slack's rules for opening it."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from dojobbot.simulator.slack_api import world
from dojobbot.simulator.slack_api.blocks import check_blocks
from dojobbot.simulator.slack_api.changes import Change, Changes
from dojobbot.simulator.slack_api.checks import PLAIN, Problems, has_fields, optional_strings, text
from dojobbot.simulator.slack_api.content import with_defaults
from dojobbot.simulator.slack_api.problems import Json, SlackError

TRIGGER_LIFETIME = timedelta(seconds=3)
MOST_VIEW_BYTES = 250_000
MOST_STACKED = 3


@dataclass(frozen=True)
class View:
    """A modal or an App Home in front of one user.

    Attributes:
        id: Slack's id, `V...`.
        user: who sees it.
        hash: changes with each update.
        content: the view as the app sent it, with defaults filled in.
        errors: what the app found wrong with the last submission, by block id.
        root: the modal at the bottom of the stack that it is in; empty for that one itself.
        previous: the modal right below it.
    """

    id: str
    user: str
    hash: str
    content: Json
    errors: tuple[tuple[str, str], ...] = ()
    root: str = ""
    previous: str | None = None

    def as_json(self, values: Json | None = None) -> Json:
        """The view object of answers and payloads; `values` are those of its inputs."""
        given = self.content
        return {
            "id": self.id,
            "team_id": world.TEAM_ID,
            "app_id": world.APP_ID,
            "bot_id": world.BOT_ID,
            "type": given["type"],
            "callback_id": given.get("callback_id", ""),
            "private_metadata": given.get("private_metadata", ""),
            "title": given.get("title"),
            "submit": given.get("submit"),
            "close": given.get("close"),
            "blocks": given["blocks"],
            "hash": self.hash,
            "state": {"values": values or {}},
            "clear_on_close": bool(given.get("clear_on_close")),
            "notify_on_close": bool(given.get("notify_on_close")),
            "external_id": given.get("external_id", ""),
            "root_view_id": self.root or self.id,
            "previous_view_id": self.previous,
        }


def check_view(view: Any, kind: str) -> Json:
    """A checked view with its defaults filled in.

    Raises:
        SlackError: `invalid_arguments` with details, or `view_too_large`.
    """
    problems = Problems()
    optional = (
        *("title", "submit", "close", "callback_id", "private_metadata", "external_id"),
        *("clear_on_close", "notify_on_close", "submit_disabled"),
    )
    if not has_fields(view, "/view", problems, ("type", "blocks"), optional):
        raise SlackError("invalid_arguments", messages=tuple(problems))
    if view["type"] != kind:
        problems.add(f"must be {kind}", "/view/type")
    if kind == "modal" and "title" not in view:
        problems.add("missing required field: title", "/view")
    for name in ("title", "submit", "close"):
        if view.get(name) is not None:
            text(view[name], f"/view/{name}", problems, 24, PLAIN)
    limits = {"private_metadata": 3000, "callback_id": 255, "external_id": 255}
    optional_strings({k: v for k, v in view.items() if v}, "/view", problems, limits)
    check_blocks(view["blocks"], "/view/blocks", problems, "home" if kind == "home" else "modal")
    has_inputs = not problems and any(block["type"] == "input" for block in view["blocks"])
    if kind == "modal" and has_inputs and view.get("submit") is None:
        problems.add("missing required field: submit", "/view")
    if problems:
        raise SlackError("invalid_arguments", messages=tuple(problems))
    if len(json.dumps(view)) > MOST_VIEW_BYTES:
        raise SlackError("view_too_large")
    return {**view, "blocks": list(with_defaults(view["blocks"]))}


class Views:
    """The open views of all users, and the triggers that may open more."""

    def __init__(self, now: Callable[[], datetime], changes: Changes) -> None:
        self._now = now
        self._changes = changes
        self._triggers: dict[str, tuple[str, datetime, bool]] = {}
        self._modals: dict[str, tuple[View, ...]] = {}
        self._homes: dict[str, View] = {}
        self._numbers = itertools.count(1)

    def issue_trigger(self, user: str) -> str:
        """A fresh trigger id for something that a user did."""
        number = next(self._numbers)
        trigger = f"{number}.{int(self._now().timestamp())}.{number * 2654435761 % 2**32:08x}"
        self._triggers[trigger] = (user, self._now(), False)
        return trigger

    def exchange(self, trigger: str) -> str:
        """Use up a trigger, and say whose it was.

        Raises:
            SlackError: `invalid_trigger_id`, `exchanged_trigger_id` or `expired_trigger_id`.
        """
        if trigger not in self._triggers:
            raise SlackError("invalid_trigger_id")
        user, issued, used = self._triggers[trigger]
        if used:
            raise SlackError("exchanged_trigger_id")
        if self._now() - issued > TRIGGER_LIFETIME:
            raise SlackError("expired_trigger_id")
        self._triggers[trigger] = (user, issued, True)
        return user

    def modals(self, user: str) -> tuple[View, ...]:
        """The modals open in front of a user, the topmost last."""
        return self._modals.get(user, ())

    def home(self, user: str) -> View | None:
        """The App Home published for a user."""
        return self._homes.get(user)

    def push(self, user: str, content: Json) -> View:
        """Open a checked modal on top of those that a user has open.

        Raises:
            SlackError: `push_limit_reached` above three, or `duplicate_external_id`.
        """
        stack = self.modals(user)
        if len(stack) >= MOST_STACKED:
            raise SlackError("push_limit_reached")
        self._need_unique(content)
        view = self._fresh(user, content)
        if stack:
            view = replace(view, root=stack[0].id, previous=stack[-1].id)
        self._show(user, (*stack, view))
        return view

    def by_external_id(self, external_id: str) -> str:
        """The id of the open modal to which the app gave an id of its own; `not_found` when there is none."""
        for view in self._open():
            if view.content.get("external_id") == external_id:
                return view.id
        raise SlackError("not_found")

    def clear(self, user: str) -> None:
        """Close all modals of a user."""
        self.cut(user, 0)

    def cut(self, user: str, height: int) -> None:
        """Close all modals of a user above the lowest `height`."""
        self._show(user, self.modals(user)[:height])

    def complain(self, view: View, errors: Any) -> None:
        """Show the app's errors in a modal that stays open.

        Raises:
            SlackError: `invalid_response_errors`: they are not keyed by the block ids of its inputs.
        """
        inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
            raise SlackError("invalid_response_errors")
        pairs = tuple((str(block), str(error)) for block, error in errors.items())
        self._replace(replace(view, errors=pairs))

    def update(self, view_id: str, content: Json, expected_hash: str | None) -> View:
        """Put new content into an open modal.

        Raises:
            SlackError: `not_found`, or `hash_conflict` when the view has changed since.
        """
        for view in self._open():
            if view.id == view_id:
                if expected_hash is not None and expected_hash != view.hash:
                    raise SlackError("hash_conflict")
                fresh = self._fresh(view.user, content)
                updated = replace(fresh, id=view_id, root=view.root, previous=view.previous)
                self._replace(updated)
                return updated
        raise SlackError("not_found")

    def publish(self, user: str, content: Json, expected_hash: str | None) -> View:
        """Publish a checked App Home; `hash_conflict` when it has changed since."""
        known = self._homes.get(user)
        if expected_hash is not None and known is not None and known.hash != expected_hash:
            raise SlackError("hash_conflict")
        fresh = self._fresh(user, content)
        self._homes[user] = fresh if known is None else replace(fresh, id=known.id)
        self._changes.tell(Change("view", user=user))
        return self._homes[user]

    def _open(self) -> Iterator[View]:
        for stack in self._modals.values():
            yield from stack

    def _need_unique(self, content: Json) -> None:
        external_id = content.get("external_id")
        if external_id and any(view.content.get("external_id") == external_id for view in self._open()):
            raise SlackError("duplicate_external_id")

    def _fresh(self, user: str, content: Json) -> View:
        number = next(self._numbers)
        return View(f"V0{number:08d}", user, f"{int(self._now().timestamp())}.{number:08x}", content)

    def _replace(self, view: View) -> None:
        stack = self.modals(view.user)
        self._show(view.user, tuple(view if each.id == view.id else each for each in stack))

    def _show(self, user: str, stack: tuple[View, ...]) -> None:
        self._modals[user] = stack
        self._changes.tell(Change("view", user=user))
