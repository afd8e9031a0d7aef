"""What an account may ask for in a minute: so many requests, so many tokens."""

from dataclasses import dataclass


@dataclass(slots=True)
class _Level:
    """A bucket that fills evenly and is full after a minute."""

    per_minute: int
    left: float
    at: float = 0.0

    def refill(self, now: float) -> None:
        self.left = min(self.per_minute, self.left + (now - self.at) * self.per_minute / 60)
        self.at = now

    def wait(self, amount: float) -> float:
        return max(0.0, (amount - self.left) * 60 / self.per_minute)


class Allowance:
    """Counts requests and tokens together; either can run out. The clock is passed in."""

    def __init__(self, requests: int = 10_000, tokens: int = 2_000_000) -> None:
        self._requests = _Level(requests, requests)
        self._tokens = _Level(tokens, tokens)

    def take(self, tokens: int, now: float) -> float:
        """Count one request; 0 when it passes, else the seconds until it would."""
        for level in (self._requests, self._tokens):
            level.refill(now)
        wait = max(self._requests.wait(1), self._tokens.wait(tokens))
        if wait == 0:
            self._requests.left -= 1
            self._tokens.left -= tokens
        return wait

    def headers(self) -> dict[str, str]:
        """The `x-ratelimit-*` headers as they stand after the last `take`."""
        found: dict[str, str] = {}
        for name, level in (("requests", self._requests), ("tokens", self._tokens)):
            found |= {
                f"x-ratelimit-limit-{name}": str(level.per_minute),
                f"x-ratelimit-remaining-{name}": str(max(0, int(level.left))),
                f"x-ratelimit-reset-{name}": f"{round(level.wait(level.per_minute) * 1000)}ms",
            }
        return found
