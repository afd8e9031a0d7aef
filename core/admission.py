"""Who is let in: the one place where a question may be refused before anybody works on it."""

from collections.abc import Callable

from core.access import Access, Caller
from core.errors import PlatformFailed
from core.messages import Question
from core.notices import ONLY_LISTED, ONLY_MANAGERS, UNSURE_WHO_MAY, unknown_persona
from core.overrides import Overrides
from core.presets import Who
from core.rates import QuestionRates
from core.spending import Spender, Spending
from core.surface import Surface
from core.told import Told
from core.words import Notice


class Admission:
    """Looks at each question before it is claimed; `clock` gives seconds that only ever grow."""

    def __init__(
        self,
        access: Access,
        overrides: Overrides,
        rates: QuestionRates,
        spending: Spending,
        clock: Callable[[], float],
    ) -> None:
        self._access = access
        self._overrides = overrides
        self._rates = rates
        self._spending = spending
        self._told = Told(clock)

    async def refusal(self, question: Question, surface: Surface) -> Notice | None:
        """Why the question is not taken; None when it is. Raises `StoreFailed`."""
        if refusal := await self.refusal_of(surface.caller(question.asker)):
            return refusal
        personas = self._overrides.personas
        if question.persona and question.persona not in personas:
            return unknown_persona(question.persona, personas)
        # Budgets of groups are left to the call, since a platform may have to be asked for them.
        return await self._spending.refusal(Spender.of(question))

    async def refusal_of(self, caller: Caller) -> Notice | None:
        """Why somebody may not use the bot in a channel, for whatever; None when they may."""
        try:
            return await self._access.refusal(caller) or await self._kept_out(caller)
        except PlatformFailed:
            return UNSURE_WHO_MAY

    async def too_many(self, question: Question) -> Notice | None:
        """Why it is one question too many, which comes last: what is refused does not count.

        An edited question is never too many, though it counts.
        """
        return None if question.is_edited else await self._rates.refusal(question)

    def due(self, caller: Caller) -> bool:
        """Whether somebody is to be told now; they then count as told in this channel."""
        return self._told.due((str(caller.scope), caller.name))

    async def _kept_out(self, caller: Caller) -> Notice | None:
        """Why the channel's own settings do not admit somebody."""
        audience = self._overrides.preset(caller.scope).audience
        if audience.who is Who.EVERYBODY or await caller.admitted(audience):
            return None
        return ONLY_MANAGERS if audience.who is Who.MANAGERS else ONLY_LISTED
