"""The payloads of commands, clicks, shortcuts and submitted modals."""

import time
from typing import Any

from sandbox.slack import blocks
from sandbox.slack.composer import escape
from sandbox.slack.errors import CommandFailed
from sandbox.slack.messages import render
from sandbox.slack.views import View, shown
from sandbox.slack.workspace import Workspace, sort_of
from sandbox.world import Channel, Message, Person

Payload = dict[str, Any]

_ROOMS = {"channel": "", "group": "privategroup", "im": "directmessage", "mpim": "mpdm"}


def command(
    slack: Workspace, person: Person, channel: Channel, *, name: str, text: str, secret: str
) -> Payload:
    """A slash command; mentions in it stay as they were typed (no `should_escape`)."""
    app = slack.app
    return {
        "token": "verification-token-of-old",
        "team_id": app.team,
        "team_domain": app.team_domain,
        "channel_id": channel.id,
        "channel_name": _ROOMS[sort_of(channel)] or channel.name,
        "user_id": person.id,
        "user_name": person.handle,
        "command": name,
        "text": escape(text),
        "api_app_id": app.id,
        "is_enterprise_install": "false",
        "response_url": address(slack, secret),
        "trigger_id": slack.triggers.issue(person.id),
    }


def click(
    slack: Workspace, person: Person, message: Message, *, action_id: str, value: str, secret: str
) -> Payload:
    """A click in a message; `LookupError` when it holds no such element."""
    channel = slack.space.channels[message.channel]
    container: Payload = {
        "type": "message",
        "message_ts": message.id,
        "channel_id": message.channel,
        "is_ephemeral": bool(message.only_for),
    }
    if message.thread:
        container["thread_ts"] = message.thread
    # Slack does not show an ephemeral message to the app again.
    shown_to_app = {} if message.only_for else {"message": render(slack, message)}
    return {
        **_common(slack, person, "block_actions"),
        "container": container,
        "channel": {"id": channel.id, "name": _ROOMS[sort_of(channel)] or channel.name},
        **shown_to_app,
        "state": {"values": {}},
        "response_url": address(slack, secret),
        "actions": [_action(slack, message, action_id, value)],
    }


def shortcut(
    slack: Workspace, person: Person, message: Message, *, callback_id: str, secret: str
) -> Payload:
    """An entry of a message's menu."""
    channel = slack.space.channels[message.channel]
    return {
        **_common(slack, person, "message_action"),
        "action_ts": f"{time.time():.6f}",
        "channel": {"id": channel.id, "name": _ROOMS[sort_of(channel)] or channel.name},
        "callback_id": callback_id,
        "message_ts": message.id,
        "message": render(slack, message),
        "response_url": address(slack, secret),
    }


def submission(slack: Workspace, person: Person, view: View, values: dict[str, str]) -> Payload:
    """A modal that was filled in; `values` by block id or action id."""
    app = slack.app
    state: Payload = {}
    for block, element in blocks.interactive(view.content["blocks"]):
        given = values.get(block["block_id"], values.get(element["action_id"]))
        state.setdefault(block["block_id"], {})[element["action_id"]] = _entered(element, given)
    shown_view = shown(view, app.team, app.id, app.bot) | {"state": {"values": state}}
    return {**_common(slack, person, "view_submission"), "view": shown_view, "response_urls": []}


def check_length(view: View, values: dict[str, str]) -> None:
    """Raise `CommandFailed` for a text that the client does not let anybody type."""
    for block, element in blocks.interactive(view.content["blocks"]):
        given = values.get(block["block_id"], values.get(element["action_id"])) or ""
        most = element.get("max_length", blocks.MOST_INPUT)
        if element["type"] == "plain_text_input" and len(given) > most:
            raise CommandFailed("too_long")


def address(slack: Workspace, secret: str) -> str:
    """The response URL with this secret."""
    return f"{slack.address}/commands/{slack.app.team}/{secret}"


def _common(slack: Workspace, person: Person, kind: str) -> Payload:
    app = slack.app
    name = {"username": person.handle, "name": person.handle}
    return {
        "type": kind,
        "token": "verification-token-of-old",
        "api_app_id": app.id,
        "team": {"id": app.team, "domain": app.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": {"id": person.id, "team_id": person.home or app.team, **name},
        "trigger_id": slack.triggers.issue(person.id),
    }


def _action(slack: Workspace, message: Message, action_id: str, value: str) -> Payload:
    for block, element in blocks.interactive(message.payload.get("blocks", [])):
        if element["action_id"] == action_id:
            place = {"action_id": action_id, "block_id": block["block_id"]}
            return {**place, "action_ts": slack.space.new_id(), **_chosen(element, value)}
    raise LookupError(f"The message {message.id} has no element {action_id!r}.")


def _chosen(element: Payload, value: str) -> Payload:
    """What an action says of the element that was used."""
    kind = element["type"]
    if kind in ("static_select", "overflow", "radio_buttons"):
        return {"type": kind, "selected_option": _option(element, value)}
    if kind.startswith("multi_"):
        return {"type": kind, **_chosen_many(element, value)}
    if kind in ("users_select", "channels_select", "conversations_select"):
        return {"type": kind, f"selected_{kind.removesuffix('s_select')}": value}
    if kind == "feedback_buttons":
        buttons = (element["positive_button"], element["negative_button"])
        button = next((one for one in buttons if one["value"] == value), buttons[0])
        return {"type": kind, "text": button["text"], "value": button["value"]}
    kept: Payload = {name: element[name] for name in ("text", "style") if name in element}
    return {"type": kind, **kept, "value": value or element.get("value", "")}


def _chosen_many(element: Payload, value: str) -> Payload:
    """What is chosen in a menu that takes several, separated by commas."""
    chosen = [one for one in value.split(",") if one]
    of = element["type"].removeprefix("multi_").removesuffix("_select")
    if of == "static":
        return {"selected_options": [_option(element, one) for one in chosen]}
    return {f"selected_{of}": chosen}


def _option(element: Payload, value: str) -> Payload:
    groups = element.get("option_groups", [])
    options = [*element.get("options", []), *(o for g in groups for o in g["options"])]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"The element {element['action_id']!r} has no option {value!r}.")


def _entered(element: Payload, value: str | None) -> Payload:
    """What a submitted modal says of one of its elements; None: left as it was."""
    kind = element["type"]
    if kind in ("plain_text_input", "number_input"):
        return {"type": kind, "value": element.get("initial_value") if value is None else value}
    if value is not None:
        return _chosen(element, value)
    initial = {name: v for name, v in element.items() if name.startswith("initial_")}
    empty = {"selected_option": None} if kind == "static_select" else {}
    if kind.startswith("multi_"):
        empty = _chosen_many(element, "")
    return (
        {"type": kind}
        | empty
        | {f"selected_{n.removeprefix('initial_')}": v for n, v in initial.items()}
    )
