"""What of a conversation's files goes into a request, within a budget of their own.

New files come first, and each within a part of the budget; what is left out or shortened
is told to the model in the line that stands for the file, and to the asker in a notice.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core import notices
from core.context import named, speaker
from core.errors import Why
from core.files import Content, Hung
from core.messages import Attachment, Image, Part, Role, Text, Turn
from core.pictures import LARGEST_SIDE, Picture, shrunk, within
from core.shorten import share, without_middle
from core.texts import LEFT_OUT, Words

SIDES = (LARGEST_SIDE, 1024, 768, 512)
"""Pixels of a picture's longer side: the fewer, the more pictures there are to look at."""

SHARE = 0.5
"""The part of a request that its files may take."""

EACH = 0.75
"""The part of that which one of several texts may take."""

LEAST = 100
"""Tokens of a text below which there is no use in showing any of it."""

HEAD = 0.67
"""Of what is shown of a long text, the share of its beginning."""

_BORDERS = 8  # tokens that may arise where a shortened text meets the mark

_NOT_SHOWN = {
    Why.TOO_LARGE: "it is too large",
    Why.ELSEWHERE: "it is stored elsewhere",
    Why.LOCKED: "access to files is denied",
    Why.GONE: "it does not exist any more",
    Why.NOT_REACHED: "it could not be fetched",
    Why.NOT_READABLE: "its format cannot be read",
    Why.DAMAGED: "it is damaged",
    Why.PROTECTED: "a password protects it",
    Why.WITHOUT_TEXT: "there is no text in it, perhaps only scanned pages",
    Why.TOO_MANY_PIXELS: "it has too many pixels",
    Why.TOO_SLOW: "reading it took too long",
    Why.TOO_MANY: "there are too many files",
    Why.NO_ROOM: "there was no room for it",
    Why.UNSEEN: "you cannot see pictures",
}

Size = Callable[[tuple[Part, ...]], int]


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What is shown of the files, by their ids.

    `told` is what the asker should know of it, `unseen` that the question has pictures
    which the model cannot see. `names` are those of the files that are shown.
    """

    parts: Mapping[str, tuple[Part, ...]]
    names: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    unseen: bool = False


def enclose(
    wanted: Sequence[Hung],
    contents: Mapping[str, Content],
    *,
    room: int,
    count: Callable[[Turn], int],
) -> Enclosed:
    """Fit what the files hold into so many tokens; `wanted` are the most wanted first.

    Long texts are counted and pictures made smaller: call it in a thread.
    """
    framing = count(Turn(Role.USER, ()))

    def size(parts: tuple[Part, ...]) -> int:
        return count(Turn(Role.USER, parts)) - framing

    words = [
        _Text(one, text, size)
        for one in wanted
        if isinstance(text := contents.get(one.file.id), Words)
    ]
    shots = [
        (one, shot) for one in wanted if isinstance(shot := contents.get(one.file.id), Picture)
    ]
    texts_need = sum(min(text.tokens, int(room * EACH)) for text in words)
    seen, used = _pictures(shots, max(room - texts_need, room // 2), size)
    shown = seen | _texts(words, room - used)
    unread = {
        one.file.id: content if isinstance(content, Why) else Why.NO_ROOM
        for one in wanted
        if (content := contents.get(one.file.id)) is not None and one.file.id not in shown
    }
    lines = {one.file.id: _line(one.file, unread) for one in wanted if one.file.id in unread}
    return Enclosed(
        parts={id_: piece.parts for id_, piece in shown.items()} | lines,
        names=tuple(one.file.name for one in wanted if one.file.id in shown),
        told=tuple(_told(wanted, shown, unread)),
        unseen=any(one.asked and unread.get(one.file.id) is Why.UNSEEN for one in wanted),
    )


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is shown of one file; `part` is how much of it that is, from 0 to 1."""

    parts: tuple[Part, ...]
    part: float = 1.0
    moves: bool = False


