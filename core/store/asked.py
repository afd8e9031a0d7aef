"""Questions as operators look at them: how long they took, what came of them, never their text."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    RowMapping,
    and_,
    cast,
    func,
    or_,
    select,
)

from core.messages import Conversation
from core.store.calls import Call
from core.store.schema import model_calls, questions, ratings, replies, reply_messages

MOST_CALLS = 100
"""Calls of one reply that are shown."""

MOST_RELATED = 20
"""Other questions that are shown with one."""


class Order(StrEnum):
    """Which questions come first."""

    NEWEST = "newest"
    SLOWEST = "slowest"
    LATE = "late"  # those whose first text took longest


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which questions: asked since then, with one of these outcomes, on this platform.

    Without `outcomes`, whatever came of them; without a `platform`, on any. Those that have not
    ended have the outcome "".
    """

    since: float
    outcomes: Collection[str] | None = None
    platform: str = ""

    @property
    def which(self) -> ColumnElement[bool]:
        """The rows of them."""
        conditions = [questions.c.claimed_at >= self.since]
        if self.outcomes is not None:
            conditions.append(questions.c.outcome.in_(list(self.outcomes)))
        if self.platform:
            here = questions.c.conversation
            conditions += [here >= f"{self.platform}/", here < f"{self.platform}0"]
        return and_(*conditions)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, and what is on record of its reply. Times are seconds since 1970.

    `about` holds the reply's figures, as `Known.about`; `cost` is in nano-dollars.
    """

    key: str
    conversation: Conversation
    asker: str
    state: str
    outcome: str
    claimed_at: float
    settled_at: float | None
    attempts: int
    reply: str
    begun_at: float | None
    about: Mapping[str, Any]
    calls: int = 0
    models: tuple[str, ...] = ()
    prompt: int = 0
    completion: int = 0
    cost: int = 0
    request_id: str = ""
    finishes: tuple[str, ...] = ()

    @property
    def waited(self) -> float | None:
        """Seconds until its reply was begun."""
        return None if self.begun_at is None else max(0.0, self.begun_at - self.claimed_at)

    @property
    def first_text(self) -> float | None:
        """Seconds until there was something to read."""
        first = self.about.get("first_text")
        if self.waited is None or not isinstance(first, int | float):
            return None
        return self.waited + first

    @property
    def whole(self) -> float | None:
        """Seconds until it had ended."""
        return None if self.settled_at is None else max(0.0, self.settled_at - self.claimed_at)


@dataclass(frozen=True, slots=True)
class Record:
    """All that is on record of one question and its reply.

    `related` are those that were answered together with it, and what else its message caused.
    """

    asked: Asked
    calls: Sequence[Call]
    messages: Sequence[str]
    replaces: str
    seen: int
    good: int
    bad: int
    related: Sequence[Asked] = field(default_factory=tuple)


_FIRST_TEXT = (
    replies.c.begun_at - questions.c.claimed_at + func.json_extract(replies.c.about, "$.first_text")
)
_ROWS = select(
    questions.c.key,
    questions.c.conversation,
    questions.c.asker,
    questions.c.state,
    questions.c.outcome,
    questions.c.claimed_at,
    questions.c.settled_at,
    questions.c.attempts,
    questions.c.reply,
    replies.c.begun_at,
    replies.c.about,
).select_from(questions.outerjoin(replies, replies.c.id == questions.c.reply))


def listed(
    connection: Connection, wanted: Wanted, order: Order, now: float, most: int
) -> list[Asked]:
    """So many of the questions, in this order."""
    by: dict[Order, list[ColumnElement[Any]]] = {
        Order.NEWEST: [],
        # Whatever has not ended has taken until now.
        Order.SLOWEST: [(func.coalesce(questions.c.settled_at, now) - questions.c.claimed_at)],
        Order.LATE: [_FIRST_TEXT],
    }
    ranks = [one.desc() for one in (*by[order], questions.c.claimed_at)]
    query = _ROWS.where(wanted.which).order_by(*ranks, questions.c.key).limit(most)
    return _with_calls(connection, connection.execute(query).mappings().all())


def outcomes(connection: Connection, wanted: Wanted, bucket: float) -> dict[str, dict[int, int]]:
    """How many of the questions had which outcome, by spans of so many seconds since the first."""
    number = cast((questions.c.claimed_at - wanted.since) / bucket, Integer).label("number")
    query = (
        select(questions.c.outcome, number, func.count().label("many"))
        .where(wanted.which)
        .group_by(questions.c.outcome, number)
    )
    found: dict[str, dict[int, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.outcome, {})[row.number] = row.many
    return found


def record(connection: Connection, key: str) -> Record | None:
    """One question by the name under which it was claimed, or the first that a reply answers."""
    here = questions.c
    query = _ROWS.where(or_(here.key == key, here.reply == key)).order_by(here.claimed_at, here.key)
    found = _with_calls(connection, connection.execute(query.limit(1)).mappings().all())
    if not found:
        return None
    (asked,) = found
    reply = connection.execute(select(replies).where(replies.c.id == asked.reply)).one_or_none()
    messages = (
        select(reply_messages.c.message)
        .where(reply_messages.c.reply == asked.reply)
        .order_by(reply_messages.c.number)
    )
    good, bad = _rated(connection, asked.reply)
    return Record(
        asked,
        _calls(connection, asked.reply),
        tuple(connection.execute(messages).scalars()),
        reply.replaces if reply else "",
        reply.seen if reply else 0,
        good,
        bad,
        _related(connection, asked),
    )


def _related(connection: Connection, asked: Asked) -> list[Asked]:
    identity = asked.key.partition("#")[0]
    here = questions.c
    # A range of names, which an index finds.
    caused = and_(here.key >= f"{identity}#", here.key < f"{identity}$")
    which = or_(here.reply == asked.reply, caused) if asked.reply else caused
    query = _ROWS.where(which, here.key != asked.key).order_by(here.claimed_at, here.key)
    return _with_calls(connection, connection.execute(query.limit(MOST_RELATED)).mappings().all())


def _rated(connection: Connection, reply: str) -> tuple[int, int]:
    query = select(ratings.c.good, func.count().label("many")).where(ratings.c.reply == reply)
    found = {row.good: row.many for row in connection.execute(query.group_by(ratings.c.good))}
    return found.get(1, 0), found.get(0, 0)


def _calls(connection: Connection, reply: str) -> list[Call]:
    columns = [model_calls.c[name] for name in Call.__dataclass_fields__]
    query = (
        select(*columns)
        .where(model_calls.c.reply == reply)
        .order_by(model_calls.c.id)
        .limit(MOST_CALLS)
    )
    rows = connection.execute(query).mappings()
    return [Call(**{**row, "estimated": bool(row["estimated"])}) for row in rows]


def _with_calls(connection: Connection, rows: Sequence[RowMapping]) -> list[Asked]:
    """The questions, each with what the calls for its reply come to."""
    names = {row["reply"] for row in rows if row["reply"]}
    found: dict[str, list[RowMapping]] = {}
    query = (
        select(
            model_calls.c.reply,
            model_calls.c.model,
            model_calls.c.outcome,
            model_calls.c.purpose,
            model_calls.c.request_id,
            model_calls.c.prompt_tokens,
            model_calls.c.completion_tokens,
            model_calls.c.cost,
        )
        .where(model_calls.c.reply.in_(names))
        .order_by(model_calls.c.id)
    )
    for call in connection.execute(query).mappings():
        found.setdefault(call["reply"], []).append(call)
    return [_asked(row, found.get(row["reply"], [])) for row in rows]


def _asked(row: RowMapping, calls: Sequence[RowMapping]) -> Asked:
    answers = [call for call in calls if call["purpose"] == "answer"]
    read = {
        "conversation": Conversation.parse(row["conversation"]),
        "reply": row["reply"] or "",
        "about": json.loads(row["about"] or "{}"),
    }
    return Asked(
        **{**row, **read},
        calls=len(calls),
        models=tuple(dict.fromkeys(call["model"] for call in answers)),
        prompt=sum(call["prompt_tokens"] for call in calls),
        completion=sum(call["completion_tokens"] for call in calls),
        cost=sum(call["cost"] for call in calls),
        request_id=answers[-1]["request_id"] if answers else "",
        finishes=tuple(dict.fromkeys(call["outcome"] for call in answers)),
    )
