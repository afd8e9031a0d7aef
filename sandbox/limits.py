"""Rate limits as the platforms count them: pure arithmetic, the clock is passed in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands after a request was counted.

    `name` says what it is for, `about` what it is counted apart for (a channel's id, a thread).
    `left` of `of` requests may still come at once; `rate` more a second, or, where that is 0,
    all of them again in `resets` seconds.
    """

    name: str
    about: tuple[str, ...]
    left: float
    of: int
    rate: float = 0.0
    resets: float = 0.0


class TokenBucket:
    """At most `burst + rate * t` requests in any `t` seconds (`rate` per second)."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._level = float(burst)
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Count one request; 0 when it passes, else the seconds until one would."""
        if self._at is not None:
            self._level = min(self.burst, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level >= 1:
            self._level -= 1
            return 0.0
        return (1 - self._level) / self.rate

    @property
    def left(self) -> float:
        """How many requests would have passed after the last one."""
        return self._level


@dataclass(slots=True)
class FixedWindow:
    """At most `limit` requests in each window of `seconds`, opened by its first one."""

    limit: int
    seconds: float
    used: int = 0
    opened: float = float("-inf")

    def take(self, now: float) -> float:
        """Count one request; 0 when it passes, else the seconds until one would."""
        if now - self.opened >= self.seconds:
            self.opened, self.used = now, 0
        if self.used < self.limit:
            self.used += 1
            return 0.0
        return self.reset_after(now)

    @property
    def remaining(self) -> int:
        """How many requests the open window has left."""
        return self.limit - self.used

    def reset_after(self, now: float) -> float:
        """Seconds until the open window closes."""
        return max(0.0, self.opened + self.seconds - now)
