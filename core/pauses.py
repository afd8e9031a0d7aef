"""Pausing: in which channels the bot answers nothing, in every process and over restarts."""

import asyncio
from collections.abc import Callable

import structlog

from core.messages import Conversation
from core.store.pauses import Pauses as Rows

log = structlog.get_logger()

FRESH = 2.0
"""Seconds for which a process believes what it read; another one may have changed it."""


class Pauses:
    """The paused channels, read from the store; `clock` gives seconds that only ever grow.

    They are few, and all are read at once: with many questions, that is for many channels.
    """

    def __init__(self, rows: Rows, clock: Callable[[], float]) -> None:
        self._rows = rows
        self._clock = clock
        self._turn = asyncio.Lock()
        self._paused: set[str] = set()
        self._since = float("-inf")

    async def hold(self, conversation: Conversation) -> bool:
        """Whether the bot is paused where this conversation is. Raises `StoreFailed`.

        Whoever asks first is told first: two events of one message must not change places.
        """
        async with self._turn:
            if self._clock() - self._since >= FRESH:
                self._paused = await self._rows.all()
                self._since = self._clock()
            return channel_of(conversation) in self._paused

    async def pause(self, conversation: Conversation, person: str) -> bool:
        """Pause the channel; False when it was paused already. Raises `StoreFailed`."""
        channel = channel_of(conversation)
        async with self._turn:
            changed = await self._rows.pause(channel, person)
            self._paused.add(channel)
        log.info("paused", channel=channel, by=person, changed=changed)
        return changed

    async def resume(self, conversation: Conversation, person: str) -> bool:
        """Answer again in the channel; False when it was not paused. Raises `StoreFailed`."""
        channel = channel_of(conversation)
        async with self._turn:
            changed = await self._rows.resume(channel)
            self._paused.discard(channel)
        log.info("resumed", channel=channel, by=person, changed=changed)
        return changed


def channel_of(conversation: Conversation) -> str:
    """The name of the channel in which a conversation is; unique over all platforms."""
    return f"{conversation.platform}/{conversation.workspace}/{conversation.channel}"
