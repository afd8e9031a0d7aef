"""The controls below an answer, in Slack's own form, and what a press of one says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.slack.payload import string
from core.controls import PREFIX, Control, Controls, mark, read

RATINGS = (Control.GOOD, Control.BAD)


def blocks(controls: Controls | None) -> list[dict[str, Any]]:
    """Buttons, and Slack's own form for how people like an answer of an app's."""
    if controls is None:
        return []
    labels = dict(controls)
    buttons = [_button(one, labels[one], controls.reply) for one in labels if one not in RATINGS]
    shown: list[dict[str, Any]] = []
    if buttons:
        shown.append({"type": "actions", "elements": buttons})
    if labels.keys() >= set(RATINGS):
        shown.append({"type": "context_actions", "elements": [_feedback(labels, controls.reply)]})
    return shown


def _button(control: Control, label: str, reply: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": f"{PREFIX}_{control}",
        "text": _plain(label),
        "value": mark(control, reply),
    }


def _feedback(labels: Mapping[Control, str], reply: str) -> dict[str, Any]:
    good, bad = (
        {
            "text": _plain(labels[control]),
            "value": mark(control, reply),
            "accessibility_label": labels[control],
        }
        for control in RATINGS
    )
    return {
        "type": "feedback_buttons",
        "action_id": f"{PREFIX}_rate",
        "positive_button": good,
        "negative_button": bad,
    }


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a `block_actions` payload says: who has pressed which control of which reply.

    `url` answers to whoever pressed, `trigger` counts what that takes.
    """

    control: Control
    reply: str
    user: str
    channel: str
    thread: str
    url: str
    trigger: str
    handle: str
    place: str
    is_public: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Pressed | None":
        """Read Slack's payload; None for a control that is none of ours."""
        actions = body.get("actions")
        action = actions[0] if isinstance(actions, list) and actions else None
        found = read(string(action, "value"))
        if found is None:
            return None
        held = body.get("container")
        container: Mapping[str, Any] = held if isinstance(held, dict) else {}
        return cls(
            *found,
            user=string(body.get("user"), "id"),
            channel=string(body.get("channel"), "id"),
            thread=string(container, "thread_ts"),
            url=string(body, "response_url"),
            trigger=string(body, "trigger_id"),
            handle=string(body.get("user"), "username"),
            place=string(body.get("channel"), "name"),
            is_public=container.get("is_ephemeral") is not True,
        )
