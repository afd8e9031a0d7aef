"""What is to be answered, how, and into which reply."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.files import Fetch
from core.messages import Question, Turn
from core.nap import Nap
from core.presets import Preset
from core.spending import Spender
from core.status import Status


class Writer(Protocol):
    """Takes the answer as it comes."""

    @property
    def nap(self) -> Nap:
        """Where whoever reads the model sleeps, until the newest text is wanted."""

    @property
    def text(self) -> str:
        """What was written so far, as readers get it."""

    def write(self, text: str) -> None:
        """Add to it. Never waits."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be answered, after what was said before, and into which reply of what name.

    `spender` says who pays, `preset` how: with which model, in which words. `aside` runs the
    book-keeping, for which no reader should wait; `fetch` gives the files.
    """

    name: str
    questions: Sequence[Question]
    history: Sequence[Turn]
    spender: Spender
    preset: Preset
    reply: Writer
    status: Status
    aside: Callable[[Coroutine[Any, Any, None]], object]
    fetch: Fetch

    @property
    def question(self) -> Question:
        """The last question, which says where and by whom it is asked."""
        return self.questions[-1]
