"""Half-open markup at the end of a text that grows: shown closed, or held back (pure).

A reader should never see marks that the next words turn into something else. So of a text
that goes on, bold and the like are closed where it ends for now, and what cannot be closed
yet (a link without its address, a lone list marker, the head of a table) is not shown. All
that is looked at is the last block of the text: emphasis never leaves it.
"""

import re
from collections import Counter
from dataclasses import dataclass

LONGEST_OPEN = 300
"""Characters; what is open for longer was not meant as markup, or has to be seen as it is."""

LONGEST_LINK = 500
"""Characters of an unfinished link that are held back; longer ones are shown as they are."""

LONGEST_LABEL = 100
"""Characters in brackets that are held back, as an address may follow them."""

LONGEST_HELD = 100
"""Characters of open markup that wait where nothing can be taken back."""

_LONE = re.compile(r"[ \t]*(?:(?:(?:[-*+>#]|\d{1,9}[.)])[ \t]*)+|(?:[-*_=][ \t]*)+|\|)[ \t]*\Z")
_BEGINS = re.compile(r"[ \t]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|>|#{1,6}[ \t]|\|)")
_ROW = re.compile(r"[ \t]*\|")
_RULE = re.compile(r"[ \t|:-]*\Z")
# What none of them begins with is passed over without trying them all: four times as fast.
_TOKEN = re.compile(
    r"(?=[\\h`*_~!\[\]<])(?:"
    r"\\(?P<escaped>.|\Z)"
    r"|(?P<address>https?://[^\s<>()\[\]*`|]+)"
    r"|(?P<ticks>`+)"
    r"|(?P<run>\*+|_+|~+)"
    r"|(?P<open>!?\[)"
    r"|(?P<close>\])"
    r"|(?P<angle><(?=[A-Za-z/!@#:]|\Z)))",
    re.DOTALL,
)
_TARGET = re.compile(r"\([^()\n]*(?:\([^()\n]*\)[^()\n]*)*\)")


@dataclass(frozen=True, slots=True)
class Healed:
    """How a text is shown that goes on: up to `end`, with `marks` behind it.

    What stands before `firm` needs no marks, whatever comes.
    """

    end: int
    marks: str
    firm: int


def heal(text: str) -> Healed:
    """Close or hold back what is half open at the end of a text; it must not end in code."""
    start = _last_block(text)
    block = text[start:]
    if _ends_in_a_table_head(block):
        return _whole(len(text[:start].rstrip()))
    *_, line = block.split("\n")
    if _LONE.match(line):
        return _whole(len(text[: len(text) - len(line)].rstrip()))
    found = _Block(block)
    return Healed(start + found.end, found.marks, start + found.firm)


def _whole(end: int) -> Healed:
    return Healed(end, "", end)


def _last_block(text: str) -> int:
    """Where the last part of a text begins over whose borders no emphasis reaches."""
    position = len(text)
    while position > 0:
        start = text.rfind("\n", 0, position) + 1
        line = text[start:position]
        if not line.strip() or "```" in line or "~~~" in line:
            return min(position + 1, len(text)) if position < len(text) else start
        if _BEGINS.match(line) and not (_ROW.match(line) and _is_row_before(text, start)):
            return start
        position = start - 1
    return 0


def _is_row_before(text: str, start: int) -> bool:
    """Whether the line before a place is a row of a table."""
    before = text.rfind("\n", 0, max(0, start - 1)) + 1
    return start > 0 and _ROW.match(text, before, start) is not None


def _ends_in_a_table_head(block: str) -> bool:
    """Whether all that there is of a table is what makes it one: titles, and the line below."""
    if not _ROW.match(block) or len(block) > LONGEST_LINK:
        return False
    lines = block.split("\n")
    return len(lines) == 1 or (len(lines) == 2 and _RULE.match(lines[1]) is not None)


@dataclass(slots=True)
class _Open:
    """Marks that wait for their counterpart: where they stand, and what closes them."""

    start: int
    mark: str


