"""What the page shows of costs: a span of days, and what is left of the budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bots.console import bars, figures
from bots.console.bars import Bar, Column, Picture
from core.prices import NANO
from core.spending import SEPARATOR, Period, SpendingLimit, described
from core.store.account import Entry
from core.store.costs import BY, Costs, Counter, Span, costs, counters
from core.store.ledger import Unit
from core.store.reader import Connection

LISTED = 50
"""Rows of the table; all others stand together below them."""

DRAWN = 7
"""Names with a colour of their own."""

REST = DRAWN
"""The number of the colour that all others share."""

SPANS = (7, 30, 90)
"""Days that can be chosen at once."""

LONGEST = 366
"""Days of a span, at most."""

MOST_ENTRIES = 100_000
"""Rows of a table for a spreadsheet."""

COUNTERS = 20
"""Budgets that are shown, the fullest first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants to see: which days, by what, and narrowed to what.

    `wrong` is what could not be understood of it; the rest holds.
    """

    by: str
    span: Span
    wrong: str = ""

    @property
    def days(self) -> Sequence[str]:
        """All days of the span."""
        first, last = date.fromisoformat(self.span.since), date.fromisoformat(self.span.until)
        return [(first + timedelta(n)).isoformat() for n in range((last - first).days + 1)]

    def query(self, **changes: str) -> dict[str, str]:
        """What stands in the address of the same choice, but for this; "" takes something away."""
        now = {"by": self.by, "since": self.span.since, "until": self.span.until, **self.span.only}
        return {name: value for name, value in {**now, **changes}.items() if value}


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit and what is used of it, in words, and as a part of a hundred."""

    whose: str
    period: str
    used: str
    of: str
    left: str
    exactly: str
    percent: float


@dataclass(frozen=True, slots=True)
class Bill:
    """All that the page shows of a span."""

    choice: Choice
    costs: Costs
    picture: Picture
    budgets: Sequence[Budget]
    limits: Sequence[str]

    @property
    def others(self) -> int:
        """How many of the kind have no row of their own."""
        return self.costs.number - len(self.costs.dearest)

    @property
    def rest(self) -> int:
        """What these took, in nano-dollars."""
        return self.costs.total.cost - sum(entry.cost for entry in self.costs.dearest)


def chosen(query: Mapping[str, str], today: date) -> Choice:
    """Read from an address what somebody wants to see."""
    by = query.get("by", BY[0])
    only = {kind: query[kind][:200] for kind in BY if query.get(kind)}
    wrong = [] if by in BY else [f"There is no {by[:40]!r} to tell costs apart by."]
    by = by if by in BY else BY[0]
    try:
        until = date.fromisoformat(query.get("until") or today.isoformat())
        first = (until - timedelta(SPANS[1] - 1)).isoformat()
        since = date.fromisoformat(query.get("since") or first)
    except (ValueError, OverflowError):
        wrong.append("A day is written as 2026-11-28.")
        until, since = today, today - timedelta(SPANS[1] - 1)
    if since > until:
        since, until = until, since
    if (until - since).days >= LONGEST:
        wrong.append(f"At most {LONGEST} days are shown: these are the last ones.")
        since = until - timedelta(LONGEST - 1)
    return Choice(by, Span(since.isoformat(), until.isoformat(), only), " ".join(wrong))


def bill(
    connection: Connection, choice: Choice, limits: Sequence[SpendingLimit], now: float
) -> Bill:
    """Read what a choice comes to."""
    found = costs(connection, choice.by, choice.span, listed=LISTED, drawn=DRAWN)
    used = counters(connection, now, COUNTERS)
    return Bill(
        choice,
        found,
        picture(choice, found),
        [budget(one) for one in used],
        list(described(limits)),
    )


def picture(choice: Choice, found: Costs) -> Picture:
    """The bars of a span, one for a day."""
    colours = {name: number for number, name in enumerate(found.drawn)}
    others = found.number - len(found.drawn)
    names = [*colours.items()]
    if others > 0:
        colours[""] = REST
        names.append((f"{others} more", REST))
    columns = [Column(_label(day, choice), day, found.days.get(day, {})) for day in choice.days]
    top = bars.top_of(bars.greatest(columns))
    drawn = [
        Bar(
            column.label,
            figures.day(column.title),
            _rows(column, colours, others),
            bars.bar(number, column, colours, top),
            figures.money(sum(column.amounts.values())),
        )
        for number, column in enumerate(columns)
    ]
    scale = [_tick(top * step / bars.STEPS) for step in range(bars.STEPS, -1, -1)]
    total = figures.money(found.total.cost)
    about = f"Costs by day, {choice.span.since} to {choice.span.until}: {total} in all."
    return Picture(drawn, scale, names, about)


def _rows(
    column: Column, colours: Mapping[str, int], others: int
) -> Sequence[tuple[str, str, int]]:
    """What a bar is made of, dearest first, as its reader is told."""
    amounts = sorted(column.amounts.items(), key=lambda item: -item[1])
    return [
        (name or f"{others} more", figures.money(amount), colours.get(name, REST))
        for name, amount in amounts
        if amount
    ]


def _label(day: str, choice: Choice) -> str:
    """The day below a bar: of few each, of many the first of each week or month."""
    at, days = date.fromisoformat(day), len(choice.days)
    marked = days <= 10 or (at.weekday() == 0 if days <= 100 else at.day == 1)
    return f"{at:%-d %b}" if marked else ""


def _tick(nano: float) -> str:
    amount = nano / NANO
    if not amount:
        return "$0"
    return f"${amount:,.0f}" if amount >= 10 else f"${amount:.3g}"


def budget(counter: Counter) -> Budget:
    """A counter as people read it."""
    period, since, unit, kind, id_ = counter.key.split(SEPARATOR)
    in_dollars = unit == Unit.USD

    def words(amount: int) -> str:
        return figures.money(amount) if in_dollars else f"{figures.short(amount)} tokens"

    used = counter.spent + counter.reserved
    exactly = figures.exactly(used) if in_dollars else f"{used:,} tokens"
    reserved = f", {words(counter.reserved)} of it reserved" if counter.reserved else ""
    return Budget(
        f"{kind} {id_}".strip() if id_ else "everybody together",
        f"{date.fromisoformat(since):{'%-d %b %Y' if period == Period.DAY else '%B %Y'}}",
        words(used),
        words(counter.amount),
        words(max(0, counter.amount - used)),
        exactly + reserved,
        min(100.0, 100.0 * used / max(1, counter.amount)),
    )


def entries(connection: Connection, choice: Choice) -> Sequence[Entry]:
    """Every row of a choice, the dearest first."""
    return costs(connection, choice.by, choice.span, listed=MOST_ENTRIES, drawn=0).dearest


def today(now: float, zone: ZoneInfo) -> date:
    """The day that it is where the bot's days begin."""
    return datetime.fromtimestamp(now, zone).date()


def spans(today: date) -> dict[str, dict[str, str]]:
    """What can be chosen at once: its name, and what stands in its address."""
    found = {
        f"{days} days": {
            "since": (today - timedelta(days - 1)).isoformat(),
            "until": today.isoformat(),
        }
        for days in SPANS
    }
    found["This month"] = {"since": today.replace(day=1).isoformat(), "until": today.isoformat()}
    return found
