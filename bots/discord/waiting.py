"""The reaction at a question that stands in line: typing would only tell of the one before it."""

import asyncio
from collections.abc import Awaitable, Callable

import discord
import structlog

from bots.discord import budgets
from bots.discord.calls import Calls
from core.pace import Urgency
from core.surface import Delivered, RefusedForGood
from core.tasks import Tasks

log = structlog.get_logger()

REACTION = "👀"

REMEMBERED = 10_000
"""Channels in which the bot may not react, at most, that are kept in mind."""

REMOVAL = 600.0
"""Seconds in which a reaction is taken away: it would stay for ever."""

AGAIN = 5.0
"""Seconds between two tries to take a reaction away."""

NOT_ALLOWED = frozenset({"50001", "50013"})

Instead = Callable[[], Awaitable[None]]


class Waiting:
    """Puts reactions and takes them away, beside everything else."""

    def __init__(self, client: discord.Client, calls: Calls, tasks: Tasks) -> None:
        self._client = client
        self._calls = calls
        self._tasks = tasks
        self._marked: dict[int, asyncio.Lock] = {}
        self._refused: dict[int, None] = {}

    def put(self, channel: int, message: int, instead: Instead) -> None:
        """Mark a question; `instead` is done where the bot may not react."""
        if message not in self._marked:
            self._marked[message] = asyncio.Lock()
            self._tasks.start(self._put(channel, message, instead), "reaction")

    def adopt(self, message: int) -> None:
        """A question was marked by an earlier process."""
        self._marked.setdefault(message, asyncio.Lock())

    def take_away(self, channel: int, message: int) -> "asyncio.Task[None] | None":
        """The question has its turn, or was dropped; returns the work, if there is any."""
        if order := self._marked.pop(message, None):
            return self._tasks.start(self._take_away(channel, message, order), "reaction")
        return None

    async def _put(self, channel: int, message: int, instead: Instead) -> None:
        order = self._marked.get(message)
        if order is None:
            return
        async with order:
            if await self._react(channel, message):
                return
        if message in self._marked:
            del self._marked[message]
            await instead()

    async def _react(self, channel: int, message: int) -> bool:
        """Whether the bot may react there; one that is lost, or not needed any more, is left."""
        if channel in self._refused:
            return False
        counted, target = budgets.reactions(channel), self._message(channel, message)
        if not await self._calls.turn(counted, Urgency.SIGN) or message not in self._marked:
            return True
        outcome = (await self._calls.ask(counted, lambda: target.add_reaction(REACTION))).outcome
        allowed = not (isinstance(outcome, RefusedForGood) and outcome.code in NOT_ALLOWED)
        if not allowed:
            self._refused[channel] = None
            if len(self._refused) > REMEMBERED:
                del self._refused[next(iter(self._refused))]
        return allowed

    async def _take_away(self, channel: int, message: int, order: asyncio.Lock) -> None:
        # One that is on its way is waited for, or it would stay for ever.
        try:
            async with asyncio.timeout(REMOVAL), order:
                while channel not in self._refused:
                    if await self._gone(channel, message):
                        return
                    await asyncio.sleep(AGAIN)
        except TimeoutError:
            log.warning("reaction not taken away", channel=channel, message=message)

    async def _gone(self, channel: int, message: int) -> bool:
        """Whether the reaction is taken away, or never will be."""
        target = self._message(channel, message)
        answer = await self._calls.in_turn(
            budgets.reactions(channel),
            Urgency.SIGN,
            lambda: target.remove_reaction(REACTION, self._me),
        )
        return isinstance(answer.outcome, Delivered | RefusedForGood)

    @property
    def _me(self) -> discord.ClientUser:
        if self._client.user is None:
            raise RuntimeError("nothing happens before the login")
        return self._client.user

    def _message(self, channel: int, message: int) -> discord.PartialMessage:
        return self._client.get_partial_messageable(channel).get_partial_message(message)
