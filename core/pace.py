"""The governor: what the platforms allow, shared out among all conversations.

Adapters describe what a platform counts as a `Budget`; whoever wants to send asks the
governor for a `Ticket` and waits until it is granted. The arithmetic is `core.budget`'s;
the waiting is one timer for all.
"""

import asyncio
import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import structlog

from core.budget import Allowance, Bucket, Budget, Budgets, Cut, Level, Way, Window
from core.sharing import TYPICAL, Growth, Shared

log = structlog.get_logger()

LEFT = 0.5
"""The part of a budget that is left to what may come any moment: of one with a reserve by signs
to texts, and of any by what was said in the past to what is asked now."""

AT_ONCE = 8
"""Requests that are let go in one turn of the event loop: each takes it a few milliseconds."""

BREATH = 0.01
"""Seconds until the next ones."""

ENOUGH = 2.0
"""Interim edits that a reply can expect, from which on its first text is shown at once."""


class Urgency(IntEnum):
    """Who goes first when a budget is short."""

    LAST = 0  # the edit or post that completes a reply
    FIRST = 1  # the first text of a reply, a refusal, a notice
    SIGN = 2  # a status, a reaction, typing
    READ = 3  # history, names of people
    PAGE = 4  # a message is full, or a reply that can be seen begins another one
    INTERIM = 5  # an edit that a newer one will replace
    PAST = 6  # reading what was said while nobody listened


