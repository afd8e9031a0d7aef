"""What a platform counts, and the arithmetic of what is left of it (pure).

The time is an argument everywhere: seconds of any clock that only grows.
"""

import math
from dataclasses import dataclass
from typing import Protocol

JITTER = 0.1
"""Seconds by which the network may bring two requests closer together than we sent them."""

EDGE = 0.04
"""Seconds that a request may take to the platform more or less. So long before and after
the end of a fixed window we cannot know to which of two windows it would count a request,
and none is sent."""

LAST_MOMENT = 0.05
"""Seconds before that in which interim edits may take a window's reserve: whoever needs it
then waits for the next window, no longer than `LAST_MOMENT + 2 * EDGE`."""

LEAST_CLOSED = 1.0
"""Seconds, at least, for which nothing is sent after a 429: a platform that asks for no pause
would else be asked again at once, for ever."""

RECOVERY = 60.0
"""Seconds without a 429 after which a budget that was cut grows by one step again."""

WINDOW_RECOVERY = 5.0
"""The same for a fixed window, whose size is known: it was the time that was mistaken."""

LONGEST_RECOVERY = 86_400.0
"""The same for a budget that was refused again whenever it had grown."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How often a platform lets us do one kind of thing.

    `key` names what the platform counts ("slack/T1/chat.update",
    "discord/channels/42/edit"). With `fixed` false, at most `burst + rate * t`
    requests in any `t` seconds; with `fixed` true, at most `burst` in each window of
    `window` seconds, which opens with its first request.
    `reserve` requests are kept for last edits. `kind` is what all of its kind are counted as in
    figures: platform and method, without anybody's id.
    """

    key: str
    rate: float
    window: float
    burst: int
    reserve: int = 0
    fixed: bool = False
    kind: str = ""


