"""How the process ends: told to while it still starts, and in bounded time whatever hangs."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import structlog

log = structlog.get_logger()

CLOSING = 1.8
"""Seconds, after the drain, in which everything is closed: whoever stops us may wait for ten,
and the drain takes eight of them."""

AT_LEAST = 0.1
"""Seconds that each part has to close, also when others took all of the time."""


def heard() -> "asyncio.Queue[str]":
    """The names of the signals that ask us to stop, as they come."""
    signals: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signals.put_nowait, number.name)
    return signals


class Start:
    """The start of the process, as a context; a signal ends it as if it had never begun."""

    def __init__(self, signals: "asyncio.Queue[str]") -> None:
        self._signals = signals
        self._watch: asyncio.Task[None] | None = None
        self._told = ""

    async def __aenter__(self) -> Self:
        """Listen to signals until it is `over`."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a start is the work of a task")
        self._watch = asyncio.create_task(self._end(task))
        return self

    async def over(self) -> None:
        """From now on somebody else listens to the signals."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Whether it was a signal that ended the start, which is no error then."""
        await self.over()
        task = asyncio.current_task()
        if not self._told or task is None:
            return False
        task.uncancel()
        log.info("stopped before it was ready", why=self._told)
        return True

    async def _end(self, start: "asyncio.Task[object]") -> None:
        self._told = await self._signals.get()
        start.cancel()


class Closing:
    """Closes one part after the other, all of them within `CLOSING` seconds."""

    def __init__(self) -> None:
        self._deadline: float | None = None
        self._left_behind = False

    def begin(self) -> None:
        """The time is counted from now."""
        self._deadline = asyncio.get_running_loop().time() + CLOSING

    @property
    def left(self) -> float:
        """Seconds that a part may take."""
        if self._deadline is None:
            return CLOSING
        return max(AT_LEAST, self._deadline - asyncio.get_running_loop().time())

    async def close(self, what: str, close: Callable[[], Awaitable[object]]) -> None:
        """Close something; what hangs is left behind, with a line of the log."""
        try:
            async with asyncio.timeout(self.left):
                await close()
        except TimeoutError:
            self._left_behind = True
            log.warning("not closed in time", what=what)

    async def close_last(self, what: str, close: Callable[[], Awaitable[object]]) -> None:
        """Close what everything uses, unless something that was left behind still does."""
        if not self._left_behind:
            await self.close(what, close)

    def over(self) -> None:
        """All is closed. Where something hangs, the process ends here: the loop would wait."""
        log.info("stopped")
        if self._left_behind:
            os._exit(0)

    @asynccontextmanager
    async def running(self, work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
        """Work that goes on beside the rest, and is cancelled and awaited at its end."""
        task = asyncio.create_task(work)
        try:
            yield
        finally:
            await self._end(task)

    async def _end(self, task: "asyncio.Task[None]") -> None:
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=self.left)
        if not done:
            self._left_behind = True
            log.warning("not ended in time", what=work_of(task))
        elif not task.cancelled():
            await task


def work_of(task: "asyncio.Task[Any]") -> str:
    """What a task does, in a word."""
    return getattr(task.get_coro(), "__qualname__", task.get_name())
