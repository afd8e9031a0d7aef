"""Forgetting people: those who ask for it at once, everybody after a while.

What is written in a chat stays there: its platform is where it is deleted.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from core.errors import StoreFailed
from core.store.people import AGAIN, ERASED, Erasure, People

log = structlog.get_logger()

PERIOD = 20.0
"""Seconds between two looks for those whom another process was asked to forget."""

LOOK = 3600.0
"""Seconds between two looks for what has been kept long enough."""

PAUSE = 0.05
"""Seconds between two steps of that, in which others write."""

FAILED = 60.0
"""Seconds until a look that failed is tried again."""

DAY = 86_400.0

Heard = Callable[[str, str], None]
"""Told of a platform and of somebody there, of whom nothing may be remembered any more."""


class Forgetting:
    """Forgets people in the store and in this process.

    `direct` are patterns of the places that are somebody's direct messages, `clock` gives
    seconds since 1970. Names are kept for so many `days`; None: until somebody is forgotten.
    """

    def __init__(
        self,
        people: People,
        *,
        direct: Sequence[str],
        clock: Callable[[], float],
        zone: ZoneInfo,
        days: float | None = None,
        pseudonym: Callable[[], str] = lambda: secrets.token_hex(6),
    ) -> None:
        self.heard: list[Heard] = []
        self._people = people
        self._direct = direct
        self._clock = clock
        self._zone = zone
        self._days = days
        self._pseudonym = pseudonym
        self._known: set[str] = set()

    async def forget(self, platform: str, person: str) -> None:
        """Forget somebody here and in the store; other processes follow within a minute.

        Raises `StoreFailed`; what was begun then is ended by the running bot.
        """
        erasure = Erasure(f"{platform}/{person}", f"{platform}/{self._alias()}", self._clock())
        await self._people.begin(erasure)
        self._forget_here(erasure)
        await self._people.erase(erasure, self._direct)
        log.info("somebody was forgotten", platform=platform)

    async def run(self) -> None:
        """Follow other processes, and keep names no longer than is set, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            if self._days is not None:
                tasks.create_task(self._expire(self._days * DAY))

    async def _follow(self) -> None:
        while True:
            try:
                await self.follow()
            except StoreFailed as error:
                log.error("not known who is to be forgotten", error=str(error))
            await asyncio.sleep(PERIOD)

    async def follow(self) -> None:
        """Forget here whom others were asked to forget, and what was written of them since.

        A call that was under way has its asker's name, whichever process writes it down.
        """
        for erasure in await self._people.recent():
            self._forget_here(erasure)
            is_new = erasure.pseudonym not in self._known
            self._known.add(erasure.pseudonym)
            await self._people.erase(
                erasure, self._direct, since=0.0 if is_new else erasure.at - AGAIN
            )
            if self._clock() - erasure.at > AGAIN:
                await self._people.finish(erasure)
                self._known.discard(erasure.pseudonym)

    async def _expire(self, seconds: float) -> None:
        while True:
            try:
                await self.expire(seconds)
            except StoreFailed as error:
                log.error("old names not taken away", error=str(error))
                await asyncio.sleep(FAILED)
            else:
                await asyncio.sleep(LOOK)

    async def expire(self, seconds: float) -> None:
        """Take away the names in all that is older than so many seconds."""
        before = self._clock() - seconds
        day = datetime.fromtimestamp(before, self._zone).date().isoformat()
        while True:
            if not await self._people.expire(before, day, self._direct, self._alias):
                return
            await asyncio.sleep(PAUSE)

    def _forget_here(self, erasure: Erasure) -> None:
        if erasure.pseudonym in self._known:
            return
        for heard in self.heard:
            heard(erasure.platform, erasure.id)

    def _alias(self) -> str:
        return f"{ERASED}{self._pseudonym()}"
