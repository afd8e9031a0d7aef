"""Questions of a reply, read anew."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import discord

from bots.discord.calls import NotRead
from bots.discord.desk import Desk
from bots.discord.surface import DiscordSurface
from bots.discord.turns import question_of
from core.chat import Found
from core.messages import Conversation
from core.store import Known
from core.surface import RefusedForGood

Locate = Callable[[discord.Message], Awaitable[None]]
"""Puts a message into its channel."""


async def asked_again(desk: Desk, locate: Locate, where: int, known: Known, cause: str) -> Found:
    """The questions of a reply as they stand now, answered where the reply stands.

    That is the channel or thread `where`; else as `core.chat.Find`.
    """
    found = []
    for id_ in map(int, known.questions):
        message = await read_question(desk, where, known.conversation, id_)
        if message is None:
            continue
        await locate(message)
        question = question_of(message, known.conversation, desk.me)
        surface = DiscordSurface(desk, known.conversation, message, answers_in=where)
        found.append((replace(question, cause=cause), surface))
    return found


async def read_question(
    desk: Desk, where: int, conversation: Conversation, id_: int
) -> discord.Message | None:
    """A question, which may stand in the thread of its answer or above it; None when it is gone.

    Raises `NotRead`.
    """
    for channel in _places(where, conversation, id_):
        try:
            near = await desk.reader.around(channel, id_)
        except NotRead as error:
            if isinstance(error.outcome, RefusedForGood):
                continue
            raise
        if message := next((one for one in near if one.id == id_), None):
            return message
    return None


def _places(where: int, conversation: Conversation, id_: int) -> Sequence[int]:
    above = int(conversation.channel)
    places = (above, where) if str(id_) == conversation.thread else (where, above)
    return tuple(dict.fromkeys(places))
