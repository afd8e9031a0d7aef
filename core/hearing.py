"""Since when a platform is heard, and how often that was interrupted."""

from collections.abc import Callable


class Hearing:
    """What operators are told of a connection; `clock` gives seconds since 1970.

    A connection that is replaced before it goes is no interruption.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.since: float | None = None
        self.lost_at: float | None = None
        self.interruptions = 0

    def began(self) -> None:
        """Events arrive now."""
        if self.since is None:
            self.since = self._clock()

    def ended(self) -> None:
        """They do not any more."""
        if self.since is not None:
            self.since, self.lost_at = None, self._clock()
            self.interruptions += 1
