"""`<think>…</think>` at the start of an answer, told apart from the answer itself.

Models that reason aloud are often served with their reasoning inside the text
(DeepSeek R1, Qwen and their like). Only the very start counts: a tag that stands later
is something that the model writes about.

Some servers put the opening tag into the prompt, so that the answer holds the closing
one alone. Nothing tells such an answer from another until then, and by then its
reasoning was shown. So the first one is passed on as it came, tag included: nothing
that a reader has seen can be taken back, and nothing is lost. `unopened` says that it
happened; the model's next answers are read as reasoning from their first letter.
"""

import re
from enum import Enum, auto

OPENING = "<think>"
CLOSING = "</think>"

_CLOSING = re.compile(CLOSING)
# After a quotation mark a tag is one that the model writes about.
_UNQUOTED = re.compile(r"(?<![`\"'])" + CLOSING)
_FIRST = re.compile(f"{_UNQUOTED.pattern}|{OPENING}")


class _Place(Enum):
    START = auto()
    INSIDE = auto()
    BEHIND = auto()
    ANSWER = auto()


class Thinking:
    """Takes an answer in pieces; gives each piece as a pair of reasoning and answer.

    A tag may be split over pieces: what could still become one is held back. `inside`
    says that the prompt is known to open the reasoning. If no closing tag follows, that
    was wrong, and all of it is the answer after all; `unopened` is False then.
    """

    def __init__(self, *, inside: bool = False) -> None:
        self.unopened = False
        self._inside_unopened = inside
        self._place = _Place.START
        self._held = ""
        self._thoughts: list[str] = []
        self._seen: str | None = ""

    def feed(self, text: str) -> tuple[str, str]:
        """The reasoning and the answer that are certain now."""
        if self._place is _Place.ANSWER:
            self._look_for_closing(text)
            return "", text
        text = self._held + text
        self._held = ""
        if self._place is _Place.START:
            return self._start(text)
        if self._place is _Place.INSIDE:
            return self._inside(text)
        return "", self._behind(text)

    def flush(self, *, complete: bool = True) -> tuple[str, str]:
        """What was held back, now that nothing follows; `complete` if the answer has an end."""
        held, self._held = self._held, ""
        if self._place is not _Place.INSIDE:
            return "", held
        if self._inside_unopened and complete:
            return "", "".join(self._thoughts) + held
        return held, ""

    def _start(self, text: str) -> tuple[str, str]:
        begun = text.lstrip()
        if begun.startswith(OPENING):
            self._inside_unopened = False
            self._place = _Place.INSIDE
            return self._inside(begun.removeprefix(OPENING))
        if OPENING.startswith(begun):
            self._held = text
            return "", ""
        if self._inside_unopened:
            self._place = _Place.INSIDE
            return self._inside(text)
        self._place = _Place.ANSWER
        self._look_for_closing(text)
        return "", text

    def _inside(self, text: str) -> tuple[str, str]:
        closing = (_UNQUOTED if self._inside_unopened else _CLOSING).search(text)
        if closing:
            self.unopened = self._inside_unopened
            self._place = _Place.BEHIND
            return text[: closing.start()], self._behind(text[closing.end() :])
        self._held = _tail(text)
        reasoning = text.removesuffix(self._held)
        if self._inside_unopened:
            self._thoughts.append(reasoning)
        return reasoning, ""

    def _behind(self, text: str) -> str:
        """The answer begins with its first letter: the lines between are the tag's."""
        answer = text.lstrip()
        if answer:
            self._place = _Place.ANSWER
            self._seen = None
        return answer

    def _look_for_closing(self, text: str) -> None:
        """Note whether the first tag closes what was never opened; some think for long."""
        if self._seen is None:
            return
        text = self._seen + text
        if tag := _FIRST.search(text):
            self.unopened = tag[0] == CLOSING
            self._seen = None
        else:
            self._seen = _tail(text)


def _tail(text: str) -> str:
    """The end of a text that could become a tag, with the letter before it."""
    begun = text.rfind("<", -len(CLOSING))
    return text[-1:] if begun < 0 else text[max(begun - 1, 0) :]
