"""Lists of messages, read from Discord."""

from typing import TypeVar

import discord

from bots.discord import budgets
from bots.discord.calls import NO_TURN, Calls, NotRead, Request
from core.budget import Budgets
from core.pace import Urgency
from core.surface import RefusedForGood

PAGE = 100
"""Messages that Discord gives at once, at most."""

TRIES = 3

T = TypeVar("T")


class Reader:
    """Reads channels, within their budgets. All its methods raise `NotRead`."""

    def __init__(self, client: discord.Client, calls: Calls) -> None:
        self._client = client
        self._calls = calls

    async def newest(
        self, channel: int, count: int, urgency: Urgency = Urgency.READ
    ) -> list[discord.Message]:
        """The newest messages of a channel, newest first."""
        found: list[discord.Message] = []
        while len(found) < count:
            size = min(PAGE, count - len(found))
            before = found[-1] if found else None
            page = await self._list(channel, urgency, limit=size, before=before)
            found += page
            if len(page) < size:
                break
        return found

    async def since(
        self, channel: int, guild: int | None, after: int, most: int
    ) -> list[discord.Message]:
        """What is newer than an id in a channel, oldest first; the newest, if it is much."""
        found: list[discord.Message] = []
        while len(found) < most:
            before = found[-1] if found else None
            page = await self._list(channel, Urgency.PAST, guild=guild, limit=PAGE, before=before)
            newer = [message for message in page if message.id > after]
            found += newer
            if len(newer) < PAGE:
                break
        return found[most - 1 :: -1]

    async def around(self, channel: int, message: int) -> list[discord.Message]:
        """A message with those before and after it, in no order that matters."""
        return await self._list(
            channel, Urgency.READ, limit=PAGE // 2, around=discord.Object(message)
        )

    async def one(self, channel: int, message: int) -> discord.Message:
        """A message as it stands."""
        place = self._client.get_partial_messageable(channel)
        return await self._read(
            budgets.reads(channel), Urgency.READ, lambda: place.fetch_message(message)
        )

    async def _list(
        self,
        channel: int,
        urgency: Urgency,
        *,
        limit: int,
        guild: int | None = None,
        before: discord.abc.Snowflake | None = None,
        around: discord.abc.Snowflake | None = None,
    ) -> list[discord.Message]:
        counted = budgets.reads(channel)
        place = self._client.get_partial_messageable(channel, guild_id=guild)

        async def listed() -> list[discord.Message]:
            found = place.history(limit=limit, before=before, around=around)
            return [message async for message in found]

        return await self._read(counted, urgency, listed)

    async def _read(self, counted: Budgets, urgency: Urgency, request: Request[T]) -> T:
        for tries in range(TRIES):
            if not await self._calls.turn(counted, urgency):
                raise NotRead(NO_TURN.outcome)
            try:
                return await self._calls.read(counted, request)
            except NotRead as error:
                if isinstance(error.outcome, RefusedForGood) or tries == TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")
