"""Events on their way to the app, and those that go out again.

Slack tries an event four times: at once, at once again, after a minute, after five
(docs.slack.dev/apis/events-api).
"""

import asyncio
from typing import Any

from sandbox.slack.sockets import NotDelivered, Sockets

REDELIVERY = (0.0, 60.0, 300.0)


class Deliveries:
    """Delivers each event until it is acknowledged or given up."""

    def __init__(self, sockets: Sockets) -> None:
        self.redelivery: tuple[float, ...] = REDELIVERY
        self._sockets = sockets
        self._arriving: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def add(self, payload: dict[str, Any]) -> None:
        """Send an event out."""
        self._arriving.put_nowait(payload)

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                payload = await self._arriving.get()
                tasks.create_task(self._deliver(payload))

    async def _deliver(self, payload: dict[str, Any]) -> None:
        why = ""
        for attempt, delay in enumerate((0.0, *self.redelivery)):
            await asyncio.sleep(delay)
            try:
                await self._sockets.exchange("events_api", payload, attempt, why)
            except NotDelivered as failure:
                why = failure.reason
            else:
                return
