"""How many questions of other programs were taken since a person asked something."""

import structlog
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.messages import Question
from core.store.database import Database
from core.store.schema import exchanges

log = structlog.get_logger()

_HERE = exchanges.c.place.in_(bindparam("places", expanding=True))
_SPENT = select(exchanges.c.place, exchanges.c.told).where(
    _HERE, exchanges.c.taken >= bindparam("most")
)
_ONE_MORE = insert(exchanges).on_conflict_do_update(
    index_elements=[exchanges.c.place], set_={"taken": exchanges.c.taken + 1}
)
_TELL = update(exchanges).where(_HERE, exchanges.c.told == 0).values(told=1)
_REOPEN = delete(exchanges).where(_HERE)


async def has_room(connection: AsyncConnection, question: Question, most: int) -> bool:
    """Whether a question may be taken; always, where a person asks it."""
    if not question.asker.is_bot:
        return True
    spent = await connection.execute(_SPENT, {"places": _places(question), "most": most})
    return spent.first() is None


async def count(connection: AsyncConnection, question: Question) -> None:
    """A question was taken: a program's is one more, a person's lets programs begin anew."""
    places = _places(question)
    if question.asker.is_bot:
        await connection.execute(_ONE_MORE, [{"place": place, "taken": 1} for place in places])
    else:
        await connection.execute(_REOPEN, {"places": places})


class Exchanges:
    """The counts, in the database that all processes share."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_room(self, question: Question, most: int) -> bool:
        """The same, before anything is written; that there is none is said once in the log."""
        async with self._database.read() as connection:
            found = await connection.execute(_SPENT, {"places": _places(question), "most": most})
            spent = {row.place: bool(row.told) for row in found}
        if not spent:
            return True
        if not all(spent.values()) and await self._told_now(list(spent)):
            log.warning(
                "another program gets no more answers here until a person asks something "
                "([other_programs] exchanges in LIMITS_FILE)",
                conversation=str(question.conversation),
                program=question.asker.id,
                exchanges=most,
            )
        return False

    async def _told_now(self, places: list[str]) -> bool:
        """Whether it is this process that is to say so."""
        async with self._database.write() as connection:
            return (await connection.execute(_TELL, {"places": places})).rowcount > 0


def _places(question: Question) -> list[str]:
    """Where a question counts: in its conversation, and in its channel with all threads."""
    where = question.conversation
    return [str(where), f"{where.platform}/{where.workspace}/{where.channel}"]
