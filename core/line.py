"""A line in which people stand with what they ask, and who of them goes next (pure).

Whoever has gone least lately goes first: a person with fifty questions does not hold up a
person with one. Among those who have gone as often the first to come goes first, and what one
person asks goes in order. Nobody waits for ever, since what was long ago does not count.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

LATELY = 300.0
"""Seconds for which it counts that somebody has gone."""


class Waits(Protocol):
    """What stands in a line for somebody."""

    @property
    def person(self) -> str:
        """For whom it stands there."""


T = TypeVar("T", bound=Waits)


class Line(Generic[T]):
    """Who waits, by person, and who has gone lately."""

    def __init__(self) -> None:
        self._order = itertools.count()
        self._waiting: dict[str, dict[T, int]] = {}
        self._gone: dict[str, deque[float]] = {}

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, one: T) -> None:
        """Stand in line."""
        self._waiting.setdefault(one.person, {})[one] = next(self._order)

    def remove(self, one: T) -> bool:
        """Leave the line; False: it does not stand in it (any more)."""
        theirs = self._waiting.get(one.person, {})
        if theirs.pop(one, None) is None:
            return False
        if not theirs:
            del self._waiting[one.person]
        return True

    def go(self, one: T, now: float) -> None:
        """It is somebody's turn: they leave the line, and it counts."""
        if self.remove(one):
            self._gone.setdefault(one.person, deque()).append(now)

    def come_back(self, one: T) -> None:
        """Somebody's turn has come to nothing, and does not count."""
        if gone := self._gone.get(one.person):
            gone.pop()

    def in_order(self, now: float) -> Iterator[T]:
        """All who wait, as they go if nobody else comes."""
        self._forget(now)
        heap = [
            (len(self._gone.get(person, ())), next(iter(theirs.values())), person)
            for person, theirs in self._waiting.items()
        ]
        heapq.heapify(heap)
        rests = {person: list(theirs.items()) for person, theirs in self._waiting.items()}
        at = dict.fromkeys(rests, 0)
        while heap:
            gone, _, person = heap[0]
            rest, here = rests[person], at[person]
            yield rest[here][0]
            at[person] = here = here + 1
            if here < len(rest):
                heapq.heapreplace(heap, (gone + 1, rest[here][1], person))
            else:
                heapq.heappop(heap)

    def _forget(self, now: float) -> None:
        for person, gone in list(self._gone.items()):
            while gone and gone[0] <= now - LATELY:
                gone.popleft()
            if not gone:
                del self._gone[person]
