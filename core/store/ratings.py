"""Ratings: how people liked an answer, the last word of each."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.schema import ratings


class Ratings:
    """One rating of each person for each reply."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock

    async def rate(self, reply: str, person: str, *, good: bool) -> bool | None:
        """Write down what a person thinks of a reply, in the place of what they thought.

        Returns what that was; None: nothing yet.
        """
        now = self._clock()
        thought = select(ratings.c.good).where(ratings.c.reply == reply, ratings.c.person == person)
        async with self._database.write() as connection:
            before: int | None = (await connection.execute(thought)).scalar()
            await connection.execute(
                insert(ratings)
                .values(reply=reply, person=person, good=int(good), rated_at=now)
                .on_conflict_do_update(
                    index_elements=[ratings.c.reply, ratings.c.person],
                    set_={"good": int(good), "rated_at": now},
                )
            )
        return None if before is None else bool(before)
