"""Messages that nobody wants any more are taken away, however long a platform does not let us."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from core.surface import Delivered, Outcome, RefusedForGood, RefusedForNow

log = structlog.get_logger()

DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, *(30.0,) * 20)
"""Seconds between the tries, ten minutes in all."""


async def taken_away(remove: Callable[[], Awaitable[Outcome]], message: str) -> None:
    """Try to take a message away until it is gone, or the platform will never do it."""
    for delay in DELAYS:
        outcome = await remove()
        if isinstance(outcome, Delivered | RefusedForGood):
            return
        asked = outcome.retry_after if isinstance(outcome, RefusedForNow) else 0.0
        await asyncio.sleep(max(delay, asked))
    log.error("message not taken away", message=message, outcome=str(outcome))
