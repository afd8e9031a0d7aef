"""`<think>…</think>` at the start of an answer, told apart from the answer itself.

Models that reason aloud are often served with their reasoning inside the text
(DeepSeek R1, Qwen and their like). Only the very start counts: a tag that stands later
is something that the model writes about.
"""

from enum import Enum, auto

OPENING = "<think>"
CLOSING = "</think>"


class _Place(Enum):
    START = auto()
    INSIDE = auto()
    BEHIND = auto()
    ANSWER = auto()


class Thinking:
    """Takes an answer in pieces; gives each piece as a pair of reasoning and answer.

    A tag may be split over pieces: what could still become one is held back.
    """

    def __init__(self) -> None:
        self._place = _Place.START
        self._held = ""

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the answer that are certain now."""
        if self._place is _Place.ANSWER:
            return "", text
        text = self._held + text
        self._held = ""
        if self._place is _Place.START:
            return self._start(text)
        if self._place is _Place.INSIDE:
            return self._inside(text)
        return "", self._behind(text)

    def flush(self) -> tuple[str, str]:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return (held, "") if self._place is _Place.INSIDE else ("", held)

    def _start(self, text: str) -> tuple[str, str]:
        begun = text.lstrip()
        if begun.startswith(OPENING):
            self._place = _Place.INSIDE
            return self._inside(begun.removeprefix(OPENING))
        if OPENING.startswith(begun):
            self._held = text
            return "", ""
        self._place = _Place.ANSWER
        return "", text

    def _inside(self, text: str) -> tuple[str, str]:
        reasoning, tag, answer = text.partition(CLOSING)
        if tag:
            self._place = _Place.BEHIND
            return reasoning, self._behind(answer)
        kept = _beginning_of(CLOSING, text)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept], ""

    def _behind(self, text: str) -> str:
        """The answer begins with its first letter: the lines between are the tag's."""
        answer = text.lstrip()
        if answer:
            self._place = _Place.ANSWER
        return answer


def _beginning_of(tag: str, text: str) -> int:
    """How many letters at the end of the text could be the beginning of the tag."""
    sizes = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((size for size in sizes if text.endswith(tag[:size])), 0)
