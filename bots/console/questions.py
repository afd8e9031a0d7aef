"""What the page shows of questions: which were slow, which failed, and all of one of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bots.console import bars
from bots.console.bars import Bar, Column, Picture
from core.running import WHOLE
from core.store.asked import Asked, Order, Record, Wanted, listed, outcomes, record
from core.store.reader import Connection

LISTED = 50
"""Questions of one page, at most."""

SPANS = {"1h": 3600.0, "24h": 86_400.0, "7d": 7 * 86_400.0, "30d": 30 * 86_400.0}
"""How far one can look back, in seconds."""

BARS = {"1h": 60, "24h": 48, "7d": 56, "30d": 60}
"""Into how many bars that is told apart."""

PLATFORMS = ("slack", "discord")

ANSWERED, ENDED, FAILED, OPEN = "answered", "ended by people", "not answered", "open"
"""What can become of a question, in the order in which bars show it."""

KINDS = (ANSWERED, ENDED, FAILED, OPEN)
COLOURS = {ANSWERED: 10, ENDED: 11, FAILED: 12, OPEN: 13}

BY_PEOPLE = frozenset({"stopped", "withdrawn", "superseded", "deleted", "stop"})
"""Outcomes that somebody wanted: a question that was stopped, edited or taken away."""

FAILURES = "failed"
"""In an address: whatever came to nothing, for whichever reason."""

ABOUT = (
    ("messages_seen", "Messages the model has seen"),
    ("left_out", "Messages left out for want of room"),
    ("condensed", "Messages condensed"),
    ("characters", "Characters shown"),
    ("messages", "Messages it takes"),
)
"""What is shown of how a reply came about; names of files are people's words, and are not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which questions somebody wants to see: since when, in which order, with which outcome."""

    span: str
    order: Order
    outcome: str
    platform: str

    def query(self, **changes: str) -> dict[str, str]:
        """What stands in the address of the same choice, but for this; "" takes something away."""
        now = {
            "span": self.span,
            "order": str(self.order),
            "outcome": self.outcome,
            "platform": self.platform,
        }
        return {name: value for name, value in {**now, **changes}.items() if value}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many questions had an outcome, and what kind of one it is."""

    word: str
    kind: str
    many: int


@dataclass(frozen=True, slots=True)
class Listing:
    """All that the page shows of the questions of a span."""

    choice: Choice
    asked: Sequence[Asked]
    outcomes: Sequence[Outcome]
    picture: Picture

    def many(self, kind: str = "") -> int:
        """How many questions there were of a kind, or in all."""
        return sum(one.many for one in self.outcomes if kind in ("", one.kind))


def kind_of(outcome: str) -> str:
    """What an outcome means."""
    if not outcome:
        return OPEN
    if outcome in WHOLE:
        return ANSWERED
    return ENDED if outcome in BY_PEOPLE else FAILED


def chosen(query: Mapping[str, str]) -> Choice:
    """Read from an address what somebody wants to see; what nobody understands is left out."""
    span, order, platform = (query.get(name, "") for name in ("span", "order", "platform"))
    return Choice(
        span if span in SPANS else "24h",
        Order(order) if order in tuple(Order) else Order.NEWEST,
        query.get("outcome", "")[:60],
        platform if platform in PLATFORMS else "",
    )


def listing(connection: Connection, choice: Choice, now: float, zone: ZoneInfo) -> Listing:
    """Read the questions of a choice."""
    seconds = SPANS[choice.span]
    everything = Wanted(now - seconds, None, choice.platform)
    bucket = seconds / BARS[choice.span]
    found = outcomes(connection, everything, bucket)
    wanted = Wanted(everything.since, _outcomes(choice.outcome, found), choice.platform)
    asked = listed(connection, wanted, choice.order, now, LISTED)
    ended = [Outcome(word, kind_of(word), sum(parts.values())) for word, parts in found.items()]
    ended.sort(key=lambda one: (KINDS.index(one.kind), -one.many, one.word))
    return Listing(choice, asked, ended, picture(found, everything.since, bucket, choice, zone))


def one(connection: Connection, key: str) -> Record | None:
    """Read all of one question."""
    return record(connection, key)


def _outcomes(wanted: str, found: Collection[str]) -> Collection[str] | None:
    if not wanted:
        return None
    if wanted == FAILURES:
        return [word for word in found if kind_of(word) == FAILED]
    return [""] if wanted == OPEN else [wanted]


def picture(
    found: Mapping[str, Mapping[int, int]],
    since: float,
    bucket: float,
    choice: Choice,
    zone: ZoneInfo,
) -> Picture:
    """How many questions were asked when, and what became of them."""
    columns = [
        Column(_label(n, at, choice), _title(at, bucket), _amounts(found, n))
        for n in range(BARS[choice.span])
        for at in (datetime.fromtimestamp(since + n * bucket, zone),)
    ]
    top = bars.top_of_counts(bars.greatest(columns))
    drawn = [
        Bar(
            column.label,
            column.title,
            [(kind, f"{n:,}", COLOURS[kind]) for kind, n in column.amounts.items() if n],
            bars.bar(number, column, COLOURS, top),
            f"{sum(column.amounts.values()):,}",
        )
        for number, column in enumerate(columns)
    ]
    scale = [f"{top * step / bars.STEPS:g}" for step in range(bars.STEPS, -1, -1)]
    there = {kind for column in columns for kind, many in column.amounts.items() if many}
    names = [(kind, COLOURS[kind]) for kind in KINDS if kind in there]
    many = sum(sum(column.amounts.values()) for column in columns)
    return Picture(drawn, scale, names, f"Questions of the last {choice.span}: {many:,} in all.")


def _amounts(found: Mapping[str, Mapping[int, int]], number: int) -> Mapping[str, int]:
    amounts = dict.fromkeys(KINDS, 0)
    for outcome, parts in found.items():
        amounts[kind_of(outcome)] += parts.get(number, 0)
    return amounts


def _title(begins: datetime, seconds: float) -> str:
    return f"{begins:%a %-d %b %H:%M} to {begins + timedelta(seconds=seconds):%H:%M}"


def _label(number: int, begins: datetime, choice: Choice) -> str:
    every = BARS[choice.span] // (7 if choice.span == "7d" else 6)
    if number % every:
        return ""
    return f"{begins:%H:%M}" if choice.span in ("1h", "24h") else f"{begins:%-d %b}"
