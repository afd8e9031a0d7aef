"""The stand-in: no model, but enough of one to see a conversation."""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sandbox.model.answer import Answer, pieces_of
from sandbox.model.memory import recall, shortened
from sandbox.model.points import has_transcript, points
from sandbox.model.rest import rest
from sandbox.model.talk import Talk, talk_of
from sandbox.model.tokens import count
from sandbox.model.words import BUSY_SECONDS, WORDS, Word, words_in

_ABILITIES = re.compile(r"\b(?:help|what can you do)\b", re.IGNORECASE)
_FILES = re.compile(r"\b(?:files?|attach\w*|documents?|pdfs?)\b", re.IGNORECASE)
_GO_ON = re.compile(
    r"\W*(?:please )?(?:continue|go on)(?:,? please)?\W*|Your last message was cut off\b.*",
    re.IGNORECASE | re.DOTALL,
)

INTRODUCTION = (
    "I am a **stand-in**: no language model is connected to this sandbox, so I only play its part."
)
REMEMBERED = 100
"""Requests of which it is known how often they were refused."""


@dataclass(slots=True)
class _Refusals:
    """How often a request was refused and not yet sent again, and until when it still is."""

    until: float
    count: int = 0


class StandIn:
    """Answers any request for a completion; what it says depends on that request alone.

    Only for words that fail once it remembers whether they have. The same question may be
    asked on both platforms at once: each is refused once. `clock` is in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: OrderedDict[bytes, _Refusals] = OrderedDict()

    def __call__(self, body: dict[str, Any]) -> Answer:
        """The answer to a request."""
        talk = talk_of(body["messages"])
        words = self._due(_meant(talk), body)
        answer = _limited(_text(talk, words), body)
        for word in words:
            answer = word.change(answer)
        return answer

    def _due(self, words: Sequence[Word], body: dict[str, Any]) -> tuple[Word, ...]:
        """The words without those that have already failed for the same request."""
        if not any(word.once for word in words):
            return tuple(words)
        if self._refuses(hashlib.blake2s(orjson.dumps(body["messages"])).digest()):
            return tuple(words)
        return tuple(word for word in words if not word.once)

    def _refuses(self, name: bytes) -> bool:
        """Whether a request is new, rather than one that was refused and comes again."""
        now = self._clock()
        refusals = self._refused.setdefault(name, _Refusals(now + BUSY_SECONDS))
        if now < refusals.until:
            refusals.count += 1
        else:
            refusals.count -= 1
        if not refusals.count:
            del self._refused[name]
        elif len(self._refused) > REMEMBERED:
            self._refused.popitem(last=False)
        return now < refusals.until


def _meant(talk: Talk) -> tuple[Word, ...]:
    """The words that somebody who asks has written, and not the bot or those whom it quotes."""
    of_a_bot = _GO_ON.fullmatch(talk.question) or has_transcript(talk)
    return () if of_a_bot else words_in(talk.question)


def _text(talk: Talk, words: Sequence[Word]) -> str:
    if _GO_ON.fullmatch(talk.question) and (left := _left(talk)):
        return left
    if summary := points(talk):
        return summary
    samples = [word.sample.strip() for word in words if word.sample]
    parts = [] if talk.answers else [INTRODUCTION]
    return "\n\n".join([*parts, *(samples or [recall(talk) or _reply(talk)])])


def _left(talk: Talk) -> str:
    """What the last answer lacks, had it been cut off."""
    if talk.before is None:
        return ""
    return rest(_text(talk.before, words_in(talk.before.question)), talk.answered)


def _reply(talk: Talk) -> str:
    seen = _seen(talk)
    if not talk.question:
        return seen.strip() or "There is no question in what I was sent."
    if _ABILITIES.search(talk.question):
        return _abilities()
    return (
        f"You wrote: {_quoted(talk.question)} {seen}A model would now answer that"
        f"{_with(talk)}. Ask me for `code`, `markdown`, a `long answer` or a failure such as "
        "`cut`, or tell me something to remember and ask later what you told me."
    )


def _seen(talk: Talk) -> str:
    """What came with the question; asked about files, also what came before."""
    files = list(talk.files)
    if _FILES.search(talk.question):
        files = [file for said in talk.earlier for file in said.files] + files
    seen = [f"I see {talk.images} picture(s) with it."] if talk.images else []
    seen += [f"In {file.name} I read {_quoted(file.text)}" for file in files if file.text]
    seen += [f"Of {file.name} I see the name." for file in files if file.missing]
    return " ".join([*seen, ""])


def _quoted(question: str) -> str:
    """A question between quotation marks, with a full stop unless it ends in one of its own."""
    words = shortened(question)
    return f"“{words}”" if words.endswith((".", "!", "?", "…")) else f"“{words}”."


def _abilities() -> str:
    """The table of words, as an answer."""
    lines = "\n".join(f"- `{word.name}`: {word.gives}" for word in WORDS)
    known = "I remember what I am told in a conversation, and know these words in a question:"
    return f"{known}\n\n{lines}"


def _with(talk: Talk) -> str:
    before = len(talk.earlier) + talk.answers
    if not before:
        return ""
    return f", with the {before} messages before it in mind" if before > 1 else ""


def _limited(text: str, body: dict[str, Any]) -> Answer:
    """A text as an answer, within the request's stop sequences and token limit."""
    pieces = pieces_of(_stopped(text, body.get("stop")))
    left = body.get("max_completion_tokens") or body.get("max_tokens") or 128_000
    for number, piece in enumerate(pieces):
        left -= count(piece)
        if left < 0:
            return replace(Answer(pieces[:number]), finish="length")
    return Answer(pieces)


def _stopped(text: str, stop: Any) -> str:
    for sequence in [stop] if isinstance(stop, str) else stop or []:
        text = text.split(sequence, 1)[0] if sequence else text
    return text
