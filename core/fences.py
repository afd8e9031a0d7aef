"""Code fences of a Markdown text, followed line by line (pure).

CommonMark's rules, with the leniency of chat platforms about indentation: a fence may
stand in a list or a quote and at any depth. What leads up to it and its own marks are
24 characters at most; nobody writes longer ones, and a page must have room to repeat it.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

LONGEST = 24
MARKS = "`~"
_LANGUAGE = 20

_LEAD = r"(?P<lead>[ \t]*(?:(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))[ \t]*)*)"
_OPENING = re.compile(_LEAD + r"(?P<mark>`{3,}|~{3,})")
_BEGUN = re.compile(_LEAD + r"(?:`{1,2}|~{1,2})\Z")
_CLOSING = re.compile(r"(?P<lead>[ \t]*(?:>[ \t]*)*)(?P<mark>`+|~+)(?P<more>[^\n]*)")
_BARE_INFO = re.compile(r"[\w+#.-]*\s*\Z")


@dataclass(frozen=True, slots=True)
class Fence:
    """An open fence: what stands before its marks, the marks, and the code's language."""

    lead: str
    mark: str
    language: str = ""

    @property
    def quote(self) -> str:
        """What each line of a fence within a quote begins with."""
        depth = self.lead.count(">")
        return ">" * depth + " " if depth else ""

    @property
    def opening(self) -> str:
        """The line that opens it anew at the top of a page."""
        return f"{self.quote}{self.mark}{self.language}"

    @property
    def closing(self) -> str:
        """The line that closes it; at the depth of its list item, or it would open another."""
        return re.sub(r"[^>\s]", " ", self.lead) + self.mark

    def reopened(self) -> Self:
        """The fence as its `opening` makes it: no longer in a list."""
        return replace(self, lead=self.quote)

    def left_by(self, line: str) -> bool:
        """Whether a line ends the quote that the fence is in, and so the fence."""
        return bool(self.quote) and not line.lstrip(" \t").startswith(">")

    def closed_by(self, line: str) -> bool:
        """Whether a line closes the fence."""
        return self._marks(line) >= len(self.mark)

    def begins_to_close(self, line: str) -> bool:
        """Whether a line may yet close the fence, but has too few marks so far."""
        return 0 < self._marks(line) < len(self.mark)

    def _marks(self, line: str) -> int:
        found = _CLOSING.match(line)
        if found is None or found["more"].strip() or found["mark"][0] != self.mark[0]:
            return 0
        return len(found["mark"]) if (">" in found["lead"]) == bool(self.quote) else 0


def opened_by(line: str) -> Fence | None:
    """The fence that a line opens, if it does and none is open before it."""
    found = _OPENING.match(line)
    if found is None or len(found[0]) > LONGEST:
        return None
    info = line[found.end() :]
    if found["mark"][0] == "`" and "`" in info:
        return None
    words = info.split(maxsplit=1)
    language = words[0] if words and len(words[0]) <= _LANGUAGE else ""
    return Fence(found["lead"], found["mark"], language)


def owed(fence: Fence | None, line: str) -> Fence | None:
    """The fence that must have room to be closed, if the text ends in this unfinished line.

    Cautious: a backtick in an info string makes the line plain text, but only later.
    """
    if fence is not None and not fence.left_by(line):
        return None if fence.closed_by(line) else fence
    found = _OPENING.match(line)
    if found is None or len(found[0]) > LONGEST:
        return None
    return Fence(found["lead"], found["mark"])


def within(fence: Fence | None, line: str) -> Fence | None:
    """The open fence that a line belongs to; its closing line belongs to it."""
    return None if fence is None or fence.left_by(line) else fence


def after(fence: Fence | None, line: str) -> Fence | None:
    """The fence that is open after a line, by the one that is open before it."""
    around = within(fence, line)
    if "```" not in line and "~~~" not in line:
        return around
    if around is None:
        return opened_by(line)
    return None if around.closed_by(line) else around


def is_words(line: str) -> bool:
    """Whether a line can neither open nor close a fence, whatever else comes in it."""
    marked = "```" in line or "~~~" in line
    return len(line) >= LONGEST and not marked and bool(line.strip(" \t>"))


def only_opens(line: str) -> bool:
    """Whether a line does nothing but open a fence, its language perhaps still growing."""
    found = _OPENING.match(line)
    return (
        found is not None
        and opened_by(line) is not None
        and _BARE_INFO.match(line, found.end()) is not None
    )


def begins_to_open(line: str) -> bool:
    """Whether a line has some of the marks that open a fence, and nothing behind them yet."""
    return _BEGUN.match(line) is not None
