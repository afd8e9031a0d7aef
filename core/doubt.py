"""Whether a token is still good, where an answer makes one doubt it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

LOOKED_AT_AGAIN = 60.0
"""Seconds, at least, between two looks: what else refuses us should not make us ask for ever."""


class Doubt:
    """Raised by whoever is refused as if the token were void; then it is looked at, once."""

    def __init__(self) -> None:
        self._raised = asyncio.Event()

    def rise(self) -> None:
        """Somebody was refused."""
        self._raised.set()

    async def watch(self, look: Callable[[], Awaitable[None]]) -> NoReturn:
        """Look at the token whenever it is doubted; raises what `look` raises."""
        while True:
            await self._raised.wait()
            await look()
            await asyncio.sleep(LOOKED_AT_AGAIN)
            self._raised.clear()
