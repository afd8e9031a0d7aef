"""When to ask the model again after it failed, and when to give up."""

from dataclasses import dataclass

from core.errors import Busy, ModelFailed, RateLimited

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
PATIENCE = 30.0
"""Seconds after the first request in which every repetition must have begun."""

HELD = 60.0
"""Seconds for which the endpoint's limits may hold up a request that it has refused."""

MOST_HELD = 8
"""Times that this may happen to one answer."""


@dataclass(slots=True)
class Retry:
    """The policy for one answer, first asked for at `begun`; seconds of a clock that only grows."""

    begun: float
    patience: float = PATIENCE
    held: float = HELD
    _failures: int = 0
    _held: int = 0

    def delay(self, error: ModelFailed, *, shown: bool, now: float, chance: float) -> float | None:
        """Seconds to wait before asking again; None: give up with this error.

        Only what may work in a moment is asked again, and only while no text was shown:
        a reader must not see an answer begin twice. The pauses double, less up to a
        quarter by `chance` (random, 0 to 1), so that many do not come back at once.
        The endpoint's own wish (Retry-After) is never undercut; one that leads
        beyond the patience ends it. What was waited in line costs no patience; and what was
        refused by the endpoint's limits goes there at once, where all wait together.
        """
        self.begun += error.waited
        if shown or not isinstance(error, Busy):
            return None
        if self._waits_in_line(error):
            self._held += 1
            return 0.0 if self._held <= MOST_HELD else None
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failures) * (1 - chance / 4)
        self._failures += 1
        pause = max(pause, error.retry_after or 0.0)
        return pause if now + pause <= self.begun + self.patience else None

    def _waits_in_line(self, error: Busy) -> bool:
        """Whether the endpoint's limits hold everybody up, and not for too long."""
        limited = isinstance(error, RateLimited) and error.held
        return limited and (error.retry_after or 0) <= self.held
