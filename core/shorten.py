"""Texts that are made to fit into so many tokens (pure)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.tokens import pieces

PIECE = 512
"""Characters by which a text is shortened."""


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text without its middle; `tokens` are those of both ends."""

    head: str
    tail: str
    tokens: int

    @property
    def kept(self) -> int:
        """How many characters of the text are left."""
        return len(self.head) + len(self.tail)

    def joined(self, mark: str) -> str:
        """Both ends with a mark between them."""
        return f"{self.head}{mark}{self.tail}"


def without_middle(
    text: str, room: int, size: Callable[[str], int], head: float = 0.5
) -> Shortened:
    """Both ends of a text that have room, of which `head` is the share of the beginning."""
    cut = _slices(text, max(1, min(PIECE, room)))
    first, used = _take(cut, int(room * head), size)
    last, more = _take(cut[len(first) :][::-1], room - used, size)
    return Shortened("".join(first), "".join(reversed(last)), used + more)


def share(sizes: Sequence[int], room: int) -> int:
    """How large each may be at most, so that all have room and small ones stay whole."""
    left = room
    for rest, size in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if size * rest > left:
            return left // rest
        left -= size
    return max(sizes, default=0)


def _slices(text: str, size: int) -> list[str]:
    """Pieces whose tokens add up to those of the text, and of which none is much longer."""
    return [
        piece[start : start + 2 * size]
        for piece in pieces(text, size)
        for start in range(0, len(piece), 2 * size)
    ]


def _take(cut: Sequence[str], room: int, size: Callable[[str], int]) -> tuple[list[str], int]:
    """The first pieces that have room, and their tokens."""
    taken: list[str] = []
    used = 0
    for piece in cut:
        tokens = size(piece)
        if used + tokens > room:
            break
        taken.append(piece)
        used += tokens
    return taken, used
