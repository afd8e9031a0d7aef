"""Getting through to somebody who was away: back soon after they are, whatever kept them.

A try that is refused fails at once, but one that is swallowed hangs, and goes on hanging when
those behind it are long back. So nobody waits for a try: the next one begins beside it, and
the first that gets through is taken.
"""

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, TypeVar

FIRST_BACK_OFF = 0.2
LONGEST_BACK_OFF = 1.0
"""Seconds, at most, from one try that was refused to the next."""

PATIENCE = 1.5
"""Seconds for which a try has the field to itself; those that hang go on beside the next."""

AT_ONCE = 8
"""Tries that may hang at the same time. Each has a deadline of its own."""

T = TypeVar("T")


class Redial(Generic[T]):
    """Tries until one gets through.

    `dial` is one try, with a deadline of its own; `pause` says how long to wait after one that
    failed, of which there were so many before it, or raises what makes further ones useless.
    What gets through too late is handed to `discard`.
    """

    def __init__(
        self,
        dial: Callable[[], Coroutine[Any, Any, T]],
        pause: Callable[[Exception, int], float],
        discard: Callable[[T], Awaitable[None]],
    ) -> None:
        self.failures = 0
        self._dial = dial
        self._pause = pause
        self._discard = discard
        self._tries: set[asyncio.Task[T]] = set()

    async def through(self) -> T:
        """Whoever answers first. Raises what `pause` raises; nothing is left behind."""
        taken: asyncio.Task[T] | None = None
        try:
            taken = await self._first()
            return taken.result()
        finally:
            await self._leave(taken)

    async def _first(self) -> "asyncio.Task[T]":
        clock = asyncio.get_running_loop().time
        due = closed = clock()
        while True:
            if clock() >= due and len(self._tries) < AT_ONCE:
                self._tries.add(asyncio.create_task(self._dial()))
                due = clock() + PATIENCE
            await self._something(max(0.0, due - clock()))
            for one in [one for one in self._tries if one.done()]:
                error = one.exception()
                if error is None:
                    return one
                self._tries.discard(one)
                if not isinstance(error, Exception):
                    raise error
                due = closed = max(closed, clock() + self._pause(error, self.failures))
                self.failures += 1

    async def _something(self, seconds: float) -> None:
        """Wait so long, or until a try has ended; when there may be no more, for that alone."""
        if len(self._tries) >= AT_ONCE:
            await asyncio.wait(self._tries, return_when=asyncio.FIRST_COMPLETED)
        elif self._tries:
            await asyncio.wait(self._tries, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _leave(self, taken: "asyncio.Task[T] | None") -> None:
        rest = self._tries - {taken}
        self._tries.clear()
        for one in rest:
            one.cancel()
        for late in await asyncio.gather(*rest, return_exceptions=True):
            if not isinstance(late, BaseException):
                await self._discard(late)


def back_off(failures: int) -> float:
    """Seconds to wait after a try that was refused, of which there were so many before it."""
    longest = min(LONGEST_BACK_OFF, math.ldexp(FIRST_BACK_OFF, min(failures, 8)))
    return longest * (0.5 + random.random() / 2)  # noqa: S311  # spreads processes, hides nothing
