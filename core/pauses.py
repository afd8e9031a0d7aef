"""Pausing: in which channels the bot answers nothing, in every process and over restarts."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

import structlog

from core.messages import Conversation
from core.store.pauses import Pauses as Rows

log = structlog.get_logger()

FRESH = 2.0
"""Seconds for which a process believes what it read; another one may have changed it."""

KEPT = 5_000


class Pauses:
    """The paused channels, read from the store; `clock` gives seconds that only ever grow."""

    def __init__(self, rows: Rows, clock: Callable[[], float]) -> None:
        self._rows = rows
        self._clock = clock
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._known: OrderedDict[str, tuple[bool, float]] = OrderedDict()

    async def hold(self, conversation: Conversation) -> bool:
        """Whether the bot is paused where this conversation is. Raises `StoreFailed`.

        Whoever asks first is told first: two events of one message must not change places.
        """
        channel = channel_of(conversation)
        async with self._turns.setdefault(channel, asyncio.Lock()):
            paused, since = self._known.get(channel, (False, float("-inf")))
            if self._clock() - since >= FRESH:
                paused = await self._rows.has(channel)
                self._know(channel, paused=paused)
            return paused

    async def pause(self, conversation: Conversation, person: str) -> bool:
        """Pause the channel; False when it was paused already. Raises `StoreFailed`."""
        changed = await self._rows.pause(channel_of(conversation), person)
        self._know(channel_of(conversation), paused=True)
        log.info("paused", channel=channel_of(conversation), by=person, changed=changed)
        return changed

    async def resume(self, conversation: Conversation, person: str) -> bool:
        """Answer again in the channel; False when it was not paused. Raises `StoreFailed`."""
        changed = await self._rows.resume(channel_of(conversation))
        self._know(channel_of(conversation), paused=False)
        log.info("resumed", channel=channel_of(conversation), by=person, changed=changed)
        return changed

    def _know(self, channel: str, *, paused: bool) -> None:
        self._known[channel] = paused, self._clock()
        self._known.move_to_end(channel)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)


def channel_of(conversation: Conversation) -> str:
    """The name of the channel in which a conversation is; unique over all platforms."""
    return f"{conversation.platform}/{conversation.workspace}/{conversation.channel}"
