"""How replies that grow at the same time share a budget of edits (pure)."""

import math

from core.budget import Allowance, Budget, Way

LATE = 1.0
"""Seconds that a last edit may come late when a budget is short: so much refill is counted on."""

TYPICAL = 6.0
"""Seconds that a reply is expected to go on growing; nobody knows how long it will."""

AGING = 2.0 * TYPICAL
"""Seconds of growing after which replies count for less: not many of those end at one time."""

SPENDING = 8.0
"""Seconds over which replies that grow together spend a burst."""

LOOK_AGAIN = 1.0
"""Seconds after which a reply that waits to begin is looked at again: others grow older."""


class Growth:
    """A reply that can be seen and grows: which way it goes, and since when.

    While it has a way, the governor counts it among those that share the interim edits,
    and keeps its last edit.
    """

    __slots__ = ("since", "way")

    def __init__(self) -> None:
        self.way: Way | None = None
        self.since = 0.0


class Shared:
    """A budget of edits, and how replies that grow at the same time share it (pure).

    Each reply that can be seen will need a last edit. So many are kept, less what comes
    in while a reader hardly notices. What is left over goes to interim edits: at
    once for a lone reply, spread over `SPENDING` seconds for several.
    """

    def __init__(self, budget: Budget, allowance: Allowance) -> None:
        self._budget = budget
        self._rate = 0.0 if budget.fixed else budget.rate
        self._allowance = allowance
        self._last_interim = -math.inf
        self._growing: set[Growth] = set()
        self._ending: set[Growth] = set()

    def wait_for_interim(self, now: float) -> float:
        """Seconds until an interim edit may be sent."""
        if self._budget.fixed or not self._growing:
            return self._allowance.wait(now, self._budget.reserve)
        # A budget that is all but full would refill for nothing: what comes in may go.
        keep = min(len(self._ending) - self._rate * LATE, self._budget.burst - 2.0)
        keep = max(1.0 if self._ending else 0.0, self._budget.reserve, keep)
        wait = self._allowance.wait(now, keep)
        if len(self._growing) == 1 or wait:
            return wait
        spare = self._allowance.left(now) - keep
        gap = 1 / (self._rate + spare / SPENDING)
        return max(0.0, self._last_interim + gap - now)

    def wait_to_promise(self, now: float) -> float:
        """Seconds until one more last edit can be promised, when this many replies grow."""
        if not self._rate:
            return 0.0
        short = self._due(now) + 1 - self._allowance.left(now) - self._rate * LATE
        return min(short / self._rate, LOOK_AGAIN) if short > 0 else 0.0

    def frames(self, now: float, *, ends: bool) -> float:
        """Interim edits that one more reply can expect; `ends`: its last one is taken here, too."""
        if not self._rate:
            return math.inf
        there = max(0.0, self._allowance.left(now)) + self._rate * TYPICAL
        return there / (len(self._growing | self._ending) + 1) - ends

    def begun(self, growth: Growth, *, ends: bool) -> None:
        """A reply grows at the cost of this budget, ends at its cost, or both."""
        (self._ending if ends else self._growing).add(growth)

    def over(self, growth: Growth) -> None:
        """A reply has ended, or goes on in another way."""
        self._growing.discard(growth)
        self._ending.discard(growth)

    @property
    def replies(self) -> int:
        """How many replies grow or end here."""
        return len(self._growing | self._ending)

    @property
    def unused(self) -> bool:
        """Whether no reply grows or ends here."""
        return not (self._growing or self._ending)

    def _due(self, now: float) -> float:
        """How many last edits may be needed soon."""
        ages = (max(now - growth.since, 1e-9) for growth in self._ending)
        return sum(min(1.0, AGING / age) for age in ages)

    def interim_sent(self, now: float) -> None:
        """An interim edit was sent."""
        self._last_interim = now
