"""The garbage collector looks through everything only while nobody waits for an answer.

A full collection looks at every object of some hundred replies: a tenth of a second, two
tenths at times, in which no reply grows. Young garbage is collected as ever.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress

AT_LEAST = 60.0
"""Seconds from one full collection to the next."""

AT_MOST = 120.0
"""Seconds that it is put off while replies grow: what failures leave behind piles up meanwhile."""

NEVER = 1_000_000
"""Collections of the middle generation before Python itself would start a full one."""


async def collect(idle: Callable[[], Awaitable[None]]) -> None:
    """Collect all garbage now and then, for ever; `idle` returns once no reply grows."""
    young, middle, old = gc.get_threshold()
    gc.collect()
    gc.freeze()  # what the start has loaded stays, but not what it has left behind
    gc.set_threshold(young, middle, NEVER)
    try:
        while True:
            await asyncio.sleep(AT_LEAST)
            with suppress(TimeoutError):
                async with asyncio.timeout(AT_MOST):
                    await idle()
            gc.collect()
    finally:
        gc.set_threshold(young, middle, old)
        gc.unfreeze()
