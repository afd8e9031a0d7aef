"""What the request for one answer is made of, and how that fits into a token budget."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.assignment import Assignment
from core.condenser import Story
from core.context import Fitted, Measured, fit, measure, speaker
from core.enclosures import SHARE, Enclosed, enclose
from core.files import Content, hung
from core.messages import Question, Role, Text, Turn
from core.model import Model
from core.tokens import Tokenizer


@dataclass(frozen=True, slots=True)
class Draft:
    """The material of a request: the assignment, what its files hold, and how the talk is told.

    `model` is asked under the name that the assignment has; `tokenizer` is that of this model,
    `budget` the tokens that the request may have.
    """

    job: Assignment
    model: Model
    contents: Mapping[str, Content]
    story: Story
    tokenizer: Tokenizer
    budget: int

    async def fitted(self, budget: int | None = None) -> Fitted:
        """The request within the budget; counted in a thread, as texts may be long."""
        return await asyncio.to_thread(self._fitted, self.budget if budget is None else budget)

    def measured(self, history: Sequence[Turn]) -> Measured:
        """A history as it would go into the request, in tokens."""
        question = self.job.question
        return measure(
            system=self.job.preset.system_prompt,
            history=history,
            questions=self.job.questions,
            note=_note(question),
            budget=self.budget,
            count=self.tokenizer.measure,
            direct=question.direct,
            files=self._enclosed(self.budget).parts,
        )

    def _fitted(self, budget: int) -> Fitted:
        question, files = self.job.question, self._enclosed(budget)
        fitted = fit(
            system=self.job.preset.system_prompt,
            history=self.story.history,
            questions=self.job.questions,
            note=_note(question),
            budget=budget,
            count=self.tokenizer.measure,
            direct=question.direct,
            files=files.parts,
            summary=self.story.summary,
        )
        return replace(fitted, told=files.told, unseen=files.unseen, files=files.names)

    def _enclosed(self, budget: int) -> Enclosed:
        """The files within their share of the budget."""
        prompt = Turn(Role.SYSTEM, (Text(self.job.preset.system_prompt),))
        return enclose(
            hung(self.job.questions, self.story.history),
            self.contents,
            room=int(max(0, budget - self.tokenizer.measure(prompt)) * SHARE),
            count=self.tokenizer.measure,
        )


def _note(question: Question) -> str:
    """What changes from question to question, after all that a provider can cache."""
    when = question.asked_at.strftime("%A, %d %B %Y, %H:%M %Z")
    return f"[{when}. Asked by {speaker(question.asker.name)} in {speaker(question.place)}.]"
