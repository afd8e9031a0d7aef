"""What the model writes in a measurement, and how much of it can be read (pure)."""

import re
from array import array
from dataclasses import dataclass
from functools import cache
from itertools import count, islice

WORDS = ("time ", "slow ", "fast ", "page ", "read ")
BLOCK_LINES = 70
"""Lines of a block of code: more than fit into one of Discord's messages."""

_PIECE = re.compile(r"\s*\S{1,6}|\s+$")
_FENCE = re.compile(r"^ {0,3}```.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """An answer in pieces of a token each; `token_of` says with which one a letter comes.

    Letters are all characters but white space and the fences of code, so that they can be
    counted alike in Markdown, in Slack's blocks, and over the borders of messages.
    """

    pieces: tuple[str, ...]
    token_of: array

    @property
    def letters(self) -> int:
        """How many there are to read."""
        return len(self.token_of)


@cache
def script(kind: str, tokens: int) -> Script:
    """The text of a kind ("words" or "code") of so many tokens."""
    pieces = _words(tokens) if kind == "words" else _code(tokens)
    return Script(pieces, array("I", _tokens_of_letters(pieces)))


def letters(text: str) -> int:
    """How many letters can be read in a text, as Markdown or without its marks."""
    if "```" in text:
        text = _FENCE.sub("", text)
    return sum(map(len, text.split()))


def balanced(markdown: str) -> bool:
    """Whether every block of code that is opened is closed."""
    return len(_FENCE.findall(markdown)) % 2 == 0


def _words(tokens: int) -> tuple[str, ...]:
    return tuple(WORDS[n % len(WORDS)] for n in range(tokens))


def _code(tokens: int) -> tuple[str, ...]:
    """Paragraphs and blocks of code by turns; the last block is closed."""
    text = "".join(islice(_paragraphs_and_blocks(), tokens // 100 + 2))
    pieces = tuple(_PIECE.findall(text)[:tokens])
    return pieces if balanced("".join(pieces)) else (*pieces, "\n```\n")


def _paragraphs_and_blocks():
    for n in count(1):
        yield (
            f"Part {n} of the answer tells what the next block of code is for, at some length, "
            "so that there is something to read between two blocks.\n\n"
        )
        lines = (
            f"    total = total + step({n}, {line})  # line {line} of part {n}"
            for line in range(BLOCK_LINES)
        )
        yield (
            f"```python\ndef part_{n}(total):\n" + "\n".join(lines) + "\n    return total\n```\n\n"
        )


def _tokens_of_letters(pieces: tuple[str, ...]):
    text = "".join(pieces)
    hidden = {at for fence in _FENCE.finditer(text) for at in range(*fence.span())}
    at = 0
    for token, piece in enumerate(pieces):
        for character in piece:
            if not character.isspace() and at not in hidden:
                yield token
            at += 1
