"""How many questions a minute: counted in the database, for all its processes together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.limits import Rates
from core.messages import Question
from core.notices import too_many_here, too_many_of_yours
from core.presets import Scope
from core.words import Notice

MINUTE = 60.0


class Asked(Protocol):
    """Looks up what was asked lately: by a person, or in a channel."""

    def __call__(self, of: str, *, seconds: float, most: int) -> Awaitable[Mapping[str, float]]:
        """The newest questions that were claimed, and how many seconds ago, by their names."""


@dataclass(slots=True)
class _Limit:
    """So many a minute of each person, or in each channel.

    `_admitted` are questions that were let in and may not be claimed yet, with the time.
    """

    says: Callable[[int, float, str], Notice]
    most: int
    look_up: Asked
    of: Callable[[Question], str]
    _admitted: dict[str, dict[str, float]] = field(default_factory=dict)

    async def claimed(self, question: Question) -> Mapping[str, float]:
        """What was claimed in the last minute, by whichever process."""
        return await self.look_up(self.of(question), seconds=MINUTE, most=self.most)

    def wait(self, question: Question, claimed: Mapping[str, float], now: float) -> float:
        """Seconds until one more question may be asked; 0: now, or it is asked already."""
        times = {key: now - age for key, age in claimed.items()}
        times |= self._admitted.get(self.of(question), {})
        recent = sorted((time for time in times.values() if now - time < MINUTE), reverse=True)
        if question.key in times or len(recent) < self.most:
            return 0.0
        return recent[self.most - 1] + MINUTE - now

    def count(self, question: Question, now: float) -> None:
        """It is let in."""
        for who, times in list(self._admitted.items()):
            kept = {key: time for key, time in times.items() if now - time < MINUTE}
            self._admitted[who] = kept
            if not kept:
                del self._admitted[who]
        self._admitted.setdefault(self.of(question), {})[question.key] = now


class QuestionRates:
    """Looks at how many questions were asked in the last minute.

    `by_person` and `in_channel` look up what was claimed; `clock` gives seconds that only ever
    grow. Between two processes a few questions of the same moment may be one too many.
    """

    def __init__(
        self,
        rates: Rates,
        *,
        by_person: Asked,
        in_channel: Asked,
        clock: Callable[[], float],
        contact: str = "",
    ) -> None:
        self._clock = clock
        self._contact = contact
        given = (
            (too_many_of_yours, rates.questions_per_minute_per_person, by_person, _person),
            (too_many_here, rates.questions_per_minute_per_channel, in_channel, _channel),
        )
        self._limits = [
            _Limit(says, most, look_up, of) for says, most, look_up, of in given if most
        ]

    async def refusal(self, question: Question) -> Notice | None:
        """Why one more question is too many, and when it is not any more; None: it is let in.

        Raises `StoreFailed`.
        """
        claimed = [await limit.claimed(question) for limit in self._limits]
        # From here on nothing else happens, so that of many at once no two take the same place.
        now, refusal, longest = self._clock(), None, 0.0
        for limit, known in zip(self._limits, claimed, strict=True):
            wait = limit.wait(question, known, now)
            if wait > longest:
                longest = wait
                refusal = limit.says(limit.most, wait, self._contact)
        if refusal is None:
            for limit in self._limits:
                limit.count(question, now)
        return refusal


def _person(question: Question) -> str:
    return question.asker.id


def _channel(question: Question) -> str:
    return str(Scope.of(question.conversation))
