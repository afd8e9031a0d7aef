"""Events on their way to the app, and those that go out again.

Slack tries an event four times: at once, at once again, after a minute, after five
(docs.slack.dev/apis/events-api).
"""

import asyncio
from typing import Any, Protocol

from sandbox.slack.connection import Frame
from sandbox.slack.sockets import NotDelivered

REDELIVERY = (0.0, 60.0, 300.0)


class Carrier(Protocol):
    """A way to the app: sockets that it opens, or requests to its address."""

    async def exchange(self, kind: str, payload: Frame, attempt: int = 0, why: str = "") -> Frame:
        """Deliver once; what was answered. Raises `NotDelivered`."""

    async def drop(self, refuse: float) -> None:
        """Break it, and have it broken for so many seconds."""

    async def refresh(self) -> None:
        """Renew it, as Slack does every few hours."""


class Deliveries:
    """Delivers each event until it is acknowledged or given up."""

    def __init__(self, carrier: Carrier) -> None:
        self.redelivery: tuple[float, ...] = REDELIVERY
        self._carrier = carrier
        self._arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def add(self, payload: dict[str, Any]) -> None:
        """Send an event out."""
        self._arriving.put_nowait(payload)

    async def settled(self) -> None:
        """Return once nothing is on its way: acknowledged or given up."""
        await self._arriving.join()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                payload = await self._arriving.get()
                tasks.create_task(self._deliver(payload)).add_done_callback(
                    lambda _: self._arriving.task_done()
                )

    async def _deliver(self, payload: dict[str, Any]) -> None:
        why = ""
        for attempt, delay in enumerate((0.0, *self.redelivery)):
            await asyncio.sleep(delay)
            try:
                await self._carrier.exchange("events_api", payload, attempt, why)
            except NotDelivered as failure:
                why = failure.reason
                if failure.final:
                    return
            else:
                return
