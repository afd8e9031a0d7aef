"""Replies: which questions they answer, and which messages they are made of."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.messages import Conversation
from core.store.database import Database
from core.store.questions import DELETED, caused_by, change, check, settled
from core.store.schema import questions, replies, reply_messages
from core.store.threads import spoke

# Built once: to build a statement takes longer than to run it.
_NEW, _NEW_MESSAGE = insert(replies), insert(reply_messages)
_BEGIN = _NEW.on_conflict_do_update(
    index_elements=[replies.c.id],
    set_={"begun_at": _NEW.excluded.begun_at, "ended_at": None, "outcome": "", "seen": 0},
)
_ADD_MESSAGE = _NEW_MESSAGE.on_conflict_do_update(
    index_elements=[reply_messages.c.reply, reply_messages.c.number],
    set_={"message": _NEW_MESSAGE.excluded.message},
)
_END = update(replies).where(replies.c.id == bindparam("reply"))
_ABOUT = update(replies).where(replies.c.id == bindparam("reply"))
_TAKE_OVER = update(replies).where(replies.c.id == bindparam("reply"))
_KEEP = delete(reply_messages).where(
    reply_messages.c.reply == bindparam("name"),
    reply_messages.c.message.not_in(bindparam("kept", expanding=True)),
)
_FORGET = delete(reply_messages).where(reply_messages.c.reply == bindparam("name"))

BELOW = "below"
"""What is told about a reply, under this name: the messages that hold files of it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a reply. `about` says how it came about; `ended` whether it is complete.

    `questions` are the platform's ids of the messages that asked, `messages` those that it
    is made of, first page first. `deleted` names the questions that are gone since, `wish` is
    what its process was asked to do with it, `replaces` the reply whose place it has taken.
    """

    name: str
    conversation: Conversation
    askers: frozenset[str]
    keys: tuple[str, ...]
    deleted: frozenset[str]
    messages: tuple[str, ...]
    outcome: str
    ended: bool
    about: Mapping[str, Any]
    wish: str = ""
    replaces: str = ""

    @property
    def questions(self) -> tuple[str, ...]:
        """The ids of the messages that asked."""
        return tuple(dict.fromkeys(_identity(key).rpartition("/")[2] for key in self.keys))

    def still_asked(self, but: str) -> bool:
        """Whether it answers a question besides this one that nobody has deleted."""
        return bool({_identity(key) for key in self.keys} - self.deleted - {but})

    @property
    def below(self) -> tuple[str, ...]:
        """The messages below it that hold its long code as files."""
        return tuple(self.about.get(BELOW, ()))

    @property
    def is_cut_off(self) -> bool:
        """Whether the model had more to say, also where a former answer was brought back."""
        return self.outcome == "cut_off" or bool(self.about.get("is_cut_off"))

    @property
    def of_a_command(self) -> bool:
        """Whether what was asked stands in no message."""
        return any("#command:" in key for key in self.keys)


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
            await spoke(connection, reply)

    async def take_over(self, reply: str, former: str, messages: Sequence[str]) -> None:
        """The reply is shown in these messages, in the place of a former one.

        What the former one is made of is known of this one alone from now on.
        """
        async with self._database.write() as connection:
            await connection.execute(_TAKE_OVER, {"reply": reply, "replaces": former})
            if messages:
                await connection.execute(_FORGET, {"name": former})
            for number, message in enumerate(messages):
                await connection.execute(
                    _ADD_MESSAGE, {"reply": reply, "number": number, "message": message}
                )

    async def stands_in(self, reply: str, messages: Sequence[str]) -> None:
        """The reply is made of these messages, first page first, and of no others."""
        async with self._database.write() as connection:
            await connection.execute(_FORGET, {"name": reply})
            for number, message in enumerate(messages):
                await connection.execute(
                    _ADD_MESSAGE, {"reply": reply, "number": number, "message": message}
                )

    async def of_others(self, reply: str, messages: Collection[str]) -> set[str]:
        """Those of these messages that other replies are made of."""
        query = select(reply_messages.c.message).where(
            reply_messages.c.message.in_(messages), reply_messages.c.reply != reply
        )
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def wish(self, reply: str, wish: str) -> bool:
        """Ask whichever process writes a reply for something; False when it is complete."""
        async with self._database.write() as connection:
            result = await connection.execute(
                update(replies)
                .where(replies.c.id == reply, replies.c.ended_at.is_(None))
                .values(wish=wish)
            )
            return result.rowcount == 1

    async def is_written(self, reply: str) -> bool:
        """Whether a reply is not complete yet."""
        query = select(replies.c.id).where(replies.c.id == reply, replies.c.ended_at.is_(None))
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def written_in(self, conversation: str) -> str:
        """The newest reply in a conversation that is not complete yet; empty: there is none."""
        query = (
            select(replies.c.id)
            .where(replies.c.conversation == conversation, replies.c.ended_at.is_(None))
            .order_by(replies.c.begun_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() or ""

    async def wishes(self, names: Collection[str]) -> dict[str, str]:
        """What other processes were asked to do with these replies, by name."""
        query = select(replies.c.id, replies.c.wish).where(
            replies.c.id.in_(names), replies.c.wish != ""
        )
        async with self._database.read() as connection:
            return {row.id: row.wish for row in await connection.execute(query)}

    async def known(self, reply: str) -> Known | None:
        """What is known of a reply; None for one that there never was."""
        async with self._database.read() as connection:
            found = await connection.execute(select(replies).where(replies.c.id == reply))
            row = found.mappings().one_or_none()
            return await _known(connection, row) if row else None

    async def latest(self, identity: str) -> Known | None:
        """The newest reply to what this message asked (`Question.identity`)."""
        query = (
            select(replies)
            .join(questions, questions.c.reply == replies.c.id)
            .where(caused_by(identity))
            .order_by(replies.c.begun_at.desc(), replies.c.id)
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            return await _known(connection, row) if row else None

    async def end(
        self,
        reply: str,
        keys: Iterable[str],
        outcome: str,
        *,
        seen: int = 0,
        about: Mapping[str, Any] | None = None,
        messages: Collection[str] | None = None,
        unrecorded: Mapping[int, str] | None = None,
        conversation: str = "",
    ) -> None:
        """The reply stands as it will stay, and its questions have ended with it.

        `seen` is how many characters of it were shown, `about` how it came about, `messages`
        those that it is made of now; others were taken away. `unrecorded` are those, by number,
        of which `posted` could not tell, looked at when they are written. A reply that was never
        begun is, in its `conversation`.
        """
        now = self._clock()
        ended = {
            "outcome": outcome,
            "seen": seen,
            "ended_at": now,
            "about": json.dumps(about or {}),
        }
        end = settled(outcome, now)
        async with self._database.write() as connection:
            if conversation:
                end["reply"] = reply
                begun = {"id": reply, "conversation": conversation, "begun_at": now}
                await connection.execute(_BEGIN, begun)
            await connection.execute(_END, {"reply": reply, **ended})
            for number, message in (unrecorded or {}).items():
                await connection.execute(
                    _ADD_MESSAGE, {"reply": reply, "number": number, "message": message}
                )
            if messages is not None:
                await connection.execute(_KEEP, {"name": reply, "kept": list(messages)})
            await change(connection, self._owner, keys, end)

    async def hang(self, reply: str, below: Collection[str]) -> None:
        """These messages below a complete reply hold its long code as files."""
        async with self._database.write() as connection:
            found = await connection.execute(select(replies.c.about).where(replies.c.id == reply))
            about = json.loads(found.scalar() or "{}") | {BELOW: list(below)}
            await connection.execute(_ABOUT, {"reply": reply, "about": json.dumps(about)})


async def _known(connection: AsyncConnection, row: RowMapping) -> Known:
    name: str = row["id"]
    asked = await connection.execute(
        select(questions.c.key, questions.c.asker, questions.c.outcome)
        .where(questions.c.reply == name)
        .order_by(questions.c.claimed_at)
    )
    rows = asked.all()
    shown = await connection.execute(
        select(reply_messages.c.message)
        .where(reply_messages.c.reply == name)
        .order_by(reply_messages.c.number)
    )
    return Known(
        name=name,
        conversation=Conversation.parse(row["conversation"]),
        askers=frozenset(one.asker for one in rows),
        keys=tuple(one.key for one in rows),
        deleted=frozenset(_identity(one.key) for one in rows if one.outcome == DELETED),
        messages=tuple(shown.scalars()),
        outcome=row["outcome"],
        ended=row["ended_at"] is not None,
        about=json.loads(row["about"]),
        wish=row["wish"],
        replaces=row["replaces"],
    )


def _identity(key: str) -> str:
    return key.partition("#")[0]
