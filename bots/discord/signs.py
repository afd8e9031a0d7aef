"""Typing indicators: one per conversation, for as long as there is nothing to read."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from core.messages import Conversation
from core.tasks import Tasks

AGAIN = 8.0
"""Seconds after which the indicator is shown again; Discord takes it away after ten."""

LONGEST = 1200.0
"""Seconds after which nobody can still be waiting for this sign."""


@dataclass(slots=True)
class _Sign:
    channel: int
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None


class Signs:
    """Shows who is being answered; `show` types once in a channel, false when it may not."""

    def __init__(self, show: Callable[[int], Awaitable[bool]]) -> None:
        self._tasks = Tasks()
        self._show = show
        self._signs: dict[Conversation, _Sign] = {}

    async def on(self, conversation: Conversation, channel: int) -> None:
        """Keep the sign up; returns when it is shown, or cannot be."""
        sign = self._signs.get(conversation)
        if sign is None:
            sign = self._signs[conversation] = _Sign(channel)
            sign.task = self._tasks.start(self._keep(conversation, sign), "typing")
        await sign.shown.wait()

    def move(self, conversation: Conversation, channel: int) -> None:
        """The conversation goes on in another channel."""
        sign = self._signs.get(conversation)
        if sign and sign.channel != channel:
            sign.channel = channel
            sign.moved.set()

    async def off(self, conversation: Conversation) -> None:
        """Let the sign fade."""
        sign = self._signs.pop(conversation, None)
        if sign and sign.task:
            # A task that was cancelled holds what it worked on: no circle is left of the two.
            task, sign.task = sign.task, None
            task.cancel()
            await asyncio.wait({task})

    async def close(self) -> None:
        """Let all signs fade."""
        await self._tasks.close(0)

    async def _keep(self, conversation: Conversation, sign: _Sign) -> None:
        try:
            async with asyncio.timeout(LONGEST):
                while await self._once(sign):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(AGAIN):
                            await sign.moved.wait()
        except TimeoutError:
            pass
        finally:
            sign.shown.set()
            if self._signs.get(conversation) is sign:
                del self._signs[conversation]

    async def _once(self, sign: _Sign) -> bool:
        sign.moved.clear()
        allowed = await self._show(sign.channel)
        sign.shown.set()
        return allowed
