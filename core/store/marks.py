"""Marks: small facts to remember over restarts, by name."""

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import marks


class Marks:
    """Names and their values, such as which commands were last synced."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, name: str) -> str | None:
        """The value under this name; None when there is none."""
        async with self._database.read() as connection:
            found = await connection.execute(select(marks.c.value).where(marks.c.name == name))
            return found.scalar()

    async def having(self, prefix: str) -> dict[str, str]:
        """All values whose names begin like this, by name."""
        query = select(marks.c.name, marks.c.value).where(
            marks.c.name.startswith(prefix, autoescape=True)
        )
        async with self._database.read() as connection:
            return {row.name: row.value for row in await connection.execute(query)}

    async def forget(self, names: Collection[str]) -> None:
        """Take marks away."""
        if names:
            async with self._database.write() as connection:
                await connection.execute(delete(marks).where(marks.c.name.in_(names)))

    async def set(self, name: str, value: str) -> None:
        """Remember a value, in place of the former one."""
        async with self._database.write() as connection:
            await connection.execute(
                insert(marks)
                .values(name=name, value=value)
                .on_conflict_do_update(index_elements=[marks.c.name], set_={"value": value})
            )
