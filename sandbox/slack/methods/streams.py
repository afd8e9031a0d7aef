"""Slack's native streams: start, append, stop."""

from typing import Any

from sandbox.slack import blocks, drafts
from sandbox.slack.arguments import Arguments
from sandbox.slack.errors import Refused
from sandbox.slack.messages import render
from sandbox.slack.method import Answer, Method
from sandbox.slack.methods.chat import ours, postable, thread_of
from sandbox.slack.streams import Stream
from sandbox.slack.workspace import Workspace, sort_of
from sandbox.world import Channel, Message


def start(slack: Workspace, arguments: Arguments) -> Answer:
    """Begin a reply that grows."""
    channel = postable(slack, arguments.need("channel"))
    arguments.need("thread_ts")
    thread = thread_of(slack, channel, arguments)
    if sort_of(channel) != "im":
        _check_recipient(slack, arguments)
    stream = slack.streams.begin(by_chunks=not arguments.has("markdown_text"))
    stream.take(arguments)
    payload = _payload(stream, {"streaming_state": "in_progress"})
    message = slack.space.post(
        channel.id, slack.app.user, stream.markdown, thread=thread, payload=payload
    )
    slack.streams.keep(channel.id, message.id, stream)
    slack.statuses.posted(channel.id, thread)
    return {"channel": channel.id, "ts": message.id}


def _check_recipient(slack: Workspace, arguments: Arguments) -> None:
    if not arguments.text("recipient_user_id"):
        raise Refused("missing_recipient_user_id")
    if not arguments.text("recipient_team_id"):
        raise Refused("missing_recipient_team_id")
    slack.person(arguments.text("recipient_user_id"))
    if arguments.text("recipient_team_id") != slack.app.team:
        raise Refused("team_not_found")


def append(slack: Workspace, arguments: Arguments) -> Answer:
    """Add to a stream."""
    channel, message = _streamed(slack, arguments)
    stream = slack.streams.open(channel.id, message.id)
    if not arguments.has("chunks") and not arguments.has("markdown_text"):
        raise Refused("no_text")
    stream.take(arguments)
    _show(slack, message, stream, message.payload)
    return {"channel": channel.id, "ts": message.id}


def stop(slack: Workspace, arguments: Arguments) -> Answer:
    """Add the last of it and close the stream."""
    channel, message = _streamed(slack, arguments)
    if not slack.streams.is_open(channel.id, message.id):
        raise Refused("message_not_in_streaming_state")
    stream = slack.streams.open(channel.id, message.id)
    last = blocks.accept(arguments.items("blocks", "invalid_blocks_format") or [])
    about = drafts.metadata(arguments)
    stream.take(arguments)
    stream.extra += last
    slack.streams.stop(channel.id, message.id, "app")
    kept = {**message.payload, "streaming_state": "completed"}
    edited = _show(slack, message, stream, kept | ({"metadata": about} if about else {}))
    body = render(slack, edited)
    return {"channel": channel.id, "ts": message.id, "message": body}


def _streamed(slack: Workspace, arguments: Arguments) -> tuple[Channel, Message]:
    channel = slack.channel(arguments.need("channel"))
    return channel, ours(slack, channel, arguments.need("ts"), "message_not_owned_by_app")


def _show(slack: Workspace, message: Message, stream: Stream, kept: dict[str, Any]) -> Message:
    payload = _payload(stream, {**kept, "quiet": True})
    return slack.space.edit(message.channel, message.id, stream.markdown, payload)


def _payload(stream: Stream, kept: dict[str, Any]) -> dict[str, Any]:
    written = drafts.written(stream.markdown).blocks if stream.markdown else ()
    return {**kept, "blocks": [*written, *stream.extra]}


METHODS = {
    "chat.startStream": Method(start, ("chat:write",)),
    "chat.appendStream": Method(append, ("chat:write",)),
    "chat.stopStream": Method(stop, ("chat:write",)),
}
