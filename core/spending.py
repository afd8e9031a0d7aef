"""What may be spent, by whom and where: limits, and the one door that every model call passes.

Each limit that applies has a counter in the database for each of its days or months. Before a
call its worst case is reserved in all of them, in one transaction; afterwards that is replaced
by what it has cost. So a hundred questions in one instant cannot overshoot together.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from core.errors import BudgetSpent, StoreFailed
from core.limits import BudgetEntry
from core.messages import Question
from core.prices import NANO, Price, Prices, dollars
from core.store.calls import Call
from core.store.ledger import Held, Ledger, Line, Taken, Unit
from core.store.patience import loudness, write_in_the_end
from core.words import Notice

log = structlog.get_logger()

LEAST_ANSWER = 1024
"""Tokens: where a budget is nearly spent, an answer is made shorter, but not shorter than this."""

SWEEP = 10.0
"""Seconds between two looks for what dead processes have reserved."""

FORGETS = 3600.0
"""Seconds between two times that old counters are forgotten, which every writer waits for."""

LEVELS = (50, 80, 100)
"""Parts of a budget, in per cent, at which its operator is told."""

SEPARATOR = "|"
"""Between the parts of a counter's key; no platform has it in an id."""

KEPT = 86_400.0
"""Seconds after their end for which counters are kept: longer than any call lasts."""


class Kind(StrEnum):
    """Whose a budget is."""

    DEPLOYMENT = "deployment"
    WORKSPACE = "workspace"
    CHANNEL = "channel"
    PERSON = "person"
    ROLE = "role"
    GROUP = "group"


class Period(StrEnum):
    """How long a budget has to last."""

    DAY = "day"
    MONTH = "month"

    def begins(self, now: datetime) -> datetime:
        """When the period began in which this moment lies."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        return midnight if self is Period.DAY else midnight.replace(day=1)

    def ends(self, now: datetime) -> datetime:
        """When the next one begins."""
        well_within = timedelta(hours=36) if self is Period.DAY else timedelta(days=32)
        return self.begins(self.begins(now) + well_within)


@dataclass(frozen=True, slots=True)
class SpendingLimit:
    """How much may be used in a period; without `id` by each one of its kind.

    `amount` is in nano-dollars or tokens.
    """

    kind: Kind
    unit: Unit
    amount: int
    period: Period = Period.DAY
    id: str = ""


@dataclass(frozen=True, slots=True)
class Spender:
    """Who asks, and where; `groups` are those of the limits that they belong to."""

    platform: str
    workspace: str
    channel: str
    person: str
    groups: frozenset[str] = frozenset()

    @classmethod
    def of(cls, question: Question, groups: Iterable[str] = ()) -> "Spender":
        """Who asks a question."""
        where, who = question.conversation, question.asker.id
        return cls(where.platform, where.workspace, where.channel, who, frozenset(groups))

    @property
    def name(self) -> str:
        """The person, as limits and the ledger have it."""
        return f"{self.platform}/{self.person}"

    @property
    def place(self) -> str:
        """The channel, as limits and the ledger have it."""
        return f"{self.platform}/{self.workspace}/{self.channel}"

    def ids(self, kind: Kind) -> frozenset[str]:
        """Under which ids limits of a kind know this spender."""
        match kind:
            case Kind.DEPLOYMENT:
                return frozenset({""})
            case Kind.WORKSPACE:
                return frozenset({f"{self.platform}/{self.workspace}"})
            case Kind.CHANNEL:
                return frozenset({self.place})
            case Kind.PERSON:
                return frozenset({self.name})
            case Kind.ROLE | Kind.GROUP:
                return self.groups


def applying(
    limits: Iterable[SpendingLimit], spender: Spender
) -> Iterator[tuple[str, SpendingLimit]]:
    """The limits that hold for a spender, each with the id for which it counts.

    One that names somebody stands in the place of that which holds for each of the kind.
    """
    named = {(one.kind, one.unit, one.period, one.id) for one in limits if one.id}
    for limit in limits:
        for id_ in spender.ids(limit.kind):
            if limit.id == id_ or (
                not limit.id and (limit.kind, limit.unit, limit.period, id_) not in named
            ):
                yield id_, limit


def granted(
    left: Sequence[tuple[Line, int]], price: Price, prompt: int, *, wanted: int, least: int
) -> Taken | Line:
    """What of these budgets a call takes at most; or that in which there is too little left.

    The answer may have as many tokens as is wanted and as every budget affords.
    """
    money, answer = price.at_most(prompt), wanted
    for line, rest in left:
        if line.amount <= 0:
            return line
        if line.unit is Unit.TOKENS:
            affords: int | None = rest - prompt
        else:
            affords = price.affords(rest - money) if rest >= money else -1
        if affords is not None and affords < least:
            return line
        answer = answer if affords is None else min(answer, affords)
    return Taken(answer, money + price.answers(answer), prompt + answer)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Room for one call at an endpoint: an answer of so many tokens at most."""

    answer_tokens: int
    base_url: str
    held: Held | None = None


