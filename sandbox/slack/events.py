"""What happens in the world, as the events that Slack makes of it."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

from sandbox.slack.messages import render, threads
from sandbox.slack.workspace import Workspace, sort_of
from sandbox.world import Change, Channel, Message

Event = dict[str, Any]

_SUBSCRIPTIONS = {
    "channel": "message.channels",
    "group": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


def heard(slack: Workspace, change: Change) -> Iterator[Event]:
    """The payloads of the events that the app gets of a change, ready to be delivered."""
    channel = slack.space.channels.get(change.channel)
    message = change.message
    if channel is None or message is None or message.only_for or not slack.is_in(channel):
        return
    people = (slack.space.people.get(one) for one in channel.members)
    shared = any(person and person.home for person in people)
    for subscription, event in _events(slack, change, channel, message):
        if slack.app.hears(subscription):
            yield callback(slack, event, shared=shared)


def callback(slack: Workspace, event: Event, *, shared: bool = False) -> Event:
    """An event in the wrapping that all events have."""
    app = slack.app
    return {
        "token": "verification-token-of-old",
        "team_id": app.team,
        "context_team_id": app.team,
        "context_enterprise_id": None,
        "api_app_id": app.id,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": app.team,
                "user_id": app.user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": shared,
        "event_context": f"4-{secrets.token_hex(16)}",
    }


def _events(
    slack: Workspace, change: Change, channel: Channel, message: Message
) -> Iterator[tuple[str, Event]]:
    subscription = _SUBSCRIPTIONS[sort_of(channel)]
    match change.what:
        case "posted":
            yield from _mentions(slack, channel, message)
            yield subscription, _posted(slack, channel, message)
            yield from ((subscription, event) for event in _counted(slack, channel, message))
        case "edited":
            yield from _mentions(slack, channel, message)
            yield subscription, _changed(slack, channel, message, change.before)
        case "deleted":
            yield subscription, _deleted(slack, channel, message)
        case "reacted":
            yield from _reacted(slack, channel, message, change.before)


def _posted(slack: Workspace, channel: Channel, message: Message) -> Event:
    event = render(slack, message) | {
        "channel": channel.id,
        "channel_type": sort_of(channel),
        "event_ts": message.id,
    }
    return event | ({"subtype": "file_share"} if message.payload.get("files") else {})


def _mentions(slack: Workspace, channel: Channel, message: Message) -> Iterator[tuple[str, Event]]:
    """One more event where somebody mentions the app, and again at each edit; never in a DM."""
    by_other = message.author != slack.app.user
    if f"<@{slack.app.user}>" in message.text and by_other and sort_of(channel) != "im":
        event = render(slack, message) | {"type": "app_mention"}
        yield "app_mention", event | {"channel": channel.id, "event_ts": message.id}


def _changed(slack: Workspace, channel: Channel, message: Message, before: Message | None) -> Event:
    inside: Event = {"message": render(slack, message)}
    if before is not None:
        inside["previous_message"] = render(slack, before)
    return _hidden(slack, channel, "message_changed", inside)


def _counted(slack: Workspace, channel: Channel, reply: Message) -> Iterator[Event]:
    """The root of a thread has changed, too: it says how many replies there are."""
    root = slack.space.message(channel.id, reply.thread) if reply.thread else None
    if root is not None:
        replies = threads(slack.space.messages(channel.id, root.id))
        before = {root.id: [one for one in replies[root.id] if one.id != reply.id]}
        inside = {
            "message": render(slack, root, replies),
            "previous_message": render(slack, root, before),
        }
        yield _hidden(slack, channel, "message_changed", inside)


def _deleted(slack: Workspace, channel: Channel, message: Message) -> Event:
    inside = {"deleted_ts": message.id, "previous_message": render(slack, message)}
    return _hidden(slack, channel, "message_deleted", inside)


def _hidden(slack: Workspace, channel: Channel, subtype: str, inside: Event) -> Event:
    """An event about a message, which has a time stamp of its own."""
    ts = slack.space.new_id()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "channel_type": sort_of(channel),
        "ts": ts,
        "event_ts": ts,
        **inside,
    }


def _reacted(
    slack: Workspace, channel: Channel, message: Message, before: Message | None
) -> Iterator[tuple[str, Event]]:
    old = set(before.reactions if before else ())
    new = set(message.reactions)
    for kind, pairs in (("reaction_added", new - old), ("reaction_removed", old - new)):
        for emoji, person in sorted(pairs):
            yield (
                kind,
                {
                    "type": kind,
                    "user": person,
                    "reaction": emoji,
                    "item": {"type": "message", "channel": channel.id, "ts": message.id},
                    "item_user": message.author,
                    "event_ts": slack.space.new_id(),
                },
            )


def home_opened(slack: Workspace, person: str, tab: str) -> Event:
    """Somebody opened the app's home or its messages."""
    return {
        "type": "app_home_opened",
        "user": person,
        "channel": slack.direct(person).id,
        "tab": tab,
        "event_ts": slack.space.new_id(),
    }


def assistant_started(slack: Workspace, person: str, channel: str, thread: str) -> Event:
    """Somebody opened the older sort of assistant (docs.slack.dev, assistant_thread_started)."""
    begun = {"user_id": person, "channel_id": channel, "thread_ts": thread, "context": {}}
    return {
        "type": "assistant_thread_started",
        "assistant_thread": begun,
        "event_ts": slack.space.new_id(),
    }


def tokens_revoked(slack: Workspace) -> Event:
    """The bot's token is void."""
    tokens: dict[str, list[str]] = {"oauth": [], "bot": [slack.app.user]}
    return {"type": "tokens_revoked", "tokens": tokens, "event_ts": slack.space.new_id()}


def app_uninstalled(slack: Workspace) -> Event:
    """The app was removed from the workspace."""
    return {"type": "app_uninstalled", "event_ts": slack.space.new_id()}


def session_stopped(
    slack: Workspace, person: str, channel: str, thread: str, streams: list[str]
) -> Event:
    """Somebody pressed the stop button that Slack shows while an agent works."""
    return {
        "type": "agent_session_stopped",
        "user": person,
        "channel": channel,
        "thread_ts": thread,
        "streaming_message_ts": streams,
        "event_ts": slack.space.new_id(),
    }
