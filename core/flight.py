"""A reply in flight as operators see it: ids and figures, no text."""

from dataclasses import dataclass

from core.messages import Conversation


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reply is: seconds since it began, and until there was something to read.

    `written` are the characters that the model has given, `seen` those that were shown.
    """

    seconds: float
    first_text: float | None
    written: int
    seen: int
    messages: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Flight:
    """One reply that is being written.

    `doing` is what its asker reads as long as there is no text, in English; `model` is empty until
    it is chosen.
    """

    reply: str
    keys: tuple[str, ...]
    conversation: Conversation
    askers: tuple[str, ...]
    model: str
    doing: str
    progress: Progress