class Spending:
    """Reserves before each call of a model, and settles after it.

    `clock` gives seconds since 1970; days and months are those of `zone`. `contact` is whom
    people ask for more. `tell` gives the operator a sentence, where they have chosen a place.
    """

    def __init__(
        self,
        ledger: Ledger,
        prices: Prices,
        limits: Sequence[SpendingLimit] = (),
        *,
        clock: Callable[[], float],
        zone: ZoneInfo,
        contact: str = "",
    ) -> None:
        self._ledger = ledger
        self._prices = prices
        self.limits = tuple(limits)
        self._clock = clock
        self._zone = zone
        self._contact = contact
        self._tasks: asyncio.TaskGroup | None = None
        self.tell: Callable[[Notice], Coroutine[Any, Any, None]] | None = None

    def groups_of(self, question: Question) -> frozenset[str]:
        """The roles and groups of a question's workspace that limits name."""
        where = question.conversation
        workspace = f"{where.platform}/{where.workspace}/"
        named = (one.id for one in self.limits if one.kind in (Kind.ROLE, Kind.GROUP))
        return frozenset(id_ for id_ in named if id_.startswith(workspace))

    async def refusal(self, spender: Spender) -> Notice | None:
        """Why nothing more can be asked now; None when something is left. Raises `StoreFailed`."""
        lines = self._lines(spender)
        for line, left in await self._ledger.left(list(lines)):
            if left <= 0:
                await self._tell_refused(line.key)
                return self._spent(lines[line]).sentence
        return None

    async def reserve(
        self, spender: Spender, call: Call, *, answer: int, firm: bool = False, base_url: str = ""
    ) -> Reservation:
        """Room for a call at an address (as for `Prices`), with `call.prompt_tokens` at most.

        Where a budget is nearly spent the answer gets less room than it wants, unless it is
        `firm`, and no less than `LEAST_ANSWER`. Raises `BudgetSpent` and `StoreFailed`.
        """
        lines = self._lines(spender)
        if not lines:
            return Reservation(answer, base_url)
        grant = partial(
            granted,
            price=self._prices.of(call.model, base_url, prompt=call.prompt_tokens),
            prompt=call.prompt_tokens,
            wanted=answer,
            least=answer if firm else min(LEAST_ANSWER, answer),
        )
        reserving = asyncio.ensure_future(self._ledger.reserve(list(lines), call, grant))
        try:
            found = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            # What it takes would stay taken: it is seen through, and given back.
            reserving.add_done_callback(self._give_back)
            raise
        if isinstance(found, Line):
            await self._tell_refused(found.key)
            ((_, left),) = await self._ledger.left([found])
            raise self._spent(lines[found], left=left > 0)
        return Reservation(found.taken.answer_tokens, base_url, found)

    def priced(self, call: Call, base_url: str = "") -> Call:
        """A call at an address (as for `Prices`), with what it costs."""
        price = self._prices.of(call.model, base_url, prompt=call.prompt_tokens)
        return replace(call, cost=price.cost(call.usage))

    async def settle(self, reservation: Reservation, call: Call) -> None:
        """Write down what a call has used, and free what it had reserved; tried until it is."""
        counted = self.priced(call, reservation.base_url)
        for key, level in await write_in_the_end(
            lambda: self._ledger.settle(counted, self._day(call), reservation.held, LEVELS),
            reply=call.reply,
        ):
            of, period, since = _parts(key)
            self._tell(Notice("budget_level", percent=level, of=of, period=period, since=since))

    async def free(self, reservation: Reservation) -> None:
        """The call was never made: free what it had reserved."""
        if held := reservation.held:
            await write_in_the_end(lambda: self._ledger.free(held), reservation=held.id)

    async def keep(self) -> None:
        """Settle the calls of dead processes, and forget old counters, until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(_every(SWEEP, self._sweep))
            await _every(FORGETS, self._forget)

    async def _sweep(self) -> None:
        """Settle the calls of dead processes: each has cost what it had reserved.

        How much of its answer had come nobody knows any more, and a budget is to hold whatever
        was billed.
        """
        for held, call in await self._ledger.orphans():
            log.warning(
                "the call of a process that died is charged with all that it had reserved",
                reply=call.reply,
                usd=dollars(held.taken.usd),
            )
            died = replace(
                call,
                outcome="died",
                completion_tokens=held.taken.answer_tokens,
                cost=held.taken.usd,
                estimated=True,
            )
            await self._ledger.bury(died, self._day(call), held)

    async def _forget(self) -> None:
        await self._ledger.forget(self._clock() - KEPT)

    def _give_back(self, reserving: "asyncio.Task[Held | Line]") -> None:
        if reserving.cancelled() or reserving.exception():
            return
        if isinstance(held := reserving.result(), Held):
            self._start(write_in_the_end(lambda: self._ledger.free(held), reservation=held.id))

    async def left(self) -> list[tuple[SpendingLimit, int]]:
        """What is left now of each budget of the deployment and of a workspace that is named.

        In nano-dollars or tokens; it may be less than nothing. Raises `StoreFailed`.
        """
        few = (one for one in self.limits if one.kind is Kind.DEPLOYMENT or _is_a_workspace(one))
        lines = {self._line(limit, limit.id): limit for limit in few}
        return [(lines[line], left) for line, left in await self._ledger.left(list(lines))]

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Own a task. None begins in a shutdown; what is reserved then is freed by another."""
        try:
            if self._tasks is not None:
                self._tasks.create_task(work)
                return
        except RuntimeError:
            pass
        work.close()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), self._zone)

    def _day(self, call: Call) -> str:
        return datetime.fromtimestamp(call.begun_at, self._zone).date().isoformat()

    def _lines(self, spender: Spender) -> dict[Line, SpendingLimit]:
        """The counters of the limits that hold for a spender, those of now."""
        return {self._line(limit, id_): limit for id_, limit in applying(self.limits, spender)}

    def _line(self, limit: SpendingLimit, id_: str) -> Line:
        now = self._now()
        since = limit.period.begins(now).date().isoformat()
        key = SEPARATOR.join((limit.period, since, limit.unit, limit.kind, id_))
        return Line(key, limit.unit, limit.amount, limit.period.ends(now).timestamp())

    def _spent(self, limit: SpendingLimit, *, left: bool = False) -> BudgetSpent:
        now = self._now()
        seconds = limit.period.ends(now).timestamp() - now.timestamp()
        return BudgetSpent(
            limit.kind, limit.period, seconds, str(self._zone), self._contact, left=left
        )

    async def _tell_refused(self, key: str) -> None:
        """A budget has refused a question: that is the last level, which is told once, too."""
        if self.tell is not None and await self._ledger.reached(key, LEVELS[-1]):
            of, period, since = _parts(key)
            self._tell(Notice("budget_refuses", of=of, period=period, since=since))

    def _tell(self, notice: Notice) -> None:
        """Tell the operator something, where they have chosen a place for it."""
        if self.tell is not None:
            self._start(self.tell(notice))


