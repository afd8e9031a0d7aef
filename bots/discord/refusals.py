"""How often a channel is told the same trouble."""

from collections.abc import Callable

PERIOD = 60.0
"""Seconds in which a channel is told once."""


class Refusals:
    """Remembers which channels were told lately; `clock` gives seconds that only ever grow."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: dict[int, float] = {}

    def due(self, channel: int) -> bool:
        """Whether this channel may be told now; it then counts as told."""
        now = self._clock()
        self._told = {where: when for where, when in self._told.items() if now - when < PERIOD}
        if channel in self._told:
            return False
        self._told[channel] = now
        return True
