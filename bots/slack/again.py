"""Questions of a reply, read anew."""

from contextlib import suppress
from dataclasses import replace

from bots.slack.history import History
from bots.slack.question import asked_in
from bots.slack.talk import MessageSurface
from bots.slack.workspace import Workspace
from core.chat import Found
from core.errors import MessageGone, NotInvited
from core.messages import Question
from core.store import Known


async def revived(
    workspace: Workspace, question: Question
) -> tuple[Question, MessageSurface] | None:
    """A question that an earlier process has heard, as it stands now; None when it is gone.

    Raises `PlatformFailed`.
    """
    where = question.conversation
    try:
        message = await History(workspace).one(where.channel, question.message, where.thread)
    except MessageGone:
        return None
    if message is None:
        raise NotInvited("the question cannot be read")
    now = replace(asked_in(workspace, message), cause=question.cause)
    return now, MessageSurface(workspace, now, message)


async def asked_again(workspace: Workspace, known: Known, cause: str) -> Found:
    """The questions of a reply as they stand now (`core.chat.Find`)."""
    history, where = History(workspace), known.conversation
    found = []
    for ts in known.questions:
        with suppress(MessageGone):
            message = await history.one(where.channel, ts, where.thread)
            if message is None:
                raise NotInvited("the question cannot be read")
            question = replace(asked_in(workspace, message), cause=cause)
            found.append((question, MessageSurface(workspace, question, message)))
    return found
