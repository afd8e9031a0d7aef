"""Usage: how many questions were asked, and what the models have taken and cost for them.

Nothing here reads single calls: they are added up by day when they are written down.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, case, distinct, func, select

from core.store.database import Database
from core.store.schema import questions, ratings, replies, usage_days, usage_sums
from core.usage import NOTHING, Amount, Days, Period, Share, Subject, Use, Used, Whose


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
                questions_today,
                _used([row for row in models if row.is_today]),
                votes.good_today,
                votes.all_today - votes.good_today,
            ),
            Period(
                questions_month,
                _used(models),
                votes.good_month,
                votes.all_month - votes.good_month,
            ),
        )

    async def by_day(self, subject: Subject, days: Sequence[str], most: int) -> Days:
        """What each of these days took: a person's by model, other subjects' by person.

        So many of the dearest have a share of their own; all others have one together.
        """
        name, tokens, which = _by(subject, days)
        cost, all_tokens = func.sum(_table(subject).c.cost), func.sum(tokens)
        ranked = (
            select(name.label("name"))
            .where(which)
            .group_by(name)
            .order_by(cost.desc(), all_tokens.desc(), name)
            .limit(most)
        )
        day = _table(subject).c.day
        async with self._database.read() as connection:
            names = list((await connection.execute(ranked)).scalars())
            count = select(func.count(distinct(name))).where(which)
            number = (await connection.execute(count)).scalar_one()
            who = case((name.in_(names), name), else_=None).label("who")
            each = select(
                day.label("day"), who, cost.label("cost"), all_tokens.label("tokens")
            ).where(which)
            rows = (await connection.execute(each.group_by(day, who))).all()
        found = {(row.who, row.day): Amount(row.cost, row.tokens) for row in rows}

        def share(who: str | None, others: int = 0) -> Share:
            amounts = tuple(found.get((who, one), NOTHING) for one in days)
            return Share(who or "", amounts, others)

        shares = [share(who) for who in names]
        if number > len(names):
            shares.append(share(None, number - len(names)))
        return Days(tuple(days), tuple(shares))


def _table(subject: Subject) -> Table:
    return usage_days if subject.whose is Whose.PERSON else usage_sums


def _by(
    subject: Subject, days: Sequence[str]
) -> "tuple[ColumnElement[str], ColumnElement[int], ColumnElement[bool]]":
    """By whom or what a subject's days are told apart, what each took, and which rows they are."""
    if subject.whose is Whose.PERSON:
        name, which = usage_days.c.model, usage_days.c.person == subject.id
    else:
        name, which = usage_sums.c.name, _in_scope(subject, "person")
    columns = _table(subject).c
    within = and_(which, columns.day >= days[0], columns.day <= days[-1])
    return name, columns.prompt + columns.completion, within


def _in_scope(subject: Subject, kind: str) -> ColumnElement[bool]:
    return and_(usage_sums.c.scope == subject.id, usage_sums.c.kind == kind)


def _within(column: Any, place: str) -> ColumnElement[bool]:
    """Whatever is in a place: a range of names, which an index finds."""
    return and_(column >= f"{place}/", column < f"{place}0")


def _models(subject: Subject, today: Since, month: Since) -> "Select[Any]":
    columns = _table(subject).c
    model, which = usage_sums.c.name, _in_scope(subject, "model")
    if subject.whose is Whose.PERSON:
        model, which = usage_days.c.model, usage_days.c.person == subject.id
    is_today = columns.day >= today.day
    return (
        select(
            model.label("model"),
            is_today.label("is_today"),
            func.sum(columns.prompt).label("read"),
            func.sum(columns.cached).label("cached"),
            func.sum(columns.completion).label("written"),
            func.sum(columns.cost).label("cost"),
            func.sum(columns.estimated).label("estimated"),
        )
        .where(which, columns.day >= month.day)
        .group_by(model, is_today)
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
    return select(func.count().filter(at >= today.moment), func.count()).where(
        at >= month.moment, _asked_by(subject)
    )


def _asked_by(subject: Subject) -> ColumnElement[bool]:
    if subject.whose is Whose.PERSON:
        platform, _, asker = subject.id.partition("/")
        return and_(questions.c.asker == asker, _within(questions.c.conversation, platform))
    return _within(questions.c.conversation, subject.id)


def _liked(subject: Subject, today: Since, month: Since) -> "Select[Any]":
    """How people liked the answers: a person's own, or those given in a place."""
    is_today = ratings.c.rated_at >= today.moment
    good = ratings.c.good == 1
    if subject.whose is Whose.PERSON:
        theirs = select(questions.c.reply).where(_asked_by(subject))
        counted = select().select_from(ratings).where(ratings.c.reply.in_(theirs))
    else:
        joined = ratings.join(replies, replies.c.id == ratings.c.reply)
        counted = select().select_from(joined).where(_within(replies.c.conversation, subject.id))
    return counted.add_columns(
        func.count().filter(is_today, good).label("good_today"),
        func.count().filter(is_today).label("all_today"),
        func.count().filter(good).label("good_month"),
        func.count().label("all_month"),
    ).where(ratings.c.rated_at >= month.moment)
