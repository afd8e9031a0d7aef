"""What is counted of the work, as frozen values, and who is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.store.calls import Call


@dataclass(frozen=True, slots=True)
class Ended:
    """One reply that has ended, to so many questions, and how.

    Times are seconds; None where there was nothing. `first_sign` and `first_text` count from the
    moment in which the last of its questions was claimed, `waited` is what of that was spent in
    line behind other answers of its conversation. `lag` is how old the oldest text was, at most,
    when it was shown; `after_model` is from the model's end to the last edit.
    """

    platform: str
    outcome: str
    questions: int = 1
    waited: float | None = None
    first_sign: float | None = None
    first_text: float | None = None
    seconds: float | None = None
    lag: float | None = None
    after_model: float | None = None
    edits: int | None = None


class Figures(Protocol):
    """Counts; nothing here may wait or fail."""

    def ended(self, reply: Ended) -> None:
        """Questions have come to an end, with an answer or without."""

    def refused(self, platform: str, why: str) -> None:
        """A question was not taken; `why` is the sentence that its asker was told."""

    def called(self, call: Call) -> None:
        """A model was called, and it is known what that has cost."""

    def caught_up(self, platform: str, questions: int) -> None:
        """So many questions were found that had been asked while nobody listened."""

    def resumed(self, platform: str, questions: int) -> None:
        """So many questions of a process that died were taken over."""


class Uncounted:
    """Counts nothing: nobody asks for figures."""

    def ended(self, reply: Ended) -> None:
        """Nothing."""

    def refused(self, platform: str, why: str) -> None:
        """Nothing."""

    def called(self, call: Call) -> None:
        """Nothing."""

    def caught_up(self, platform: str, questions: int) -> None:
        """Nothing."""

    def resumed(self, platform: str, questions: int) -> None:
        """Nothing."""


def earliest(moments: Sequence[float | None]) -> float | None:
    """The first of what has happened."""
    return min((one for one in moments if one is not None), default=None)
