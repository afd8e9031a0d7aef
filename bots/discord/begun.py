"""What stands of an answer that an earlier process has begun."""

from collections.abc import Sequence

import discord

from bots.discord.calls import NotRead
from bots.discord.controls import controlled_by
from bots.discord.desk import Desk
from bots.discord.messages import Spot
from bots.discord.turns import turn_of
from core.surface import RefusedForGood

LOOK_BACK = 100
"""Messages of a channel among which those of an answer are looked for."""


async def begun(desk: Desk, spot: Spot, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
    """The messages that are or may be of a reply, first page first. Raises `NotRead`.

    Discord tells nobody the nonce of a message. So these are the bot's own after `spot.after`;
    where they reply to something, to the question (`spot.reply_to`) or to each other.
    """
    found = {int(one) for one in recorded}
    recent = await desk.reader.newest(spot.channel, LOOK_BACK)
    for message in sorted(recent, key=lambda one: one.id):
        to = message.reference.message_id if message.reference else None
        is_below = not spot.reply_to or to in {spot.reply_to, *found}
        if message.id > spot.after and is_below and _may_be_of(desk, reply, message):
            found.add(message.id)
    return tuple(map(str, sorted(found)))


async def standing(desk: Desk, spot: Spot, reply: str, recorded: Sequence[str]) -> tuple[str, ...]:
    """Those of a reply's messages that stand there: recorded, or with its controls below them.

    None where the bot may not read. Raises `NotRead`.
    """
    try:
        recent = await desk.reader.newest(spot.channel, LOOK_BACK)
    except NotRead as error:
        if isinstance(error.outcome, RefusedForGood):
            return ()
        raise
    ours = [one for one in recent if one.id > spot.after and one.author.id == desk.me.id]
    found = [one.id for one in ours if str(one.id) in recorded or controlled_by(one) == reply]
    return tuple(map(str, sorted(found)))


def _may_be_of(desk: Desk, reply: str, message: discord.Message) -> bool:
    """Whether a message of ours is an answer's, or has its controls."""
    if message.author.id != desk.me.id or message.attachments:
        return False
    controlled = controlled_by(message)
    return controlled == reply or (not controlled and bool(turn_of(message, desk.me)))
