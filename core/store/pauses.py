"""Channels in which the bot answers nothing for now."""

from collections.abc import Callable

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import pauses

# Built once: to build a statement takes longer than to run it.
_HERE = pauses.c.channel == bindparam("here")
_READ = select(pauses.c.channel)
_PAUSE = insert(pauses).on_conflict_do_nothing()
_RESUME = delete(pauses).where(_HERE)


class Pauses:
    """Who paused which channel, and when; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> set[str]:
        """The channels that are paused."""
        async with self._database.read() as connection:
            return set((await connection.execute(_READ)).scalars())

    async def pause(self, channel: str, person: str) -> bool:
        """Pause a channel; False when it was paused already."""
        row = {"channel": channel, "paused_at": self._clock(), "paused_by": person}
        async with self._database.write() as connection:
            return (await connection.execute(_PAUSE, row)).rowcount == 1

    async def resume(self, channel: str) -> bool:
        """Let the bot answer there again; False when it did anyway."""
        async with self._database.write() as connection:
            return (await connection.execute(_RESUME, {"here": channel})).rowcount == 1
