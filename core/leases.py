"""The questions that this process holds: their leases are kept until their record is closed."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from core.errors import LeaseLost, StoreFailed
from core.store import RENEWAL
from core.store.patience import DELAYS, loudness, write_in_the_end
from core.store.questions import Questions

log = structlog.get_logger()

GIVING_BACK = 0.5
"""Seconds for the store to take leases back when the process ends; else they expire."""

Work = Coroutine[Any, Any, None]


class Leases:
    """Keeps the leases of questions, and closes their records however long that takes.

    `aside` owns a task for which no answer waits.
    """

    def __init__(self, questions: Questions, aside: Callable[[Work], None]) -> None:
        self._questions = questions
        self._aside = aside
        self._held: set[str] = set()
        self._unrecorded: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._held

    def __len__(self) -> int:
        return len(self._held)

    def hold(self, keys: Iterable[str]) -> None:
        """Questions were claimed, and are being answered or wait."""
        self._held.update(keys)

    def let_go(self, key: str) -> None:
        """There is nothing more to do with a question but to close its record."""
        self._held.discard(key)

    async def keep(self, lost: Callable[[str], None]) -> None:
        """Renew all leases until cancelled; `lost` is told of each question taken over."""
        while True:
            await asyncio.sleep(RENEWAL)
            wanted = self._held | self._unrecorded
            if not wanted:
                continue
            try:
                gone = await self._questions.renew(wanted)
            except Exception as error:  # noqa: BLE001 - the next renewal may work
                log.log(loudness(error), "leases not renewed", error=str(error))
                continue
            for key in gone & self._held:
                log.warning("taken over by another process", question=key)
                self._held.discard(key)
                lost(key)

    async def give_back(self) -> None:
        """Let others have at once what this process leaves open, if the store lets us say so."""
        if not (held := self._held | self._unrecorded):
            return
        try:
            async with asyncio.timeout(GIVING_BACK):
                await self._questions.give_back(held)
        except (StoreFailed, TimeoutError) as error:
            log.warning("leases not given back, they expire", error=str(error))
        else:
            log.info("leases given back", questions=sorted(held))

    async def close(self, keys: Iterable[str], write: Callable[[], Work]) -> None:
        """Close the record of questions by `write`; what fails is tried again aside.

        Raises `LeaseLost` when another process has taken one of them over.
        """
        closed = set(keys)
        try:
            await write()
        except LeaseLost:
            raise
        except StoreFailed as error:
            log.log(
                loudness(error),
                "not recorded, trying again",
                questions=sorted(closed),
                error=str(error),
            )
            self._unrecorded |= closed
            self._aside(self._close_later(closed, write))

    async def _close_later(self, keys: set[str], write: Callable[[], Work]) -> None:
        """Try until it is written: a question whose lease ran out would be answered again."""
        try:
            await asyncio.sleep(DELAYS[0])
            await write_in_the_end(write, questions=sorted(keys))
        except LeaseLost as error:
            log.warning("taken over by another process", error=str(error))
        finally:
            self._unrecorded -= keys
