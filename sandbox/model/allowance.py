"""What an account may ask of one model in a minute: so many requests, so many tokens."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Exceeded:
    """Why a request does not pass, and in how many seconds it would; None: never."""

    kind: str
    limit: int
    used: int
    requested: int
    wait: float | None

    def message(self, model: str) -> str:
        """In OpenAI's words."""
        short = {"requests": "RPM", "tokens": "TPM"}[self.kind]
        if self.wait is None:
            return (
                f"Request too large for {model} in organization org-sandbox on tokens per min "
                f"({short}): Limit {self.limit}, Requested {self.requested}. The input or output "
                "tokens must be reduced in order to run successfully."
            )
        return (
            f"Rate limit reached for {model} in organization org-sandbox on {self.kind} per min "
            f"({short}): Limit {self.limit}, Used {self.used}, Requested {self.requested}. Please "
            f"try again in {duration(self.wait)}."
        )


@dataclass(slots=True)
class _Level:
    """A bucket that fills evenly and is full after so many seconds."""

    limit: int
    seconds: float
    left: float
    at: float = 0.0

    def refill(self, now: float) -> None:
        self.left = min(self.limit, self.left + (now - self.at) * self.limit / self.seconds)
        self.at = now

    def wait(self, amount: float) -> float:
        return max(0.0, (amount - self.left) * self.seconds / self.limit)


@dataclass(slots=True)
class Allowance:
    """Counts requests and tokens of each model by itself; either can run out.

    The clock is passed in. A limit is whole again after so many `seconds`: a minute, unless a
    test cannot wait for so long.
    """

    requests: int = 10_000
    tokens: int = 2_000_000
    seconds: float = 60.0
    _levels: dict[str, dict[str, _Level]] = field(default_factory=dict)

    def take(self, model: str, tokens: int, now: float) -> Exceeded | None:
        """Count one request; None when it passes."""
        levels, amounts = self._of(model, now), {"requests": 1, "tokens": tokens}
        exceeded = [
            self._exceeded(kind, level, amounts[kind])
            for kind, level in levels.items()
            if level.wait(amounts[kind]) > 0
        ]
        if exceeded:
            return max(exceeded, key=lambda one: float("inf") if one.wait is None else one.wait)
        for kind, level in levels.items():
            level.left -= amounts[kind]
        return None

    def headers(self, model: str, now: float) -> dict[str, str]:
        """The `x-ratelimit-*` headers as they stand for a model."""
        return dict(self._headers(self._of(model, now)))

    def _of(self, model: str, now: float) -> dict[str, _Level]:
        levels = self._levels.setdefault(
            model,
            {
                "requests": _Level(self.requests, self.seconds, self.requests),
                "tokens": _Level(self.tokens, self.seconds, self.tokens),
            },
        )
        for level in levels.values():
            level.refill(now)
        return levels

    def _exceeded(self, kind: str, level: _Level, amount: int) -> Exceeded:
        wait = None if amount > level.limit else level.wait(amount)
        return Exceeded(kind, level.limit, round(level.limit - level.left), amount, wait)

    def _headers(self, levels: dict[str, _Level]) -> Iterator[tuple[str, str]]:
        for name, level in levels.items():
            yield f"x-ratelimit-limit-{name}", str(level.limit)
            yield f"x-ratelimit-remaining-{name}", str(max(0, int(level.left)))
            yield f"x-ratelimit-reset-{name}", duration(level.wait(level.limit))


def duration(seconds: float) -> str:
    """A time as OpenAI writes it: `20ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    said = f"{round(rest, 3):g}s"
    return f"{int(minutes)}m{said}" if minutes else said