class _Block:
    """One block of text, read from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Open] = []
        self._waiting: Counter[str] = Counter()
        self._brackets: list[int] = []
        self._is_link = False
        self.end = len(text)
        self._read()
        self._trim()
        near = [one for one in self._open if self.end - one.start <= LONGEST_OPEN]
        self.marks = "".join(one.mark for one in reversed(near))
        self.firm = min(
            (one.start for one in near if self.end - one.start <= LONGEST_HELD), default=self.end
        )

    def _read(self) -> None:
        text, position = self._text, 0
        while found := _TOKEN.search(text, position):
            position = found.end()
            if position == len(text) and (found["run"] or found["escaped"] == ""):
                self.end = found.start()
            elif found["ticks"]:
                position = self._code(found)
            elif found["run"]:
                self._emphasis(found)
            elif found["open"]:
                self._brackets.append(found.start())
            elif found["close"] and self._brackets:
                position = self._link(position)
            elif found["angle"]:
                self._angle(found.start())
        self._hold_brackets()

    def _code(self, found: re.Match[str]) -> int:
        """A code span, to its end if it has one on its line; where to go on."""
        text, ticks = self._text, found["ticks"]
        line = text.find("\n", found.end())
        stop = line if line >= 0 else len(text)
        closed = re.compile(rf"(?<!`){ticks}(?!`)").search(text, found.end(), stop)
        if closed and closed.end() < len(text):
            return closed.end()
        if line >= 0:
            return found.end()
        # It reaches to the end: what looks like its end may be the beginning of a longer one.
        self.end = len(text.rstrip("`"))
        if self.end > found.end():
            self._open.append(_Open(found.start(), ticks))
        else:
            self.end = found.start()
        return len(text)

    def _emphasis(self, found: re.Match[str]) -> None:
        before = self._text[found.start() - 1 : found.start()] if found.start() else " "
        after = self._text[found.end()]
        mark, count = found["run"][0], len(found["run"])
        opens, closes = _flanks(before, after)
        if mark == "_":
            opens, closes = (
                opens and (not closes or _is_punctuation(before)),
                closes and (not opens or _is_punctuation(after)),
            )
        if mark == "~" and count != 2:
            return
        if closes:
            count -= self._closed(mark, count)
        if opens and count:
            self._push(found.end() - count, mark, count)

    def _push(self, start: int, mark: str, count: int) -> None:
        """Remember marks that open; three are one and two, the inner ones closed first."""
        sizes = [count] if count < 3 else [1, 2] if count == 3 else []
        for size in sizes:
            self._open.append(_Open(start, mark * size))
            self._waiting[mark] += 1
            start += size

    def _closed(self, mark: str, count: int) -> int:
        """How many of so many marks close something."""
        left = count
        while left and self._waiting[mark]:
            while self._open[-1].mark[0] != mark:
                self._waiting[self._open.pop().mark[0]] -= 1
            opened = self._open.pop()
            self._waiting[mark] -= 1
            size = len(opened.mark)
            if size > left:  # half of two: the other half still waits
                self._open.append(_Open(opened.start, mark * (size - left)))
                self._waiting[mark] += 1
                return count
            left -= size
        return count - left

    def _link(self, position: int) -> int:
        """What stands in brackets, with its address if it has one; where to go on."""
        text = self._text
        if position == len(text):
            return position  # the address may come
        if text[position] != "(":
            self._brackets.pop()
            return position
        target = _TARGET.match(text, position)
        if target:
            self._brackets.pop()
            return target.end()
        if text.find("\n", position) < 0:
            self._is_link = True  # its address is on the way
            return len(text)
        self._brackets.pop()
        return position

    def _angle(self, start: int) -> None:
        if len(self._text) - start > LONGEST_LINK:
            return
        rest = self._text[start:]
        if ">" not in rest and not any(map(str.isspace, rest)):
            self.end = min(self.end, start)

    def _hold_brackets(self) -> None:
        """Show nothing of a link that is not complete, unless it takes too long to be one."""
        line = self._text.rfind("\n") + 1
        longest = LONGEST_LINK if self._is_link else LONGEST_LABEL
        for start in self._brackets:
            if start >= line and len(self._text) - start <= longest:
                self.end = min(self.end, start)
                return

    def _trim(self) -> None:
        """Leave out what opens with nothing behind it, and what opens behind the end."""
        self._open = [one for one in self._open if one.start < self.end]
        self.end = len(self._text[: self.end].rstrip())
        while self._open and self._open[-1].start + len(self._open[-1].mark) >= self.end:
            self.end = len(self._text[: self._open.pop().start].rstrip())
        lone = self._text.rfind("\n", 0, self.end) + 1
        if _LONE.match(self._text[lone : self.end]):
            self.end = len(self._text[:lone].rstrip())


def _flanks(before: str, after: str) -> tuple[bool, bool]:
    """Whether marks between two characters can open and can close (CommonMark 6.2)."""
    opens = not after.isspace() and (
        not _is_punctuation(after) or before.isspace() or _is_punctuation(before)
    )
    closes = not before.isspace() and (
        not _is_punctuation(before) or after.isspace() or _is_punctuation(after)
    )
    return opens, closes


def _is_punctuation(character: str) -> bool:
    return not character.isalnum() and not character.isspace()
