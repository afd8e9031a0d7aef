"""In which servers of Discord's the bot answers: those of a list, or those that were allowed."""

from collections.abc import Callable, Collection, Mapping

import structlog

from core.errors import StoreFailed
from core.store.guilds import Guilds as Rows

log = structlog.get_logger()

FRESH = 2.0
"""Seconds for which a process believes what it read; another one may have changed it."""


class Guilds:
    """Knows which are allowed. `named` are those of `DISCORD_GUILDS`, which then alone count.

    Without them, those in which the bot is at its first start are adopted, and later ones
    refused until somebody allows them. `clock` gives seconds that only ever grow.
    """

    def __init__(self, rows: Rows, named: Collection[str], clock: Callable[[], float]) -> None:
        self._rows = rows
        self._named = frozenset(named)
        self._clock = clock
        self._allowed: frozenset[str] | None = None
        self._read_at = float("-inf")
        self._joined: Mapping[str, str] = {}
        self._adopted = False

    async def begin(self, joined: Mapping[str, str]) -> None:
        """The bot is about to come up in these servers, names by id. Raises `StoreFailed`."""
        self._joined = joined
        if not self._named:
            self._adopted = await self._rows.joined(joined, adopt=True)
        await self.allowed()

    async def tell(self) -> tuple[str, ...]:
        """Say in the log what became of them; returns those that are allowed, as people say."""
        allowed = await self.allowed()
        here = {id_: name for id_, name in self._joined.items() if id_ in allowed}
        servers = tuple(_called(*one) for one in here.items())
        if self._adopted and servers:
            log.info("servers adopted", servers=list(servers))
        for id_ in self._joined.keys() - here.keys():
            self._warn(id_, self._joined[id_])
        if self._named and not here:
            log.warning(
                "DISCORD_GUILDS names no server in which the bot is", named=sorted(self._named)
            )
        return servers

    async def joined(self, guild: str, name: str) -> None:
        """The bot was let into a server just now."""
        try:
            if not self._named:
                await self._rows.joined({guild: name}, adopt=False)
            if not await self.allows(guild):
                self._warn(guild, name)
        except StoreFailed as error:
            log.error("server not kept in mind", guild=guild, error=str(error))

    async def allows(self, guild: str) -> bool:
        """Whether the bot answers in a server. Raises `StoreFailed`."""
        return guild in await self.allowed()

    async def allowed(self) -> frozenset[str]:
        """All servers in which it does. Raises `StoreFailed` where that was never known."""
        if self._named:
            return self._named
        if self._allowed is None or self._clock() - self._read_at >= FRESH:
            try:
                found = await self._rows.all()
            except StoreFailed:
                if self._allowed is None:
                    raise
                return self._allowed
            self._allowed = frozenset(one.id for one in found if one.allowed)
            self._read_at = self._clock()
        return self._allowed

    def _warn(self, guild: str, name: str) -> None:
        how = "add it to DISCORD_GUILDS" if self._named else f"parley guilds allow {guild}"
        log.warning("server not allowed: its people are refused", server=name, to_allow_it=how)


def _called(guild: str, name: str) -> str:
    return f"{name} ({guild})" if name else guild
