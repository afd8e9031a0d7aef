"""What was said before a question, as the model is to see it (pure)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from core.messages import Question, Role, Text, Turn
from core.pages import join
from core.queue import Revision

GO_ON = (
    "Your last message was cut off at its length limit. Go on with it exactly where it ends, in "
    "the middle of a sentence, a list or a code block if it ends there. Repeat nothing, say "
    "nothing about going on, and do not open a code block that is open already."
)
"""What the model is asked when somebody wants the rest of an answer."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """Questions with the names in them, what was said before them, and the answer so far."""

    questions: tuple[Question, ...]
    history: tuple[Turn, ...]
    pages: tuple[Turn, ...] = ()

    @property
    def former(self) -> str:
        """The text of the answer so far."""
        return join([page.text for page in self.pages])

    @classmethod
    def of(
        cls,
        turns: Sequence[Turn],
        questions: Sequence[Question],
        *,
        waiting: Collection[str] = (),
        former: Sequence[Turn] = (),
        revision: Revision | None = None,
    ) -> "Recalled":
        """Without the questions themselves and those that still wait.

        When an earlier answer is revised, nobody had said yet what came after its question.
        """
        asked = {question.message for question in questions}
        said = [turn for turn in turns if turn.id not in asked and turn.id not in waiting]
        if revision is not None:
            first = next((n for n, turn in enumerate(turns) if turn.id in asked), len(turns))
            said = [turn for turn in turns[:first] if turn.id not in revision.former]
        return cls(tuple(questions), tuple(said), tuple(former))

    def going_on(self, former: str) -> "Recalled":
        """The request for what comes after the answer so far."""
        asked = tuple(
            Turn(Role.USER, (Text(one.text),), one.asker, one.message, one.attachments)
            for one in self.questions
        )
        answer = Turn(Role.ASSISTANT, (Text(former),))
        wish = replace(self.questions[-1], text=GO_ON, attachments=())
        return Recalled((wish,), (*self.history, *asked, answer), self.pages)
