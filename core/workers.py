"""Threads for work that may never end, which must neither be waited for nor pile up."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Workers:
    """So many threads at once, at most; those that are given up end with the process.

    A parser cannot be stopped. asyncio's own threads are waited for when the process ends,
    and one that hangs would keep it from ending.
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def run(self, seconds: float, work: Callable[[], T]) -> T:
        """Do it in a thread; `TimeoutError` when that takes too long, with the wait for one."""
        async with asyncio.timeout(seconds):
            await self._free.acquire()
            loop = asyncio.get_running_loop()
            ended: asyncio.Future[T] = loop.create_future()
            threading.Thread(target=self._do, args=(work, ended, loop), daemon=True).start()
            return await ended

    def _do(
        self, work: Callable[[], T], ended: "asyncio.Future[T]", loop: asyncio.AbstractEventLoop
    ) -> None:
        result: T | None = None
        error: Exception | None = None
        try:
            result = work()
        except Exception as raised:  # noqa: BLE001 - raised again where it is waited for
            error = raised

        def tell() -> None:
            self._free.release()
            if ended.done():  # nobody waits any more
                return
            if error is not None:
                ended.set_exception(error)
            else:
                ended.set_result(result)  # type: ignore[arg-type]  # it is a T

        try:
            loop.call_soon_threadsafe(tell)
        except RuntimeError:  # the loop has ended, and with it whoever waited
            return
