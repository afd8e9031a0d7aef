"""Markdown as Discord shows it: what it does not know is written in other ways.

Discord shows headings of three levels, no tables, rules, task lists or images. Code is
left alone, and whatever Discord shows passes at once: only a line that begins like one of
these waits until it is clear what it is.
"""

import re

from bots.discord.tables import Table
from core import fences
from core.fences import Fence

LONGEST_HEADING = 300
"""Characters of a heading that are waited for; a longer line is a paragraph."""

LONGEST_ROW = 4000
"""Characters of a table's row that are waited for."""

LONGEST_IMAGE = 500
"""Characters of an image's address and description that are waited for."""

RULE = "─" * 16
"""What stands for a horizontal line."""

UNDONE, DONE = "⬜", "✅"

DEEPEST = 40
"""Spaces at most before what is written anew."""

_HEADING = re.compile(r"[ \t]{0,3}#{4,6}[ \t]+(?P<words>.*?)(?:[ \t]+#+)?[ \t\r]*\Z")
_HEADING_GROWS = re.compile(r"[ \t]{0,3}#{4,6}[ \t]")
_ROW = re.compile(rf"[ \t]{{0,{DEEPEST}}}\|")
_RULE = re.compile(r"[ \t]{0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\r?\Z")
_TASK = re.compile(r"\A([ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+)\[([ xX])\](?=[ \t])")
_UNCLEAR = re.compile(
    rf"[ \t]{{0,{DEEPEST}}}(?:"
    r"(?:-[ \t]*)*|(?:\*[ \t]*)*|(?:_[ \t]*)*"  # a horizontal line
    r"|(?:[-*+]|\d{1,9}[.)]?)(?:[ \t]+(?:\[(?:[ xX]\]?)?)?)?"  # a task
    r"|#{1,6})\Z"
)
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]+)(?:[ \t]+\"[^\"]*\")?\)")
_IMAGE_BEGUN = re.compile(
    r"!(?:\[[^\[\]]*(?:\](?:\((?:[^()\s]+(?:[ \t]+(?:\"[^\"]*\"?)?)?)?)?)?)?\Z"
)
_IN_WORDS = re.compile(r"\\.|(?P<ticks>`+)|(?P<image>!)|\\\Z")
_IN_CODE = re.compile(r"(?P<ticks>`+)")


class Dress:
    """One answer, dressed for Discord while it grows."""

    def __init__(self) -> None:
        self._held = ""
        self._at_start = True
        self._line = ""  # of which a part was given, as far as it may be a fence
        self._fence: Fence | None = None
        self._ticks = 0
        self._titles = ""
        self._table: Table | None = None

    @property
    def held(self) -> str:
        """What was fed and is not given yet; of the rows of a table, only that there are some."""
        return self._titles + ("|" if self._table else "") + self._held

    def feed(self, text: str) -> str:
        """Take a piece; what can be shown now."""
        first, *others = text.split("\n")
        out = [self._more(first)]
        for line in others:
            out += [self._end_line("\n"), self._more(line)]
        return "".join(out)

    def flush(self) -> str:
        """The text is complete; what was held back of it."""
        rest = "" if self._at_start and not self._held else self._end_line("")
        return rest + self._no_row()

    def _more(self, piece: str) -> str:
        """More of a line."""
        if not self._at_start:
            return self._words(piece)
        self._held += piece
        if not self._held or self._is_unclear():
            return ""
        return self._no_row() + self._words(self._begin())

    def _is_unclear(self) -> bool:
        """Whether it takes more of a line to know what it is, or the whole of it."""
        line = self._held
        if self._fence is not None:
            if self._fence.quote and not line.strip():
                return True
            if not self._fence.left_by(line):
                return False
            self._fence = None
        if _ROW.match(line):
            return len(line) <= LONGEST_ROW
        grows = _UNCLEAR.match(line) or _HEADING_GROWS.match(line)
        return grows is not None and len(line) <= LONGEST_HEADING

    def _begin(self) -> str:
        """The beginning of a line that is clear by now."""
        line, self._held, self._at_start = self._held, "", False
        if self._fence is not None:
            return line
        return _TASK.sub(lambda found: found[1] + (UNDONE if found[2] == " " else DONE), line)

    def _words(self, piece: str) -> str:
        """Go on with a line of words or of code."""
        if not fences.is_words(self._line):
            self._line += piece
        return piece if self._fence is not None else self._without_images(piece)

    def _without_images(self, piece: str) -> str:
        """Links in place of images, but in code; what may become an image waits."""
        text, self._held = self._held + piece, ""
        out, position = [], 0
        while found := (_IN_CODE if self._ticks else _IN_WORDS).search(text, position):
            out.append(text[position : found.start()])
            place, position = found.start(), found.end()
            shown: str | None = found[0]
            if found["ticks"] and position < len(text):
                self._tick(len(found[0]))
            elif position == len(text) and (found["ticks"] or found[0] == "\\"):
                shown = None
            elif not self._ticks and found[0] == "!":
                shown, position = _link(text, place)
            if shown is None:
                self._held = text[place:]
                return "".join(out)
            out.append(shown)
        out.append(text[position:])
        return "".join(out)

    def _tick(self, count: int) -> None:
        """Backticks begin a code span, or end it when they are as many."""
        self._ticks = count if not self._ticks else 0 if self._ticks == count else self._ticks

    def _end_line(self, end: str) -> str:
        """The line is complete."""
        line, at_start, held = self._line, self._at_start, self._held
        self._line, self._at_start, self._held, self._ticks = "", True, "", 0
        if not at_start:
            self._fence = fences.after(self._fence, line)
            return held + end
        if self._fence is not None and self._fence.left_by(held):
            self._fence = None
        if self._fence is None and _ROW.match(held):
            return self._row(held, end)
        return self._no_row() + (held if self._fence else _anew(held)) + end

    def _row(self, line: str, end: str) -> str:
        """A line that may be part of a table."""
        if self._table is not None:
            return self._table.add(line)
        self._table = Table.begun(self._titles, line) if self._titles else None
        out, self._titles = self._titles, "" if self._table else line + end
        return "" if self._table else out

    def _no_row(self) -> str:
        """The table is complete, or what looked like its titles was none."""
        out = self._table.end() if self._table else self._titles
        self._table, self._titles = None, ""
        return out


def _anew(line: str) -> str:
    """A whole line in Discord's words."""
    if _RULE.match(line):
        return RULE
    heading = _HEADING.match(line)
    words = heading["words"].replace("**", "").strip() if heading else ""
    return f"**{words}**" if words else line


def _link(text: str, place: int) -> tuple[str | None, int]:
    """What stands for an image at a place, and where to go on; None if it is on its way."""
    image = _IMAGE.match(text, place)
    if image and len(image[0]) <= LONGEST_IMAGE:
        words, address = image.groups()
        return (f"[{words}]({address})" if words.strip() else address), image.end()
    if len(text) - place <= LONGEST_IMAGE and _IMAGE_BEGUN.match(text, place):
        return None, place
    return "!", place + 1
