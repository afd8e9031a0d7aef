"""The answers that this process is writing, by the name of their reply."""

import asyncio
from collections.abc import Iterator

from core.messages import Conversation
from core.running import Running


class Underway:
    """Knows each running answer and the task that writes it."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __iter__(self) -> Iterator[Running]:
        return iter(tuple(self._running.values()))

    def __bool__(self) -> bool:
        return bool(self._running)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the replies."""
        return tuple(self._running)

    def add(self, running: Running, task: "asyncio.Task[None]") -> None:
        """An answer begins."""
        self._running[running.name], self._tasks[running.name] = running, task

    def remove(self, running: Running) -> None:
        """It has ended, with its last edit and its record."""
        del self._running[running.name], self._tasks[running.name]

    def get(self, name: str) -> Running | None:
        """The answer of this name."""
        return self._running.get(name)

    def asked_in(self, identity: str) -> Running | None:
        """The answer to what this message asked (`Question.identity`)."""
        return next((one for one in self if one.asks(identity)), None)

    def within(self, conversation: Conversation) -> Running | None:
        """The answer that is being written in a conversation."""
        return next((one for one in self if one.conversation == conversation), None)

    def cancel(self, key: str) -> None:
        """Leave the answer to the question that was claimed under this name."""
        for running in self:
            if key in (one.question.key for one in running.asked):
                self._tasks[running.name].cancel()

    async def settled(self, name: str, patience: float) -> bool:
        """Whether an answer is not written here (any more); its last edit is waited for."""
        running = self._running.get(name)
        if running is None:
            return True
        if not running.complete:
            return False
        done, _ = await asyncio.wait({self._tasks[name]}, timeout=patience)
        return bool(done)
