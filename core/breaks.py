"""Where a Markdown text may be broken into pages, the best places first (pure)."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from core.fences import MARKS, Fence, after, opened_by, within

_HEADING = re.compile(r" {0,3}#{1,6}(?:\s|\Z)")
_BLOCK = re.compile(r"\s*(?:[-*+]\s|\d{1,9}[.)]\s|#{1,6}\s|>)")
_ROW = re.compile(r"\s*\|")
_SENTENCE = re.compile(r"[.!?…][\"'”’)\]*_]*\s+|[。！？]")  # noqa: RUF001  # Chinese and Japanese
_WORD = re.compile(r"\s+")
# Code spans, also one that is still open, and links: no place to break.
_TOGETHER = re.compile(r"(`+)[^`]+\1(?!`)|`+[^`]{0,200}\Z|\[[^\]\[]{1,200}\]\([^)\s]*\)")


class Kind(IntEnum):
    """What a line break is to the reader, the best one first."""

    PARAGRAPH = 0
    BLOCK = 1  # before a list item, a heading, a table, a code block; at a blank line in code
    LINE = 2


@dataclass(slots=True)
class _Lines:
    """What the lines before a place were, as far as it matters to a break there."""

    fence: Fence | None
    filled: bool = True  # the open fence has a line of code
    blank: bool = False
    closed: bool = False
    heading: bool = False
    row: bool = False

    def kind_before(self, line: str) -> Kind | None:
        """What a break before a line would be; None where there must be none."""
        if not line.strip() or not self.filled:
            return None
        around = within(self.fence, line)
        if around is not None:
            return self._kind_in_code(around, line)
        opens = opened_by(line) is not None
        if opens and self.closed:
            return None  # once closed and opened anew, two blocks would look like one
        if self.heading:
            return Kind.LINE
        if self.blank or self.closed:
            return Kind.PARAGRAPH
        starts = opens or _BLOCK.match(line) or (_ROW.match(line) and not self.row)
        return Kind.BLOCK if starts else Kind.LINE

    def _kind_in_code(self, fence: Fence, line: str) -> Kind | None:
        if fence.closed_by(line) or fence.begins_to_close(line):
            return None
        return Kind.BLOCK if self.blank else Kind.LINE

    def passed(self, line: str) -> None:
        """Go on to the next line."""
        self.blank = not line.strip()
        before, self.fence = within(self.fence, line), after(self.fence, line)
        if before is None and self.fence is not None:
            self.filled = False
        elif not self.blank:
            self.filled = True
        if not self.blank:
            self.closed = before is not None and self.fence is None
            self.heading = self.fence is None and _HEADING.match(line) is not None
            self.row = _ROW.match(line) is not None


def places(text: str, end: int, fence: Fence | None) -> Iterator[int]:
    """Positions at which to break a text of which `text[end]` no longer fits, best first.

    A page should be full to two thirds before it ends with a paragraph or before a
    block, to a half before it ends with a line or a sentence, to a quarter before it
    ends with a word. Looks at nothing behind `end`; `fence` is open at the start.
    """
    seen = text[: end + 1]
    breaks = list(_line_breaks(seen, fence))
    for worst, least in ((Kind.PARAGRAPH, 2 / 3), (Kind.BLOCK, 2 / 3), (Kind.LINE, 1 / 2)):
        for position, kind in reversed(breaks):
            if kind <= worst and position >= least * end:
                yield position
    yield from _in_last_line(seen, fence)
    yield from _anywhere(seen)


def _line_breaks(text: str, fence: Fence | None) -> Iterator[tuple[int, Kind]]:
    lines, position = _Lines(fence), 0
    for line in text.split("\n"):
        kind = lines.kind_before(line)
        if position and kind is not None:
            yield position, kind
        lines.passed(line)
        position += len(line) + 1


def _in_last_line(text: str, fence: Fence | None) -> Iterator[int]:
    """After sentences and words of the line that is too long."""
    start = text.rfind("\n") + 1
    line = text[start:]
    for before in text[:start].split("\n")[:-1]:
        fence = after(fence, before)
    if within(fence, line) is None and opened_by(line) is not None:
        if start:
            yield start  # even between two blocks, rather than within the line of a fence
        return
    together = _TOGETHER.sub(lambda found: "x" * len(found[0]), line[:-1]) + line[-1]
    end = len(text) - 1
    if within(fence, line) is None:
        yield from _ends(_SENTENCE, together, start, end // 2)
    yield from _ends(_WORD, together, start, end // 4)
    yield from _ends(_WORD, line, start, end // 4)


def _ends(pattern: re.Pattern[str], line: str, start: int, least: int) -> Iterator[int]:
    for found in reversed(list(pattern.finditer(line, max(0, least - start)))):
        place = found.end()
        if line[: found.start()].strip() and place < len(line) and line[place] not in MARKS:
            yield start + place


def _anywhere(text: str) -> Iterator[int]:
    """Between two characters that do not belong together; if need be between any two."""
    end = len(text) - 1
    for place in range(end, max(0, end - 64), -1):
        before, behind = text[place - 1], text[place]
        if before in MARKS or behind in MARKS or behind.isspace():
            continue
        if not splits_character(text, place):
            yield place
    yield from range(end, 0, -1)


def splits_character(text: str, place: int) -> bool:
    """Whether what a reader takes for one character would be broken at a place."""
    before, behind = text[place - 1], text[place]
    if before == "\u200d" or "\ud800" <= before <= "\udbff":  # a joiner; half of a pair
        return True
    if _is_flag_half(behind):
        return _flag_halves_before(text, place) % 2 == 1
    # Combining marks, selectors, joiners, tags; skin tones.
    return (
        unicodedata.category(behind) in ("Mn", "Mc", "Me", "Cf")
        or "\U0001f3fb" <= behind <= "\U0001f3ff"
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _flag_halves_before(text: str, place: int) -> int:
    start = place
    while start and _is_flag_half(text[start - 1]):
        start -= 1
    return place - start
