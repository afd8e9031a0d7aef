"""What is asked in a message, with the names of people and places as far as they are known."""

import asyncio
from dataclasses import replace

from bots.slack.messages import Message
from bots.slack.workspace import Workspace
from core.messages import Author, Question
from core.words import Notice


def asked_in(workspace: Workspace, message: Message) -> Question:
    """The question in a message, with the names that are known already."""
    return Question(
        conversation=message.conversations(workspace.us.team)[0],
        message=message.ts,
        asker=workspace.scribe.author(message),
        text=workspace.scribe.question(message),
        asked_at=message.sent_at,
        place=_place(workspace, message),
        direct=message.direct,
        attachments=message.files,
    )


async def introduced(workspace: Workspace, message: Message) -> Question:
    """The same question once the names in it were looked up, if that takes reasonably long."""
    channels = () if message.direct else (message.channel,)
    await asyncio.gather(
        workspace.people.resolve(workspace.scribe.people_in(message)),
        workspace.channels.resolve(channels),
    )
    return asked_in(workspace, message)


async def with_asker(workspace: Workspace, question: Question) -> Question:
    """A question of another trigger, once its asker's name was looked up."""
    await workspace.people.resolve([question.asker.id])
    name = workspace.people.known(question.asker.id)
    if name in ("", question.asker.id):
        return question
    return replace(question, asker=Author(question.asker.id, name))


def _place(workspace: Workspace, message: Message) -> str:
    if message.direct:
        return Notice("a_direct_message")
    name = workspace.channels.known(message.channel)
    return f"#{name}" if name else Notice("a_channel")
