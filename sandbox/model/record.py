"""What the API was asked, and how that went."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.model.tokens import Usage


@dataclass(frozen=True, slots=True)
class Sent:
    """A piece of an answer's text that is on its way, or (`over`) that no more will come.

    `at` is in seconds of the event loop's clock; `whole`: it came to its end.
    """

    request: "Recorded"
    text: str
    at: float
    over: bool = False
    whole: bool = False


@dataclass(slots=True)
class Recorded:
    """One request for a completion; the times are seconds of the event loop's clock.

    `cancelled`: the client went away before the end. `usage` is what was really sent
    until then.
    """

    body: dict[str, Any]
    headers: Mapping[str, str]
    id: str
    started: float
    finished: float | None = None
    cancelled: bool = False
    status: int = 0
    usage: Usage | None = None
    _ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def question(self) -> str:
        """What the last person to write has written, as far as it is text."""
        said = self.body["messages"][-1].get("content")
        parts = said if isinstance(said, list) else [{"text": said}]
        return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))

    def end(self, now: float, *, cancelled: bool = False) -> None:
        """It is over, one way or the other."""
        self.finished = now
        self.cancelled = cancelled
        self._ended.set()

    async def wait_ended(self, timeout: float = 10) -> None:  # noqa: ASYNC109  # for tests
        """Wait until it is over; `TimeoutError` when it is not in time."""
        async with asyncio.timeout(timeout):
            await self._ended.wait()
