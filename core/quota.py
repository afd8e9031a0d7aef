"""What an endpoint takes of one model's requests and tokens, and the arithmetic of it (pure).

Two things are known of it. What the operator has set holds in any minute, however the minutes
are laid. What the endpoint itself tells in its `x-ratelimit-…` headers wins where it tells it.
The time is an argument everywhere: seconds of any clock that only grows.
"""

import itertools
import math
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

MINUTE = 60.0
PERIODS = (MINUTE, 86_400.0)
"""In what times limits fill up that fill up evenly: a minute, or a day."""

ARRIVAL = 10.0
"""Seconds after which a request that was let go has surely been counted, answered or not."""

PROBE = 5.0
"""Seconds for which the answer to a first request is waited for before others are let go: it
may tell what is allowed."""

LEAST_CLOSED = 1.0
"""Seconds, at least, for which nothing is sent after a 429; doubled with each in a row."""

LONGEST_CLOSED = 60.0
"""The most of these, where the endpoint names no time of its own."""

DOUBT = 600.0
"""Seconds for which nothing is expected to come before its time, after that has failed."""

SWEPT = 32
"""Requests that are remembered at least, before those are looked for that need not be."""

ENOUGH = 32
"""Requests on their way at once, from which on a model that refused one counts as recovered."""

SLACK = 0.02
"""Seconds by which the endpoint's own arithmetic may be off."""


@dataclass(eq=False, slots=True)
class Charge:
    """One request that was let go, and what it takes of the limits.

    `tick` and `landed_tick` are its places in the order of everything that was let go and
    answered; `told` is what its answer told of each kind.
    """

    tokens: float
    at: float
    tick: int
    landed: float | None = None
    landed_tick: int | None = None
    told: dict[str, "Told"] = field(default_factory=dict)

    def amount(self, of: str) -> float:
        """What it takes of one kind."""
        return 1.0 if of == REQUESTS else self.tokens

    @property
    def expires(self) -> float:
        """When it counts in no minute any more, whenever in its time it was counted."""
        latest = self.at + ARRIVAL
        return MINUTE + (latest if self.landed is None else min(self.landed, latest))


REQUESTS, TOKENS = "requests", "tokens"


