"""Channels that discord.py does not know: a thread out of the archive, any channel at the start."""

import asyncio
from collections import OrderedDict

import discord

from bots.discord.budgets import ALL
from bots.discord.calls import NO_TURN, Calls, NotRead
from core.pace import Urgency
from core.tasks import Tasks

PATIENCE = 10.0
"""Seconds for which a message waits until its channel may be asked for."""

SIZE = 200
"""Channels that are remembered, newest first."""


class Places:
    """Asks Discord for a channel once, however many of its messages come."""

    def __init__(self, client: discord.Client, calls: Calls, tasks: Tasks) -> None:
        self._client = client
        self._calls = calls
        self._tasks = tasks
        self._found: OrderedDict[int, asyncio.Task[object]] = OrderedDict()

    async def find(self, channel: int) -> object:
        """What stands under an id. Raises `NotRead`; the next call then asks again."""
        asked = self._found.get(channel)
        if asked is None:
            asked = self._tasks.start(self._ask(channel), "asking for a channel")
            self._found[channel] = asked
            while len(self._found) > SIZE:
                self._found.popitem(last=False)
        await asyncio.wait({asked})
        if asked.cancelled() or asked.exception():
            self._found.pop(channel, None)
        return await asked

    def forget(self) -> None:
        """Events were missed: a channel may have changed."""
        self._found.clear()

    async def _ask(self, channel: int) -> object:
        if not await self._calls.turn((ALL,), Urgency.READ, PATIENCE):
            raise NotRead(NO_TURN.outcome)
        return await self._calls.read((), lambda: self._client.fetch_channel(channel))
