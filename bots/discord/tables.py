"""A Markdown table as Discord can show it: an aligned code block, or a list (pure).

Discord shows pipes as they are written. Where the columns fit side by side they are padded
in a code block; where they do not, or where links would lose their address, each row
becomes a few lines of "title: value".
"""

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Self

from bots.discord.width import width

WIDEST = 72
"""Columns of a code block that a window of usual size shows without breaking lines."""

GAP = "  "
"""What stands between two columns."""

HELD = 1500
"""Characters of a table that are held back before its columns are fixed: most of a message."""

SPARE = 2
"""Columns to spare in each column that is fixed before all its rows are known."""

_CELL = re.compile(r"(?:\\.|[^\\|])*", re.DOTALL)
_ALIGNED = re.compile(r"[ \t]*(:?)-+(:?)[ \t]*\Z")
_BREAK = re.compile(r"[ \t]*<br[ \t]*/?>[ \t]*", re.IGNORECASE)
_LINK = re.compile(r"\]\([^)\s]+(?:\s+\"[^\"]*\")?\)")
_CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
_EMPHASIS = (
    re.compile(r"(\*{1,3})(?=\S)(.+?)(?<=\S)\1"),
    re.compile(r"(?<!\w)(_{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)"),
    re.compile(r"(~~)(?=\S)(.+?)(?<=\S)\1"),
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")

Row = tuple[str, ...]


def cells(line: str) -> Row:
    """The cells of a row, as Markdown; an escaped pipe is a part of its cell."""
    inner = line.strip().removeprefix("|")
    found, position = [], 0
    while position <= len(inner):
        cell = _CELL.match(inner, position)
        end = cell.end() if cell else position
        if end < len(inner) and inner[end] == "\\":  # a lone backslash at the end
            end = len(inner)
        found.append(inner[position:end].strip().replace("\\|", "|"))
        position = end + 1
    if len(found) > 1 and not found[-1]:
        found.pop()
    return tuple(found)


def alignment(line: str) -> Row | None:
    """Of the line below the titles, where each column stands; None for any other line."""
    marks = [_ALIGNED.match(cell) for cell in cells(line)]
    if not all(marks):
        return None
    sides = {("", ""): "left", (":", ""): "left", ("", ":"): "right", (":", ":"): "centre"}
    return tuple(sides[mark[1], mark[2]] for mark in marks if mark)


def plain(cell: str) -> str:
    """The words of a cell without their marks."""
    spans: list[str] = []

    def kept(found: re.Match[str]) -> str:
        spans.append(found[2].strip() or found[2])
        return f"\ue000{len(spans) - 1}\ue001"

    words = _CODE.sub(kept, _BREAK.sub(" / ", cell))
    for marks in _EMPHASIS:
        words = marks.sub(r"\2", words)
    words = _ESCAPE.sub(r"\1", words)
    words = re.sub(r"\ue000(\d+)\ue001", lambda found: spans[int(found[1])], words)
    return " ".join(words.replace("```", "'''").split())


def linked(cell: str) -> bool:
    """Whether a cell has a link, which a code block would not show."""
    return _LINK.search(cell) is not None


@dataclass(slots=True)
class Table:
    """A table that grows row by row.

    Its rows are held until its form is settled: when it is complete, when it fills a
    message, or when it turns out too wide to be padded. From then on each row is given as
    it comes; in a code block whose columns are fixed, longer cells are wrapped.
    """

    titles: Row
    sides: Row
    _widths: list[int]
    _rows: list[Row] = field(default_factory=list)
    _form: str = ""
    _listed: bool = False

    @classmethod
    def begun(cls, titles: str, below: str) -> Self | None:
        """The table that two lines begin; None when they begin none."""
        sides, head = alignment(below), cells(titles)
        if sides is None or len(sides) != len(head):
            return None
        return cls(head, sides, [width(plain(cell)) for cell in head])

    def add(self, line: str) -> str:
        """Take a row; what can be shown now."""
        given = cells(line)[: len(self.titles)]
        row = given + ("",) * (len(self.titles) - len(given))
        if self._form:
            return self._shown(row)
        self._rows.append(row)
        sizes = [width(plain(cell)) for cell in row]
        self._widths = [max(pair) for pair in zip(self._widths, sizes, strict=True)]
        if self._across > WIDEST or any(map(linked, row)):
            return self._settle("list")
        if (self._across + 1) * (len(self._rows) + 2) <= HELD:
            return ""
        if self._across + SPARE * len(self._widths) <= WIDEST:
            self._widths = [columns + SPARE for columns in self._widths]
        return self._settle("block")

    def end(self) -> str:
        """The table is complete: what is left of it."""
        rest = "" if self._form else self._settle("list" if self._across > WIDEST else "block")
        return rest + ("```\n" if self._form == "block" else "")

    @property
    def _across(self) -> int:
        return sum(self._widths) + len(GAP) * (len(self._widths) - 1)

    def _settle(self, form: str) -> str:
        """Choose a form; all that was held is shown in it."""
        self._form = form
        rows, self._rows = "".join(map(self._shown, self._rows)), []
        if form == "block":
            rule = GAP.join("─" * columns for columns in self._widths)
            return f"```\n{self._line(self.titles)}{rule}\n{rows}"
        return rows or f"**{' · '.join(map(plain, self.titles))}**\n"

    def _shown(self, row: Row) -> str:
        return self._line(row) if self._form == "block" else self._item(row)

    def _line(self, row: Row) -> str:
        """A row in columns; what is too long for one goes on below."""
        columns = [wrapped(plain(cell), room) for cell, room in zip(row, self._widths, strict=True)]
        lines = [
            GAP.join(map(padded, parts, self._widths, self.sides)).rstrip()
            for parts in zip_longest(*columns, fillvalue="")
        ]
        return "\n".join(lines) + "\n"

    def _item(self, row: Row) -> str:
        """A row as a list of what stands in it."""
        first, *others = row
        title = plain(self.titles[0])
        lines = [_lead(first, title)] if first else []
        for name, cell in zip(self.titles[1:], others, strict=True):
            if cell:
                value = _BREAK.sub(" / ", cell)
                lines.append(f"- {plain(name)}: {value}" if name else f"- {value}")
        between = "\n" if self._listed else ""
        self._listed = self._listed or bool(lines)
        return between + "\n".join(lines) + "\n" if lines else ""


def _lead(cell: str, title: str) -> str:
    """The first cell of a row above the others, bold but for links, which keep their address."""
    named = f"{title}: " if title else ""
    if not linked(cell):
        return f"**{named}{plain(cell)}**"
    value = _BREAK.sub(" / ", cell)
    return f"**{title}:** {value}" if title else value


def padded(words: str, columns: int, side: str) -> str:
    """Words filled up with spaces to so many columns."""
    space = max(0, columns - width(words))
    left = {"left": 0, "right": space, "centre": space // 2}[side]
    return " " * left + words + " " * (space - left)


def wrapped(words: str, columns: int) -> list[str]:
    """Words in lines of at most so many columns; no word is broken."""
    if width(words) <= columns:
        return [words]
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer) <= columns:
            lines[-1] = longer
        else:
            lines.append(word)
    return list(filter(None, lines))
