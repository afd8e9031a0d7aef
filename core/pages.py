"""A growing Markdown text as pages within a platform's limit, and back again (pure)."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from core import fences
from core.breaks import places
from core.fences import Fence
from core.healing import heal
from core.surface import Limit

_LEAST = 128  # units; less has no room for the fences of a page
_CLOSING = fences.LONGEST + 1  # units that a closing line takes at most, with its line break

_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_LINE_END = re.compile(r"\r\n?")


def utf8(text: str) -> int:
    """The size of a text in bytes, as Slack counts."""
    return len(text.encode("utf-8", "surrogatepass"))


def utf16(text: str) -> int:
    """The size of a text in UTF-16 units, as Discord counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@dataclass(frozen=True, slots=True)
class _Start:
    """How a finished page began, how much of it is text, and what white space was dropped there."""

    fence: Fence | None
    head: str
    size: int
    dropped: str

    def text(self, page: str) -> str:
        """What of the text is in the page."""
        return page[len(self.head) :][: self.size] + self.dropped


class Pages:
    """Splits a text into pages while it is being written.

    The law: the pages one after the other hold what was written, in order, nothing lost
    and nothing twice, but for three things. White space where two pages meet, and at
    both ends of the text, is dropped (except for what indents code). A page that ends within a
    code block ends with a line that closes it, and the next begins with one that opens
    it again. Line ends are LF.

    What is finished depends on the text alone, never on how it was cut into writes, and
    a page is finished by the first character that has no room in it; until then it is
    `open`. So only the open page is ever looked at again: while it has room a write costs
    its own length, and each page is searched a bounded number of times. `end_at` is the
    exception: it ends a page early, since its message takes no more.

    `limit.measure` must count at least one unit for each character, and one for each of ASCII.
    """

    def __init__(self, limit: Limit) -> None:
        if limit.size < _LEAST:
            raise ValueError(f"a page needs room for {_LEAST} units, not {limit.size}")
        self._limit = limit
        self._finished: list[str] = []
        self._ended: list[_Start] = []  # of each finished page
        self._fence: Fence | None = None
        self._head = ""  # what opens that fence again
        self._text = ""  # of the open page; neither begins nor ends with white space,
        self._size = 0  # except for what indents code
        self._space: list[str] = []  # what may follow `_text`, if anything else does
        self._looked_at = self._text
        self._seen = ("", "")
        self._healed = ("", "", "")

    @property
    def finished(self) -> Sequence[str]:
        """The pages that never change any more."""
        return tuple(self._finished)

    @property
    def open(self) -> str:
        """The last page as it can be shown now, code blocks closed.

        Empty while there is nothing to show: neither white space alone nor a fence
        that has no code yet makes a page, and half a closing fence is not shown.
        """
        return self._growing[0]

    @property
    def closing(self) -> str:
        """What ends the `open` page only until it goes on: the line that closes its code block."""
        return self._growing[1]

    @property
    def growing(self) -> tuple[str, str]:
        """The open page as a reader sees it, and what ends it only until it goes on.

        That closes its code block, or half-open markup; some of it may not be shown yet.
        """
        shown, owed = self._growing
        if owed or not shown:
            return shown, owed
        if self._healed[0] is not shown:
            healed = heal(shown)
            whole = shown[: healed.end] + healed.marks
            if self._limit.measure(whole) > self._limit.size:
                whole = shown[: healed.firm]
            self._healed = (shown, whole, whole[healed.firm :])
        return self._healed[1:]

    @property
    def _growing(self) -> tuple[str, str]:
        """The open page, and what of it closes its code block; looked at once for each text."""
        if self._looked_at is not self._text:
            *above, line = self._text.split("\n")
            around = fences.within(reduce(fences.after, above, self._fence), line)
            if around is None:
                unclear = fences.only_opens(line) or fences.begins_to_open(line)
            else:
                unclear = around.begins_to_close(line)
            shown = "\n".join(above if unclear else [*above, line]).rstrip()
            owed = self._owed(shown) if shown else ""
            self._looked_at = self._text
            self._seen = (self._head + shown + owed if shown else "", owed)
        return self._seen

    @property
    def last(self) -> str:
        """The last page when nothing more will be written: all that there is, but a bare fence."""
        *above, line = self._text.split("\n")
        bare = fences.only_opens(line) and line.strip()[-1:] in ("`", "~")
        return self._shown(above if bare else [*above, line])

    @property
    def text(self) -> str:
        """What was written, but for white space at both ends."""
        return self._from(0)

    @property
    def trailing(self) -> str:
        """The white space at the end, which nothing shows."""
        return "".join(self._space)

    def write(self, text: str) -> None:
        """Append to the text."""
        step = self._limit.size
        for start in range(0, len(text), step):
            self._take(text[start : start + step])

    def end_at(self, page: int, shown: str) -> None:
        """End a page where a message ends that shows so much of it; the next begins there.

        All that is behind it in the text is broken into pages anew. Marks of which only a
        part is shown stand whole on the next page, as they may open or close a code block.
        """
        if page < len(self._finished):
            self._reopen(page)
        place = _common_start(shown.removeprefix(self._head), self._text)
        before, behind = self._text[:place], self._text[place:]
        half = before.rpartition("\n")[2].strip() in ("`", "``", "~", "~~")
        if behind.startswith(tuple(fences.MARKS)) or (half and not behind):
            place = len(before.rstrip(fences.MARKS))
        self._break(place)
        self._append("")

    def _reopen(self, page: int) -> None:
        start, text = self._ended[page], self._from(page)
        self._fence, self._head = start.fence, start.head
        self._begin(text)
        del self._finished[page:], self._ended[page:]

    def _from(self, page: int) -> str:
        """What was written, from the start of a page on."""
        rest = zip(self._ended[page:], self._finished[page:], strict=True)
        return "".join(one.text(shown) for one, shown in rest) + self._text

    def _take(self, text: str) -> None:
        seen = text.rstrip()
        if not seen:
            self._space.append(text)
            return
        more = _LINE_END.sub("\n", "".join(self._space) + seen)
        self._space = [text[len(seen) :]]
        self._append(more if self._text else self._without_space(more))

    def _append(self, text: str) -> None:
        self._text += text
        self._size += self._limit.measure(text)
        while (end := self._overflow()) is not None:
            self._finish(end)

    def _overflow(self) -> int | None:
        """Where the first character is that no longer fits into the open page.

        Of all the texts that it has been, one character at a time, the first one that
        was too long decides, closing line included; hence writes make no difference.
        """
        used = self._limit.measure(self._head)
        if used + self._size + _CLOSING <= self._limit.size:
            return None
        fence, start = self._fence, 0
        for line in self._text.split("\n"):
            if used - 1 + _closing(fence) > self._limit.size and self._text[start:].strip():
                # The line above was half a closing fence, without need of room; and it is none.
                return start + len(self._text[start:]) - len(self._text[start:].lstrip())
            end = self._overflow_in(line, fence, self._limit.size - used)
            if end is not None:
                return start + end
            fence = fences.after(fence, line)
            start += len(line) + 1
            used += self._limit.measure(line) + 1
        return None

    def _overflow_in(self, line: str, fence: Fence | None, room: int) -> int | None:
        for end in range(self._fitting(line, room - _CLOSING), len(line)):
            if not line[end].isspace() and self._need(line[: end + 1], fence) > room:
                return end
        return None

    def _fitting(self, line: str, room: int) -> int:
        """How many characters of a line have room."""
        measure = self._limit.measure
        return max(0, bisect_right(range(len(line) + 1), room, key=lambda n: measure(line[:n])) - 1)

    def _need(self, line: str, fence: Fence | None) -> int:
        """The room for an unfinished last line and for what closes its fence."""
        around = fences.within(fence, line)
        if around is not None and around.begins_to_close(line):
            return 0  # not shown; and there is room for the whole of it
        return self._limit.measure(line) + _closing(fences.owed(fence, line))

    def _finish(self, end: int) -> None:
        """Break the open page before `end`."""
        if not self._text[:end].strip():  # code that is indented by more than a page
            self._begin(self._text[end:])
            return
        self._break(
            next(place for place in places(self._text, end, self._fence) if self._fits(place))
        )

    def _break(self, place: int) -> None:
        """End the open page with what stands before a place, and begin the next behind it."""
        text, before = self._text, (self._fence, self._head)
        shown = text[:place].rstrip()
        self._finished.append(self._shown([shown]))
        fence = reduce(fences.after, shown.split("\n"), self._fence)
        broken_line = fence.quote if fence and text[place - 1 : place] != "\n" else ""
        self._fence = fence.reopened() if fence else None
        self._head = f"{fence.opening}\n{broken_line}" if fence else ""
        self._begin(self._without_space(text[place:]))
        dropped = text[len(shown) : len(text) - len(self._text)]
        self._ended.append(_Start(*before, len(shown), dropped))

    def _without_space(self, text: str) -> str:
        """A text as it begins a page: without white space, but for what indents code."""
        return text.lstrip() if self._fence is None else _BLANK_LINES.sub("", text)

    def _shown(self, lines: Sequence[str]) -> str:
        shown = "\n".join(lines).rstrip()
        return self._page(shown) if shown else ""

    def _begin(self, text: str) -> None:
        self._text, self._size = text, self._limit.measure(text)

    def _fits(self, place: int) -> bool:
        shown = self._text[:place].rstrip()
        return bool(shown) and self._limit.measure(self._page(shown)) <= self._limit.size

    def _page(self, shown: str) -> str:
        return self._head + shown + self._owed(shown)

    def _owed(self, shown: str) -> str:
        fence = reduce(fences.after, shown.split("\n"), self._fence)
        return f"\n{fence.closing}" if fence else ""


