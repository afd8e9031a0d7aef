"""Answers to commands and clicks: in the acknowledgement, or through the response URL."""

from sandbox.slack import drafts
from sandbox.slack.arguments import Arguments
from sandbox.slack.drafts import Draft
from sandbox.slack.errors import Refused
from sandbox.slack.responses import ResponseUrl
from sandbox.slack.workspace import Workspace
from sandbox.world import Message

LONGEST = 3_000


def answer(slack: Workspace, url: ResponseUrl, arguments: Arguments) -> str:
    """Do what an answer asks for; the id of the message that now stands, empty for none."""
    original = slack.space.message(url.channel, url.original) if url.original else None
    if arguments.flag("delete_original"):
        if original is not None:
            slack.erase(original)
        return ""
    draft = drafts.read(arguments)
    if len(arguments.text("text")) > LONGEST:
        raise Refused("msg_too_long")
    if original is not None and arguments.flag("replace_original"):
        return _replace(slack, original, draft).id
    return _post(slack, url, arguments, draft).id


def _replace(slack: Workspace, original: Message, draft: Draft) -> Message:
    payload = draft.over(original.payload)
    return slack.space.edit(original.channel, original.id, draft.text, payload)


def _post(slack: Workspace, url: ResponseUrl, arguments: Arguments, draft: Draft) -> Message:
    for_all = arguments.text("response_type", "ephemeral") == "in_channel"
    thread = arguments.text("thread_ts") or url.thread
    message = slack.space.post(
        url.channel,
        slack.app.user,
        draft.text,
        thread=thread,
        payload=draft.payload,
        only_for="" if for_all else url.person,
    )
    url.original = url.original or message.id
    if for_all:
        slack.statuses.posted(url.channel, thread)
    return message
