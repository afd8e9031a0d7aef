"""Modals and home tabs."""

import itertools
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from sandbox.slack import blocks
from sandbox.slack.errors import Refused

MOST_BLOCKS = 100
KEPT = 1000


@dataclass(frozen=True, slots=True)
class View:
    """A modal that is open before somebody, or somebody's home tab."""

    id: str
    person: str
    content: dict[str, Any]
    hash: str


class Views:
    """The views that people have before them."""

    def __init__(self) -> None:
        self._views: OrderedDict[str, View] = OrderedDict()
        self._homes: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def open(self, person: str, content: dict[str, Any]) -> View:
        """Show a modal."""
        return self._keep(self._new_id(), person, checked(content, "modal"))

    def publish(self, person: str, content: dict[str, Any]) -> View:
        """Show a home tab, in place of the one before."""
        content = checked(content, "home")
        return self._keep(self._homes.setdefault(person, self._new_id()), person, content)

    def update(self, id: str, content: dict[str, Any], expected_hash: str) -> View:
        """Replace what a view shows; `hash_conflict` when it changed since."""
        view = self.get(id)
        if expected_hash and expected_hash != view.hash:
            raise Refused("hash_conflict")
        return self._keep(id, view.person, checked(content, str(view.content["type"])))

    def get(self, id: str) -> View:
        """A view that is still open, or `not_found`."""
        view = self._views.get(id)
        if view is None:
            raise Refused("not_found")
        return view

    def before(self, person: str) -> View | None:
        """The modal that somebody has before them: the newest that is open."""
        for view in reversed(self._views.values()):
            if view.person == person and view.content["type"] == "modal":
                return view
        return None

    def find(self, external_id: str) -> View:
        """The view that the app named so, or `not_found`."""
        for view in self._views.values():
            if external_id and view.content.get("external_id") == external_id:
                return view
        raise Refused("not_found")

    def home(self, person: str) -> View | None:
        """Somebody's home tab, once it was published."""
        return self._views.get(self._homes.get(person, ""))

    def close(self, id: str) -> None:
        """Somebody closed a modal, or it was submitted."""
        self._views.pop(id, None)

    def _keep(self, id: str, person: str, content: dict[str, Any]) -> View:
        view = View(id, person, content, f"{secrets.randbelow(10**10)}.{secrets.token_hex(4)}")
        self._views[id] = view
        if len(self._views) > KEPT:
            self._views.popitem(last=False)
        return view

    def _new_id(self) -> str:
        return f"V0{next(self._numbers):06d}"


def checked(content: dict[str, Any], kind: str) -> dict[str, Any]:
    """A view's content as Slack keeps it; `invalid_arguments` when it would refuse it."""
    given = content.get("blocks")
    if content.get("type") != kind or not isinstance(given, list):
        raise _wrong(f"must be a view of type {kind} with blocks")
    blocks.check(given, MOST_BLOCKS)
    if kind == "modal":
        _check_modal(content, given)
    for name, most in (("private_metadata", 3000), ("callback_id", 255)):
        if len(str(content.get(name, ""))) > most:
            raise _wrong(f"{name} must be less than {most + 1} characters")
    return {**content, "blocks": [blocks.named(block) for block in given]}


def _check_modal(content: dict[str, Any], given: list[dict[str, Any]]) -> None:
    for name in ("title", "submit", "close"):
        if name not in content and name != "title":
            continue
        label = content.get(name) or {}
        if not isinstance(label, dict) or not 0 < len(str(label.get("text", ""))) <= 24:
            raise _wrong(f"{name} must be a text of 1 to 24 characters")
    if "submit" not in content and any(block["type"] == "input" for block in given):
        raise _wrong("submit is required when there are input blocks")


def _wrong(complaint: str) -> Refused:
    metadata = {"messages": [f"[ERROR] {complaint} [json-pointer:/view]"]}
    return Refused("invalid_arguments", response_metadata=metadata)


def shown(view: View, team: str, app: str, bot: str) -> dict[str, Any]:
    """The view object of answers and payloads."""
    return {
        "callback_id": "",
        "private_metadata": "",
        "state": {"values": {}},
        **view.content,
        "id": view.id,
        "team_id": team,
        "app_id": app,
        "bot_id": bot,
        "hash": view.hash,
        "root_view_id": view.id,
        "previous_view_id": None,
    }