class _Text:
    """A file's text, and what it comes to in tokens with the lines around it."""

    def __init__(self, one: Hung, words: Words, size: Size) -> None:
        self.one = one
        self._words = words
        self.size = size
        self._part = len(words.text) / words.length if words.length else 1.0
        self.whole = self._framed(words.text, min(1.0, self._part))
        self.tokens = size(self.whole.parts)

    def within(self, room: int) -> _Piece | None:
        """As much of it as there is room for; None where that is next to nothing."""
        if self.tokens <= room:
            return self.whole
        room -= self.size(self._framed(LEFT_OUT, 0.5).parts) + _BORDERS
        if room < LEAST:
            return None
        short = without_middle(self._words.text, room, lambda text: self.size((Text(text),)), HEAD)
        return self._framed(short.joined(LEFT_OUT), short.kept / self._words.length)

    def _framed(self, text: str, part: float) -> _Piece:
        name = named(self.one.file, f", {self._words.pages} pages" if self._words.pages else "")
        if not text:
            return _Piece((Text(f"[{name}; it is empty]"),))
        note = "" if part >= 1 else f"; only about {percent(part)} % of it are shown"
        end = speaker(self.one.file.name)
        return _Piece((Text(f"[{name}{note}]\n{text}\n[end of {end}]"),), part)


def percent(part: float) -> int:
    """A share in per cent, which is neither none nor all."""
    return min(99, max(1, round(part * 100)))


def _texts(words: Sequence[_Text], room: int) -> dict[str, _Piece]:
    """The texts of one message share the room; those of older ones have what is left.

    So they are the same for a follow-up, and a provider may have cached them.
    """
    shown: dict[str, _Piece] = {}
    each = int(room * EACH) if len(words) > 1 else room
    for _, group in groupby(words, key=lambda text: text.one.asked or text.one.message):
        together = list(group)
        most = share([min(text.tokens, each) for text in together], room)
        for text in together:
            piece = text.within(min(most, room))
            if piece is not None:
                shown[text.one.file.id] = piece
                room -= text.size(piece.parts)
    return shown


def _pictures(
    shots: Sequence[tuple[Hung, Picture]], room: int, size: Size
) -> tuple[dict[str, _Piece], int]:
    """The pictures, all of one scale: the largest in which all have room."""
    side, costs = LARGEST_SIDE, list[int]()
    for side in SIDES:
        costs = [size(_shot(one, _scaled(shot.image, side))) for one, shot in shots]
        if sum(costs) <= room:
            break
    shown: dict[str, _Piece] = {}
    used = 0
    for (one, shot), cost in zip(shots, costs, strict=True):
        if used + cost > room:
            break
        used += cost
        image = shrunk(shot.image, side)
        shown[one.file.id] = _Piece(_shot(one, image, moves=shot.moves), moves=shot.moves)
    return shown, used


def _scaled(image: Image, side: int) -> Image:
    """A picture of the size to come, and nothing in it."""
    width, height = within(image.width, image.height, side)
    return replace(image, data=b"", width=width, height=height)


def _shot(one: Hung, image: Image, *, moves: bool = True) -> tuple[Part, ...]:
    note = "; it moves, and this is its first frame" if moves else ""
    return (Text(f"[{named(one.file)}{note}]"), image)


def _line(file: Attachment, unread: Mapping[str, Why]) -> tuple[Part, ...]:
    return (Text(f"[{named(file)}; it is not shown to you: {_NOT_SHOWN[unread[file.id]]}]"),)


def _told(
    wanted: Sequence[Hung], shown: Mapping[str, _Piece], unread: Mapping[str, Why]
) -> Iterator[str]:
    """What the asker should know: of new files everything, of older ones that they are gone."""
    asked = [one.file for one in wanted if one.asked]
    for why in Why:
        names = [file.name for file in asked if unread.get(file.id) is why]
        if names and why is not Why.UNSEEN:
            yield notices.unread(why, names)
    parts = [
        (file.name, percent(piece.part))
        for file in asked
        if (piece := shown.get(file.id)) and piece.part < 1
    ]
    if parts:
        yield notices.read_in_part(parts)
    if moving := [file.name for file in asked if file.id in shown and shown[file.id].moves]:
        yield notices.first_frames(moving)
    old = [one.file for one in wanted if not one.asked]
    missing = [file.name for file in old if unread.get(file.id) in (Why.NO_ROOM, Why.TOO_MANY)]
    if missing:
        yield notices.no_longer_seen(missing)
