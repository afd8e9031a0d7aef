"""Replies: which questions they answer, and which messages they are made of."""

from collections.abc import Callable, Iterable

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.sqlite import insert

from core.store.database import Database
from core.store.questions import change, check, settled
from core.store.schema import replies, reply_messages
from core.store.threads import spoke

# Built once: to build a statement takes longer than to run it.
_NEW, _NEW_MESSAGE = insert(replies), insert(reply_messages)
_BEGIN = _NEW.on_conflict_do_update(
    index_elements=[replies.c.id],
    set_={"begun_at": _NEW.excluded.begun_at, "outcome": "", "seen": 0},
)
_ADD_MESSAGE = _NEW_MESSAGE.on_conflict_do_update(
    index_elements=[reply_messages.c.reply, reply_messages.c.number],
    set_={"message": _NEW_MESSAGE.excluded.message},
)
_WHERE = select(replies.c.conversation).where(replies.c.id == bindparam("reply"))
_END = update(replies).where(replies.c.id == bindparam("reply"))


class Replies:
    """What is known of each reply; its text is on the platform, not here."""

    def __init__(self, database: Database, owner: str, clock: Callable[[], float]) -> None:
        self._database = database
        self._owner = owner
        self._clock = clock

    async def begin(self, reply: str, conversation: str, keys: Iterable[str]) -> None:
        """A reply to these questions is being written; `LeaseLost` when one is not ours.

        A reply of the same name by a process that died begins anew.
        """
        now = self._clock()
        async with self._database.write() as connection:
            await connection.execute(
                _BEGIN, {"id": reply, "conversation": conversation, "begun_at": now}
            )
            await change(connection, self._owner, keys, {"state": "answering", "reply": reply})

    async def posted(self, reply: str, keys: Iterable[str], number: int, message: str) -> None:
        """The reply's message of this number exists; `LeaseLost` when a question is not ours.

        It may be told of when the questions are settled already.
        """
        async with self._database.write() as connection:
            await check(connection, self._owner, keys)
            await connection.execute(
                _ADD_MESSAGE, {"reply": reply, "number": number, "message": message}
            )
            if where := (await connection.execute(_WHERE, {"reply": reply})).scalar():
                await spoke(connection, where)

    async def end(self, reply: str, keys: Iterable[str], outcome: str, seen: int) -> None:
        """The reply stands as it will stay, and its questions have ended with it.

        `seen` is how many characters of it were shown.
        """
        now = self._clock()
        async with self._database.write() as connection:
            await connection.execute(
                _END, {"reply": reply, "outcome": outcome, "seen": seen, "ended_at": now}
            )
            await change(connection, self._owner, keys, settled(outcome, now))
