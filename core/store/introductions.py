"""Channels in which the bot has said what it is."""

from collections.abc import Callable

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import introductions

_HERE = introductions.c.channel == bindparam("here")
_READ = select(introductions.c.reply).where(_HERE)
_MAKE = insert(introductions).on_conflict_do_nothing()
_FORGET = delete(introductions).where(_HERE, introductions.c.reply == bindparam("by"))


class Introductions:
    """Below which reply the bot introduced itself; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def made(self, channel: str) -> bool:
        """Whether the bot has introduced itself in a channel."""
        async with self._database.read() as connection:
            return (await connection.execute(_READ, {"here": channel})).first() is not None

    async def make(self, channel: str, reply: str) -> bool:
        """Let this reply introduce the bot; False when another one does."""
        row = {"channel": channel, "reply": reply, "made_at": self._clock()}
        async with self._database.write() as connection:
            await connection.execute(_MAKE, row)
            found = await connection.execute(_READ, {"here": channel})
            return bool(found.scalar() == reply)

    async def forget(self, channel: str, reply: str) -> None:
        """This reply did not introduce the bot after all."""
        async with self._database.write() as connection:
            await connection.execute(_FORGET, {"here": channel, "by": reply})