MODEST = frozenset({Urgency.SIGN, Urgency.PAST})
"""Who holds itself back, and stands in nobody's way by that."""


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that waits for its turn.

    One that begins a message has `ways` to choose from, and `growth` takes the chosen one.
    `last` is what a request is counted against once there is no more to come.
    """

    budgets: Budgets
    urgency: Urgency
    order: int
    asked: float
    lag: Callable[[float], float] | None
    last: Budgets
    ways: Sequence[Way]
    growth: Growth | None
    _granted: "asyncio.Future[None]"
    _governor: "Governor"
    way: Way | None = None

    async def granted(self) -> None:
        """Wait for the turn; once it has come, the request is counted as sent."""
        try:
            await self._granted
        except asyncio.CancelledError:
            self._governor.forget(self)
            raise

    def hurry(self, urgency: Urgency) -> None:
        """What waits to be shown has become as urgent as that; a granted ticket stays."""
        if not self._granted.done() and urgency < self.urgency:
            self.urgency = urgency
            self._governor.share_out()

    def complete(self, urgency: Urgency) -> None:
        """What waits to be shown is complete, and as urgent as that; a granted ticket stays."""
        if not self._granted.done():
            self.urgency = min(self.urgency, urgency)
            self.budgets, self.ways, self.growth = self.last, (), None
            self._governor.share_out()

    def rank(self, now: float) -> tuple[int, float, int]:
        """Sort key: urgency, then the greatest lag, then who came first."""
        return self.urgency, -self.lag(now) if self.lag else 0.0, self.order

    @property
    def waits(self) -> bool:
        """Whether the turn has not come yet."""
        return not self._granted.done()

    def grant(self) -> None:
        """The turn has come."""
        self._granted.set_result(None)


@dataclass(slots=True)
class _Round:
    """One pass over all who wait: who blocks what, and when to look again."""

    now: float
    awaited: set[str] = field(default_factory=set)
    again: float = math.inf
    granted: int = 0

    def blocked(self, budgets: Budgets) -> bool:
        """Whether somebody more urgent waits for one of these."""
        return _any(budgets, self.awaited)

    def look_again_in(self, seconds: float) -> None:
        """Look again after so many seconds, if not before."""
        self.again = min(self.again, self.now + seconds)


def _any(budgets: Budgets, keys: set[str]) -> bool:
    """Whether one of the budgets has one of these keys."""
    return any(budget.key in keys for budget in budgets)


class Memory(Protocol):
    """What outlives the process: how far budgets were cut."""

    def get(self, key: str) -> Cut | None:
        """The cut of a budget, if it was ever refused."""

    def put(self, key: str, cut: Cut) -> None:
        """Remember a cut. Never waits."""


class Governor:
    """Shares out what the platforms allow, among all conversations of the process.

    Of those who wait for the same budget the most urgent goes first, then the one
    whose `lag` is greatest, then who asked first. Nobody overtakes somebody more
    urgent on a budget for which that one waits.

    `let_go` and `refusals` (429s) count requests by the kind of their budgets.
    """

    def __init__(self, clock: Callable[[], float], cuts: Memory | None = None) -> None:
        self._clock = clock
        self._cuts = cuts
        self._allowances: dict[str, Allowance] = {}
        self._shared: dict[str, Shared] = {}
        self._tickets: set[Ticket] = set()
        self._awaited: set[str] = set()
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._swept = 1024
        self.let_go: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()

    def ask(
        self,
        budgets: Budgets,
        urgency: Urgency,
        lag: Callable[[float], float] | None = None,
        last: Budgets | None = None,
    ) -> Ticket:
        """Stand in line for one request against all these budgets.

        With `last`, for an interim edit that counts against these if there comes to be no more.
        """
        ticket = self._ticket(budgets, urgency, lag)
        ticket.last = budgets if last is None else last
        # Where others wait already, there is nothing for one more that can wait.
        if not (urgency is Urgency.INTERIM and _any(budgets, self._awaited)):
            self.share_out()
        return ticket

    def begin(
        self,
        ways: Sequence[Way],
        growth: Growth,
        last: Budgets,
        urgency: Urgency = Urgency.FIRST,
        lag: Callable[[float], float] | None = None,
    ) -> Ticket:
        """Stand in line for the request that begins a message that will grow.

        The way in which most interim edits can be expected is taken as `ticket.way`. None
        is taken while no last edit would be left, or while updates would come so seldom
        that the first one should have more to show. What is complete before is counted
        against `last`.
        """
        ticket = self._ticket(last, urgency, lag)
        ticket.ways, ticket.growth = ways, growth
        self.share_out()
        return ticket

    def _ticket(
        self, budgets: Budgets, urgency: Urgency, lag: Callable[[float], float] | None
    ) -> Ticket:
        granted = asyncio.get_running_loop().create_future()
        order, asked = next(self._order), self._clock()
        ticket = Ticket(budgets, urgency, order, asked, lag, budgets, (), None, granted, self)
        self._tickets.add(ticket)
        return ticket

    async def turn(
        self, budgets: Budgets, urgency: Urgency, lag: Callable[[float], float] | None = None
    ) -> None:
        """Wait until one request may be sent against all these budgets, and count it."""
        await self.ask(budgets, urgency, lag).granted()

    def go_on(self, growth: Growth, way: Way) -> None:
        """A reply goes on in another way than it began."""
        if growth.way != way:
            since = growth.since if growth.way else self._clock()
            self._leave(growth)
            self._take(growth, way, since)

    def over(self, growth: Growth) -> None:
        """A reply has sent its last edit, or needs none any more."""
        if growth.way is not None:
            self._leave(growth)
            self.share_out()

    def refused(self, budgets: Iterable[Budget], retry_after: float) -> None:
        """A request was refused (429): nothing more against these for so many seconds."""
        budgets = tuple(budgets)
        log.info(
            "the platform asks to wait",
            budgets=[budget.key for budget in budgets],
            seconds=round(retry_after, 1),
        )
        for budget in budgets:
            self.refusals[budget.kind] += 1
            allowance = self._allowance(budget)
            allowance.refused(self._clock(), retry_after)
            if self._cuts is None or not isinstance(allowance, Bucket):
                continue
            if allowance.cut.share < 1:
                self._cuts.put(budget.key, allowance.cut)
        self.share_out()

    def tightest(self, budgets: Budgets) -> Budget:
        """Of several budgets the one of which least is left: probably that was refused."""
        now = self._clock()
        return min(budgets, key=lambda budget: self._allowance(budget).left(now) / budget.burst)

    def left(self, budgets: Budgets) -> float:
        """How many requests may be sent at once that count against all these budgets."""
        now = self._clock()
        return min(self._allowance(budget).left(now) for budget in budgets)

    def levels(self, most: int) -> list[Level]:
        """How the budgets stand that are used, the emptiest first; so many at most.

        One that gives away a single request at a time is always full or empty, and says nothing.
        """
        now = self._clock()
        used = (one.level(now) for one in self._allowances.values() if not one.idle(now))
        telling = (one for one in used if one.size > 1 or one.closed or one.share < 1)
        return heapq.nsmallest(most, telling, key=lambda one: (not one.closed, one.left / one.size))

    def kinds(self) -> dict[str, list[Level]]:
        """How all budgets stand that are not full, by their kind."""
        now, kinds = self._clock(), dict[str, list[Level]]()
        for one in self._allowances.values():
            if not one.idle(now):
                level = one.level(now)
                kinds.setdefault(level.kind, []).append(level)
        return kinds

    @property
    def standing_in_line(self) -> int:
        """How many requests wait for their turn."""
        return len(self._tickets)

    def sharing(self, budgets: Budgets) -> int:
        """How many replies grow that count on the most wanted of these budgets."""
        shared = (self._shared.get(budget.key) for budget in budgets)
        return max((one.replies for one in shared if one is not None), default=0)

    def learn(self, budget: Budget, *, limit: int, remaining: int, reset_after: float) -> None:
        """The platform said how a fixed window really stands (rate-limit headers)."""
        window = self._allowance(budget)
        if isinstance(window, Window):
            window.learn(self._clock(), limit=limit, remaining=remaining, reset_after=reset_after)
            if budget.key in self._awaited:
                self.share_out()

    def sent(self, budgets: Budgets) -> Callable[[], None]:
        """A request is on its way; to be called when it was answered, or never will be."""
        allowances = (self._allowance(budget) for budget in budgets)
        windows = [one for one in allowances if isinstance(one, Window)]
        numbers = [window.sent() for window in windows]

        def landed() -> None:
            for window, number in zip(windows, numbers, strict=True):
                window.landed(self._clock(), number)

        return landed

    def forget(self, ticket: Ticket) -> None:
        """Take a ticket out of the line; one already granted gives its requests back."""
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        else:
            for budget in ticket.budgets:
                self._allowance(budget).give_back()
            if ticket.growth:
                self.over(ticket.growth)
        self.share_out()

    def share_out(self) -> None:
        """Grant whatever can be granted now, and wake up when there is more."""
        round_ = _Round(self._clock())
        for ticket in sorted(self._tickets, key=lambda ticket: ticket.rank(round_.now)):
            if round_.granted == AT_ONCE:
                round_.look_again_in(BREATH)
                break
            # A cancelled ticket stays in the set until its owner has woken up.
            if ticket.waits:
                self._try(ticket, round_)
        self._awaited = round_.awaited
        self._wake_at(round_)

    def _try(self, ticket: Ticket, round_: _Round) -> None:
        if ticket.growth is not None:
            self._try_to_begin(ticket, ticket.growth, round_)
        elif not round_.blocked(ticket.budgets) and self._free(ticket, ticket.budgets, round_):
            self._grant(ticket, round_)

    def _try_to_begin(self, ticket: Ticket, growth: Growth, round_: _Round) -> None:
        best: Way | None = None
        most = -math.inf
        for way in ticket.ways:
            if round_.blocked(way.begin) or not self._free(ticket, way.begin, round_):
                continue
            frames = self._frames(way, round_.now)
            # What goes on with another message is not held up.
            wait = 0.0 if growth.way == way else self._hold(ticket.asked, way, frames, round_.now)
            if wait > 0:
                round_.look_again_in(wait)
            elif frames > most:
                best, most = way, frames
        if best is not None:
            ticket.way, ticket.budgets = best, best.begin
            self._grant(ticket, round_)
            self.go_on(growth, best)

    def _free(self, ticket: Ticket, budgets: Budgets, round_: _Round) -> bool:
        """Whether these budgets all have room for the request; if not, it is waited for."""
        longest = 0.0
        for budget in budgets:
            wait = self._wait(budget, ticket, round_.now)
            longest = max(longest, wait)
            # What only holds itself back does not stand in anybody's way.
            modest = ticket.urgency in MODEST and not self._allowance(budget).wait(round_.now)
            if wait > 0 and not modest:
                round_.awaited.add(budget.key)
        if longest > 0:
            round_.look_again_in(longest)
        return longest <= 0

    def _wait(self, budget: Budget, ticket: Ticket, now: float) -> float:
        if ticket.urgency is Urgency.INTERIM:
            return self._share(budget).wait_for_interim(now)
        leaves = ticket.urgency is Urgency.PAST or (
            ticket.urgency is Urgency.SIGN and budget.reserve > 0
        )
        return self._allowance(budget).wait(now, LEFT * budget.burst if leaves else 0.0)

    def _frames(self, way: Way, now: float) -> float:
        """Interim edits that one more reply can expect in this way."""
        frames = TYPICAL / way.pause if way.pause else math.inf
        expected = (self._share(budget).frames(now, ends=budget in way.last) for budget in way.grow)
        return min(frames, *expected, math.inf)

    def _hold(self, asked: float, way: Way, frames: float, now: float) -> float:
        """Seconds until a reply may be begun in this way whose text is there since `asked`."""
        room = max((self._share(budget).wait_to_promise(now) for budget in way.last), default=0.0)
        # Of updates that come so seldom the first one should have something to show.
        hold = 0.0 if frames >= ENOUGH else TYPICAL / (frames + 2) / 2
        return max(room, asked + hold - now)

    def _grant(self, ticket: Ticket, round_: _Round) -> None:
        self._tickets.remove(ticket)
        round_.granted += 1
        kind = ""
        for budget in ticket.budgets:
            self._allowance(budget).take(round_.now)
            if budget.kind != kind:  # a channel's and all of them are one kind
                kind = budget.kind
                self.let_go[kind] += 1
            if ticket.urgency is Urgency.INTERIM and budget.key in self._shared:
                self._shared[budget.key].interim_sent(round_.now)
        ticket.grant()

    def _leave(self, growth: Growth) -> None:
        for budget in {*growth.way.grow, *growth.way.last} if growth.way else ():
            shared = self._shared[budget.key]
            shared.over(growth)
            if shared.unused:
                del self._shared[budget.key]
        growth.way = None

    def _take(self, growth: Growth, way: Way, since: float) -> None:
        growth.way, growth.since = way, since
        for budgets, ends in ((way.grow, False), (way.last, True)):
            for budget in budgets:
                shared = self._shared.setdefault(budget.key, self._share(budget))
                shared.begun(growth, ends=ends)

    def _share(self, budget: Budget) -> Shared:
        return self._shared.get(budget.key) or Shared(budget, self._allowance(budget))

    def _wake_at(self, round_: _Round) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if round_.again < math.inf:
            loop = asyncio.get_running_loop()
            # A thousandth more, so that rounding never wakes us just too early.
            delay = max(0.0, round_.again - round_.now) + 0.001
            self._timer = loop.call_later(delay, self.share_out)

    def _allowance(self, budget: Budget) -> Allowance:
        allowance = self._allowances.get(budget.key)
        if allowance is None:
            if len(self._allowances) >= self._swept:
                self._sweep()
            cut = self._cuts.get(budget.key) if self._cuts else None
            allowance = Window(budget) if budget.fixed else Bucket(budget, cut)
            self._allowances[budget.key] = allowance
        return allowance

    def _sweep(self) -> None:
        """Forget budgets that stand as if they had never been used, such as idle channels'."""
        now = self._clock()
        self._allowances = {
            key: allowance
            for key, allowance in self._allowances.items()
            if key in self._shared or not allowance.idle(now)
        }
        self._swept = max(1024, 2 * len(self._allowances))
