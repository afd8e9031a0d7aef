"""Answers that are known word for word: each word names its question and its place (pure)."""

import re
from functools import cache

WORD = re.compile(r"k(\d+)w")
QUESTION = re.compile(r"question (\d+),")
_FENCE = re.compile(r"^ {0,3}```.*$", re.MULTILINE)
_HIDDEN = re.compile(r"[^a-z0-9]")

PINGS = "@everyone, @here, <!channel>, <!here>, <@U0BEN>, <@1002>, <@&4000>"
"""What pings everybody where nobody sees to it that it does not."""


def question(number: int, kind: str) -> str:
    """What is asked, for an answer of this kind."""
    return f"question {number}, about {kind}"


@cache
def answer(number: int, kind: str, words: int) -> str:
    """The answer to a question: prose, code between prose, or prose that would ping."""
    said = [f"k{number}w{n:04}" for n in range(words)]
    if kind == "pings":
        said[1:1] = [PINGS]
    parts = [said[n : n + 40] for n in range(0, len(said), 40)]
    blocks = [_block(n, part, kind) for n, part in enumerate(parts)]
    return "\n\n".join(blocks)


def _block(n: int, words: list[str], kind: str) -> str:
    if kind == "code" and n % 2:
        lines = [" ".join(words[k : k + 5]) for k in range(0, len(words), 5)]
        return "```python\n" + "\n".join(lines) + "\n```"
    return " ".join(words)


def letters(text: str) -> str:
    """What can be read of a text: the same in Markdown, in blocks, and over several messages."""
    return _HIDDEN.sub("", _FENCE.sub("", text).lower())


def numbers_in(text: str) -> set[int]:
    """The questions of whose answers there is a word in a text."""
    return {int(number) for number in WORD.findall(text)}
