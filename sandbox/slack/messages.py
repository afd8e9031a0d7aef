"""Messages of the world in Slack's own form."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sandbox.slack.workspace import Workspace
from sandbox.world import Message, Person

Threads = dict[str, list[Message]]


def threads(messages: Iterable[Message]) -> Threads:
    """The replies of each thread, oldest first, by its root."""
    replies: Threads = defaultdict(list)
    for message in messages:
        if message.thread and not message.only_for:
            replies[message.thread].append(message)
    return replies


def render(
    workspace: Workspace,
    message: Message,
    replies: Threads | None = None,
    *,
    with_metadata: bool = False,
) -> dict[str, Any]:
    """A message as methods and events give it.

    `replies` are the channel's threads where many messages are rendered at once.
    """
    if replies is None:
        replies = threads(workspace.space.messages(message.channel, message.id))
    body: dict[str, Any] = {"type": "message", "ts": message.id, **_content(message)}
    match message.payload.get("subtype"):
        case "tombstone":
            body |= {"subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
        case "channel_join":
            body |= {"subtype": "channel_join", "user": message.author}
        case _:
            body |= _author(workspace, message)
    body |= _thread(workspace, message, replies.get(message.id, []))
    if message.reactions:
        body["reactions"] = _reactions(message)
    if with_metadata and "metadata" in message.payload:
        body["metadata"] = message.payload["metadata"]
    return body


def is_edited(message: Message) -> bool:
    """Whether Slack marks it as edited: not after an update by blocks."""
    return message.edited is not None and not message.payload.get("quiet")


def _content(message: Message) -> dict[str, Any]:
    payload = message.payload
    body: dict[str, Any] = {"text": message.text}
    for name in ("blocks", "attachments", "client_msg_id", "files", "streaming_state"):
        if payload.get(name):
            body[name] = payload[name]
    if payload.get("files"):
        body |= {"upload": False, "display_as_bot": False}
    if is_edited(message) and message.edited is not None:
        ts = f"{int(message.edited.timestamp())}.000000"
        body["edited"] = {"user": message.author, "ts": ts}
    return body


def _author(workspace: Workspace, message: Message) -> dict[str, Any]:
    app, author = workspace.app, workspace.space.people.get(message.author)
    body: dict[str, Any] = {"user": message.author, "team": app.team}
    if author is not None and author.is_bot:
        body |= _bot(workspace, author)
    if author is not None and author.home:
        body |= _of_another_workspace(author)
    return body


def _of_another_workspace(author: Person) -> dict[str, Any]:
    """What a message in a shared channel says of its writer (docs.slack.dev/apis/slack-connect)."""
    profile = {
        "real_name": author.name,
        "display_name": author.name,
        "name": author.handle,
        "team": author.home,
        "is_restricted": author.guest,
        "is_ultra_restricted": False,
    }
    home = author.home
    return {"team": home, "user_team": home, "source_team": home, "user_profile": profile}


def _bot(workspace: Workspace, author: Person) -> dict[str, Any]:
    ours = author.id == workspace.app.user
    bot = workspace.app.bot if ours else "B" + author.id[1:]
    app = workspace.app.id if ours else "A" + author.id[1:]
    profile = {
        "id": bot,
        "app_id": app,
        "user_id": author.id,
        "name": author.name,
        "deleted": False,
        "team_id": workspace.app.team,
    }
    return {"bot_id": bot, "app_id": app, "bot_profile": profile}


def _thread(workspace: Workspace, message: Message, replies: list[Message]) -> dict[str, Any]:
    if message.thread:
        root = workspace.space.message(message.channel, message.thread)
        return {
            "thread_ts": message.thread,
            "parent_user_id": root.author if root else "",
        }
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.author for reply in replies))
    return {
        "thread_ts": message.id,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "reply_users": people[:5],
        "latest_reply": replies[-1].id,
        "is_locked": False,
        "subscribed": False,
    }


def _reactions(message: Message) -> list[dict[str, Any]]:
    names = dict.fromkeys(emoji for emoji, _ in message.reactions)
    given = {name: [who for emoji, who in message.reactions if emoji == name] for name in names}
    return [{"name": name, "users": who, "count": len(who)} for name, who in given.items()]
