"""Who is a member of which server, with which roles, as far as Discord has told."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

import discord

from bots.discord.budgets import ALL
from bots.discord.calls import NO_TURN, Calls, NotRead
from core.pace import Urgency
from core.surface import RefusedForGood

KEPT = 20_000
"""Memberships that are kept in mind."""

BELIEVED = 300.0
BELIEVED_ABSENT = 30.0
"""Seconds for which it is believed that somebody is a member, or none: they may join any time."""

PATIENCE = 1.2
"""Seconds that Discord is given to tell; a command has three to be answered in."""

NONE_THERE = frozenset({"10004", "10007", "10013", "50001"})
"""Codes of a server in which the bot or the person is not."""


@dataclass(frozen=True, slots=True)
class _Known:
    member: discord.Member | None
    at: float


class Members:
    """Learns it from every message and every command, and asks Discord only of the others."""

    def __init__(self, client: discord.Client, calls: Calls, clock: Callable[[], float]) -> None:
        self._client = client
        self._calls = calls
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], _Known] = OrderedDict()
        self._asking: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    def saw(self, who: object) -> None:
        """Something came from a member, with the roles that they have now."""
        # discord.py makes members of nothing where it does not know the server.
        guild: discord.Guild | None = who.guild if isinstance(who, discord.Member) else None
        if isinstance(who, discord.Member) and guild and not who.bot:
            self._keep((guild.id, who.id), who)

    def known(self, guild: int, person: int) -> bool:
        """Whether somebody is known to be a member."""
        found = self._fresh((guild, person))
        return found is not None and found.member is not None

    async def of(self, guild: int, person: int) -> discord.Member | None:
        """Somebody as a member; None when they are none. Raises `NotRead`."""
        key = (guild, person)
        async with self._asking.setdefault(key, asyncio.Lock()):
            if (found := self._fresh(key)) is None:
                self._keep(key, await self._ask(guild, person))
                found = self._known[key]
            return found.member

    async def _ask(self, guild: int, person: int) -> discord.Member | None:
        server = self._client.get_guild(guild)
        if server is None:
            return None
        if not await self._calls.turn((ALL,), Urgency.FIRST, PATIENCE):
            raise NotRead(NO_TURN.outcome)
        try:
            return await self._calls.read((), lambda: server.fetch_member(person))
        except NotRead as error:
            if isinstance(error.outcome, RefusedForGood) and error.outcome.code in NONE_THERE:
                return None
            raise

    def _fresh(self, key: tuple[int, int]) -> _Known | None:
        found = self._known.get(key)
        if found is None:
            return None
        lifetime = BELIEVED if found.member else BELIEVED_ABSENT
        return found if self._clock() - found.at < lifetime else None

    def _keep(self, key: tuple[int, int], member: discord.Member | None) -> None:
        self._known[key] = _Known(member, self._clock())
        self._known.move_to_end(key)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
