"""Rate limits as the platforms count them: pure arithmetic, the clock is passed in."""

from dataclasses import dataclass


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
