"""The governor: what the platforms allow, shared out among all conversations.

Adapters describe what a platform counts as a `Budget`; whoever wants to send asks the
governor for a `Ticket` and waits until it is granted. The arithmetic is `core.budget`'s;
the waiting is one timer for all.
"""

import asyncio
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from core.budget import Allowance, Bucket, Budget, Window

LATE = 1.0
"""Seconds that a last edit may come late when a budget is short: so much refill is counted on."""

TYPICAL = 6.0
"""Seconds that a reply is expected to go on growing; nobody knows how long it will."""

SPENDING = 8.0
"""Seconds over which replies that grow together spend a burst."""

LOOK_AGAIN = 1.0
"""Seconds after which a reply that waits to begin is looked at again: others grow older."""

ENOUGH = 2.0
"""Interim edits that a reply can expect, from which on its first text is shown at once."""


class Urgency(IntEnum):
    """Who goes first when a budget is short."""

    LAST = 0  # the edit or post that completes a reply
    FIRST = 1  # the first text of a reply, a refusal, a notice
    SIGN = 2  # a status, a reaction, typing
    READ = 3  # history, names of people
    INTERIM = 4  # an edit that a newer one will replace


@dataclass(eq=False, slots=True)
class Ticket:
    """A request that waits for its turn.

    `promise` are budgets of which a last edit will be needed once this message exists.
    """

    budgets: tuple[Budget, ...]
    urgency: Urgency
    order: int
    asked: float
    lag: Callable[[float], float] | None
    promise: tuple[Budget, ...]
    _granted: "asyncio.Future[None]"
    _governor: "Governor"

    async def granted(self) -> None:
        """Wait for the turn; once it has come, the request is counted as sent."""
        try:
            await self._granted
        except asyncio.CancelledError:
            self._governor.forget(self)
            raise

    def hurry(self, urgency: Urgency) -> None:
        """Raise the urgency of a ticket that still waits; lowering it is ignored.

        What is the last request needs no promise of another.
        """
        if urgency < self.urgency and not self._granted.done():
            self.urgency = urgency
            if urgency is Urgency.LAST:
                self.promise = ()
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


class Shared:
    """A budget of edits, and how replies that grow at the same time share it (pure).

    Each reply that can be seen will need a last edit. So many are kept, less what comes
    in while a reader hardly notices. One that has grown for long counts for less: not
    many of those end at the same time. What is left over goes to interim edits: at
    once for a lone reply, spread over `SPENDING` seconds for several. A reply for which
    no last edit would be left is not begun: it shows its status and is posted whole.
    """

    def __init__(self, budget: Budget, allowance: Allowance) -> None:
        self._rate = 0.0 if budget.fixed else budget.rate
        self._fixed = budget.fixed
        self._reserve = budget.reserve
        self._burst = budget.burst
        self._allowance = allowance
        self._last_interim = -math.inf
        self._promised: dict[int, float] = {}

    def wait_for_interim(self, now: float) -> float:
        """Seconds until an interim edit may be sent."""
        if self._fixed or not self._promised:
            return self._allowance.wait(now, self._reserve)
        # A budget that is all but full would refill for nothing: what comes in may go.
        keep = min(self.promised - self._rate * LATE, self._burst - 2.0)
        keep = max(1.0, self._reserve, keep)
        wait = self._allowance.wait(now, keep)
        if len(self._promised) == 1 or wait:
            return wait
        spare = self._allowance.left(now) - keep
        gap = 1 / (self._rate + spare / SPENDING)
        return max(0.0, self._last_interim + gap - now)

    def wait_to_begin(self, now: float, asked: float) -> float:
        """Seconds until a reply may be begun whose text has been there since `asked`."""
        if self._fixed or not self._rate:
            return 0.0
        left = self._allowance.left(now)
        short = self._due(now) + 1 - left - self._rate * LATE
        if short > 0:
            return min(short / self._rate, LOOK_AGAIN)
        # Of updates that come so seldom the first one should have something to show.
        each = (left + self._rate * TYPICAL) / (len(self._promised) + 1) - 1
        hold = 0.0 if each >= ENOUGH else TYPICAL / (each + 2) / 2
        return max(0.0, asked + hold - now)

    @property
    def promised(self) -> int:
        """How many replies will still need a last edit."""
        return len(self._promised)

    def promise(self, reply: int, now: float) -> None:
        """A reply has begun."""
        self._promised[reply] = now

    def keep(self, reply: int) -> None:
        """A reply has ended."""
        self._promised.pop(reply, None)

    def _due(self, now: float) -> float:
        """How many last edits may be needed soon."""
        return sum(min(1.0, TYPICAL / max(now - begun, 1e-9)) for begun in self._promised.values())

    def interim_sent(self, now: float) -> None:
        """An interim edit was sent."""
        self._last_interim = now


