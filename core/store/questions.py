"""Questions: claimed once, held by a lease, settled once."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, case, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import LeaseLost
from core.messages import Conversation, Question
from core.store import exchanges as counts
from core.store.database import Database
from core.store.schema import questions, threads

log = structlog.get_logger()

LEASE = 30.0
"""Seconds after which a question whose owner does not renew its lease may be taken over."""

RENEWAL = 10.0
"""Seconds between two renewals of a lease."""

GRACE = 2 * RENEWAL
"""Seconds in which the database must have taken what was written before a lease counts as expired:
after an outage their owners renew all of them, and nobody shall be quicker."""

DELETED = "deleted"
"""The outcome of a question that was deleted after it had been answered."""

STOP = "stop"
"""The outcome of what was not a question, but the word "stop"."""

# Built once: to build a statement takes longer than to run it.
_CLAIM = insert(questions).on_conflict_do_nothing()
_JOIN = insert(threads).on_conflict_do_nothing()
_THESE = questions.c.key.in_(bindparam("keys", expanding=True))
_OURS = and_(_THESE, questions.c.owner == bindparam("us"), questions.c.state != "settled")
_CHANGE = update(questions).where(_OURS)
_RENEW = _CHANGE.returning(questions.c.key)
_NEXT_ATTEMPT = questions.c.attempts + case((questions.c.state == "answering", 1), else_=0)
_SINCE = (
    select(questions.c.key, questions.c.claimed_at)
    .where(questions.c.claimed_at > bindparam("since"), questions.c.outcome != STOP)
    .order_by(questions.c.claimed_at.desc())
    .limit(bindparam("most"))
)
_ASKED_BY = _SINCE.where(questions.c.asker == bindparam("asker"))
_ASKED_IN = _SINCE.where(
    questions.c.conversation >= bindparam("first"), questions.c.conversation < bindparam("behind")
)
_FOREIGN = select(questions.c.key).where(_THESE, questions.c.owner != bindparam("us"))


OPEN = ("claimed", "answering")
"""The states of a question that has not ended."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A question that nobody answers any more, though it has not ended.

    `reply` was being written to it; empty: none was begun. `attempts` is how many processes
    have answered it, the first included; `age` the seconds since it was claimed.
    """

    question: Question
    reply: str
    attempts: int
    age: float

    @property
    def key(self) -> str:
        """The name under which it is claimed."""
        return self.question.key


async def change(
    connection: AsyncConnection, owner: str, keys: Iterable[str], values: dict[str, Any]
) -> None:
    """Write to questions of ours, all or none; `LeaseLost` when one was taken over."""
    wanted = set(keys)
    result = await connection.execute(_CHANGE, {"keys": list(wanted), "us": owner, **values})
    if result.rowcount < len(wanted):
        raise LeaseLost(f"another process has taken over one of {sorted(wanted)}")


async def check(connection: AsyncConnection, owner: str, keys: Iterable[str]) -> None:
    """Raise `LeaseLost` when another process has taken one of these questions over."""
    foreign = await connection.execute(_FOREIGN, {"keys": list(set(keys)), "us": owner})
    if lost := sorted(foreign.scalars()):
        raise LeaseLost(f"another process has taken over {lost}")


def settled(outcome: str, now: float) -> dict[str, Any]:
    """What stands in the row of a question that has ended; its text is gone."""
    return {"state": "settled", "outcome": outcome, "settled_at": now, "body": ""}


def caused_by(identity: str) -> ColumnElement[bool]:
    """All questions that this message has caused (`Question.identity`).

    A range of their names, which the index finds; a search by prefix would read every row.
    """
    return and_(questions.c.key > f"{identity}#", questions.c.key < f"{identity}$")


class Questions:
    """The claims of this process, named `owner`, among those of all others.

    `is_dead(owner)` tells whether another process is known to have ended.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        is_dead: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._owner = owner
        self._is_dead = is_dead
        self._clock = clock

    async def claim(
        self, first: Question, *more: Question, instead_of: str = "", exchanges: int = 0
    ) -> bool:
        """Claim questions for this process; False when the first is claimed or settled already.

        They are on disk when this returns, and so is that the bot takes part in the
        conversation. What a process has left open is not claimed anew, but adopted. An edit is
        not claimed after a later one of the same message. With `instead_of`, only in the place of
        a question of this identity that waits in another process, and is not asked any more then.
        With `exchanges`, a program's is claimed only so often since a person's was.
        """
        now = self._clock()
        async with self._database.write() as connection:
            if first.is_edited and await self._is_outdated(connection, first):
                return False
            if instead_of and not await self._supersede(connection, instead_of, "superseded"):
                return False
            if exchanges and not await counts.has_room(connection, first, exchanges):
                return False
            if not await self._insert(connection, first, now):
                return False
            if exchanges:
                await counts.count(connection, first)
            for question in more:
                await self._insert(connection, question, now)
            await connection.execute(
                _JOIN, {"conversation": str(first.conversation), "joined_at": now}
            )
        return True

    async def withdraw(self, identity: str) -> bool:
        """A question that waits in another process is not asked any more; False: none does."""
        async with self._database.write() as connection:
            return await self._supersede(connection, identity, "withdrawn")

    async def deleted(self, identity: str) -> None:
        """A question that was answered is gone."""
        async with self._database.write() as connection:
            await connection.execute(
                update(questions)
                .where(caused_by(identity), questions.c.state == "settled")
                .values(outcome=DELETED)
            )

    async def abandoned(self, keys: Iterable[str]) -> bool:
        """Whether nobody answers these questions any more, though none of them has ended."""
        query = select(questions.c.owner, questions.c.lease_until).where(
            questions.c.key.in_(set(keys)), questions.c.state != "settled"
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return all(self._is_free(row, self._clock()) for row in rows)

    async def orphans(self) -> Sequence[Orphan]:
        """What others have left open: their lease has expired, or they are dead; oldest first."""
        query = (
            select(questions)
            .where(questions.c.state.in_(OPEN), questions.c.owner != self._owner)
            .order_by(questions.c.claimed_at)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        now = self._clock()
        free = [row for row in rows if self._is_free(row, now)]
        found = [orphan for row in free if (orphan := _orphan(row, now))]
        if len(found) < len(free):
            unread = {row.key for row in free} - {orphan.key for orphan in found}
            if await self.adopt(unread):
                await self.settle(unread, "failed")
        return found

    async def adopt(self, keys: Iterable[str]) -> bool:
        """Take over what others have left open, all of it or none; False: it is not free."""
        wanted = list(set(keys))
        now = self._clock()
        query = select(questions.c.owner, questions.c.lease_until).where(
            questions.c.key.in_(wanted), questions.c.state.in_(OPEN)
        )
        async with self._database.write() as connection:
            rows = (await connection.execute(query)).all()
            if len(rows) < len(wanted) or not all(self._is_free(row, now) for row in rows):
                return False
            await connection.execute(
                update(questions)
                .where(questions.c.key.in_(wanted))
                .values(owner=self._owner, lease_until=now + LEASE, attempts=_NEXT_ATTEMPT)
            )
        return True

    async def newest(self, identity: str) -> str:
        """The last claim that this message has caused; empty: none."""
        query = (
            select(questions.c.key)
            .where(caused_by(identity))
            .order_by(questions.c.claimed_at.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar() or ""

    async def known(self, keys: Iterable[str]) -> set[str]:
        """Which of these were asked before, whoever has claimed them and whatever came of it."""
        query = select(questions.c.key).where(questions.c.key.in_(set(keys)))
        async with self._database.read() as connection:
            return set((await connection.execute(query)).scalars())

    async def places(self, within: str, *, seconds: float, most: int) -> list[Conversation]:
        """Where in a `platform/workspace` something was asked lately, newest first."""
        newest = func.max(questions.c.claimed_at)
        query = (
            select(questions.c.conversation)
            .where(
                questions.c.claimed_at > self._clock() - seconds,
                questions.c.conversation >= f"{within}/",
                questions.c.conversation < f"{within}0",
            )
            .group_by(questions.c.conversation)
            .order_by(newest.desc())
            .limit(most)
        )
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalars()
            return [Conversation.parse(name) for name in found]

    async def asked_by(self, of: str, *, seconds: float, most: int) -> Mapping[str, float]:
        """Somebody's newest questions by key, claimed by whichever process so many seconds ago."""
        return await self._asked(_ASKED_BY, {"asker": of}, seconds, most)

    async def asked_in(self, of: str, *, seconds: float, most: int) -> Mapping[str, float]:
        """The same of a channel, named `platform/workspace/channel`."""
        return await self._asked(_ASKED_IN, {"first": f"{of}/", "behind": f"{of}0"}, seconds, most)

    async def _asked(
        self, query: Select[tuple[str, float]], of: Mapping[str, str], seconds: float, most: int
    ) -> Mapping[str, float]:
        now = self._clock()
        async with self._database.read() as connection:
            found = await connection.execute(query, {**of, "since": now - seconds, "most": most})
            return {row.key: now - row.claimed_at for row in found}

    async def renew(self, keys: Iterable[str]) -> set[str]:
        """Prolong the leases of these questions; returns those that are no longer ours."""
        wanted = set(keys)
        async with self._database.write() as connection:
            held = await connection.execute(
                _RENEW,
                {
                    "keys": list(wanted),
                    "us": self._owner,
                    "lease_until": self._clock() + LEASE,
                },
            )
            return wanted - set(held.scalars())

    async def give_back(self, keys: Iterable[str]) -> None:
        """Let whoever comes next take these questions over at once, as far as they are open."""
        async with self._database.write() as connection:
            given = {"keys": list(set(keys)), "us": self._owner, "lease_until": 0.0}
            await connection.execute(_CHANGE, given)

    async def settle(self, keys: Iterable[str], outcome: str) -> None:
        """The questions have ended without a reply; `LeaseLost` when one is not ours."""
        async with self._database.write() as connection:
            await change(connection, self._owner, keys, settled(outcome, self._clock()))

    async def _supersede(self, connection: AsyncConnection, identity: str, outcome: str) -> bool:
        """Its owner learns of it when it begins, or renews its leases."""
        result = await connection.execute(
            update(questions)
            .where(
                caused_by(identity),
                questions.c.state == "claimed",
                questions.c.owner != self._owner,
            )
            .values(**settled(outcome, self._clock()))
        )
        return result.rowcount > 0

    async def outdated(self, edited: Iterable[Question]) -> set[str]:
        """Those of these edits, by their keys, after which there was a later one."""
        async with self._database.read() as connection:
            return {one.key for one in edited if await self._is_outdated(connection, one)}

    async def _is_outdated(self, connection: AsyncConnection, edited: Question) -> bool:
        """Whether another edit came after this one, which a platform has delivered late.

        The names of edits are in their order: seconds since 1970 have as many digits for ever.
        """
        later = select(questions.c.key).where(
            questions.c.key > edited.key, questions.c.key < f"{edited.identity}#edit;"
        )
        return (await connection.execute(later.limit(1))).first() is not None

    async def _insert(self, connection: AsyncConnection, question: Question, now: float) -> bool:
        result = await connection.execute(
            _CLAIM,
            {
                "key": question.key,
                "conversation": str(question.conversation),
                "asker": question.asker.id,
                "state": "claimed",
                "owner": self._owner,
                "lease_until": now + LEASE,
                "claimed_at": now,
                # The standard library takes half an emoji, which people can type; orjson does not.
                "body": json.dumps(asdict(question), default=str),
            },
        )
        return result.rowcount == 1

    def _is_free(self, row: Row[str, float], now: float) -> bool:
        """Whether a lease has expired, though it could be renewed, or its owner is dead."""
        expired = row.lease_until < now and self._database.condition.well_for(GRACE)
        return expired or self._is_dead(row.owner)


def _orphan(row: Row[Any], now: float) -> Orphan | None:
    try:
        question = _reader().validate_json(row.body)
    except ValidationError as error:
        log.error("an open question cannot be read", question=row.key, error=str(error))
        return None
    return Orphan(question, row.reply or "", row.attempts, now - row.claimed_at)


@cache
def _reader() -> TypeAdapter[Question]:
    return TypeAdapter(Question)
