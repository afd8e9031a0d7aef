"""Which model answers when the one that was chosen cannot."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from core.door import TOO_LONG
from core.errors import (
    Busy,
    KeyRejected,
    Misdirected,
    ModelFailed,
    ModelGone,
    NotReached,
    QuotaSpent,
    RateLimited,
    Resting,
)
from core.model import Model

log = structlog.get_logger()

FAILURES = 3
"""Failures in a row after which a model is left out."""

FORGOTTEN = 60.0
"""Seconds after which a failure does not count as one in a row any more."""

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds for which a model is left out: the first time, and at most."""

KEPT = 100
"""Chosen models of which it is known how they are."""

LASTING = (KeyRejected, QuotaSpent, Misdirected, ModelGone)
"""Failures that will not have passed with the next question."""

OF_ENDPOINTS = (KeyRejected, QuotaSpent, Misdirected, NotReached)
"""Failures that another model at the same address would meet, too."""

T = TypeVar("T")


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

    def answers(self) -> None:
        """Its answer has begun: whoever asks something meanwhile can ask it, too."""
        self._pause, self._is_tried = 0.0, False

    def succeeded(self) -> None:
        """It has answered."""
        self.answers()
        self._failures = 0

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


Failures = list[tuple[str, ModelFailed]]
"""The models that could not answer, and why; the chosen one first."""


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
        self._chosen: OrderedDict[str, Candidate] = OrderedDict()
        self._clock = clock

    async def answer(
        self,
        chosen: str,
        ask: Callable[[Candidate, Sequence[Candidate]], Awaitable[T]],
        failed: Failures,
        *,
        begun: Callable[[], bool] = lambda: False,
    ) -> tuple[T, str]:
        """What the chosen model answers, or the next that can stand in for it, and its name.

        `ask` is told who is left to ask. Who could not answer is put into `failed`. Once an
        answer has `begun`, nobody else finishes it. Raises what the first of them has said.
        """
        line = self._line(chosen)
        if (first := line[0].name) != chosen:
            failed.append((chosen, Resting(first)))
        while True:
            candidate, *rest = line
            try:
                with self._asking(candidate):
                    return await ask(candidate, rest), candidate.name
            except ModelFailed as error:
                failed.append((candidate.name, error))
                line = _after(error, candidate, rest) if _stands_in(error) else []
                if begun():
                    raise
                if not line:
                    raise next(one for _, one in failed if not isinstance(one, Resting)) from None
                log.warning("another model stands in", model=candidate.name, error=error.word)

    def _line(self, chosen: str) -> list[Candidate]:
        """The models to ask, one after the other; the chosen one first, unless it is left out."""
        first = self._candidate(chosen)
        line = [first, *(one for one in self._others if one != first)]
        if len(line) == 1:
            return line
        well = [one for one in line if one.breaker.admits(self._clock())]
        return well or line

    @contextmanager
    def _asking(self, candidate: Candidate) -> Iterator[None]:
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
        if not _stands_in(error) or error.code == TOO_LONG:
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
        candidate = self._chosen.setdefault(chosen, Candidate(self._main, chosen))
        self._chosen.move_to_end(chosen)
        if len(self._chosen) > KEPT:
            self._chosen.popitem(last=False)
        return candidate


def _stands_in(error: ModelFailed) -> bool:
    """Whether another model may do what this one could not; a bad question is bad for all."""
    return isinstance(error, (Busy, *LASTING))


def _after(error: ModelFailed, failed: Candidate, rest: Sequence[Candidate]) -> list[Candidate]:
    """Those of the rest of a line that may do better."""
    if not isinstance(error, OF_ENDPOINTS):
        return list(rest)
    return [one for one in rest if one.model is not failed.model]
