"""The rest of an answer that was cut off, joined to what it follows."""

from functools import reduce

from core import fences
from core.fences import Fence
from core.nap import Nap
from core.reply import Reply

LONGEST_OPENING = 80
"""Characters of a first line that may open a code block again."""


class Continuation:
    """Writes the rest into a reply that holds the beginning.

    Models like to open a code block again in which the beginning ended; that line is dropped.
    """

    def __init__(self, reply: Reply, before: str) -> None:
        self._reply = reply
        within_code = fence_at_the_end(before) is not None
        self._held: str | None = "" if within_code else None

    @property
    def nap(self) -> Nap:
        """Where whoever reads the model sleeps, as `Reply.nap`."""
        return self._reply.nap

    @property
    def text(self) -> str:
        """What was written so far, the beginning included."""
        return self._reply.text + (self._held or "")

    def write(self, text: str) -> None:
        """Add to the answer. Never waits."""
        if self._held is None:
            self._reply.write(text)
            return
        self._held += text
        line, end, rest = self._held.lstrip("\n").partition("\n")
        if end and _opens_again(line):
            self._release(rest)
        elif end or len(line) > LONGEST_OPENING or not _may_open(line):
            self._release(self._held)

    def flush(self) -> None:
        """Nothing more will come."""
        if self._held:
            self._release(self._held)

    def _release(self, text: str) -> None:
        self._held = None
        self._reply.write(text)


def fence_at_the_end(text: str) -> Fence | None:
    """The code block that a text ends in."""
    none: Fence | None = None
    return reduce(fences.after, text.split("\n"), none)


def reopened(text: str) -> str:
    """An answer as it was before the message that shows it closed its last code block."""
    lines, end, last = text.rpartition("\n")
    fence = fence_at_the_end(lines) if end else None
    return lines if fence is not None and fence.closed_by(last) else text


def _opens_again(line: str) -> bool:
    """Whether a line opens a code block; bare marks close the one that is open."""
    fence = fences.opened_by(line)
    return fence is not None and fence.language != "" and fences.only_opens(line)


def _may_open(line: str) -> bool:
    """Whether a line that is not complete yet may come to open a code block."""
    start = line.lstrip()[:3]
    return not start or (start == start[0] * len(start) and start[0] in fences.MARKS)
