"""Threads in which the bot takes part; written with the claim of the first question."""

from sqlalchemy import select

from core.messages import Conversation
from core.store.database import Database
from core.store.schema import threads


class Threads:
    """Where the bot has been asked something before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def includes(self, conversation: Conversation) -> bool:
        """Whether the bot takes part in this conversation."""
        async with self._database.read() as connection:
            found = await connection.execute(
                select(threads.c.joined_at).where(threads.c.conversation == str(conversation))
            )
            return found.first() is not None
