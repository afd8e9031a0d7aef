"""Threads in which the bot takes part, and how it stands there.

A row is written with the claim of the first question.
"""

from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.etiquette import LISTENING, Saying, Standing, after
from core.messages import Conversation
from core.store.database import Database
from core.store.schema import replies, threads

# Built once: to build a statement takes longer than to run it.
_HERE = threads.c.conversation == bindparam("here")
_READ = select(threads.c.quiet_since, threads.c.run, threads.c.stands_since).where(_HERE)
_JOIN = insert(threads).on_conflict_do_nothing()
_CHANGE = update(threads).where(_HERE)
_WHERE = select(replies.c.conversation).where(replies.c.id == bindparam("reply"))
_SPOKE = (
    update(threads)
    .where(threads.c.conversation == _WHERE.scalar_subquery(), threads.c.run != "")
    .values(run="")
)


async def spoke(connection: AsyncConnection, reply: str) -> None:
    """The bot has said something of a reply, so that nobody there waits for a word of it."""
    await connection.execute(_SPOKE, {"reply": reply})


class Threads:
    """Where the bot has been asked something before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def includes(self, conversation: Conversation) -> bool:
        """Whether the bot takes part in this conversation."""
        return await self.standing(conversation) is not None

    async def standing(self, conversation: Conversation) -> Standing | None:
        """How it stands there; None where the bot takes no part."""
        async with self._database.read() as connection:
            return await _standing(connection, conversation)

    async def heard(self, conversation: Conversation, saying: Saying) -> Standing:
        """How it stands there once this was said, which is kept; the bot takes part there now."""
        async with self._database.write() as connection:
            await connection.execute(
                _JOIN, {"conversation": str(conversation), "joined_at": saying.at}
            )
            standing = after(await _standing(connection, conversation) or LISTENING, saying)
            await connection.execute(_CHANGE, {"here": str(conversation), **_row(standing)})
        return standing


async def _standing(connection: AsyncConnection, conversation: Conversation) -> Standing | None:
    found = await connection.execute(_READ, {"here": str(conversation)})
    row: Row[Any, Any, Any] | None = found.one_or_none()
    return row and Standing(row.quiet_since, tuple(row.run.split()), row.stands_since)


def _row(standing: Standing) -> dict[str, Any]:
    run = " ".join(standing.run)
    return {"quiet_since": standing.quiet_since, "run": run, "stands_since": standing.at}