@dataclass(slots=True)
class _Round:
    """One pass over all who wait: who blocks what, and when to look again."""

    now: float
    awaited: set[str] = field(default_factory=set)
    again: float = math.inf

    def blocked(self, ticket: Ticket) -> bool:
        """Whether somebody more urgent waits for one of the same budgets."""
        return any(budget.key in self.awaited for budget in ticket.budgets)


class Governor:
    """Shares out what the platforms allow, among all conversations of the process.

    Of those who wait for the same budget the most urgent goes first, then the one
    whose `lag` is greatest, then who asked first. Nobody overtakes somebody more
    urgent on a budget for which that one waits.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._allowances: dict[str, Allowance] = {}
        self._shared: dict[str, Shared] = {}
        self._tickets: set[Ticket] = set()
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._swept = 1024

    def ask(
        self,
        budgets: Sequence[Budget],
        urgency: Urgency,
        lag: Callable[[float], float] | None = None,
        promise: Sequence[Budget] = (),
    ) -> Ticket:
        """Stand in line for one request against all these budgets.

        With a `promise`, the request begins a message that will need a last edit of those
        budgets; `keep` is called when that has been sent, or is not needed any more.
        """
        ticket = Ticket(
            tuple(budgets),
            urgency,
            next(self._order),
            self._clock(),
            lag,
            tuple(promise),
            asyncio.get_running_loop().create_future(),
            self,
        )
        self._tickets.add(ticket)
        self.share_out()
        return ticket

    async def turn(
        self,
        budgets: Sequence[Budget],
        urgency: Urgency,
        lag: Callable[[float], float] | None = None,
    ) -> None:
        """Wait until one request may be sent against all these budgets, and count it."""
        await self.ask(budgets, urgency, lag).granted()

    def refused(self, budgets: Iterable[Budget], retry_after: float) -> None:
        """A request was refused (429): nothing more against these for so many seconds."""
        for budget in budgets:
            self._allowance(budget).refused(self._clock(), retry_after)
        self.share_out()

    def learn(self, budget: Budget, *, limit: int, remaining: int, reset_after: float) -> None:
        """The platform said how a fixed window really stands (rate-limit headers)."""
        window = self._allowance(budget)
        if isinstance(window, Window):
            window.learn(self._clock(), limit=limit, remaining=remaining, reset_after=reset_after)
            self.share_out()

    def forget(self, ticket: Ticket) -> None:
        """Take a ticket out of the line; one already granted gives its requests back."""
        if ticket in self._tickets:
            self._tickets.remove(ticket)
        else:
            for budget in ticket.budgets:
                self._allowance(budget).give_back()
            self.keep(ticket)
        self.share_out()

    def keep(self, ticket: Ticket) -> None:
        """The last edit that a ticket promised has been sent, or is not needed any more."""
        for budget in ticket.promise:
            if shared := self._shared.get(budget.key):
                shared.keep(ticket.order)
                if not shared.promised:
                    del self._shared[budget.key]
        self.share_out()

    def share_out(self) -> None:
        """Grant whatever can be granted now, and wake up when there is more."""
        round_ = _Round(self._clock())
        for ticket in sorted(self._tickets, key=lambda ticket: ticket.rank(round_.now)):
            # A cancelled ticket stays in the set until its owner has woken up.
            if ticket.waits and not round_.blocked(ticket):
                self._try(ticket, round_)
        self._wake_at(round_)

    def _try(self, ticket: Ticket, round_: _Round) -> None:
        waits = {budget.key: self._wait(budget, ticket, round_.now) for budget in ticket.budgets}
        begin = max(
            (
                self._share(budget).wait_to_begin(round_.now, ticket.asked)
                for budget in ticket.promise
            ),
            default=0.0,
        )
        longest = max(begin, *waits.values(), 0.0)
        if longest > 0:
            round_.again = min(round_.again, round_.now + longest)
            round_.awaited.update(key for key, wait in waits.items() if wait > 0)
            return
        self._take(ticket, round_.now)
        ticket.grant()

    def _wait(self, budget: Budget, ticket: Ticket, now: float) -> float:
        if ticket.urgency is Urgency.INTERIM:
            return self._share(budget).wait_for_interim(now)
        return self._allowance(budget).wait(now)

    def _take(self, ticket: Ticket, now: float) -> None:
        self._tickets.remove(ticket)
        for budget in ticket.budgets:
            self._allowance(budget).take(now)
            if ticket.urgency is Urgency.INTERIM and budget.key in self._shared:
                self._shared[budget.key].interim_sent(now)
        for budget in ticket.promise:
            shared = self._shared.setdefault(budget.key, self._share(budget))
            shared.promise(ticket.order, now)

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
            allowance = Window(budget) if budget.fixed else Bucket(budget)
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