def _is_a_workspace(limit: SpendingLimit) -> bool:
    return limit.kind is Kind.WORKSPACE and limit.id != ""


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do something at once and then again and again, until cancelled."""
    while True:
        try:
            await work()
        except StoreFailed as error:
            log.log(loudness(error), "reservations not looked through", error=str(error))
        await asyncio.sleep(seconds)


def _parts(key: str) -> tuple[str, str, str]:
    """Whose a counter is, how long it counts, and since when."""
    period, since, _, kind, id_ = key.split(SEPARATOR)
    return f"{kind} {id_}".strip(), period, since


def described(limits: Iterable[SpendingLimit]) -> Iterator[str]:
    """Each limit as an operator reads it."""
    for one in limits:
        amount = (
            f"{one.amount:,} tokens" if one.unit is Unit.TOKENS else f"{dollars(one.amount)} USD"
        )
        whose = one.id or ("everybody together" if one.kind is Kind.DEPLOYMENT else "each")
        yield f"{one.kind} ({whose}): {amount} a {one.period}"


def _person(id_: str) -> str:
    """A person's id as the ledger has it: without the workspace, since no two share an id."""
    platform, _, rest = id_.partition("/")
    return f"{platform}/{rest.rpartition('/')[2]}" if rest else id_


def limits_of(
    budgets: Iterable[BudgetEntry], usd_per_day: float | None, usd_per_person: float | None
) -> list[SpendingLimit]:
    """The limits of LIMITS_FILE, with the two that are settings; None is no limit."""
    found = [
        SpendingLimit(
            Kind(one.of),
            Unit.USD if one.usd is not None else Unit.TOKENS,
            one.tokens if one.usd is None else round(one.usd * NANO),  # type: ignore[arg-type]
            Period(one.per),
            _person(one.id) if one.of == "person" else one.id,
        )
        for one in budgets
    ]
    for kind, usd in ((Kind.DEPLOYMENT, usd_per_day), (Kind.PERSON, usd_per_person)):
        if usd is not None:
            found.append(SpendingLimit(kind, Unit.USD, round(usd * NANO)))
    return found
