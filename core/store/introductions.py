"""Channels in which the bot has said what it is."""

from collections.abc import Callable

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import introductions

_NEW = insert(introductions)
# One that stands already is left so; to be returned, it has to be written.
_MAKE = _NEW.on_conflict_do_update(
    index_elements=[introductions.c.channel], set_={"channel": _NEW.excluded.channel}
).returning(introductions.c.reply)
_FORGET = delete(introductions).where(
    introductions.c.channel == bindparam("here"), introductions.c.reply == bindparam("by")
)


class Introductions:
    """Below which reply the bot introduced itself; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def make(self, channel: str, reply: str) -> str:
        """Let this reply introduce the bot, unless another one does; whichever it is."""
        row = {"channel": channel, "reply": reply, "made_at": self._clock()}
        async with self._database.write() as connection:
            found: str = (await connection.execute(_MAKE, row)).scalar_one()
            return found

    async def forget(self, channel: str, reply: str) -> None:
        """This reply did not introduce the bot after all."""
        async with self._database.write() as connection:
            await connection.execute(_FORGET, {"here": channel, "by": reply})