Budgets = tuple[Budget, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of showing a message that grows, and what each of its requests is counted against.

    `begin` makes the message, `grow` is an interim edit, `last` the edit that completes it.
    `pause` are the least seconds from the end of one interim edit to the next. With
    `seals`, the platform has to be told that the message is complete, even when it shows all.
    """

    begin: Budgets
    grow: Budgets
    last: Budgets
    pause: float
    seals: bool = False


ROUNDING = 1e-9
"""Parts of a request that come of adding up fractions, and are none."""


@dataclass(frozen=True, slots=True)
class Level:
    """How a budget stands: how many requests are left of how many, for how long it is closed.

    `share` is what it was cut to after refusals, as a part of 1.
    """

    key: str
    kind: str
    left: float
    size: float
    closed: float
    share: float


class Allowance(Protocol):
    """What is left of one budget."""

    def level(self, now: float) -> Level:
        """How it stands."""

    def wait(self, now: float, keep: float = 0.0) -> float:
        """Seconds until a request may be sent that leaves so many; 0: now; inf: never."""

    def left(self, now: float) -> float:
        """How many requests may be sent at once."""

    def take(self, now: float) -> None:
        """Count one request."""

    def give_back(self) -> None:
        """Uncount one request that was never sent."""

    def refused(self, now: float, retry_after: float) -> None:
        """The platform refused a request (429) and asks to wait so many seconds."""

    def idle(self, now: float) -> bool:
        """Whether it stands as if it had never been used."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How far a budget was cut after refusals: to which share of its size, and when.

    A refusal says that the budget is smaller than we believed: it is halved at once and
    grows by a quarter of its size per `recovery` seconds. What is refused again after it
    has grown is tried half as often from then on.
    """

    share: float = 1.0
    at: float = -math.inf
    recovery: float = RECOVERY

    def refused(self, now: float) -> "Cut":
        """The cut after one more refusal."""
        share = self.now(now)
        again = self.share < share
        recovery = min(LONGEST_RECOVERY, 2 * self.recovery) if again else self.recovery
        return Cut(max(0.25, share / 2), now, recovery)

    def now(self, now: float) -> float:
        """The share of its size that a budget has now."""
        if self.share == 1.0:
            return 1.0
        return min(1.0, self.share + 0.25 * ((now - self.at) // self.recovery))


class Bucket:
    """At most `burst + rate * t` requests in any `t` seconds."""

    def __init__(self, budget: Budget, cut: Cut | None = None) -> None:
        self._budget = budget
        self._left = float(budget.burst)
        self._at = 0.0
        self._closed_until = -math.inf
        self.cut = cut or Cut()

    def wait(self, now: float, keep: float = 0.0) -> float:
        """Seconds until a request may be sent that leaves so many."""
        # However much is to be kept, a full bucket gives one away.
        excess = 1 + min(keep, self._size(now) - 1) - self.left(now)
        refill = 0.0
        if excess > ROUNDING:
            rate = self._budget.rate
            refill = max(0.0, self._at - now) + excess / rate if rate else math.inf
        return max(refill, self._closed_until - now, 0.0)

    def left(self, now: float) -> float:
        """How many requests may be sent at once; what has grown back is filled bit by bit."""
        refilled = max(0.0, now - self._at) * self._budget.rate
        return min(self._size(now), self._left + refilled)

    def take(self, now: float) -> None:
        """Count one request; the refill of a full bucket starts when it has surely arrived."""
        left = self.left(now)
        self._at = now + JITTER if left == self._size(now) else max(self._at, now)
        self._left = left - 1

    def give_back(self) -> None:
        """Uncount one request that was never sent."""
        self._left += 1

    def refused(self, now: float, retry_after: float) -> None:
        """Close for so long, and believe in a smaller burst afterwards; rates are documented."""
        left, refills = self.left(now), self._budget.rate * self._budget.window >= 1
        # What was on its way when the first was refused says nothing new; and a budget that
        # hardly refills is all there will ever be, and known.
        if now >= self._closed_until and refills:
            self.cut = self.cut.refused(now)
        self._closed_until = _closed(self._closed_until, now, retry_after)
        self._at = max(self._at, now)
        # The platform says when it will take the next one, and no second one with it; it knows
        # better than we do.
        pause = max(0.0, self._closed_until - self._at)
        self._left = 1 - self._budget.rate * pause if refills else max(left, 1.0)

    def level(self, now: float) -> Level:
        """How it stands."""
        left, size = max(0.0, self.left(now)), self._size(now)
        closed = max(0.0, self._closed_until - now)
        return Level(self._budget.key, self._budget.kind, left, size, closed, self.cut.now(now))

    def idle(self, now: float) -> bool:
        """Whether it is full and was not cut."""
        used = self.left(now) < self._size(now) or now < self._closed_until
        return not used and self.cut.now(now) == 1.0 and self._budget.rate > 0

    def _size(self, now: float) -> float:
        return max(1.0, math.floor(self._budget.burst * self.cut.now(now)))


class Window:
    """At most `burst` requests in each window of `window` seconds, opened by its first."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = budget.burst
        self._used = 0
        self._last = -math.inf
        self._closes = -math.inf
        self._closed_until = -math.inf
        self._flying = 0
        self._number = self._opened = 0
        self._cut = Cut(recovery=WINDOW_RECOVERY)

    def wait(self, now: float, keep: float = 0.0) -> float:
        """Seconds until a request may be sent that leaves so many.

        Those that leave some are spread evenly over the window, so that there is always
        room for one that need not. In its last moment nothing is kept.
        """
        closed = max(self._closed_until - now, 0.0)
        if not self._open(now):
            return closed
        until = self._closes - EDGE - now
        if self.left(now) < 1 or until <= 0:
            return max(closed, until + 2 * EDGE)
        if keep:
            return max(closed, self._due(now, keep) - now, 0.0)
        return closed

    def _due(self, now: float, keep: float) -> float:
        """When the next request is due of those that are spread over the rest of the window."""
        spread, end = self.left(now) - keep, self._closes - EDGE - LAST_MOMENT
        return self._last + (end - self._last) / (spread + 1) if spread > 0 else end

    def left(self, now: float) -> float:
        """How many requests may be sent at once."""
        return self._sized(now) - (self._used if self._open(now) else self._late(now))

    def take(self, now: float) -> None:
        """Count one request; until the platform tells more, the window opens when it is sent."""
        if not self._open(now):
            self._used = self._late(now)
            self._number += 1
            self._closes = now + self._budget.window
        self._used += 1
        self._last = now

    def give_back(self) -> None:
        """Uncount one request that was never sent."""
        self._used = max(0, self._used - 1)

    def refused(self, now: float, retry_after: float) -> None:
        """Close for so long, and believe in a smaller budget afterwards.

        What was on its way when the first was refused says nothing new.
        """
        if now >= self._closed_until:
            self._cut = self._cut.refused(now)
        self._closed_until = _closed(self._closed_until, now, retry_after)

    def sent(self) -> int:
        """A request that was counted is on its way; the number of the window that it is in."""
        self._flying += 1
        return self._number

    def landed(self, now: float, number: int) -> None:
        """The platform has answered a request, or never will.

        The first answer tells that the window has opened by now: a busy machine sends later
        than it means to, and what it sends next must not fall into the same window.
        """
        self._flying = max(0, self._flying - 1)
        if number == self._number and number != self._opened:
            self._opened = number
            self._closes = max(self._closes, now - EDGE + self._budget.window)

    def idle(self, now: float) -> bool:
        """Whether no window is open, nothing is on its way, and it was not cut."""
        used = self._flying or now < max(self._closes + EDGE, self._closed_until)
        return not used and self._cut.now(now) == 1.0

    def learn(self, now: float, *, limit: int, remaining: int, reset_after: float) -> None:
        """Take over what the platform says of its window, unless it speaks of an older one."""
        closes = now + reset_after - EDGE
        if closes < self._closes - self._budget.window / 2:
            return
        self._size = max(1, limit)
        self._used = max(self._used, limit - remaining)
        self._closes = closes

    def level(self, now: float) -> Level:
        """How it stands."""
        left, size = max(0.0, self.left(now)), self._sized(now)
        closed = max(0.0, self._closed_until - now)
        return Level(self._budget.key, self._budget.kind, left, size, closed, self._cut.now(now))

    def _late(self, now: float) -> int:
        """What is not answered yet, and may fall into the next window.

        Half of that is left all the same: a platform that does not answer stops nobody else.
        """
        return min(self._flying, self._sized(now) // 2)

    def _sized(self, now: float) -> int:
        return max(1, math.floor(self._size * self._cut.now(now)))

    def _open(self, now: float) -> bool:
        return self._used > 0 and now < self._closes + EDGE


def _closed(until: float, now: float, retry_after: float) -> float:
    """Until when a budget is closed after a refusal."""
    return max(until, now + max(LEAST_CLOSED, retry_after))
