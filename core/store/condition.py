"""Whether the database takes what is written, as the last tries have found."""

import asyncio
import math
from collections.abc import Callable

import structlog

from core.errors import StoreFailed, StoreUnwritable

log = structlog.get_logger()


class Condition:
    """Remembers an outage of the database, and tells the log of it once, not at each write.

    `clock` gives seconds since 1970. Only `recovered` ends an outage: many a write has nothing
    to write, and succeeds on a full disk.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failure: StoreFailed | None = None
        self._since = -math.inf
        self.failing = asyncio.Event()

    @property
    def well(self) -> bool:
        """Whether nothing is known against the next write."""
        return self._failure is None

    def well_for(self, seconds: float) -> bool:
        """Whether that has been so for a while."""
        return self.well and self._clock() - self._since >= seconds

    def failed(self, failure: StoreFailed) -> None:
        """A write has failed for a reason that is not its own."""
        if type(self._failure) is type(failure):
            return
        if isinstance(failure, StoreUnwritable):
            log.error(
                "the database cannot be written: new questions are refused until it can be; "
                "answers under way go on, and are recorded then",
                error=str(failure),
            )
        else:
            log.warning(
                "the database is locked: another program writes to it and does not end; "
                "find it with fuser or lsof, and end it",
                error=str(failure),
            )
        if self.well:
            self._since = self._clock()
        self._failure = failure
        self.failing.set()

    def recovered(self) -> None:
        """Something was written again."""
        if self.well:
            return
        log.info("the database can be written again", seconds=round(self._clock() - self._since))
        self._failure = None
        self._since = self._clock()
        self.failing.clear()
