"""The sign that the bot is at work, as long as there is no text to read."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

REFRESH = 90.0
"""Seconds after which the same words are shown again: Slack drops a status after 120."""


class Show(Protocol):
    """Shows a status, as a surface does."""

    async def __call__(self, words: str, /, *, waits: bool) -> None:
        """Show these words; empty ones take the sign away."""


class Tell(Protocol):
    """Lets a reader see words in another place than the sign."""

    def __call__(self, words: str, /, *, place: bool) -> bool:
        """Whether they are seen there. Never waits."""


class Status:
    """The one writer of a question's status: the latest words win, and it ends cleared.

    `tell` is asked first, where words have another place than the sign: whether it takes them.
    `said` is what was said last, wherever; empty once it is cleared. `clock` gives seconds that
    only ever grow: it `began` then, and `first` is when there was something to see.
    """

    def __init__(self, show: Show, clock: Callable[[], float] = time.monotonic) -> None:
        self._show = show
        self._clock = clock
        self.began = clock()
        self.first: float | None = None
        self.tell: Tell | None = None
        self.said = ""
        self._words = ""
        self._waits = False
        self._cleared = False
        self._changed = asyncio.Event()

    def say(self, words: str, *, waits: bool = False, place: bool = False) -> None:
        """Let the reader see these few words, unless the status was cleared for good.

        `waits`: the question stands in line; `place`: the words say where.
        """
        if not self._cleared:
            self.said = words
        if self.tell is not None and self.tell(words, place=place):
            return
        if not self._cleared and words != self._words:
            self._words, self._waits = words, waits
            self._changed.set()

    def clear(self) -> None:
        """Take the sign away for good: there is something to read now, or never will be."""
        self.said = self._words = ""
        self._waits = False
        self._cleared = True
        self._changed.set()

    async def run(self) -> None:
        """Show what is said until it is cleared."""
        shown = ""
        while not (self._cleared and not shown):
            if not await self._change():
                await self._show(shown, waits=self._waits)
            elif self._words != shown:
                shown = self._words
                await self._show(shown, waits=self._waits)
                self.first = self.first or self._clock()

    async def _change(self) -> bool:
        """Wait for other words; False when the ones that are shown would soon fade."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REFRESH if self._words else None):
                await self._changed.wait()
        changed = self._changed.is_set()
        self._changed.clear()
        return changed
