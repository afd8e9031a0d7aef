"""Messages: post, update, delete."""

from collections.abc import Iterator

from sandbox.slack import drafts
from sandbox.slack.arguments import Arguments
from sandbox.slack.drafts import Draft
from sandbox.slack.errors import Refused
from sandbox.slack.messages import render
from sandbox.slack.method import Answer, Method
from sandbox.slack.workspace import Workspace
from sandbox.world import Channel, Kind, Message

LONGEST = 40_000
WHOLE = 4_040
PIECE = 4_000
LONGEST_UPDATE = 4_000
LONGEST_EPHEMERAL = 3_000


def post_message(slack: Workspace, arguments: Arguments) -> Answer:
    """Post; a long text is cut, a longer one becomes several messages."""
    channel = postable(slack, arguments.need("channel"))
    thread = thread_of(slack, channel, arguments)
    draft = drafts.read(arguments)
    posted = [_post(slack, channel, thread, piece) for piece in _pieces(draft)]
    slack.statuses.posted(channel.id, thread)
    first = posted[0]
    answer = {"channel": channel.id, "ts": first.id, "message": render(slack, first)}
    return answer | (_truncated() if len(draft.text) > LONGEST else {})


def _pieces(draft: Draft) -> Iterator[Draft]:
    """One message, or several where a text without blocks is longer than Slack shows."""
    text = draft.text[:LONGEST]
    if draft.blocks or len(text) <= WHOLE:
        yield Draft(text, draft.blocks, draft.metadata)
        return
    for start in range(0, len(text), PIECE):
        yield Draft(text[start : start + PIECE], (), draft.metadata)


def _truncated() -> Answer:
    return {
        "warning": "message_truncated",
        "response_metadata": {"warnings": ["message_truncated"]},
    }


def _post(slack: Workspace, channel: Channel, thread: str, draft: Draft) -> Message:
    return slack.space.post(
        channel.id, slack.app.user, draft.text, thread=thread, payload=draft.payload
    )


def postable(slack: Workspace, id: str) -> Channel:
    """A channel that the app may post in; a person's id stands for the direct message."""
    channel = slack.direct(id) if id in slack.space.people else slack.channel(id)
    may_look_in = channel.kind is Kind.PUBLIC and "chat:write.public" in slack.app.scopes
    if not slack.is_in(channel) and not may_look_in:
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    return channel


def thread_of(slack: Workspace, channel: Channel, arguments: Arguments) -> str:
    """The root of the thread that the call replies to; empty for none."""
    thread = arguments.text("thread_ts")
    if thread:
        root = slack.space.message(channel.id, thread)
        if root is None or root.only_for:
            raise Refused("thread_not_found")
        if root.thread:
            raise Refused("cannot_reply_to_message")
    return thread


def update(slack: Workspace, arguments: Arguments) -> Answer:
    """Replace a message of ours; text without blocks takes the blocks away."""
    channel = slack.channel(arguments.need("channel"))
    message = ours(slack, channel, arguments.need("ts"), "cant_update_message")
    if channel.archived:
        raise Refused("is_archived")
    if slack.streams.is_open(channel.id, message.id):
        raise Refused("streaming_state_conflict")
    if len(arguments.text("text").encode()) > LONGEST_UPDATE:
        raise Refused("msg_too_long")
    draft = drafts.read(arguments)
    edited = slack.space.edit(channel.id, message.id, draft.text, draft.over(message.payload))
    body = render(slack, edited)
    return {"channel": channel.id, "ts": edited.id, "text": edited.text, "message": body}


def ours(slack: Workspace, channel: Channel, ts: str, refusal: str) -> Message:
    """A message that the app posted; `refusal` for an ephemeral one or somebody else's."""
    message = slack.space.message(channel.id, ts)
    if message is None or message.payload.get("subtype") == "tombstone":
        raise Refused("message_not_found")
    if message.only_for or message.author != slack.app.user:
        raise Refused(refusal)
    return message


def delete(slack: Workspace, arguments: Arguments) -> Answer:
    """Take a message of ours away."""
    channel = slack.channel(arguments.need("channel"))
    message = ours(slack, channel, arguments.need("ts"), "cant_delete_message")
    slack.erase(message)
    return {"channel": channel.id, "ts": message.id}


def post_ephemeral(slack: Workspace, arguments: Arguments) -> Answer:
    """Post for one person's eyes."""
    channel = slack.joined(arguments.need("channel"))
    person = arguments.need("user")
    if person not in channel.members:
        raise Refused("user_not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    thread = thread_of(slack, channel, arguments)
    draft = drafts.read(arguments)
    if len(arguments.text("text")) > LONGEST_EPHEMERAL:
        raise Refused("msg_too_long")
    message = slack.space.post(
        channel.id,
        slack.app.user,
        draft.text,
        thread=thread,
        payload=draft.payload,
        only_for=person,
    )
    return {"message_ts": message.id}


def get_permalink(slack: Workspace, arguments: Arguments) -> Answer:
    """The address of a message for a browser."""
    channel = slack.channel(arguments.need("channel"))
    message = slack.message(channel.id, arguments.need("message_ts"))
    address = f"https://{slack.app.team_domain}.slack.com/archives/{channel.id}"
    thread = f"?thread_ts={message.thread}&cid={channel.id}" if message.thread else ""
    number = message.id.replace(".", "")
    return {"channel": channel.id, "permalink": f"{address}/p{number}{thread}"}


METHODS = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink, writes=False),
}
