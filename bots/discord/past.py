"""What was said in servers and direct messages since a moment, as Discord's histories tell."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import discord
from discord.utils import time_snowflake

from bots.discord.calls import NotRead
from bots.discord.desk import Desk
from bots.discord.turns import DIRECT, PLATFORM
from core.catch_up import Backlog, Late

MOST = 300
"""Messages of one channel that are read, newest first; three requests."""

Talk = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""Where people write in a server."""

Found = Callable[[discord.Message, float], Iterator[Late]]


class Past:
    """Reads what is newer; `found` tells what of it may be for the bot that is back since then."""

    def __init__(self, desk: Desk, found: Found) -> None:
        self._desk = desk
        self._found = found

    async def look(self, place: str, backlog: Backlog) -> None:
        """Look back at a server, or at the direct messages; raises as `Backlog.take` does."""
        since = time_snowflake(datetime.fromtimestamp(backlog.since, UTC))
        if place == DIRECT:
            await self._direct(since, backlog)
        elif await self._desk.guilds.allows(place):
            guild = self._desk.client.get_guild(int(place))
            for talk in _newer(guild, since) if guild else ():
                if backlog.admits():
                    await self._read(talk, since, backlog)

    async def _direct(self, since: int, backlog: Backlog) -> None:
        """Discord lists no direct messages; where somebody asked something lately is known."""
        for conversation in await backlog.places(f"{PLATFORM}/{DIRECT}"):
            if not backlog.admits():
                continue
            try:
                talk = await self._desk.places.find(int(conversation.channel))
            except NotRead as error:
                backlog.refused(str(conversation), error)
                continue
            if isinstance(talk, discord.DMChannel):
                await self._read(talk, since, backlog)

    async def _read(self, talk: Talk | discord.DMChannel, since: int, backlog: Backlog) -> None:
        guild = talk.guild.id if talk.guild else None
        try:
            said = await self._desk.reader.since(talk.id, guild, since, MOST)
        except NotRead as error:
            backlog.refused(f"{PLATFORM}/{guild or DIRECT}/{talk.id}", error)
            return
        for message in said:
            message.channel = talk
        await backlog.take([one for m in said for one in self._found(m, backlog.back_at)])


def _newer(guild: discord.Guild, since: int) -> list[Talk]:
    """Where something is newer, as the server tells by itself, the newest first.

    Channels come before threads, which may begin with a question there.
    """
    talks = [one for one in (*guild.channels, *guild.threads) if isinstance(one, Talk)]
    newer = [one for one in talks if (one.last_message_id or 0) > since and _may_read(one)]
    return sorted(
        newer, key=lambda one: (isinstance(one, discord.Thread), -(one.last_message_id or 0))
    )


def _may_read(talk: Talk) -> bool:
    if isinstance(talk, discord.Thread) and talk.parent is None:
        return False
    allowed = talk.permissions_for(talk.guild.me)
    return allowed.view_channel and allowed.read_message_history
