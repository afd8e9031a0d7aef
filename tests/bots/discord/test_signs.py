"""Somebody who is being answered sees that the bot is typing."""

from bots.discord.signs import Signs, _Sign
from core.messages import Conversation

HERE = Conversation("discord", "G1", "C1", "9")


async def test_a_sign_that_has_faded_is_forgotten(uncollected):
    """It is so without the garbage collector, which comes seldom."""
    channels = []

    async def show(channel):
        channels.append(channel)
        return True

    signs = Signs(show)
    await signs.on(HERE, 9)
    await signs.off(HERE)

    assert channels == [9]
    assert uncollected(_Sign) == []
