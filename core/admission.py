"""Who is let in: the one place where a question may be refused before anybody works on it."""

from collections.abc import Callable

from core.errors import PlatformFailed
from core.messages import Question
from core.notices import ONLY_LISTED, ONLY_MANAGERS, UNSURE_WHO_MAY, unknown_persona
from core.overrides import Overrides
from core.presets import Scope, Who
from core.rates import QuestionRates
from core.surface import Surface
from core.told import Told
from core.words import Notice


class Admission:
    """Looks at each question before it is claimed; `clock` gives seconds that only ever grow."""

    def __init__(
        self, overrides: Overrides, rates: QuestionRates, clock: Callable[[], float]
    ) -> None:
        self._overrides = overrides
        self._rates = rates
        self._told = Told(clock)

    async def refusal(self, question: Question, surface: Surface) -> Notice | None:
        """Why the question is not taken; None when it is."""
        personas = self._overrides.personas
        if question.persona and question.persona not in personas:
            return unknown_persona(question.persona, personas)
        audience = self._overrides.preset(Scope.of(question.conversation)).audience
        if audience.who is Who.EVERYBODY:
            return None
        try:
            if await surface.admits(audience):
                return None
        except PlatformFailed:
            return UNSURE_WHO_MAY
        return ONLY_MANAGERS if audience.who is Who.MANAGERS else ONLY_LISTED

    async def too_many(self, question: Question) -> Notice | None:
        """Why it is one question too many, which comes last: what is refused does not count.

        An edited question is never too many, though it counts.
        """
        return None if question.is_edited else await self._rates.refusal(question)

    def due(self, question: Question) -> bool:
        """Whether its asker is to be told now; they then count as told in this channel."""
        return self._told.due((str(Scope.of(question.conversation)), question.asker.id))
