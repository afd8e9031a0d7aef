"""Files: what they are, the three steps of an upload, and deleting one."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.composer import escape
from sandbox.slack.errors import InvalidArguments, Refused
from sandbox.slack.files import File, describe
from sandbox.slack.method import Answer, Method
from sandbox.slack.methods.chat import postable, thread_of
from sandbox.slack.workspace import Workspace
from sandbox.world import Kind, Message

LARGEST = 20 * 1024 * 1024
"""The sandbox's own bound, in bytes: it holds files in memory."""


LONGEST_ALT = 1000
"""Characters that say what a picture shows (docs.slack.dev, "files.getUploadURLExternal")."""


def info(slack: Workspace, arguments: Arguments) -> Answer:
    """What a file is, where it can be read, and in which messages it stands."""
    file = slack.files.get(arguments.need("file"))
    return {"file": _shown(slack, file) | {"shares": _shares(slack, file)}}


def delete(slack: Workspace, arguments: Arguments) -> Answer:
    """Delete a file of the app's own; the messages that showed it stay, without it."""
    file = slack.files.get(arguments.need("file"))
    if file.owner != slack.app.user:
        raise Refused("cant_delete_file")
    slack.files.drop(file.id)
    gone = {"id": file.id, "mode": "tombstone"}
    for message in tuple(_with(slack, file)):
        files = [gone if one["id"] == file.id else one for one in message.payload["files"]]
        slack.space.edit(
            message.channel, message.id, message.text, message.payload | {"files": files}
        )
    return {}


def _shares(slack: Workspace, file: File) -> dict[str, Any]:
    """The messages that show a file, by kind of channel and by channel."""
    shares: dict[str, dict[str, list[dict[str, str]]]] = {}
    for message in _with(slack, file):
        is_public = slack.space.channels[message.channel].kind is Kind.PUBLIC
        there = shares.setdefault("public" if is_public else "private", {})
        thread = {"thread_ts": message.thread} if message.thread else {}
        there.setdefault(message.channel, []).append({"ts": message.id, **thread})
    return shares


def _with(slack: Workspace, file: File) -> Iterator[Message]:
    for channel in tuple(slack.space.channels):
        for message in slack.space.messages(channel):
            if any(one["id"] == file.id for one in message.payload.get("files") or ()):
                yield message


def get_upload_url(slack: Workspace, arguments: Arguments) -> Answer:
    """First step: an address to send the bytes to."""
    name, length = arguments.need("filename"), arguments.need("length")
    if not length.isdecimal() or int(length) == 0:
        raise InvalidArguments("must be a positive integer [json-pointer:/length]")
    if int(length) > LARGEST:
        raise Refused("file_upload_size_restricted")
    alt = arguments.text("alt_txt")
    if len(alt) > LONGEST_ALT:
        raise InvalidArguments(f"must be at most {LONGEST_ALT} characters [json-pointer:/alt_txt]")
    file = slack.files.expect(name, int(length), slack.app.user, alt)
    return {"upload_url": f"{slack.address}/upload/{file.secret}", "file_id": file.id}


def complete_upload(slack: Workspace, arguments: Arguments) -> Answer:
    """Third step: put the uploaded files into a message, or keep them unshared."""
    wanted = arguments.items("files", "invalid_arguments")
    if not wanted:
        raise InvalidArguments("missing required field: files")
    files = [_titled(slack, entry) for entry in wanted]
    if arguments.has("channel_id"):
        _share(slack, arguments, files)
    return {"files": [_shown(slack, file) for file in files]}


def _titled(slack: Workspace, entry: Any) -> File:
    if not isinstance(entry, dict):
        raise InvalidArguments("must be an object [json-pointer:/files]")
    file = slack.files.get(str(entry.get("id", "")))
    return slack.files.put(replace(file, title=str(entry.get("title") or file.name)))


def _share(slack: Workspace, arguments: Arguments, files: list[File]) -> None:
    channel = postable(slack, arguments.need("channel_id"))
    thread = thread_of(slack, channel, arguments)
    slack.space.post(
        channel.id,
        slack.app.user,
        escape(arguments.text("initial_comment")),
        thread=thread,
        payload={"files": [_shown(slack, file) for file in files]},
    )
    slack.statuses.posted(channel.id, thread)


def _shown(slack: Workspace, file: File) -> dict[str, Any]:
    return describe(file, slack.address, slack.app.team)


METHODS = {
    "files.info": Method(info, ("files:read",), writes=False),
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",), writes=False),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",)),
    "files.delete": Method(delete, ("files:write",)),
}
