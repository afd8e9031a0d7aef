"""What a thread or a direct message holds, read from Discord."""

import discord

from bots.discord.desk import Desk
from bots.discord.headline import asked_above
from bots.discord.turns import turn_of
from core.messages import Conversation, Turn

NEWEST = 200
"""Messages that are read of a talk, newest first; two requests."""


async def read_talk(desk: Desk, channel: int) -> tuple[Turn, ...]:
    """The newest turns of a channel that is one talk, oldest first. Raises `PlatformFailed`."""
    found = await desk.reader.newest(channel, NEWEST)
    for message in found:
        if message.type is discord.MessageType.thread_starter_message:
            # It carries the message on which the thread was opened.
            desk.chains.saw(message, desk.me)
    both = (
        read(message, desk.me) for message in reversed(found) for read in (asked_above, turn_of)
    )
    return tuple(filter(None, both))


async def read_starter(desk: Desk, conversation: Conversation) -> tuple[Turn, ...]:
    """The message on which a thread was opened, and what that one replied to.

    It stands in the parent channel, and has the thread's own id.
    """
    parent, starter = int(conversation.channel), int(conversation.thread)
    return await desk.chains.up(parent, starter, desk.me)


def is_post(channel: object) -> bool:
    """Whether it is a post in a forum, whose first message stands in the post itself."""
    return isinstance(channel, discord.Thread) and isinstance(channel.parent, discord.ForumChannel)
