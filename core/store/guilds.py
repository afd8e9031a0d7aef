"""The servers of Discord's that the bot knows, and whether it answers in them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import guilds, marks

CHOSEN = "discord/guilds"
"""The mark of a database in which it was chosen once which servers are allowed."""

_ALL = select(guilds).order_by(guilds.c.id)
_NAME = insert(guilds)
_NAME = _NAME.on_conflict_do_update(
    index_elements=[guilds.c.id], set_={"name": _NAME.excluded.name}
)
_SET = insert(guilds)
_SET = _SET.on_conflict_do_update(
    index_elements=[guilds.c.id],
    set_={"allowed": _SET.excluded.allowed, "changed_at": _SET.excluded.changed_at},
)
_CHOOSE = insert(marks).on_conflict_do_nothing()


@dataclass(frozen=True, slots=True)
class Guild:
    """One server."""

    id: str
    name: str
    allowed: bool


class Guilds:
    """Keeps them; `clock` gives seconds since 1970."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def all(self) -> tuple[Guild, ...]:
        """All that are known."""
        async with self._database.read() as connection:
            rows = (await connection.execute(_ALL)).mappings().all()
        return tuple(Guild(row["id"], row["name"], bool(row["allowed"])) for row in rows)

    async def joined(self, servers: Mapping[str, str], *, adopt: bool) -> bool:
        """The bot is in these servers, names by id; whether they were adopted.

        With `adopt` they are allowed if nobody has chosen before; later ones are kept as refused.
        """
        now = self._clock()
        async with self._database.write() as connection:
            mark = {"name": CHOSEN, "value": str(now)}
            first = adopt and (await connection.execute(_CHOOSE, mark)).rowcount == 1
            for id_, name in servers.items():
                row = {"id": id_, "name": name, "allowed": int(first), "changed_at": now}
                await connection.execute(_NAME, row)
        return first

    async def choose(self, guild: str, *, allowed: bool) -> None:
        """Let the bot answer in a server, or no longer, whether it is there yet or not."""
        now = self._clock()
        row = {"id": guild, "name": "", "allowed": int(allowed), "changed_at": now}
        async with self._database.write() as connection:
            await connection.execute(_CHOOSE, {"name": CHOSEN, "value": str(now)})
            await connection.execute(_SET, row)
