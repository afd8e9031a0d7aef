"""Whom the bot has told something lately, so that nobody is told twice in a minute."""

from collections.abc import Callable, Hashable

PERIOD = 60.0
"""Seconds in which a person is told once in a place."""


class Told:
    """Remembers who was told lately; `clock` gives seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float], period: float = PERIOD) -> None:
        self._clock = clock
        self._period = period
        self._told: dict[Hashable, float] = {}

    def due(self, whom: Hashable) -> bool:
        """Whether somebody may be told now; they then count as told."""
        now = self._clock()
        self._told = {one: when for one, when in self._told.items() if now - when < self._period}
        if whom in self._told:
            return False
        self._told[whom] = now
        return True