def _closing(fence: Fence | None) -> int:
    """The units of the line that closes a fence, with its line break."""
    return len(fence.closing) + 1 if fence else 0


def _common_start(one: str, other: str) -> int:
    """How many characters two texts have in common from their start."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


_SENTENCE_ENDS = re.compile(r"[.!?…:;。！？][\"'”’)\]*_`]*\Z")  # noqa: RUF001  # Chinese, Japanese
_ROW = re.compile(r"\s*(?:[-*+]\s|\d{1,9}[.)]\s|>|\|)")  # of a list, a quote, a table
_BLOCK = re.compile(r"\s*(?:#{1,6}\s|`{3}|~{3})")
_LONG_WORD = re.compile(r"\S{200}\Z")
_NO_SPACES = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")  # kana and Chinese characters


def join(pages: Sequence[str]) -> str:
    """The text that was split into these pages, as well as it can be known.

    Fences that were closed and opened again at a border are mended; two code blocks in
    one language that meet there become one. The white space that was dropped is guessed:
    a blank line after a sentence, a space after a word.
    """
    kept = [page for page in pages if page.strip()]
    parts = kept[:1]
    for before, behind in pairwise(kept):
        if _one_block(before, behind):
            parts[-1] = parts[-1].rpartition("\n")[0]
            _, _, behind = behind.partition("\n")  # noqa: PLW2901  # without the fence
            parts += ["" if _LONG_WORD.search(parts[-1]) else "\n", behind]
        else:
            parts += [_seam(before, behind), behind]
    return "".join(parts)


def _one_block(before: str, behind: str) -> bool:
    """Whether the second page goes on with the code block that ends the first."""
    closed = _closed_at_end(before)
    return closed is not None and behind.partition("\n")[0] == closed.opening


def _closed_at_end(page: str) -> Fence | None:
    """The fence that the last line of a page closes."""
    *lines, last = page.split("\n")
    fence = reduce(fences.after, lines, None)
    return fence if fence is not None and fence.closed_by(last) else None


def _seam(before: str, behind: str) -> str:
    """The white space that stood, probably, between two pages."""
    last_line = before.rpartition("\n")[2]
    if _ROW.match(behind) and _ROW.match(last_line):
        return "\n"
    starts = _ROW.match(behind) or _BLOCK.match(behind) or _BLOCK.match(last_line)
    if starts or _SENTENCE_ENDS.search(before):
        return "\n\n"
    unspaced = _NO_SPACES.match(before[-1]) and _NO_SPACES.match(behind[0])
    return "" if unspaced or _LONG_WORD.search(before) else " "
