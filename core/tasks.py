"""Tasks that outlive the call that starts them, and their one owner."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")


class Tasks:
    """Holds tasks until they end, logs those that fail, and ends the rest when it closes."""

    def __init__(self, *expected: type[Exception]) -> None:
        """`expected` are the errors that somebody else answers for."""
        self._expected = expected
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T], name: str) -> "asyncio.Task[T]":
        """Run `work` on its own."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, patience: float) -> None:
        """Wait so many seconds for what still runs, then cancel it."""
        if self._running:
            await asyncio.wait(self._running, timeout=patience)
        rest = list(self._running)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error and not isinstance(error, self._expected):
            log.error("unexpected", task=task.get_name(), exc_info=error)
