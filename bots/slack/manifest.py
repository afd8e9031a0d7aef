"""Parley as a Slack app: what it asks of a workspace, and what each of these is for.

`deploy/slack-manifest.yaml` says the same with a comment on each line; a test holds them together.
"""

from collections.abc import Mapping
from typing import Any

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "nobody can mention it in a channel",
    "assistant:write": "no status shows while it works in a thread",
    "channels:history": "it cannot read threads in public channels",
    "channels:read": "it does not know names and creators of public channels",
    "chat:write": "it cannot answer",
    "chat:write.public": "ALERT_CHANNEL must be a channel that it was invited to",
    "commands": "/ask, /parley and the entries of a message's menu do not work",
    "files:read": "it cannot read pictures and documents",
    "files:write": "long code is not put below its answer as a file",
    "groups:history": "it hears nothing in private channels",
    "groups:read": "it does not know names and creators of private channels",
    "im:history": "it hears no direct messages",
    "im:read": "it does not find direct messages that it has missed",
    "im:write": "a long answer to /ask cannot go on in a direct message",
    "mpim:history": "it hears nothing in group messages",
    "mpim:read": "it does not find group messages that it has missed",
    "reactions:write": "it cannot show 👀 where there is no status, or refuse by a reaction",
    "usergroups:read": "user groups do not count in settings and limits",
    "users:read": "it knows people by their ids only, and no admins",
}
"""The scopes of the bot token, and what is missing without each."""

NEEDED = frozenset({"app_mentions:read", "channels:history", "chat:write"})
"""Scopes without which it is of no use at all."""

EVENTS: Mapping[str, str] = {
    "agent_session_stopped": "Slack's own stop button does nothing",
    "app_home_opened": "no questions are suggested to whoever opens its messages",
    "app_mention": "it does not hear that it is mentioned",
    "app_uninstalled": "it does not notice that it was removed",
    "message.channels": "it hears no follow-ups, edits and deletions in public channels",
    "message.groups": "it hears nothing but mentions in private channels",
    "message.im": "it hears no direct messages",
    "message.mpim": "it hears nothing but mentions in group messages",
    "tokens_revoked": "it does not notice that its token is void",
}
"""The events to which it subscribes, and what is missing without each."""

COMMANDS = ("/ask", "/parley")

DEAF = frozenset({"app_mention", "message.channels"})
"""Events without which it is of no use in a channel."""


def manifest(address: str = "") -> dict[str, Any]:
    """The manifest for Slack's "From a manifest", which takes JSON as well as YAML.

    With an `address`, `https://host`, Slack sends its requests there; else it is reached from
    inside, by Socket Mode.
    """
    events = f"{address}/slack/events"
    asked_at = {"request_url": events} if address else {}
    back = {"redirect_urls": [f"{address}/slack/oauth_redirect"]} if address else {}
    return {
        "display_information": {
            "name": "Parley",
            "description": "Answers in the thread, as the model writes",
            "background_color": "#2b2d42",
        },
        "features": _features({"url": events} if address else {}),
        "oauth_config": {**back, "scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**asked_at, "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **asked_at},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }


def _features(where: Mapping[str, str]) -> dict[str, Any]:
    return {
        "bot_user": {"display_name": "Parley", "always_online": True},
        "app_home": {
            "home_tab_enabled": False,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "agent_view": {
            "agent_description": (
                "Answers questions with a language model, in threads, in direct messages and by "
                "/ask."
            ),
            "suggested_prompts": [
                {"title": "What can you do?", "message": "What can you help me with?"},
                {
                    "title": "Explain something",
                    "message": "Explain to me in simple words what a lease is.",
                },
            ],
        },
        "slash_commands": [
            {
                "command": "/ask",
                "description": "Ask a one-off question",
                "usage_hint": "[public] your question",
                "should_escape": True,
                **where,
            },
            {
                "command": "/parley",
                "description": "Help and settings",
                "usage_hint": "help",
                "should_escape": True,
                **where,
            },
        ],
        "shortcuts": [
            {
                "name": "Ask Parley about this",
                "type": "message",
                "callback_id": "ask_about_message",
                "description": "Ask a question about this message",
            },
            {
                "name": "Summarise this thread",
                "type": "message",
                "callback_id": "summarise_thread",
                "description": "The thread in a few points, for you alone",
            },
        ],
    }


def lacking(found: Mapping[str, Any]) -> dict[str, str]:
    """What an app's manifest does not ask for and Parley needs, each with what does not work then.

    Raises what comes of a manifest that is none (`AttributeError`, `TypeError`).
    """
    settings, features = found.get("settings") or {}, found.get("features") or {}
    events = (settings.get("event_subscriptions") or {}).get("bot_events") or []
    commands = [one.get("command") for one in features.get("slash_commands") or []]
    home = features.get("app_home") or {}
    missing = {name: why for name, why in EVENTS.items() if name not in events}
    missing |= {name: "it is no command" for name in COMMANDS if name not in commands}
    if not (settings.get("interactivity") or {}).get("is_enabled"):
        missing["interactivity"] = "buttons, menus and forms do nothing"
    if not home.get("messages_tab_enabled") or home.get("messages_tab_read_only_enabled"):
        missing["messages_tab_enabled"] = "people cannot write to it directly"
    return missing
