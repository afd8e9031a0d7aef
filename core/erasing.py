"""Erases texts at rest: with the messages that they were made from, and when their time is up."""

import asyncio

import structlog

from core.condensing import digest
from core.errors import StoreFailed
from core.messages import Conversation, Turn
from core.store.texts import BATCH, Texts

log = structlog.get_logger()

MOST = 10_000
"""Changes that wait to be looked at; a text whose erasure is missed has its lifetime still."""

PERIOD = 600.0
"""Seconds between two looks for texts whose time is up."""


class Erasing:
    """Hears of messages that change, and erases what was made from them."""

    def __init__(self, texts: Texts, period: float = PERIOD) -> None:
        self._texts = texts
        self._period = period
        self._changes: asyncio.Queue[tuple[str, str, str | None]] = asyncio.Queue(MOST)

    def changed(self, conversation: Conversation, message: str, turn: Turn | None) -> None:
        """A message now says this, or is gone (None); never waits."""
        what = (place_of(conversation), message, digest(turn) if turn else None)
        try:
            self._changes.put_nowait(what)
        except asyncio.QueueFull:
            log.warning("change of a message not looked at", message=message)

    async def idle(self) -> None:
        """Wait until all changes that it heard of were looked at."""
        await self._changes.join()

    async def run(self) -> None:
        """Erase until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._sweep()
            due = clock() + self._period
            while change := await self._next(due):
                await self._erase(*change)
                self._changes.task_done()

    async def _next(self, due: float) -> tuple[str, str, str | None] | None:
        """The next change; None when the time has come for a sweep."""
        try:
            async with asyncio.timeout_at(due):
                return await self._changes.get()
        except TimeoutError:
            return None

    async def _erase(self, place: str, message: str, now: str | None) -> None:
        try:
            erased = await self._texts.source_changed(place, message, now)
        except StoreFailed as error:
            log.error("texts not erased", message=message, error=str(error))
            return
        if erased:
            log.info("texts erased with their source", message=message, texts=erased)

    async def _sweep(self) -> None:
        try:
            while await self._texts.sweep() == BATCH:
                pass  # there are more
        except StoreFailed as error:
            log.error("expired texts not erased", error=str(error))


def place_of(conversation: Conversation) -> str:
    """Where a conversation's messages have unique ids."""
    return f"{conversation.platform}/{conversation.workspace}/{conversation.channel}"
