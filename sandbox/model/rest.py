"""What is left of a text of which only the beginning was written."""

import re

_WORD = re.compile(r"\w+")


def rest(whole: str, written: str) -> str:
    """The text after what was written; empty when that was all, or something else.

    Only words are compared: a platform gives marks back in its own way.
    """
    words, done = list(_WORD.finditer(whole)), list(_WORD.finditer(written))
    if not done or len(done) > len(words):
        return ""
    last, end = words[len(done) - 1], done[-1]
    same = all(one[0] == other[0] for one, other in zip(words, done[:-1], strict=False))
    if not same or not last[0].startswith(end[0]):
        return ""
    left = whole[last.start() + len(end[0]) :].strip().removeprefix(written[end.end() :].strip())
    return left if _WORD.search(left) else ""
