"""What a span of days has cost, for operators: by day, and by person, channel or model.

Nothing here reads single calls: they are added up by day when they are written down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, and_, case, distinct, func, select

from core.store.account import GROUPS, SUMS, Entry
from core.store.schema import spending, usage_days

BY = ("person", "channel", "model")
"""By what a span can be told apart, and to what it can be narrowed."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one day to another, both included; `only` these, by what they are."""

    since: str
    until: str
    only: Mapping[str, str] = field(default_factory=dict)

    @property
    def which(self) -> ColumnElement[bool]:
        """The rows of it."""
        day = usage_days.c.day
        narrowed = (GROUPS[kind] == name for kind, name in self.only.items())
        return and_(day >= self.since, day <= self.until, *narrowed)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a span took: the dearest of its kind, how many there are of them, and all together.

    `days` has nano-dollars by day, and there by name, for `drawn`, the very dearest; what all
    others took stands under the empty name.
    """

    dearest: Sequence[Entry]
    number: int
    total: Entry
    drawn: Sequence[str]
    days: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Counter:
    """What is used of a limit in its day or month; `key` as `core.spending` makes it."""

    key: str
    unit: str
    amount: int
    spent: int
    reserved: int
    ends: float


def costs(connection: Connection, by: str, span: Span, *, listed: int, drawn: int) -> Costs:
    """What a span took by person, channel or model: so many in the list, and in the picture."""
    name = GROUPS[by]
    sums = [func.coalesce(func.sum(usage_days.c[one]), 0).label(one) for one in SUMS]
    tokens = func.sum(usage_days.c.prompt + usage_days.c.completion)
    ranked = (
        select(name.label("name"), *sums)
        .where(span.which)
        .group_by(name)
        .order_by(func.sum(usage_days.c.cost).desc(), tokens.desc(), name)
        .limit(listed)
    )
    together = select(func.count(distinct(name)).label("number"), *sums).where(span.which)
    dearest = [Entry(**row) for row in connection.execute(ranked).mappings()]
    total = dict(connection.execute(together).mappings().one())
    number = total.pop("number")
    names = [entry.name for entry in dearest[:drawn]]
    return Costs(
        dearest, number, Entry("total", **total), names, _days(connection, name, names, span)
    )


def _days(
    connection: Connection, name: ColumnElement[str], names: Sequence[str], span: Span
) -> dict[str, dict[str, int]]:
    day, who = usage_days.c.day, case((name.in_(names), name), else_="").label("who")
    query = (
        select(day, who, func.sum(usage_days.c.cost).label("cost"))
        .where(span.which)
        .group_by(day, who)
        .order_by(day)
    )
    found: dict[str, dict[str, int]] = {}
    for row in connection.execute(query):
        found.setdefault(row.day, {})[row.who] = row.cost
    return found


def counters(connection: Connection, now: float, most: int) -> tuple[Counter, ...]:
    """The limits of which something is used now, the fullest first."""
    used = spending.c.spent + spending.c.reserved
    query = (
        select(*(spending.c[name] for name in Counter.__dataclass_fields__))
        .where(spending.c.ends > now, used > 0)
        .order_by((used * 1.0 / func.max(spending.c.amount, 1)).desc(), spending.c.key)
        .limit(most)
    )
    return tuple(Counter(**row) for row in connection.execute(query).mappings())
