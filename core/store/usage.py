"""Usage: how many questions were asked, and what the models have taken and cost for them.

Nothing here reads single calls: they are added up by day when they are written down.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from core.store.database import Database
from core.store.schema import questions, ratings, replies, usage_days
from core.usage import Amount, Days, Period, Subject, Use, Used, Whose


@dataclass(frozen=True, slots=True)
class Since:
    """When a period began: its first day, as the ledger writes it, and in seconds since 1970."""

    day: str
    moment: float


class Usage:
    """Adds up what is on record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, subject: Subject, today: Since, month: Since) -> Use:
        """What was used by or in a subject, today and this month."""
        asked, liked = _asked(subject, today, month), _liked(subject, today, month)
        async with self._database.read() as connection:
            models = (await connection.execute(_models(subject, today, month))).all()
            (questions_today, questions_month) = (await connection.execute(asked)).one()
            votes = (await connection.execute(liked)).one()
        return Use(
            Period(
                questions_today or 0,
                _used([row for row in models if row.is_today]),
                votes.good_today or 0,
                (votes.all_today or 0) - (votes.good_today or 0),
            ),
            Period(
                questions_month or 0,
                _used(models),
                votes.good_month or 0,
                votes.all_month - (votes.good_month or 0),
            ),
        )

    async def by_day(self, subject: Subject, days: Sequence[str]) -> Days:
        """What each of these days took: a person's by model, other subjects' by person."""
        name = usage_days.c.model if subject.whose is Whose.PERSON else usage_days.c.person
        query = (
            select(
                usage_days.c.day,
                name.label("name"),
                func.sum(usage_days.c.cost).label("cost"),
                func.sum(usage_days.c.prompt + usage_days.c.completion).label("tokens"),
            )
            .where(_of(subject), usage_days.c.day >= days[0], usage_days.c.day <= days[-1])
            .group_by(usage_days.c.day, name)
        )
        found: dict[str, dict[str, Amount]] = defaultdict(dict)
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                found[row.name][row.day] = Amount(row.cost, row.tokens)
        return Days(tuple(days), found)


def _of(subject: Subject) -> ColumnElement[bool]:
    """The days of a subject."""
    match subject.whose:
        case Whose.PERSON:
            return usage_days.c.person == subject.id
        case Whose.CHANNEL:
            return usage_days.c.place == subject.id
        case Whose.WORKSPACE:
            return _within(usage_days.c.place, subject.id)


def _within(column: Any, place: str) -> ColumnElement[bool]:
    """Whatever is in a place: a range of names, which an index finds."""
    return and_(column >= f"{place}/", column < f"{place}0")


def _here(column: Any, place: str) -> ColumnElement[bool]:
    return or_(column == place, _within(column, place))


def _models(subject: Subject, today: Since, month: Since) -> "Select[Any]":
    is_today = usage_days.c.day >= today.day
    return (
        select(
            usage_days.c.model,
            is_today.label("is_today"),
            func.sum(usage_days.c.prompt).label("read"),
            func.sum(usage_days.c.cached).label("cached"),
            func.sum(usage_days.c.completion).label("written"),
            func.sum(usage_days.c.cost).label("cost"),
            func.sum(usage_days.c.estimated).label("estimated"),
        )
        .where(_of(subject), usage_days.c.day >= month.day)
        .group_by(usage_days.c.model, is_today)
    )


def _used(rows: Collection[Row[Any]]) -> tuple[Used, ...]:
    """What each model has used; a row may hold only a part of it."""
    parts: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        parts[row.model].append(row)
    found = (
        Used(
            model,
            sum(row.read for row in some),
            sum(row.cached for row in some),
            sum(row.written for row in some),
            sum(row.cost for row in some),
            any(row.estimated for row in some),
        )
        for model, some in parts.items()
    )
    return tuple(sorted(found, key=lambda used: (-used.cost, -used.read, used.model)))


def _asked(subject: Subject, today: Since, month: Since) -> "Select[Any, int]":
    at = questions.c.claimed_at
    return select(func.sum(case((at >= today.moment, 1), else_=0)), func.count()).where(
        at >= month.moment, _asked_by(subject)
    )


def _asked_by(subject: Subject) -> ColumnElement[bool]:
    if subject.whose is Whose.PERSON:
        platform, _, asker = subject.id.partition("/")
        return and_(questions.c.asker == asker, _within(questions.c.conversation, platform))
    return _here(questions.c.conversation, subject.id)


def _liked(subject: Subject, today: Since, month: Since) -> "Select[Any]":
    """How people liked the answers: a person's own, or those given in a place."""
    is_today = ratings.c.rated_at >= today.moment
    good = ratings.c.good == 1
    if subject.whose is Whose.PERSON:
        theirs = select(questions.c.reply).where(_asked_by(subject))
        counted = select().select_from(ratings).where(ratings.c.reply.in_(theirs))
    else:
        joined = ratings.join(replies, replies.c.id == ratings.c.reply)
        counted = select().select_from(joined).where(_here(replies.c.conversation, subject.id))
    return counted.add_columns(
        func.sum(case((and_(is_today, good), 1), else_=0)).label("good_today"),
        func.sum(case((is_today, 1), else_=0)).label("all_today"),
        func.sum(case((good, 1), else_=0)).label("good_month"),
        func.count().label("all_month"),
    ).where(ratings.c.rated_at >= month.moment)
