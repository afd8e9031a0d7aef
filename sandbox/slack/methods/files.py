"""Files: what they are, and the three steps of an upload."""

from dataclasses import replace
from typing import Any

from sandbox.slack.arguments import Arguments
from sandbox.slack.composer import escape
from sandbox.slack.errors import InvalidArguments, Refused
from sandbox.slack.files import File, describe
from sandbox.slack.method import Answer, Method
from sandbox.slack.methods.chat import postable, thread_of
from sandbox.slack.workspace import Workspace

LARGEST = 20 * 1024 * 1024
"""The sandbox's own bound, in bytes: it holds files in memory."""


LONGEST_ALT = 1000
"""Characters that say what a picture shows (docs.slack.dev, "files.getUploadURLExternal")."""


def info(slack: Workspace, arguments: Arguments) -> Answer:
    """What a file is and where it can be read."""
    return {"file": _shown(slack, slack.files.get(arguments.need("file")))}


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
}
