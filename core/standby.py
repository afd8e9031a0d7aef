"""Which model answers when the one that was chosen cannot."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from core.errors import (
    Busy,
    KeyRejected,
    Misdirected,
    ModelFailed,
    ModelGone,
    NotReached,
    QuotaSpent,
    RateLimited,
)
from core.model import Model

log = structlog.get_logger()

FAILURES = 3
"""Failures in a row after which a model is left out."""

FORGOTTEN = 60.0
"""Seconds after which a failure does not count as one in a row any more."""

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds for which a model is left out: the first time, and at most."""

LASTING = (KeyRejected, QuotaSpent, Misdirected, ModelGone)
"""Failures that will not have passed with the next question."""

OF_ENDPOINTS = (KeyRejected, QuotaSpent, Misdirected, NotReached)
"""Failures that another model at the same address would meet, too."""


class Breaker:
    """Leaves a model out for a while after it has failed, then lets one question try it (pure).

    The pauses double up to a bound until it answers again; `now` is a clock that only grows.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._failed_at = float("-inf")
        self._pause = 0.0
        self._closed_until = float("-inf")
        self._is_tried = False

    def admits(self, now: float) -> bool:
        """Whether the model can be asked: it is well, or its pause is over and nobody tries it."""
        return not self._pause or (now >= self._closed_until and not self._is_tried)

    def begin(self) -> None:
        """It is asked. Whoever asks it tells how that ended: `succeeded`, `failed` or `left`."""
        self._is_tried = self._pause > 0

    def left(self) -> None:
        """The question was withdrawn; nothing is known of the model."""
        self._is_tried = False

    def succeeded(self) -> None:
        """It has answered."""
        self._failures, self._pause, self._is_tried = 0, 0.0, False

    def failed(self, now: float, *, lasting: bool = False, at_least: float = 0.0) -> None:
        """It has failed; `lasting`, or for so many seconds at least, as it said itself."""
        if now - self._failed_at > FORGOTTEN and not self._pause:
            self._failures = 0
        self._failures += 1
        self._failed_at, self._is_tried = now, False
        if lasting or self._pause or at_least or self._failures >= FAILURES:
            self._pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self._pause))
            self._closed_until = now + max(self._pause, at_least)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model by its name, at an endpoint."""

    model: Model
    name: str
    breaker: Breaker = field(default_factory=Breaker, compare=False)


class Standby:
    """The models that can stand in for each other, those of other endpoints among them.

    Without `others` there is only the chosen one, which is then never left out. `clock` gives
    seconds that only ever grow.
    """

    def __init__(
        self,
        main: Model,
        others: Sequence[tuple[Model, str]] = (),
        *,
        clock: Callable[[], float],
    ) -> None:
        self._main = main
        self._others = [Candidate(model, name) for model, name in others]
        self._chosen: dict[str, Candidate] = {}
        self._clock = clock

    def line(self, chosen: str) -> list[Candidate]:
        """The models to ask, one after the other; the chosen one first, unless it is left out."""
        first = self._candidate(chosen)
        line = [first, *(one for one in self._others if one != first)]
        if len(line) == 1:
            return line
        well = [one for one in line if one.breaker.admits(self._clock())]
        return well or line

    @contextmanager
    def asking(self, candidate: Candidate) -> Iterator[None]:
        """Ask a model within the block, and learn from how that ends."""
        candidate.breaker.begin()
        try:
            yield
        except ModelFailed as error:
            self._learn(candidate, error)
            raise
        except BaseException:
            candidate.breaker.left()
            raise
        candidate.breaker.succeeded()

    def _learn(self, candidate: Candidate, error: ModelFailed) -> None:
        if not stands_in(error):
            candidate.breaker.left()
            return
        candidate.breaker.failed(
            self._clock(),
            lasting=isinstance(error, LASTING),
            at_least=(error.retry_after or 0.0) if isinstance(error, RateLimited) else 0.0,
        )
        if isinstance(error, KeyRejected) and self._others:
            log.error("an endpoint does not accept its key", model=candidate.name)

    def _candidate(self, chosen: str) -> Candidate:
        for one in self._others:
            if one.model is self._main and one.name == chosen:
                return one
        return self._chosen.setdefault(chosen, Candidate(self._main, chosen))


def stands_in(error: ModelFailed) -> bool:
    """Whether another model may do what this one could not; a bad question is bad for all."""
    return isinstance(error, (Busy, *LASTING))


def after(error: ModelFailed, failed: Candidate, rest: Sequence[Candidate]) -> list[Candidate]:
    """Those of the rest of a line that may do better."""
    if not isinstance(error, OF_ENDPOINTS):
        return list(rest)
    return [one for one in rest if one.model is not failed.model]
