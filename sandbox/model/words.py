"""The words that make the stand-in show or do something: one table, which the page lists."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.model import samples
from sandbox.model.answer import Answer, Cut, Reasoning, Refusal, Stall, pieces_of

BUSY_SECONDS = 2
"""How long the word that is refused once asks to wait."""


def _as_it_is(answer: Answer) -> Answer:
    return answer


@dataclass(frozen=True, slots=True)
class Word:
    """A word in a question, what it `gives`, and how.

    `sample` is text that is shown; `change` turns the answer into another one. `once`:
    a request that is sent again is answered as if the word were not in it.
    """

    name: str
    gives: str
    sample: str = ""
    change: Callable[[Answer], Answer] = _as_it_is
    fails: bool = False
    once: bool = False
    also: tuple[str, ...] = ()

    def is_in(self, question: str) -> bool:
        """Whether a question has it, in small or capital letters."""
        said = f" {_plain(question)} "
        return any(f" {_plain(name)} " in said for name in (self.name, *self.also))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _half(answer: Answer) -> Answer:
    return replace(answer, pieces=answer.pieces[: max(1, len(answer.pieces) // 2)])


def _cut(answer: Answer) -> Answer:
    half = _half(answer)
    return replace(half, pieces=(*half.pieces, Cut()))


def _think(answer: Answer) -> Answer:
    thoughts = tuple(Reasoning(piece) for piece in pieces_of(samples.THOUGHTS))
    return replace(answer, pieces=(*thoughts, *answer.pieces))


def _refuse(_: Answer) -> Answer:
    return Answer(tuple(Refusal(piece) for piece in pieces_of(samples.REFUSED)))


def _status(status: int, code: str, **headers: str) -> Callable[[Answer], Answer]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status=status, code=code, headers=named)


def _finish(reason: str | None) -> Callable[[Answer], Answer]:
    return lambda answer: replace(_half(answer), finish=reason, usage=reason is not None)


WORDS = (
    Word("code", "two blocks of code", samples.CODE),
    Word("table", "a table", samples.TABLE),
    Word("tables", "tables of all kinds, a deep heading, tasks", samples.TABLES),
    Word(
        "program",
        "code that takes more than two messages in Discord",
        samples.PROGRAM,
        lambda answer: replace(answer, rate=600.0),
    ),
    Word("markdown", "a tour of everything Markdown has", samples.MARKDOWN),
    Word(
        "long answer",
        f"{samples.PARAGRAPHS} numbered paragraphs, over several messages",
        samples.LONG,
        lambda answer: replace(answer, rate=150.0),
    ),
    Word("slow answer", "three words a second", change=lambda answer: replace(answer, rate=3.0)),
    Word("reasoning", "thinks for a while before it writes", change=_think),
    Word("refusal", "the model declines", change=_refuse),
    Word(
        "busy",
        "a rate limit once; the bot waits and tries again",
        change=_status(429, "rate_limit_exceeded", retry_after=str(BUSY_SECONDS)),
        fails=True,
        once=True,
    ),
    Word(
        "rate limit",
        "a rate limit of over a minute: the bot says so, and all who ask meanwhile wait in line",
        change=_status(429, "rate_limit_exceeded", retry_after="65"),
        fails=True,
    ),
    Word(
        "quota",
        "the account has no money left",
        change=_status(429, "insufficient_quota"),
        fails=True,
    ),
    Word("wrong key", "the key is refused", change=_status(401, "invalid_api_key"), fails=True),
    Word(
        "unknown model",
        "the model is gone",
        change=_status(404, "model_not_found"),
        fails=True,
    ),
    Word(
        "server error",
        "a fault at the model's end; the bot tries for half a minute",
        change=_status(500, "server_error"),
        fails=True,
    ),
    Word("cut", "the connection breaks in the middle", change=_cut, fails=True),
    Word("no finish", "the stream ends without a reason", change=_finish(None), fails=True),
    Word("content filter", "the rest is filtered", change=_finish("content_filter"), fails=True),
    Word("length limit", "the answer is cut off", change=_finish("length"), fails=True),
    Word("empty answer", "an answer without a word", change=lambda _: Answer(), fails=True),
    Word(
        "time-out",
        "no word at all; the bot gives up after about half a minute",
        change=lambda _: Answer((Stall(),)),
        fails=True,
        also=("timeout",),
    ),
)


def words_in(question: str) -> tuple[Word, ...]:
    """The words that a question has, in the order of the table."""
    return tuple(word for word in WORDS if word.is_in(question))