class Minute:
    """At most `limit` in any minute, at whatever moment each request arrives there."""

    def __init__(self, limit: float, of: str) -> None:
        self._limit = limit
        self._of = of
        self._charges: deque[Charge] = deque()

    def wait(self, now: float, amount: float) -> float:
        """Seconds until so much fits; more than the whole limit fits when nothing else is there."""
        self._sweep(now)
        excess = sum(map(self._amount, self._charges)) + min(amount, self._limit) - self._limit
        until = now
        for charge in self._charges:
            if excess <= 0:
                break
            excess -= self._amount(charge)
            until = max(until, charge.expires)
        return until - now

    def expected(self, now: float, amount: float) -> float:
        """Seconds until so much has been sent, however much it is."""
        full = max(0, math.ceil(amount / self._limit) - 1)
        return self.wait(now, amount - full * self._limit) + full * MINUTE

    def take(self, charge: Charge) -> None:
        """Count a request."""
        self._charges.append(charge)

    def give_back(self, charge: Charge) -> None:
        """Uncount one that was never sent."""
        if charge in self._charges:
            self._charges.remove(charge)

    def _sweep(self, now: float) -> None:
        while self._charges and self._charges[0].expires <= now:
            self._charges.popleft()

    def _amount(self, charge: Charge) -> float:
        return charge.amount(self._of)


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer told of one kind: so much of the limit was left, the rest comes by `reset`.

    `exact`: within how many seconds that is meant. `whole`: it told both the limit and the time.
    """

    limit: float
    left: float
    at: float
    reset: float
    exact: float = SLACK
    whole: bool = True

    def reaches(self, amount: float, *, evenly: bool) -> float:
        """Seconds after it was told until so much is left, if nothing is sent meanwhile.

        What fills up evenly lies on a line, or above it; of anything else nothing is known
        before its end.
        """
        if amount <= self.left:
            return 0.0
        if not (evenly and self.whole) or amount >= self.limit:
            return self.reset
        return self.reset * (amount - self.left) / (self.limit - self.left)

    @property
    def periods(self) -> tuple[float, float]:
        """Between what lies the time in which the whole limit fills up, if it does so evenly."""
        if not self.whole:
            return 0.0, math.inf
        missing = self.limit - self.left
        least = max(0.0, self.reset - 2 * self.exact) * self.limit / missing if missing > 0 else 0.0
        most = (self.reset + self.exact) * self.limit / (missing - 1) if missing > 1 else math.inf
        return least, most


class Ledger:
    """What the endpoint itself says of one kind, and what was sent since it said so.

    Answers do not come in the order in which their requests were counted. So of all that were
    on their way together with the newest that has told something, the least that one of them
    told holds for all: whichever was counted last, no less was left after it.
    """

    def __init__(self, of: str) -> None:
        self._of = of
        self._told: Told | None = None
        self._by: Charge | None = None
        self._recent: list[Charge] = []
        self._swept = SWEPT
        self._doubted_until = -math.inf
        self._periods = (0.0, math.inf)

    @property
    def knows(self) -> bool:
        """Whether the endpoint has ever told anything."""
        return self._by is not None

    def wait(self, now: float, amount: float) -> float:
        """Seconds until so much fits; more than the whole limit fits when all of it is left."""
        told = self._standing()
        if told is None:
            return 0.0
        out, amount, until = self._out(now), min(amount, told.limit), now
        # More than the limit is out: room comes as answers tell more, or as it is forgotten.
        for charge in sorted(self._lacking(now), key=lambda charge: charge.expires):
            if out + amount <= told.limit:
                break
            out, until = out - charge.amount(self._of), charge.expires
        return max(self._reaches(now, out + amount), until - now)

    def expected(self, now: float, amount: float) -> float:
        """Seconds until so much has been sent, however much it is."""
        told = self._standing()
        if told is None:
            return 0.0
        amount += self._out(now)
        limits_more = max(0.0, amount / told.limit - 1)
        period = self._period(now)
        later = math.ceil(limits_more) * MINUTE if period is None else limits_more * period
        return self._reaches(now, min(amount, told.limit)) + later

    def take(self, charge: Charge) -> None:
        """A request is let go."""
        self._recent.append(charge)

    def give_back(self, charge: Charge) -> None:
        """One was never sent."""
        if charge in self._recent:
            self._recent.remove(charge)

    def forget(self, now: float, oldest_flying: int | None) -> None:
        """Let go of what was surely counted in all that is known, and in all that may come.

        Now and then: it only takes room.
        """
        if len(self._recent) < self._swept:
            return
        ticks = [by.tick] if (by := self._by) else []
        ticks += [] if oldest_flying is None else [oldest_flying]
        self._recent = [
            charge
            for charge in self._recent
            if charge.expires > now and any(_may_lack(charge, tick) for tick in ticks)
        ]
        self._swept = max(SWEPT, 2 * len(self._recent))

    def learn(self, charge: Charge, told: Told | None) -> None:
        """An answer has told how things stood when its request was counted."""
        if told is None:
            return
        charge.told[self._of] = told
        if self._by is None or charge.tick > self._by.tick:
            self._by = charge
        self._told = None
        least, most = told.periods
        self._periods = (max(self._periods[0], least), min(self._periods[1], most))

    def refused(self, now: float) -> None:
        """A request was refused (429): if we counted on refill, it does not come as we think."""
        told = self._standing()
        if told and self._out(now) > told.left:
            self._doubted_until = now + DOUBT

    def _period(self, now: float) -> float | None:
        """In what time the limit fills up evenly, as a bucket does; None: it does not seem to.

        All that is told of a bucket agrees on that time; a window, which is empty until it
        ends, is found out by its first answer, or its second.
        """
        least, most = self._periods
        found = (period for period in PERIODS if least <= period <= most)
        return next(found, None) if now >= self._doubted_until else None

    def _standing(self) -> Told | None:
        """How things stand by all that was told; found out when somebody asks."""
        if self._told is None and self._by is not None:
            self._told = self._together(self._by)
        return self._told

    def _together(self, newest: Charge) -> Told:
        """The least that is told by those that were on their way together with the newest."""
        of = self._of
        told = [newest.told[of]]
        told += [
            charge.told[of]
            for charge in self._recent
            if of in charge.told and _may_lack(charge, newest.tick)
        ]
        least = min(told, key=lambda one: one.left)
        end = max(one.at + one.reset for one in told)
        at = max(one.at for one in told)
        return replace(least, at=at, reset=end - at)

    def _reaches(self, now: float, amount: float) -> float:
        told = self._standing()
        if told is None:
            return 0.0
        return max(0.0, told.at + told.reaches(amount, evenly=self._period(now) is not None) - now)

    def _out(self, now: float) -> float:
        """What was sent that may not be counted in what was told."""
        return sum(charge.amount(self._of) for charge in self._lacking(now))

    def _lacking(self, now: float) -> Iterator[Charge]:
        if self._by is None:
            return
        for charge in self._recent:
            counted = self._of in charge.told or not _may_lack(charge, self._by.tick)
            if not counted and charge.expires > now:
                yield charge


def _may_lack(charge: Charge, tick: int) -> bool:
    """Whether what was told to a request that was let go then may not count this one."""
    return charge.landed_tick is None or charge.landed_tick > tick


class Quota:
    """What an endpoint takes of one model, as far as it is known.

    `requests` and `tokens` are what the operator allows in a minute; None: no limit of theirs.
    As long as nothing is known, a first request goes alone: its answer may tell.
    """

    def __init__(self, requests: int | None = None, tokens: int | None = None) -> None:
        given = ((REQUESTS, requests), (TOKENS, tokens))
        self._minutes = {of: Minute(limit, of) for of, limit in given if limit is not None}
        self._ledgers = {of: Ledger(of) for of in (REQUESTS, TOKENS)}
        self._ticks = itertools.count()
        self._flying: dict[Charge, None] = {}
        self._at_once = 1.0
        self._closed_until = -math.inf
        self._refusals = 0

    def wait(self, now: float, tokens: float) -> float:
        """Seconds until a request of so many tokens may be sent; 0: now."""
        waits = [self._closed_until - now, self._until_answered(now), 0.0]
        for of, amount in ((REQUESTS, 1.0), (TOKENS, tokens)):
            waits += [one.wait(now, amount) for one in self._of(of)]
        return max(waits)

    def expected(self, now: float, requests: int, tokens: float) -> float:
        """Seconds until so many requests with so many tokens in all have probably been sent."""
        waits = [self._closed_until - now, 0.0]
        for of, amount in ((REQUESTS, float(requests)), (TOKENS, tokens)):
            waits += [one.expected(now, amount) for one in self._of(of)]
        return max(waits)

    def take(self, now: float, tokens: float) -> Charge:
        """Let a request go."""
        charge = Charge(tokens, now, next(self._ticks))
        self._flying[charge] = None
        for one in (*self._of(REQUESTS), *self._of(TOKENS)):
            one.take(charge)
        return charge

    def give_back(self, charge: Charge) -> None:
        """A request that was let go is not sent after all."""
        self._flying.pop(charge, None)
        for one in (*self._of(REQUESTS), *self._of(TOKENS)):
            one.give_back(charge)

    def answered(self, charge: Charge, now: float, limits: Mapping[str, str]) -> None:
        """The endpoint has answered; `limits` are its headers, without `x-ratelimit-`."""
        self._learn(charge, now, limits)
        self._recover()

    def failed(self, charge: Charge, now: float) -> None:
        """There was no answer; whether the request was counted, nobody knows."""
        if charge in self._flying:
            self._learn(charge, now, {})
            self._recover()

    def refused(
        self, charge: Charge, now: float, limits: Mapping[str, str], retry_after: float | None
    ) -> None:
        """A request was refused (429): nothing for so long, and then one at first."""
        if now >= self._closed_until:  # what was on its way meanwhile says nothing new
            self._refusals += 1
            for ledger in self._ledgers.values():
                ledger.refused(now)
        self._learn(charge, now, limits)
        pause = min(LONGEST_CLOSED, LEAST_CLOSED * 2 ** (self._refusals - 1))
        self._closed_until = max(
            self._closed_until, now + (pause if retry_after is None else retry_after)
        )
        self._at_once = 1.0

    def _of(self, of: str) -> Iterable[Minute | Ledger]:
        yield self._ledgers[of]
        if of in self._minutes:
            yield self._minutes[of]

    def _learn(self, charge: Charge, now: float, limits: Mapping[str, str]) -> None:
        if charge in self._flying:
            del self._flying[charge]
            charge.landed, charge.landed_tick = now, next(self._ticks)
        oldest = next((other.tick for other in self._flying), None)
        for of, ledger in self._ledgers.items():
            ledger.learn(charge, told(limits, of, now))
            ledger.forget(now, oldest)

    def _recover(self) -> None:
        """Let more go at once: all that there is, unless the endpoint refuses and does not say."""
        knows = any(ledger.knows for ledger in self._ledgers.values())
        self._at_once += 1
        if knows or not self._refusals or self._at_once > ENOUGH:
            self._at_once, self._refusals = math.inf, 0

    def _until_answered(self, now: float) -> float:
        """Seconds for which what is on its way is waited for, since it may tell something."""
        if self._at_once == math.inf:
            return 0.0
        recent = [charge.at + PROBE - now for charge in self._flying if charge.at + PROBE > now]
        return recent[0] if len(recent) >= self._at_once else 0.0


def told(limits: Mapping[str, str], of: str, now: float) -> Told | None:
    """What headers tell of one kind; None where they do not tell what is left."""
    left = _number(limits.get(f"remaining-{of}", ""))
    if left is None:
        return None
    limit = _number(limits.get(f"limit-{of}", "")) or math.inf
    left = max(0.0, left)
    reset = seconds(limits.get(f"reset-{of}", ""))
    if reset is None:
        return Told(max(limit, left), left, now, MINUTE, whole=False)
    whole = limit < math.inf
    return Told(max(limit, left), left, now, reset[0] + reset[1], reset[1], whole)


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_LONGEST = 400 * 86_400.0  # longer, and it is a date


def seconds(text: str) -> tuple[float, float] | None:
    """A time such as `6m0s`, `20ms`, `1.5s` or `12`, in seconds, and how exactly it is meant."""
    text = text.strip()
    number = _number(text)
    if number is None and _DURATION.fullmatch(text):
        number = sum(float(size) * _UNITS[unit] for size, unit in _PIECE.findall(text))
    if number is None or not 0 <= number < _LONGEST:
        return None
    return number, SLACK if "." in text or "ms" in text else 1.0


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
